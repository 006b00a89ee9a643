"""Public holidays: those of a country or a part of it, corrected where the law says otherwise, and as a site has them.

The days come from the library `holidays`. What is corrected here is compared with the laws, and cited, in
`tests/gate/test_holidays.py`.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vipgate_fs.gate.dates import Dates
from vipgate_fs.once import once
from vipgate_fs.sentences import say

if TYPE_CHECKING:
    from holidays import HolidayBase

_PART: Final = re.compile(r"[A-Z0-9]{1,3}|[A-Z][a-z]+")  # ISO 3166-2, and Augsburg
_NO_HOLIDAYS: Final = "school"
_NAMES: Final = {"Frauentag": "Internationaler Frauentag"}
"""The library's → the one that people know."""
_WHEN: Final = re.compile(
    r"(?P<when>[0-9][0-9.-]*|(?:easter|ostern)(?: ?[+-] ?[0-9]+)?)(?:\s+(?P<name>\S.*))?", re.ASCII | re.IGNORECASE
)
_TIME: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_YEARS_OF_NAMES: Final = 3
_SHOWN: Final = 4

_CORRECTIONS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "CH-AG": (("Tag der Arbeit", "Fronleichnam", "Mariä Himmelfahrt", "Allerheiligen", "Mariä Empfängnis"), ()),
    "CH-FR": ((), ("Fronleichnam", "Mariä Himmelfahrt", "Allerheiligen", "Mariä Empfängnis")),
    "CH-GR": ((), ("Karfreitag",)),
    "CH-NE": (("Fronleichnam",), ()),
    "CH-SO": ((), ("Fronleichnam", "Mariä Himmelfahrt", "Allerheiligen")),
}
"""Days that the library has, and the law of the part has not; and the other way round."""

_TUESDAY, _SATURDAY = 1, 5
_WORKDAYS: Final[Mapping[str, Mapping[str, tuple[int, ...]]]] = {
    "CH-AG": dict.fromkeys(("Berchtoldstag", "Stephanstag"), (_TUESDAY, _SATURDAY))
}
"""Weekdays, from 0 for Monday, on which a day is no holiday."""

_REFORMED: Final = ("Berchtoldstag", "Ostermontag", "Pfingstmontag", "Stephanstag")
_CATHOLIC: Final = ("Fronleichnam", "Mariä Himmelfahrt", "Allerheiligen", "Mariä Empfängnis")
_IN_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "DE-BY": ("Mariä Himmelfahrt",),
    "DE-SN": ("Fronleichnam",),
    "DE-TH": ("Fronleichnam",),
    "CH-AG": _REFORMED + _CATHOLIC,
    "CH-FR": _REFORMED + _CATHOLIC,
    "CH-SO": _CATHOLIC[:3],
}
"""Days that the law gives to some districts or municipalities only."""

_Change = Callable[[int, dict[dt.date, list[str]]], None]


@dataclass(frozen=True, slots=True)
class InParts:
    """Days that are holidays in a part of the part only.

    Attributes:
        counted: names of those that count.
        left_out: names of the others.
    """

    counted: tuple[str, ...]
    left_out: tuple[str, ...]


