"""The report of a run: version of the switch, date, and a line for each scenario."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

import pytest


def text(version: str, reports: Iterable[pytest.TestReport]) -> str:
    """The report in Markdown.

    Args:
        version: of the switch.
        reports: of tests in this folder; a property `waited` holds the seconds that the caller waited.
    """
    reports = sorted(
        (report for report in reports if "/freeswitch/" in report.nodeid), key=lambda report: report.nodeid
    )
    results = [report.outcome for report in reports]
    counts = ", ".join(f"{results.count(kind)} {kind}" for kind in ("passed", "failed", "skipped"))
    lines = [
        "# Tested with FreeSWITCH",
        "",
        f"`make test-freeswitch` with FreeSWITCH {version} on {dt.datetime.now(dt.UTC):%Y-%m-%d}: {counts}.",
        "Waited: seconds from the call until somebody spoke to the caller, or until it was over.",
    ]
    subject = ""
    for report in reports:
        file, test, scenario = re.fullmatch(r".*/test_(\w+)\.py::(\w+)(?:\[(.*)\])?", report.nodeid).groups()
        if file != subject:
            subject = file
            lines += [
                "",
                f"## {file.replace('_', ' ').capitalize()}",
                "",
                "| scenario | result | waited |",
                "|---|---|--:|",
            ]
        waited = dict(report.user_properties).get("waited")
        shown = (scenario or test.removeprefix("test_").replace("_", " ")).replace("|", "\\|")
        lines.append(f"| {shown} | {report.outcome} | {'' if waited is None else f'{waited:.1f}'} |")
    return "\n".join(lines) + "\n"
