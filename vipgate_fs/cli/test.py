"""`vipgate test`: calls with an expectation each, played against the configuration."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import click

from vipgate_fs.cli import config_option, output
from vipgate_fs.cli.language import spoken
from vipgate_fs.cli.options import (
    find_or_exit,
    load_or_exit,
    moment_option,
    or_exit,
    parse_moment,
    parse_variables,
    variable_option,
)
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.preview import expectations, recording
from vipgate_fs.preview.coverage import Uncovered, uncovered
from vipgate_fs.preview.expectations import SUFFIX, Result
from vipgate_fs.sentences import said, say
from vipgate_fs.sentences.system import of_file

AS_EXPECTED, DIFFERENT, UNREADABLE = 0, 1, 2
_ILLEGAL: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML has no way to write (XML 1.0, 2.2). Files may have them in their names, calls U+FFFE."""


@click.command()
@config_option
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("--coverage", is_flag=True, help="List what of the configuration no expectation reaches.")
@click.option(
    "--record", is_flag=True, help="Play the one call that the following options describe, and add it to FILE."
)
@click.option("--from", "caller", metavar="NUMBER", help="With --record: the caller; 'withheld' for no number.")
@click.option("--hidden", is_flag=True, help="With --record: the caller hides the number.")
@click.option("--to", "called", metavar="NUMBER", help="With --record: the number that was called.")
@moment_option
@click.option("--user", metavar="ID", help="With --record: the directory's user behind the called number.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of that user; may be repeated.")
@variable_option
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="KIND=ANSWER",
    help="What the steps of a kind answer: pass, reject, forward:TARGET, unknown or failure; may be repeated.",
)
@click.option("--name", metavar="TEXT", help="With --record: what the call is to show.")
def command(
    config: Path | None, files: tuple[Path, ...], style: str, *, coverage: bool, record: bool, **call: Any
) -> None:
    """Play the calls of expectation files, and compare what becomes of them with what is expected.

    No switch, webservice, database or store is asked: what steps are answered is in the file. Without FILE:
    vipgate.test.yaml beside vipgate.yaml, and so on.

    With --record, a call is played and added to the file, and what becomes of it now is what is expected from now on.
    It is described as for `vipgate explain`; of a caller who is asked for a PIN, add what they enter yourself.

    Exit status: 0 when all is as expected, 1 when not, 2 when a file can't be read.
    """
    if record:
        _record(config, files, call)
        return
    if any(call.values()):
        raise click.UsageError(say("--from, --to and the like describe a call for --record"))
    played: list[tuple[Path, list[Result]]] = []
    missed: dict[Path, tuple[Uncovered, ...]] = {}
    for file in files or (_beside(config),):
        path, wanted, findings = or_exit(expectations.load, file)
        for finding in findings:
            output.echo(finding, err=True)
        if not wanted:
            sys.exit(UNREADABLE)
        configuration = load_or_exit(config or path)
        results = [expectations.play(expectation, configuration) for expectation in wanted]
        played.append((file, results))
        if coverage:
            missed[configuration.path] = uncovered(configuration, results)
    if style == "text":
        _print(played, missed)
    else:
        click.echo(_as_json(played, missed) if style == "json" else _as_junit(played))
    sys.exit(DIFFERENT if any(result.faults for _, results in played for result in results) else AS_EXPECTED)


def _record(config: Path | None, files: Sequence[Path], given: dict[str, Any]) -> None:
    """Add a call to the file, or end the command."""
    if len(files) > 1 or not (given["caller"] and given["called"]):
        raise click.UsageError(say("--record takes one FILE at most, and needs --from and --to"))
    file = files[0] if files else _beside(config)
    configuration = load_or_exit(config or file.with_name(f"{file.name.removesuffix(SUFFIX)}.yaml"))
    at = parse_moment(given["moment"], configuration.site.calendar).replace(tzinfo=None)
    answers = _pairs(given["answers"])
    call = {
        "name": given["name"],
        "from": "withheld" if given["caller"] == "anonymous" else given["caller"],
        "restricted": given["hidden"],
        "to": as_dialled(given["called"]),
        "at": at.isoformat(" ", "minutes"),
        "user": given["user"],
        "groups": list(given["groups"]),
        "variables": parse_variables(given["variables"]),
        "answers": answers,
    }
    call = {key: value for key, value in call.items() if value}
    try:
        lines = recording.recorded(call, configuration)
        recording.add(lines, file)
    except OSError as error:
        output.fail(of_file(error, file))
        sys.exit(UNREADABLE)
    except UnicodeEncodeError:
        raise click.ClickException(say("what is to be recorded is no UTF-8")) from None
    except (recording.CannotRecord, ValueError) as error:
        raise click.ClickException(said(error)) from None
    output.echo(say("added to {file}:", file=file))
    click.echo(lines, nl=False)


