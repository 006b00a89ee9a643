"""`vipgate check`: validate configuration files."""

from __future__ import annotations

import datetime as dt
import os
import pwd
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import config_option, output
from vipgate_fs.config import Loaded
from vipgate_fs.document.findings import Finding, in_order
from vipgate_fs.document.sources import read_file
from vipgate_fs.exposure import exposure
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.preview import meaning
from vipgate_fs.sentences import Sentence, as_data, joined, say
from vipgate_fs.sentences.system import of_file

SERVICE: Final = "vipgate"
"""The user who runs the service, as docs/installation.md has it."""
VALID: Final = 0
INVALID: Final = 1
UNREADABLE: Final = 2
YEARS: Final = (1991, 2100)
"""The first and the last for which the public holidays of most countries are known."""


@click.command()
@config_option
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@output.format_option
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option(
    "--holidays", "year", type=click.IntRange(*YEARS), metavar="YEAR", help="Also list the public holidays of a year."
)
@click.option("--as-user", "user", metavar="NAME", help="Check with the rights of this user, the service's; for root.")
def command(
    config: Path | None,
    files: tuple[Path, ...],
    style: str,
    strict: bool,  # noqa: FBT001
    year: int | None,
    user: str | None,
) -> None:
    """Check configuration files and report everything that is wrong with them, each finding with its line.

    Also warns if others on this machine can change a file, or read PINs, passwords or keys in it. That is not a
    finding, because the file may be meant for another machine.

    Default for FILE: that of --config, $VIPGATE_CONFIG, ./vipgate.yaml or /etc/vipgate/vipgate.yaml.

    Exit status: 0 when all are valid, 1 when one is not, 2 when one can't be read.
    """
    if user is not None:
        _become(user)
    findings: list[Finding] = []
    summaries: list[Sentence] = []
    holidays: dict[str, list[dict[str, str]]] = {}
    status = VALID
    for path in files or (config,):
        try:
            found = configuration_files.find(path)
            loaded = load(found)
        except OSError as error:
            summaries.append(of_file(error, path))
            status = UNREADABLE
        else:
            valid = loaded.configuration is not None and not (strict and loaded.findings)
            findings.extend(loaded.findings)
            summaries.append(say("{path}: {summary}", path=found, summary=_summary(loaded, valid=valid)))
            if hidden := _hidden_from_service(found):
                summaries.append(say("{path}: Warning: {why}", path=found, why=hidden))
            if why := exposure(found, found.stat().st_mode, holds_secrets=loaded.holds_secrets):
                summaries.append(say("{path}: Warning: {why}", path=found, why=why))
            status = max(status, VALID if valid else INVALID)
            if year is not None and loaded.configuration is not None:
                holidays[str(found)] = _holidays(loaded.configuration.site.calendar, year)
    _print(findings, holidays, year, style)
    for summary in summaries:
        output.echo(summary, err=True)
    sys.exit(status)


def load(path: Path) -> Loaded:
    """The file, with what can't be meant among its findings. Raises OSError."""
    content = read_file(path).data
    loaded = configuration_files.load_text(content, path)
    if loaded.configuration is None:
        return loaded
    unmeant = meaning.findings(loaded.configuration, content, dt.datetime.now(dt.UTC))
    return replace(loaded, findings=in_order({*loaded.findings, *unmeant}, str(path)))


def _print(findings: list[Finding], holidays: dict[str, list[dict[str, str]]], year: int | None, style: str) -> None:
    if style == "json":
        listed = [asdict(finding) | as_data(finding.message) for finding in findings]
        document = listed if year is None else {"findings": listed, "holidays": holidays}
        output.show_json(document)
        return
    for file, days in holidays.items():
        output.echo(
            say(
                "{file}: {count} public holiday in {year}",
                "{file}: {count} public holidays in {year}",
                file=file,
                count=len(days),
                year=year,
            )
        )
        for day in days:
            date = dt.date.fromisoformat(day["date"])
            output.echo(say("  {date:%a %Y-%m-%d}  {name}", date=date, name=day["name"]))
    for finding in findings:
        output.echo(finding)


def _holidays(calendar: Calendar, year: int) -> list[dict[str, str]]:
    days = calendar.holidays.of(year) if calendar.holidays else {}
    return [{"date": day.isoformat(), "weekday": f"{day:%a}", "name": name} for day, name in days.items()]


def _become(name: str) -> None:
    """Continue with the rights of a user. Ends the command if that is not possible."""
    configuration_files.load_text("version: 1\ngates: {}\n")  # Python may be where only root can read it
    try:
        user = pwd.getpwnam(name)
        os.initgroups(name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)  # the real one, too: access(2) goes by it
    except KeyError:
        raise click.BadParameter(
            say("there is no user {user} on this machine", user=name), param_hint="--as-user"
        ) from None
    except PermissionError:
        raise click.BadParameter(say("only root can take another user's rights"), param_hint="--as-user") from None


def _hidden_from_service(path: Path) -> Sentence | None:
    """That root can read what the service's user can't, where there is a user of that name."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError, OSError):
        user = pwd.getpwnam(SERVICE)
        reads = [sys.executable, "-c", "import sys; open(sys.argv[1]).close()", str(path.absolute())]
        done = subprocess.run(  # noqa: S603 - this very Python
            reads, user=user.pw_uid, group=user.pw_gid, extra_groups=[], capture_output=True, check=False, cwd="/"
        )
        if done.returncode and b"PermissionError" in done.stderr:
            return say("user {user} can't read it: chgrp {user} {path}; chmod g+r {path}", user=SERVICE, path=path)
    return None


def _summary(loaded: Loaded, *, valid: bool) -> Sentence:
    counts = Counter(finding.severity for finding in loaded.findings)
    parts = []
    if valid and loaded.configuration is not None:
        gates = loaded.configuration.gates
        disabled = sum(not gate.enabled for gate in gates)
        parts += [say("ok"), say("{count} gate", "{count} gates", count=len(gates))]
        if disabled:
            parts[-1] = say("{gates} ({disabled} disabled)", gates=parts[-1], disabled=disabled)
    if counts["error"]:
        parts.append(say("{count} error", "{count} errors", count=counts["error"]))
    if counts["warning"]:
        parts.append(say("{count} warning", "{count} warnings", count=counts["warning"]))
    return joined(", ", parts)
