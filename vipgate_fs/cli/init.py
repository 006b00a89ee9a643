"""`vipgate init`: a first configuration, made of four answers."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from vipgate_fs.cli import config_option, output
from vipgate_fs.cli.language import chosen, spoken
from vipgate_fs.document.sources import read_file
from vipgate_fs.sentences import Sentence, say
from vipgate_fs.sentences.system import system_says
from vipgate_fs.setup import files, freepbx, place, starface
from vipgate_fs.setup.answers import Answers, Proof, Span, Unusable, hours_of, numbers_of
from vipgate_fs.setup.making import Made, make

T = TypeVar("T")
EXISTS: Final = 2
_NEVER: Final = ("", "-", "never", "none", "no", "nie", "niemals", "nein", "keine")
_BUSY: Final = ("busy", "besetzt", "besetztzeichen")
_CALLED: Final = ("called", "gewählt", "gewählte")


@click.command()
@config_option
@click.option("--numbers", metavar="NUMBERS", help="Which numbers are protected, with commas between them.")
@click.option("--hours", metavar="HOURS", help="Business hours, such as 'mon-thu 9-17; fri 9-15:30'; never: none.")
@click.option("--proof", type=click.Choice([each.value for each in Proof]), help="How callers prove themselves.")
@click.option("--callers", metavar="NUMBERS", help="Their numbers, or customer numbers, with commas between them.")
@click.option("--onward", metavar="NUMBER", help="Where they go; called: to the number that they called.")
@click.option("--refused", metavar="NUMBER", help="Where the others go; busy: they hear the busy signal.")
@click.option("--country", metavar="CODE", help="ISO 3166-1; default: that of the numbers, or of this machine.")
@click.option("--timezone", metavar="NAME", help="IANA name; default: this machine's, if it is one of the country's.")
@click.option("--holidays", metavar="CODE", help="Public holidays, ISO 3166-2, such as DE-BW; none: none.")
@click.option(
    "--from",
    "source",
    type=(click.Choice(["starface", "freepbx"]), click.Path(path_type=Path)),
    metavar="SYSTEM FILE",
    help="Take over callers and PINs (starface) or business hours (freepbx) from a file: docs/getting-started.md.",
)
@click.option("--time-group", metavar="NAME", help="With --from freepbx: the time group with the business hours.")
@output.format_option
def command(
    config: Path | None, source: tuple[str, Path] | None, time_group: str | None, style: str, **given: Any
) -> None:
    """Write a first configuration and its expectations: four questions, or the options that answer them.

    Default for the file: that of --config or $VIPGATE_CONFIG, else /etc/vipgate/vipgate.yaml where that folder exists,
    else ./vipgate.yaml. Existing files are never overwritten, but for the untouched one of the Debian package.
    Generated PINs are shown once.

    Exit status: 0 when written, 1 when the answers can't be used, 2 when a file exists or can't be written.
    """
    path = files.path_of(config)
    for file in files.taken(path):
        why = say("{file} exists and is not overwritten; name another one with --config", file=file)
        click.echo(spoken(why), err=True)
        sys.exit(EXISTS)
    try:
        made = _made(given, *_taken_over(source, time_group), path)
    except Unusable as fault:
        _complain(fault)
        sys.exit(1)
    _write(path, made)
    _report(path, made, style, named=config is not None)


def _taken_over(
    source: tuple[str, Path] | None, time_group: str | None
) -> tuple[dict[str, str], tuple[Span, ...] | None]:
    """Callers with their PINs, and business hours, from another system's file. Raises Unusable."""
    if source is None:
        return {}, None
    kind, file = source
    try:
        if kind == "starface":
            return dict(starface.callers_of(file)), None
        groups = freepbx.groups_of(read_file(file).data.decode("utf-8", "replace"), time_group)
    except OSError as error:
        raise Unusable(str(file), [system_says(error)]) from None
    name = time_group or (next(iter(groups)) if len(groups) == 1 else "")
    if name not in groups:
        raise Unusable("--time-group", [say("allowed: {names}", names=", ".join(groups))])
    return {}, groups[name]


