"""What carriers send in place of a withheld number.

There is no standard for it beyond `anonymous` (RFC 3323, 4.1.1.3); carriers and telephone systems write words of their
own, spell them on the keypad, or send zeros. All of that is a withheld number: no number, and nobody in particular.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

LONGEST: Final = 64
"""Characters. What is longer is none of these words, and is not looked at."""

_BY_LANGUAGE: Final = {
    "en": "anonymous blocked hidden null nobody none notavailable notdisclosed private restricted secret unavailable "
    "undisclosed unidentified unknown unlisted unpublished withheld nonumber nocallerid nocli na notprovided outofarea "
    "undefined",
    "de": "anonym anonymer geheim geheime gesperrt nichtangezeigt nichtubermittelt nichtuebermittelt nichtverfugbar "
    "nichtverfuegbar privat private privater unbekannt unbekannte unbekannter unterdruckt unterdruckte unterdrueckt "
    "unterdrueckte verborgen verborgene keinenummer keinerufnummer ohnenummer ohnerufnummer",
    "fr": "anonyme inconnu masque nonidentifie prive numeromasque numeroprive numeroinconnu appelmasque",
    "it": "anonimo nascosto privato riservato sconosciuto numeroprivato numerosconosciuto",
    "es": "anonimo desconocido oculto privado restringido numerodesconocido numerooculto numeroprivado",
    "pt": "anonimo confidencial desconhecido privado restrito",
    "nl": "afgeschermd anoniem onbekend verborgennummer",
    "sv": "anonym dold hemligt okand",
    "da": "anonym hemmeligt skjult skjultnummer ukendt",
    "nb": "anonym hemmelig skjult skjultnummer ukjent",
    "fi": "salainen tuntematon",
    "pl": "anonimowy nieznany prywatny zastrzezony",
    "cs": "anonymni neznamy soukrome",
}
"""Without accents, spaces and punctuation, in lower case."""
_WORDS: Final = frozenset(word for words in _BY_LANGUAGE.values() for word in words.split())
_AROUND: Final = (
    "callerid|caller|call|cli|cid|identity|id|number|name|party|subscriber|rufnummer|nummer|anrufer|teilnehmer"
)
_WORD: Final = re.compile(rf"(?:{_AROUND})?({'|'.join(sorted(_WORDS))})(?:{_AROUND})?")
_KEYS: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
ON_THE_KEYPAD: Final = frozenset(
    word.translate(_KEYS)
    for word in (
        *("anonymous", "blocked", "notavailable", "private", "restricted", "unavailable", "undisclosed", "unknown"),
        "withheld",
    )
)
"""Twilio and others spell these words with the keys of a telephone, 266696687 for ANONYMOUS; some put +1 before it."""
_ZEROS_OF_A_COUNTRY: Final = re.compile(r"[1-9][0-9]{0,2}0{7,}")
"""+10000000000, and what is made of zeros by a switch that puts a country code before everything."""
_NOTHING: Final = re.compile(r"[\s+0/.()-]*(@.*)?")
_NUMBER: Final = re.compile(r"\s*\+?([0-9][0-9 ]*)", re.ASCII)


class Withheld:
    """Recognises withheld numbers.

    Args:
        further: words and numbers that mean one at this site, besides those that are known.
    """

    def __init__(self, further: Iterable[str] = ()) -> None:
        self._further = frozenset(map(_plain, further))

    def is_meant(self, written: str) -> bool:
        """Whether it means a withheld number, whatever else it could be: nothing at all, a word, zeros."""
        if len(written) > LONGEST:
            return False
        if (number := _NUMBER.fullmatch(written)) and not self._further:  # lists have 100,000 of them
            return not number[1].strip("0 ")
        plain = _plain(written)
        if not plain.strip("0"):
            return _NOTHING.fullmatch(written) is not None
        return plain in self._further or _WORD.fullmatch(plain) is not None

    @staticmethod
    def may_be_meant(written: str) -> bool:
        """Whether it is such a word on the keypad, or zeros in a country. It means that unless it is a valid number."""
        if len(written) > LONGEST:
            return False
        number = _NUMBER.fullmatch(written)
        digits = (number[1].replace(" ", "") if number else _plain(written)).lstrip("0")
        return digits.removeprefix("1") in ON_THE_KEYPAD or (
            digits.endswith("0") and _ZEROS_OF_A_COUNTRY.fullmatch(digits) is not None
        )


def _plain(written: str) -> str:
    """Letters and digits only, without their accents, in lower case, and without what follows an @."""
    decomposed = unicodedata.normalize("NFKD", written.partition("@")[0].casefold())
    return "".join(filter(str.isalnum, decomposed))
