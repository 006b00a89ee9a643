"""What the columns of a list are called, in English and German, and as address books and exports name them.

Those with numbers may be named in Dutch, French or Italian, too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from vipgate_fs.sentences import Sentence, say

Key = Literal["number", "customer number"]
Value = Literal["verdict", "pin"]

_NAMES: Final[dict[str, frozenset[str]]] = {
    "verdict": frozenset({"verdict", "action", "entscheidung", "aktion"}),
    "pin": frozenset({"pin", "pin code", "pincode", "pin nr", "pin nummer", "pin number", "code", "zugangscode"})
    | {"geheimzahl", "geheimnummer"},
}
_NUMBER: Final = re.compile(
    r"""(
    caller(\ (number|identification))? | anrufer | mobile? | handy | festnetz | cell
    | (mobil|handy|haupt|festnetz|zweit)?(ruf|telefon|mobil|handy|festnetz)(nummern?|\ ?nr) | zweitnummer
    | ((business|home|mobile|primary|other|company\ main|car|work|office|cell)\ )?(tele)?phones?(\ (numbers?|no))?
    | (weiteres\ |haupt|auto|mobil)?(telefon|tel)(\ (nr|nummer))?
    | (phone|telefon)\ [0-9]\ (value|wert)
    | (telefoon|gsm)(nummer|\ ?nr)?|mobiel
    | (numero\ di\ )?telefono|cellulare
    | (numéro\ de\ )?téléphone(\ (fixe|mobile|portable))?|(tél\ )?portable
    )(\ (geschäftlich|gesch|dienstlich|privat|priv|firma|mobil|gl))?(\ ?[0-9])?""",
    re.VERBOSE,
)
_CUSTOMER: Final = re.compile(r"(kunden|debitoren)(nummer|\ ?nr)|customer\ (number|no|id)|debitor", re.VERBOSE)
_KEYS: Final[dict[Key, tuple[re.Pattern[str], re.Pattern[str]]]] = {
    "number": (_NUMBER, re.compile("numbers?|nummern?")),
    "customer number": (_CUSTOMER, re.compile("id|number|nummer|konto|customer|kunde")),
}
"""Names that say it, and names that may mean something else, such as the count of the rows: only without the former."""
_FOR_PEOPLE: Final = re.compile(
    r"(nr|no|numbers?|nummern?|note|notes|notiz|notizen|bemerkung|bemerkungen|comment|comments|kommentar|remark|beschreibung|description"
    r"|name|vorname|nachname|full name|first name|last name|middle name|given name|family name|display name|anzeigename"
    r"|company|firma|organization|organisation|department|abteilung|title|titel|position|e mail|email|ort|city"
    r"|opmerking|opmerkingen|naam|nota|nome|remarques?|nom|prénom)"
)
_SEPARATORS: Final = re.compile(r"[\s_.:*\u2013-]+")
_IN_BRACKETS: Final = re.compile(r"\([^)]*\)")
_SIMILAR: Final = 0.75
_DATEV: Final = ("EXTF", "DTVF")
"""What DATEV's line about the export begins with; the columns are named in the next one."""
_QUANTITY: Final = re.compile(r"[+0-9][0-9 ()/.-]{5,}")
_COUNT: Final = re.compile("nr|no|numbers?|nummern?")
"""Counts the rows, where another column has the telephone numbers."""
_NO_TELEPHONE: Final = re.compile("fax|konto|kunde|debitor|customer|iban|datum|date|rechnung|vertrag", re.IGNORECASE)
_TELEPHONE: Final = re.compile(r"(?=(?:[^0-9]*[0-9]){9})[+0][0-9 ()/-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Header:
    """Where in a row is what.

    Attributes:
        keys: the columns with numbers; address books have several.
        value: the column with the verdict or PIN; None: there is none.
        names: of all columns, as they are written; "" for an empty one.
        unread: names of those that nobody reads, and that are not there for people either.
        suspects: columns that nobody reads, and that may have telephone numbers all the same.
    """

    keys: tuple[int, ...]
    value: int | None
    names: tuple[str, ...]
    unread: tuple[str, ...]
    suspects: tuple[int, ...] = ()


def is_telephone(cell: str) -> bool:
    """Whether this is a telephone number with its area code and nothing else, such as a date."""
    return _TELEPHONE.fullmatch(cell) is not None


def is_data(cells: Sequence[str]) -> bool:
    """Whether a row has something like a telephone number in it, and so is no title above the columns' names."""
    return cells[0] not in _DATEV and any(_QUANTITY.fullmatch(cell) for cell in cells)


def read_header(cells: Sequence[str], key: Key, value: Value) -> Header | None:
    """What the columns of a list are, by the row that names them; None: this row names none.

    Args:
        cells: of that row.
        key: what is looked for.
        value: what is said of it.

    Raises:
        ValueError: one is named twice, or means something else here.
    """
    names = [_plain(cell) for cell in cells]
    keys = _keys(names, key)
    if not keys:
        return None
    if key == "customer number" and len(keys) > 1:
        raise _two(key, cells, keys)
    written = [cell.casefold() for cell in cells]
    for index in (*keys, *(index for index, name in enumerate(names) if _meaning(name) is not None)):
        if written.count(written[index]) > 1:
            raise ValueError(say("the column {column!r} is named twice", column=cells[index]))
    values = [index for index, name in enumerate(names) if name in _NAMES[value] and index not in keys]
    if len(values) > 1:
        raise _two(value, cells, values)
    unread, suspects = [], []
    for index, name in enumerate(names):
        is_for_people = _FOR_PEOPLE.fullmatch(name) is not None
        if not name or index in keys or index in values:
            continue
        if _COUNT.fullmatch(name) or not (is_for_people or _NO_TELEPHONE.search(name)):
            suspects.append(index)
        if is_for_people:
            continue
        _refuse(cells[index], name, value)
        unread.append(cells[index])
    return Header(keys, values[0] if values else None, tuple(cells), tuple(unread), tuple(suspects))


def named(column: Key | Value) -> Sentence:
    """What a column has, in words."""
    match column:
        case "number":
            return say("number")
        case "customer number":
            return say("customer number")
        case "verdict":
            return say("verdict")
        case "pin":
            return say("PIN")


def _two(column: Key | Value, cells: Sequence[str], places: Sequence[int]) -> ValueError:
    one, other = (cells[place] for place in places[:2])
    return ValueError(
        say("two columns for the {what}: {one!r} and {other!r}", what=named(column), one=one, other=other)
    )


def _keys(names: Sequence[str], key: Key) -> tuple[int, ...]:
    found = ([index for index, name in enumerate(names) if form.fullmatch(name)] for form in _KEYS[key])
    return tuple(next(filter(None, found), ()))


def _meaning(name: str) -> str | None:
    return next((meaning for meaning in ("verdict", "pin") if name in _NAMES[meaning]), None)


def _refuse(written: str, name: str, value: Value) -> None:
    """A column that says what happens is not left unread, be it misspelt or of another step."""
    match _meaning(name):
        case "pin":
            raise ValueError(
                say(
                    "the column {column!r} is for `caller_pin: {{file: …}}`; `callers` asks for no PIN",
                    column=written,
                )
            )
        case "verdict":
            raise ValueError(
                say("the column {column!r} is for `callers: {{file: …}}`; `caller_pin` always asks", column=written)
            )
    if similar := difflib.get_close_matches(name, _NAMES[value], n=1, cutoff=_SIMILAR):
        raise ValueError(say("unknown column {column!r}; did you mean {similar}?", column=written, similar=similar[0]))


def _plain(name: str) -> str:
    return _SEPARATORS.sub(" ", _IN_BRACKETS.sub(" ", name)).strip().casefold()