def _made(given: dict[str, Any], pins: dict[str, str], spans: tuple[Span, ...] | None, path: Path) -> Made:
    """What the answers become; a question whose answer can't be used is asked again. Raises Unusable for an option."""
    today = dt.datetime.now().astimezone().date()
    questions = _Questions(given, lambda answers: make(answers, path, today))
    while True:
        try:
            return questions.make(questions.ask(pins, spans))
        except Unusable as fault:
            if fault.question not in questions.typed:
                raise
            _complain(fault, typed=True)
            del questions.typed[fault.question]


def _complain(fault: Unusable, *, typed: bool = False) -> None:
    """Say what is wrong: with what an option says, or with the answer that was just typed."""
    for why in fault.why:
        click.echo(spoken(why) if typed else f"{fault.question}: {spoken(why)}", err=True)


class _Questions:
    """The four questions, each asked once unless an option has answered it.

    Args:
        given: what options say, by their fields.
        make: makes a configuration of answers.

    Attributes:
        make: see above.
        typed: what was typed in answer, by its field.
    """

    def __init__(self, given: dict[str, Any], make: Callable[[Answers], Made]) -> None:
        self._given = given
        self.make = make
        self.typed: dict[str, Any] = {}

    def ask(self, pins: dict[str, str], spans: tuple[Span, ...] | None) -> Answers:
        """The answers: of options, of files taken over, else of whoever is asked. Raises Unusable for an option."""
        given = self._given
        which = say("1. Which numbers are to be protected? Such as +49 711 5551001, 7000-7099")
        numbers = self._answer("numbers", which, lambda text: self._tried(numbers_of(text)).numbers)
        if spans is None:
            when = say("2. When is it open to everybody? Such as mon-thu 9-17; fri 9-15:30. Never: leave it empty")
            spans = self._answer("hours", when, lambda text: self._tried(numbers, _hours(text)).hours, default="")
        proof = Proof.OWN_PIN if pins else Proof(given["proof"]) if given["proof"] else self._proof()
        callers: tuple[str, ...] = tuple(pins)
        if not callers and proof is not Proof.PIN:
            by_customer = proof is Proof.CUSTOMER_NUMBER
            whose = say("   Their customer numbers?") if by_customer else say("   Whose numbers?")
            callers = self._answer("callers", whose, numbers_of)
        onward = ""
        if proof is not Proof.LISTED or given["onward"]:
            where = say("4. Where do they go on? A number; to the one that they called: leave it empty")
            onward = self._answer("onward", where, _onward, default="")
        others = say("   And the others? A number; they hear the busy signal: leave it empty")
        refused = self._answer("refused", others, _refused, default="")
        known = self._of_the_place(numbers)
        holidays = given["holidays"] or (place.holidays_of(known.country) if spans else None)
        return replace(
            known,
            hours=spans,
            proof=proof,
            callers=callers,
            pins=pins,
            onward=onward or None,
            refused=refused or None,
            holidays=None if holidays == "none" else holidays,
        )

    def _of_the_place(self, numbers: tuple[str, ...]) -> Answers:
        zone = place.machines_zone()
        country = self._given["country"] or place.country_of(numbers, zone, chosen())
        timezone = self._given["timezone"] or place.timezone_of(country, zone)
        return Answers(numbers=numbers, language=chosen(), country=country, timezone=timezone)

    def _tried(self, numbers: tuple[str, ...], hours: tuple[Span, ...] = ()) -> Answers:
        """The first answers. Raises Unusable at once if nothing can be made of them, whatever follows."""
        answers = replace(self._of_the_place(numbers), hours=hours)
        self.make(answers)
        return answers

    def _answer(self, field: str, question: Sentence, read: Callable[[str], T], default: str | None = None) -> T:
        """What an option says, or what is typed; asked again until it can be read."""
        if self._given[field] is not None:
            return read(self._given[field])
        while field not in self.typed:
            suffix = " " if question.endswith("?") else ": "
            text = click.prompt(spoken(question), default=default, show_default=False, prompt_suffix=suffix)
            try:
                self.typed[field] = read(text)
            except Unusable as fault:
                if fault.question != field:
                    raise
                _complain(fault, typed=True)
        found: T = self.typed[field]
        return found

    def _proof(self) -> Proof:
        if "proof" not in self.typed:
            self.typed["proof"] = _choose()
        found: Proof = self.typed["proof"]
        return found


