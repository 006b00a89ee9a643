"""The answers as a commented configuration file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from vipgate_fs.sentences import say
from vipgate_fs.sentences.catalogue import in_language
from vipgate_fs.setup.answers import Answers, Proof, Span

Note = Callable[..., str]
"""Makes a comment of a sentence, so far indented."""
GATE: Final = "vip"
SCHEDULE: Final = "business-hours"
_COLUMN: Final = 28


def configuration_text(answers: Answers, pins: Mapping[str, str], schemas: str) -> str:
    """The file.

    Args:
        answers: what it is to say.
        pins: by whom they belong to; "": everybody's.
        schemas: folder of the JSON schemas, for editors.
    """
    return "\n".join(_lines(answers, pins, schemas)) + "\n"


def quoted(text: str) -> str:
    """A text as YAML reads it, whatever is in it."""
    return json.dumps(text, ensure_ascii=False)


def span_text(span: Span) -> str:
    """A span of the schedule, in one line."""
    parts = {"days": span.days, "dates": span.dates, "from": span.start, "to": span.end}
    return "{" + ", ".join(f"{key}: {quoted(value)}" for key, value in parts.items() if value) + "}"


def _lines(answers: Answers, pins: Mapping[str, str], schemas: str) -> Iterator[str]:
    def note(sentence: str, indent: int = 0) -> str:
        return f"{' ' * indent}# {in_language(sentence, answers.language)}"

    def beside(line: str, sentence: str) -> str:
        return f"{line:<{_COLUMN}} {note(sentence)}"

    yield f"# yaml-language-server: $schema={schemas}/vipgate.schema.json"
    yield note(say("VIPgate's configuration, made by vipgate init. After each change: vipgate check, vipgate reload."))
    yield note(say("Every setting: docs/configuration.md. This file contains PINs or numbers: keep it to yourself."))
    yield from ("version: 1", "", "site:")
    yield beside(f"  country: {answers.country}", say("how numbers without a country code are read"))
    yield beside(f"  timezone: {quoted(answers.timezone)}", say("of the business hours"))
    yield beside(f"  language: {answers.language}", say("of the prompts: de or en"))
    if answers.holidays:
        yield beside(
            f"  holidays: {answers.holidays}",
            say("no business days; a part of a country: DE-BW"),
        )
    if answers.page:
        yield from ("", "server:")
        yield beside(f"  admin: {quoted(answers.page)}", say("the administration page: vipgate admin link"))
    if answers.hours:
        yield from ("", note(say("Business hours: outside of them the gate is active.")))
        yield from ("schedules:", f"  {SCHEDULE}:")
        yield from (f"    - {span_text(span)}" for span in answers.hours)
    yield from ("", "gates:", f"  {GATE}:")
    yield note(say("Calls to these numbers meet the gate; all others pass. Such as 7000-7099 or 70??."), 4)
    yield "    protects:"
    yield "      numbers:"
    yield from (f"        - {quoted(number)}" for number in answers.numbers)
    if answers.hours:
        yield note(say("Within the business hours everybody gets through."), 4)
        yield f"    active: {{outside: {SCHEDULE}}}"
    yield "    identify:"
    yield from _identify(answers, pins, note)
    yield from _ends(answers, note)


def _identify(answers: Answers, pins: Mapping[str, str], note: Note) -> Iterator[str]:
    match answers.proof:
        case Proof.PIN:
            yield note(say("Every caller is asked for this PIN."), 6)
            yield f"      - static_pin: {{pin: {quoted(pins[''])}}}"
        case Proof.OWN_PIN | Proof.CUSTOMER_NUMBER:
            if answers.proof is Proof.OWN_PIN:
                yield note(say("These callers are asked for their own PIN."), 6)
                yield "      - caller_pin:"
            else:
                yield note(say("Callers enter their customer number, then their PIN."), 6)
                yield from ("      - caller_pin:", "          identification: entered_id")
            yield "          pins:"
            yield from (f"            {quoted(caller)}: {quoted(pins[caller])}" for caller in answers.callers)
        case Proof.LISTED:
            yield note(say("These callers pass without a PIN. A number can be forged: see docs/security.md."), 6)
            yield from ("      - callers:", "          pass:")
            yield from (f"            - {quoted(caller)}" for caller in answers.callers)


def _ends(answers: Answers, note: Note) -> Iterator[str]:
    asks = answers.proof is not Proof.LISTED
    if answers.onward and asks:
        yield note(say("Where the right PIN leads; without this line, to the number that was called."), 4)
        yield f"    forward_correct: {quoted(answers.onward)}"
    if answers.refused and asks:
        yield note(say("Where callers go who did not enter the right PIN."), 4)
        yield f"    forward_incorrect: {quoted(answers.refused)}"
    if answers.proof in (Proof.OWN_PIN, Proof.LISTED):
        yield note(say("Everybody else."), 4)
        end = f"forward: {quoted(answers.refused)}" if answers.refused else "reject: true"
        yield f"    otherwise: {{{end}}}"