class Holidays:
    """The public holidays of a site, by year."""

    def __init__(self, base: str) -> None:
        """The holidays of a country or a part of one: ISO 3166-1 or 3166-2, such as DE-BW.

        Raises:
            ValueError: none are known for it; says what is allowed.
        """
        import holidays  # noqa: PLC0415 - it takes a tenth of a second, which sites without holidays are spared

        self.base = base
        self._changes: list[_Change] = []
        self._years: dict[int, dict[dt.date, str]] = {}
        self._country, _, part = base.partition("-")
        self._supported = holidays.list_supported_countries()
        self._library = holidays.country_holidays
        if self._country not in self._supported:
            raise ValueError(
                say("no public holidays are known for {base!r}; allowed: a country (ISO 3166-1), such as DE", base=base)
            )
        parts = [known for known in self._supported[self._country] if _PART.fullmatch(known)]
        if part not in parts and base != self._country:
            allowed = ", ".join((self._country, *(f"{self._country}-{known}" for known in parts)))
            raise ValueError(
                say("no public holidays are known for {base!r}; allowed: {allowed}", base=base, allowed=allowed)
            )
        # Without a language, the names are in that of the server's locale.
        self._language = self._library(self._country).default_language
        self._part = part or None
        without, add = _CORRECTIONS.get(base, ((), ()))
        for name in without:
            self.drop(name)
        for name in add:
            self.add(name)
        for name, weekdays in _WORKDAYS.get(base, {}).items():
            self._change(_drop_on(name, weekdays))

    def add(self, written: str) -> None:
        """Have a day, too, or give it another name.

        Args:
            written: a name that the day has anywhere in the country, such as `Mariä Himmelfahrt`; or a date and a name,
                such as `08-08 Friedensfest`, `2027-05-07 Brückentag`, `easter-48 Rosenmontag`.

        Raises:
            ValueError: says what is wrong and what is allowed.
        """
        if name := self._known.get(written.strip().casefold()):
            self._change(self._add_known(name))
            return
        when, label = self._when(written)
        if not label:
            raise ValueError(
                say(
                    '{written!r} has no name; allowed: a date and a name, such as "{date} Kermis"',
                    written=written,
                    date=when.text,
                )
            )
        if _TIME.match(label):
            raise ValueError(
                say(
                    "{written!r} has a time; holidays are whole days: close half a day in the schedule", written=written
                )
            )
        self._change(_name(when, label))

    def drop(self, written: str) -> bool:
        """Do without a day, by a name that it has in the country, or by its date. Raises ValueError as `add` does.

        Returns whether it was one, this year or in the next ones.
        """
        before = [dict(self.of(year)) for year in _years()]
        name = self._known.get(written.strip().casefold())
        self._change(_drop_on(name, range(7)) if name else _drop(self._when(written)[0]))
        return before != [dict(self.of(year)) for year in _years()]

    def of(self, year: int) -> Mapping[dt.date, str]:
        """The holidays of a year in the order of their dates; names are in the country's language."""
        if year not in self._years:
            days = _days(self._library(self._country, self._part, years=year, language=self._language))
            for change in self._changes:
                change(year, days)
            self._years[year] = {day: "; ".join(names) for day, names in sorted(days.items())}
        return self._years[year]

    def name(self, day: dt.date) -> str | None:
        """The holiday's name on that day; None: it is none."""
        return self.of(day.year).get(day)

    @property
    def are_known(self) -> bool:
        """Whether there is any this year or in the next ones: the library does not look far ahead everywhere."""
        return any(self.of(year) for year in _years())

    @property
    def in_parts(self) -> InParts | None:
        """Days that are holidays in some districts or municipalities of the part only; None: there are none."""
        names = _IN_PARTS.get(self.base)
        if names is None:
            return None
        counted = {name for year in _years() for names in self.of(year).values() for name in names.split("; ")}
        return InParts(
            tuple(name for name in names if name in counted), tuple(name for name in names if name not in counted)
        )

    def _change(self, change: _Change) -> None:
        self._changes.append(change)
        self._years.clear()

    def _when(self, written: str) -> tuple[Dates, str | None]:
        match = _WHEN.fullmatch(written.strip())
        if match is None:
            similar = difflib.get_close_matches(written.strip().casefold(), self._known, n=_SHOWN)
            names = [self._known[name] for name in similar] or sorted(set(self._known.values()))
            raise ValueError(
                say(
                    "{country} has no holiday {written!r}; allowed: {names}, or a date and a name, such as "
                    '"08-08 Friedensfest" or "easter-48 Rosenmontag"',
                    country=self._country,
                    written=written,
                    names=", ".join(dict.fromkeys(names)),
                )
            )
        return Dates.parse(match["when"]), match["name"]

    def _add_known(self, name: str) -> _Change:
        def add(year: int, days: dict[dt.date, list[str]]) -> None:
            for day in {day for _, ours in self._anywhere(year, self._language) for day in ours if name in ours[day]}:
                names = days.setdefault(day, [])
                if name not in names:
                    names.append(name)

        return add

    def _anywhere(self, year: int, language: str | None) -> Iterator[tuple[str | None, dict[dt.date, list[str]]]]:
        """What is a holiday, or half of one, or one for some people, in each part of the country."""
        of_all = self._library(self._country)
        categories = [category for category in of_all.supported_categories if category != _NO_HOLIDAYS]
        for part in (None, *self._supported[self._country]):
            yield part, _days(self._library(self._country, part, year, language=language, categories=categories))

    @once
    def _known(self) -> dict[str, str]:
        """Names in small letters, in the country's language and in English → the name in the country's language."""
        known: dict[str, str] = {}
        for year in _years():
            english = dict(self._anywhere(year, "en_US"))
            for part, ours in self._anywhere(year, self._language):
                for day, names in ours.items():
                    known |= {name.casefold(): name for name in names}
                    if len(names) == 1:
                        known.setdefault("; ".join(english[part].get(day, names)).casefold(), names[0])
        return known


def _years() -> range:
    this_year = dt.datetime.now(dt.UTC).year
    return range(this_year, this_year + _YEARS_OF_NAMES)


def _days(calendar: HolidayBase) -> dict[dt.date, list[str]]:
    return {day: [_NAMES.get(name, name) for name in names.split("; ")] for day, names in calendar.items()}


def _days_of(when: Dates, year: int) -> list[dt.date]:
    first, last = (dt.date(year, month, day).toordinal() for month, day in ((1, 1), (12, 31)))
    return [day for day in map(dt.date.fromordinal, range(first, last + 1)) if when.cover(day)]


def _name(when: Dates, name: str) -> _Change:
    def change(year: int, days: dict[dt.date, list[str]]) -> None:
        days.update({day: [name] for day in _days_of(when, year)})

    return change


def _drop(when: Dates) -> _Change:
    def drop(year: int, days: dict[dt.date, list[str]]) -> None:
        for day in _days_of(when, year):
            days.pop(day, None)

    return drop


def _drop_on(name: str, weekdays: tuple[int, ...] | range) -> _Change:
    def drop(_: int, days: dict[dt.date, list[str]]) -> None:
        for day, names in list(days.items()):
            if name in names and day.weekday() in weekdays:
                names.remove(name)
                if not names:
                    del days[day]

    return drop
