"""The four answers that a first configuration is made of, and how people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from vipgate_fs.sentences import say

_SPAN: Final = re.compile(
    r"(?P<days>.*?)[\s,:]*(?:\b(?:from|von)\s*)?\b(?P<start>\d{1,2}(?:[:.]\d\d)?)\s*(?:uhr|h)?"
    r"\s*(?:-|\u2013|bis|to|until)\s*(?P<end>\d{1,2}(?:[:.]\d\d)?)\s*(?:uhr|h)?",
    re.IGNORECASE,
)
_BETWEEN_SPANS: Final = re.compile(r"\s*[;\n]\s*|(?<=[0-9hr])\s*(?:,|\band\b|\bund\b|&|\+)\s*", re.IGNORECASE)
"""No day ends with a digit: what follows a time is another span."""
_BETWEEN_DAYS: Final = re.compile(r"\s*(?:[+&]|\b(?:and|und|u)\b)\s*", re.IGNORECASE)
_EVERY_DAY: Final = ("daily", "every day", "täglich", "jeden tag")
_BETWEEN_NUMBERS: Final = re.compile(r"\s*[,;\n]\s*")


class Proof(StrEnum):
    """How callers prove themselves."""

    PIN = "pin"
    OWN_PIN = "own-pin"
    CUSTOMER_NUMBER = "customer-number"
    LISTED = "listed"


class Unusable(ValueError):
    """No configuration can be made of the answers. Says in which of them, and why.

    Attributes:
        question: the field of Answers.
        why: a sentence for each fault, none of them with a secret.
    """

    def __init__(self, question: str, why: Sequence[str]) -> None:
        super().__init__("; ".join(why))
        self.question = question
        self.why = tuple(why)


@dataclass(frozen=True, slots=True)
class Span:
    """Days and hours, or dates, in the words of the configuration; what is empty does not restrict."""

    days: str = ""
    start: str = ""
    end: str = ""
    dates: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What an administrator says about their first gate.

    Attributes:
        numbers: that are protected, however written; patterns and ranges, too.
        hours: business hours, outside of which the gate is active; none: it always is.
        proof: how callers prove themselves.
        callers: their numbers, or with CUSTOMER_NUMBER their customer numbers; with PIN none.
        pins: of those callers who have one already; the others' are generated. Never to be shown.
        onward: where those go who have proved themselves; None: to the number that they called.
        refused: where the others go; None: they hear the busy signal.
        language: of prompts and comments, `de` or `en`.
        country: ISO 3166-1, of numbers without a country code.
        timezone: IANA name.
        holidays: ISO 3166-2, whose public holidays count as no business days; None: none.
        page: host and port of the administration page; None: there is to be none.
    """

    numbers: tuple[str, ...]
    hours: tuple[Span, ...] = ()
    proof: Proof = Proof.PIN
    callers: tuple[str, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict, repr=False)
    onward: str | None = None
    refused: str | None = None
    language: str = "en"
    country: str = "DE"
    timezone: str = "Europe/Berlin"
    holidays: str | None = None
    page: str | None = None


def numbers_of(text: str) -> tuple[str, ...]:
    """The numbers of an answer, with commas, semicolons or line breaks between them."""
    return tuple(dict.fromkeys(filter(None, _BETWEEN_NUMBERS.split(text.strip()))))


def hours_of(text: str) -> tuple[Span, ...]:
    """Business hours such as `mon-thu 9-12, 13-17; fri 09:00-15:30`; none for an empty text.

    Hours without days are on the days before them, and at the beginning on all days.

    Raises:
        Unusable: this is no such text.
    """
    spans: list[Span] = []
    for part in filter(None, _BETWEEN_SPANS.split(text.strip())):
        match = _SPAN.fullmatch(part)
        if match is None:
            why = say("{part} are no business hours; allowed: such as mon-thu 9-17; fri 09:00-15:30", part=part)
            raise Unusable("hours", [why])
        days = _days(match["days"]) if match["days"].strip() else spans[-1].days if spans else ""
        spans.append(Span(days, _time(match["start"]), _time(match["end"])))
    return tuple(spans)


def _days(text: str) -> str:
    """Days as people write them, in the words of the configuration: `Mo. - Fr.`, `Sa + So`, `täglich`."""
    days = _BETWEEN_DAYS.sub(", ", text.replace(".", "").strip())
    return "" if days.lower() in _EVERY_DAY else days


def _time(text: str) -> str:
    hour, _, minute = text.replace(".", ":").partition(":")
    return f"{int(hour):02}:{minute or '00'}"
