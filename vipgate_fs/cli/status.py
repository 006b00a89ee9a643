"""`vipgate status`: the running service's health check."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Never

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import output
from vipgate_fs.cli.options import config_option
from vipgate_fs.service.control import NoService, ask_for_status
from vipgate_fs.service.status import Status, as_time

OK: Final = 0
DEGRADED: Final = 1
NO_SERVICE: Final = 2


@click.command()
@config_option
@output.format_option
def command(config: Path | None, style: str) -> None:
    """Report the health of the service that runs for a configuration.

    The first line is the result, for monitors. Only root and the service's own user are answered.

    Exit status: 0 ok, 1 degraded, 2 no service answers.
    """
    try:
        status = ask_for_status(configuration_files.find(config))
    except OSError as error:
        _end(style, NO_SERVICE, f"{error.filename}: {error.strerror}")
    except NoService as error:
        _end(style, NO_SERVICE, str(error))
    if style == "json":
        output.show_json({"problems": status.problems, **_values(status)})
    else:
        click.echo(f"{'degraded' if status.problems else 'ok'}: {status.summary}")
        for name, value in _lines(status):
            click.echo(f"{name:<15}{value}")
    sys.exit(DEGRADED if status.problems else OK)


def _end(style: str, code: int, why: str) -> Never:
    """What is wrong is the answer: on stdout, where monitors look for it."""
    click.echo(output.as_json({"problems": [why]}) if style == "json" else why)
    sys.exit(code)


def _values(status: Status) -> dict[str, Any]:
    moments = ("taken_over", "store_gone_since", "refused")
    times = {name: as_time(getattr(status, name)) for name in moments if getattr(status, name)}
    changed = {"changed": status.is_changed(), "changed_files": status.changed_files()}
    values = asdict(status) | changed | {"files": status.named} | times
    del values["digest"]
    return values


def _lines(status: Status) -> Iterator[tuple[str, str]]:
    yield "version", status.version
    yield "process", f"{status.pid}, up {dt.timedelta(seconds=round(status.uptime))}"
    yield "address", f"{status.address}, {'open' if status.accepting else 'refuses connections'}"
    yield "workers", f"{status.workers} of {status.workers_wanted}"
    unmet = f", of which {status.unmet} met no gate" if status.unmet else ""
    yield "calls", f"{status.calls} now, {status.calls_since_start} since the start{unmet}"
    yield "store", status.store
    changed = "; the file has changed since then" if status.is_changed() else ""
    yield "configuration", f"{status.configuration}, applied {as_time(status.taken_over)}{changed}"
    yield from _files(status)
    yield "overrides", str(status.overrides)
    yield "page", status.page


def _files(status: Status) -> Iterator[tuple[str, str]]:
    """The lists and secrets that the configuration names."""
    if status.files:
        changed = status.changed_files()
        yield "files", f"{len(status.files)}, {len(changed) or 'none'} changed since they were applied"
        yield from (("", f"changed: {path}") for path in changed)