def _pairs(answers: Sequence[str]) -> dict[str, Any]:
    """What `--answer` says, as the file has it."""
    found: dict[str, Any] = {}
    for kind, equals, answer in (text.partition("=") for text in answers):
        word, colon, target = answer.partition(":")
        known = {"pass": {"reject": False}, "reject": {"reject": True}, "unknown": "unknown", "failure": "failure"}
        value = {"forward": target} if word == "forward" and colon else known.get(answer)
        if not equals or value is None:
            raise click.BadParameter(say("write KIND=ANSWER, such as webservice=reject"), param_hint="--answer")
        found[kind] = value
    return found


def _beside(config: Path | None) -> Path:
    found = find_or_exit(config)
    return found.with_name(found.stem + SUFFIX)


def _print(played: Sequence[tuple[Path, list[Result]]], missed: dict[Path, tuple[Uncovered, ...]]) -> None:
    number = wrong = 0
    for file, results in played:
        for result in results:
            number += 1
            wrong += bool(result.faults)
            word, color = (say("differs"), "red") if result.faults else (say("ok"), "green")
            state = click.style(f"{spoken(word):<9}", fg=color)
            click.echo(f"{state}{file}:{result.expectation.line}  {result.expectation.name}")
            for fault in result.faults:
                click.echo(f"         {spoken(fault)}")
    for path, parts in missed.items():
        reached = say("{count} not reached by any expectation", count=len(parts)) if parts else say("all is reached")
        output.echo(say("{path}: {why}", path=path, why=reached))
        for part in parts:
            click.echo(f"  {path}:{part.line}  {spoken(part.what)}")
    output.echo(say("{number} calls, {wrong} not as expected", number=number, wrong=wrong), bold=True)


def _as_json(played: Sequence[tuple[Path, list[Result]]], missed: dict[Path, tuple[Uncovered, ...]]) -> str:
    document: dict[str, Any] = {
        "calls": [
            {
                "file": str(file),
                "line": result.expectation.line,
                "name": result.expectation.name,
                "as_expected": not result.faults,
                "faults": list(result.faults),
                "observed": expectations.observed(result.rehearsal) if result.rehearsal else None,
            }
            for file, results in played
            for result in results
        ],
    }
    if missed:
        document["not_reached"] = [
            {"file": str(path), "line": part.line, "what": part.what}
            for path, parts in missed.items()
            for part in parts
        ]
    return output.as_json(document)


def _as_junit(played: Sequence[tuple[Path, list[Result]]]) -> str:
    """The XML that Jenkins, GitLab and others read."""
    suites = ET.Element("testsuites")
    for file, results in played:
        failures = sum(bool(result.faults) for result in results)
        suite = ET.SubElement(
            suites, "testsuite", name=str(file), tests=str(len(results)), failures=str(failures), errors="0"
        )
        for result in results:
            case = ET.SubElement(suite, "testcase", classname=file.stem, name=result.expectation.name)
            case.set("line", str(result.expectation.line))
            if result.faults:
                ET.SubElement(case, "failure", message=result.faults[0]).text = "\n".join(result.faults)
    legal = _ILLEGAL.sub(lambda found: f"\\u{ord(found[0]):04x}", ET.tostring(suites, encoding="unicode"))
    return legal.encode("ascii", "xmlcharrefreplace").decode("ascii")  # whatever encoding stdout has
