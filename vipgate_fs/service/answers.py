"""What commands ask a running service, and what it answers: see `vipgate_fs.service.control`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar, get_type_hints

RELOAD: Final = b"reload\n"
REHEARSE: Final = b"rehearse\n"
"""Read the configuration as for a reload, hand over what was read and what is applied, and apply nothing."""
APPLIED: Final = b"applied\n"
STATUS: Final = b"status\n"
ADMIN_LINK: Final = b"admin link\n"
_MOST: Final = 1e11
"""What no number in an answer exceeds; as a Unix time it is in the year 5138."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a reload.

    Attributes:
        why: it was refused; "" when the new configuration is in force.
        findings: of the new configuration, warnings included.
    """

    why: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handed:
    """An answer with descriptors (`vipgate_fs.service.applied`), which are closed once they are handed over.

    Attributes:
        answer: what is said in words.
        descriptors: of what is applied, and of what would be.
    """

    answer: Answer
    descriptors: tuple[int, ...] = ()


def checked(kind: type[T], values: Any) -> T:
    """What the values say, every one of the type that it should have, and with nothing that a terminal would obey.

    Raises:
        ValueError, TypeError: they do not.
    """
    hints = get_type_hints(kind)
    if not isinstance(values, dict) or values.keys() != hints.keys():
        raise ValueError
    return kind(**{field.name: _value(values[field.name], hints[field.name]) for field in fields(kind)})  # type: ignore[arg-type]


def _value(value: Any, hint: Any) -> Any:
    if hint == tuple[str, ...]:
        return tuple(_value(item, str) for item in value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, hint) and not (number and isinstance(1.0, hint)):
        raise TypeError
    if number and not abs(value) < _MOST:
        raise ValueError
    return _printable(value) if isinstance(value, str) else value


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
