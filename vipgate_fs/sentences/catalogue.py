"""Sentences in other languages, by gettext's catalogues: `languages/de/LC_MESSAGES/vipgate.po`."""

from __future__ import annotations

import ast
import datetime as dt
import re
import string
from collections.abc import Callable, Mapping
from functools import cache
from gettext import NullTranslations, c2py
from typing import Any, Final

from vipgate_fs.resources import resource
from vipgate_fs.sentences import Sentence

ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "de")
"""Those that VIPgate speaks."""
_WEEKDAYS: Final = {"de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")}
_FIELD: Final = re.compile(
    r"""^(msgid|msgid_plural|msgstr(?:\[\d\])?)\s+("(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*)""", re.MULTILINE
)
_PLURAL: Final = re.compile(r"plural=([^;\n]+)")


def in_language(what: object, language: str) -> str:
    """A sentence in a language; what is none is the same in all."""
    text = str(what)
    if language == ENGLISH or not isinstance(text, Sentence):
        return text[:]
    return _Speaker(language).vformat(_template(text, language), (), text.parts)


def translation(text: str, language: str) -> str:
    """A text without parts, such as the help of a command, in a language; itself if there is none."""
    return catalogue(language).gettext(text) if text else text


def preferred(environment: Mapping[str, str]) -> str:
    """The first language of the environment that VIPgate speaks, else English; as gettext looks for it.

    LANGUAGE is a list and goes before LC_ALL, LC_MESSAGES and LANG, of which the first that is not empty counts; it is
    ignored where that one is C or POSIX.
    """
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next(filter(None, map(environment.get, names)), "")
    wanted = [locale]
    if locale not in ("C", "POSIX"):
        wanted = [*environment.get("LANGUAGE", "").split(":"), locale]
    spoken = (re.split(r"[_.@]", each)[0].lower() for each in wanted)
    return next((each for each in spoken if each in LANGUAGES), ENGLISH)


def placeholders(template: str) -> frozenset[str]:
    """The names in a template's braces."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


class Catalogue(NullTranslations):
    """A catalogue of gettext as translators write it (PO): there is nothing to compile.

    It reads what `make sentences` writes: no contexts, and what is marked as fuzzy counts.
    """

    def _parse(self, fp: Any) -> None:
        """See gettext.NullTranslations._parse."""
        self._texts: dict[str, list[str]] = {}
        texts: list[str] = []
        for keyword, literals in _FIELD.findall(fp.read().decode("utf-8")):
            text: str = ast.literal_eval(f"({literals})")
            if keyword == "msgid":
                texts = self._texts[text] = []
            elif keyword != "msgid_plural" and text:
                texts.append(text)
        header = "".join(self._texts.pop("", []))
        found = _PLURAL.search(header)
        self._which: Callable[[int], int] = c2py(found[1] if found else "n != 1")

    def gettext(self, message: str) -> str:
        """The text in the catalogue's language; itself when there is none."""
        return next(iter(self._texts.get(message, ())), message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The text for so many, in the catalogue's language; as it is in English when there is none."""
        texts = self._texts.get(msgid1)
        return texts[self._which(n)] if texts else super().ngettext(msgid1, msgid2, n)


@cache
def catalogue(language: str, domain: str = "vipgate") -> NullTranslations:
    """The translations into a language; for English none. The administration page's texts are a domain of their own."""
    if language == ENGLISH:
        return NullTranslations()
    with (resource("languages") / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        return Catalogue(file)


def _template(sentence: Sentence, language: str) -> str:
    known = catalogue(language)
    if sentence.plural is None:
        return known.gettext(sentence.template) if sentence.template else ""
    count = sentence.parts["count"]
    assert isinstance(count, int), "what is counted is"
    return known.ngettext(sentence.template, sentence.plural, count)


class _Speaker(string.Formatter):
    """Puts parts into a template in its language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        """A part as it is written in the language."""
        text = str(value)
        if isinstance(text, Sentence):
            return format(in_language(text, self._language), format_spec)
        if isinstance(value, dt.date) and format_spec:
            weekday = _WEEKDAYS[self._language][value.weekday()]
            return format(value, format_spec.replace("%a", weekday))
        shown = format(value, format_spec)
        return shown.replace(".", ",") if isinstance(value, float) else shown
