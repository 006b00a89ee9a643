"""The report of a run: version of the switch, date, and a line for each scenario."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

import pytest

KINDS = ("passed", "failed", "error", "skipped")
"""Of pytest's results that are in the report; an error is a scenario whose preparation failed."""


def text(version: str, reports: Iterable[pytest.TestReport]) -> str:
    """The report in Markdown.

    Args:
        version: of the switch.
        reports: of tests in this folder; their properties `story` and `waited` say what the caller experienced.
    """
    reports = [report for report in reports if "/freeswitch/" in report.nodeid]
    reports.sort(key=lambda report: report.nodeid.partition("::")[0])
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
        file, test, scenario = re.fullmatch(r".*/test_(\w+)\.py::(?:\w+::)?(\w+)(?:\[(.*)\])?", report.nodeid).groups()
        if file != subject:
            subject = file
            lines += ["", f"## {file.replace('_', ' ').capitalize()}", ""]
            lines += ["| scenario | experienced | result | waited |", "|---|---|---|--:|"]
        properties = dict(report.user_properties)
        shown = ": ".join(filter(None, [test.removeprefix("test_").replace("_", " "), scenario])).replace("|", "\\|")
        waited = f"{properties['waited']:.2f}" if "waited" in properties else ""
        lines.append(f"| {shown} | {properties.get('story', '')} | {report.outcome} | {waited} |")
    return "\n".join(lines) + "\n"