def _choose() -> Proof:
    choices = {
        Proof.PIN: say("one PIN for everybody"),
        Proof.OWN_PIN: say("a PIN of their own, by their number"),
        Proof.CUSTOMER_NUMBER: say("a customer number and a PIN"),
        Proof.LISTED: say("their number alone (it can be forged)"),
    }
    click.echo(spoken(say("3. How do callers prove themselves?")))
    for number, text in enumerate(choices.values(), 1):
        click.echo(f"   {number}  {spoken(text)}")
    answers = [{str(number), proof, spoken(text).lower()} for number, (proof, text) in enumerate(choices.items(), 1)]
    while True:
        typed = click.prompt("  ", default="1").strip().lower()
        exactly = [typed in each for each in answers]
        meant = [any(typed in re.findall(r"[\w-]+", one) for one in each) for each in answers]
        for found in (exactly, meant):
            if sum(found) == 1:
                return list(choices)[found.index(True)]
        click.echo(
            spoken(say("allowed: a number from 1 to {last}, or a word that only one of them has", last=len(answers))),
            err=True,
        )


def _hours(text: str) -> tuple[Span, ...]:
    return () if text.strip().lower() in _NEVER else hours_of(text)


def _onward(text: str) -> str:
    return _target("onward", text, _CALLED, _BUSY)


def _refused(text: str) -> str:
    return _target("refused", text, _BUSY, _CALLED)


def _target(question: str, text: str, usual: Sequence[str], strange: Sequence[str]) -> str:
    """A number, or nothing for the usual way; the word that belongs to the other question is no answer to this one."""
    word = text.strip().lower()
    if word in strange:
        raise Unusable(
            question, [say("{word} is no answer here; allowed: a number, or {usual}", word=word, usual=usual[0])]
        )
    return "" if word in ("", *usual) else text.strip()


def _write(path: Path, made: Made) -> None:
    """Write both files. Ends the command when they can't be written."""
    try:
        files.write(path, made)
    except OSError as error:
        why = say("{file} can't be written: {why}", file=error.filename, why=system_says(error))
        click.echo(spoken(why), err=True)
        sys.exit(EXISTS)


def _report(path: Path, made: Made, style: str, *, named: bool) -> None:
    beside = files.beside(path)
    vipgate = f"vipgate --config {shlex.quote(str(path))}" if named else "vipgate"
    following = f"{vipgate} check && {vipgate} test --coverage"
    pins = [
        say("PIN of {owner}: {pin}", owner=owner, pin=pin) if owner else say("PIN: {pin}", pin=pin)
        for owner, pin in made.pins.items()
    ]
    for warning in made.warnings:
        click.echo(spoken(say("Warning: {why}", why=warning)), err=True)
    lines = [say("Written: {configuration} and {expectations}", configuration=path, expectations=beside), *pins]
    if pins:
        lines.append(say("Write it down now: it is not shown again, and stands only in these two files."))
    lines.append(say("Next: {command}", command=following))
    document = {
        "configuration": str(path),
        "expectations": str(beside),
        "pins": dict(made.pins),
        "warnings": list(made.warnings),
        "next": following,
    }
    output.report(style, document, *map(spoken, lines))
