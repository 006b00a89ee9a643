"""The page's words: English in the code and the templates, other languages from the catalogue `page.po`."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

from flask import g, has_request_context
from markupsafe import Markup, escape

from vipgate_fs.sentences.catalogue import ENGLISH, LANGUAGES, catalogue, in_language

_CODE: Final = re.compile("`([^`]+)`")


def language() -> str:
    """Of the page that is being made."""
    return str(g.get("language", ENGLISH)) if has_request_context() else ENGLISH


def phrase(text: str, **parts: Any) -> str:
    """A text in the page's language, with what stands in its braces."""
    return catalogue(language(), "page").gettext(text).format_map(parts)


def count(number: int, one: str, many: str, **parts: Any) -> str:
    """The one text for 1, the other for any other `number`."""
    return phrase(one if number == 1 else many, number=number, **parts)


def outcome(kind: str) -> tuple[str, str]:
    """How an outcome is shown: the style's name, and the word."""
    shown = {
        "passed": ("through", phrase("let through")),
        "forwarded": ("through", phrase("forwarded")),
        "pin_correct": ("right", phrase("PIN right")),
        "pin_incorrect": ("wrong", phrase("PIN wrong")),
        "rejected": ("away", phrase("turned away")),
        "hung_up": ("gone", phrase("hung up")),
        "cut_off": ("gone", phrase("cut off")),
        "taken_away": ("gone", phrase("taken away")),
    }
    return shown.get(kind, ("gone", kind))


def verdict(text: str) -> str:
    """A record's verdict, which is one of a few words, in the page's language."""
    known = {
        "pass": phrase("let through"),
        "reject": phrase("turn away"),
        "ask for PIN": phrase("ask for PIN"),
        "none": phrase("none yet"),
    }
    target = text.removeprefix("forward to ")
    return phrase("forward to {target}", target=target) if target != text else known.get(text, text)


def setting(text: str) -> str:
    """A title or description of the schema in the page's language."""
    return catalogue(language(), "settings").gettext(text) if text else ""


def described(text: str) -> Markup:
    """A description of the schema in the page's language, with what stands between backticks as it is to be written."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(setting(text)))))  # noqa: S704 - escaped


def choice(word: str) -> str:
    """What a setting may be, in the page's language, with the word of the file where that is another one."""
    known = {
        "true": phrase("yes"),
        "false": phrase("no"),
        "reject": phrase("turn away"),
        "pass": phrase("let through"),
        "busy": phrase("hears busy"),
        "caller_number": phrase("by the caller's number"),
        "entered_id": phrase("by a customer number that they enter"),
        "skip": phrase("ask the next step"),
        "ask": phrase("ask for a PIN all the same"),
        "as_number": phrase("counts as any number"),
        "as_withheld": phrase("counts as withheld"),
        "same_dialogue": phrase("can't tell: the same prompts, and no PIN is right"),
    }
    return f"{known[word]} ({word})" if word in known else word


def said(text: str) -> str:
    """What the gate says, such as a reason, in the page's language; what is no sentence stays as it is."""
    return in_language(text, language())


def day(at: dt.datetime | dt.date) -> str:
    """Such as `Thursday, 26 November`."""
    spoken = language()
    weekday, month = _day_name(at), _month_name(at)
    return f"{weekday}, {at.day}{'.' if spoken == 'de' else ''} {month}"


def short_day(at: dt.datetime | dt.date) -> str:
    """Such as `Thu 26 Nov`, or `Do 26.11.`."""
    spoken = language()
    weekday = _day_name(at)
    if spoken == "de":
        return f"{weekday[:2]} {at.day}.{at.month}."
    return f"{weekday[:3]} {at.day} {_month_name(at)[:3]}"


def _day_name(at: dt.date) -> str:
    names = (
        *(phrase("Monday"), phrase("Tuesday"), phrase("Wednesday"), phrase("Thursday")),
        *(phrase("Friday"), phrase("Saturday"), phrase("Sunday")),
    )
    return names[at.weekday()]


def _month_name(at: dt.date) -> str:
    names = (
        *(phrase("January"), phrase("February"), phrase("March"), phrase("April"), phrase("May"), phrase("June")),
        *(phrase("July"), phrase("August"), phrase("September"), phrase("October"), phrase("November")),
        phrase("December"),
    )
    return names[at.month - 1]


def moment(at: dt.datetime, now: dt.datetime) -> str:
    """Such as `18:31` today, `tomorrow, 8:00` and `Tue 24 Nov, 12:58`; with the year if it is another one."""
    clock = f"{at.hour}:{at:%M}"
    distance = (at.date() - now.date()).days
    if distance == 0:
        return clock
    if distance == 1:
        return phrase("tomorrow, {clock}", clock=clock)
    year = "" if at.year == now.year else f"{at.year}" if language() == "de" else f" {at.year}"
    return f"{short_day(at)}{year}, {clock}"


def seconds(number: float) -> str:
    """Such as `31.4 s`."""
    return f"{number:.1f} s".replace(".", "," if language() == "de" else ".")


def preferred(accepted: str | None) -> str:
    """The first language of an Accept-Language header that the page speaks, else English."""
    for each in (accepted or "").split(","):
        name = each.partition(";")[0].strip().partition("-")[0].lower()
        if name in LANGUAGES:
            return name
    return ENGLISH
