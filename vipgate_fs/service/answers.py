"""What commands ask a running service, and what it answers: see `vipgate_fs.service.control`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from socket import send_fds
from typing import Any, Final, TypeVar, get_type_hints

from vipgate_fs.sentences import Sentence, say
from vipgate_fs.sentences.keeping import from_json, to_json
from vipgate_fs.service.applied import Applied
from vipgate_fs.service.page import Link
from vipgate_fs.service.status import Status

RELOAD: Final = b"reload\n"
REHEARSE: Final = b"rehearse\n"
"""Read the configuration as for a reload, hand over what was read and what is applied, and apply nothing."""
APPLIED: Final = b"applied\n"
STATUS: Final = b"status\n"
ADMIN_LINK: Final = b"admin link\n"
_UNKNOWN: Final = b"{}"
"""The answer to any other request, which is none that a command takes for one of its own."""
_MOST: Final = 1e11
"""What no number in an answer exceeds; as a Unix time it is in the year 5138."""

T = TypeVar("T")


class NoService(Exception):
    """No service runs for that configuration file, or none that answers this user. The text says so."""


def other_version(path: Path) -> NoService:
    """What it says cannot be read."""
    return NoService(say("the service for {path} is of another version than this command; restart it", path=path))


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

    @classmethod
    def of(cls, answer: Answer, *applied: Applied) -> Handed:
        """An answer with what these have. Raises OSError: the system has no descriptor for it; then none is left."""
        descriptors: list[int] = []
        try:
            for each in applied:
                descriptors += each.handed()
        except OSError:
            for descriptor in descriptors:
                os.close(descriptor)
            raise
        return cls(answer, tuple(descriptors))


Answers = dict[bytes, Callable[[], Answer | Status | Handed | Link]]
"""What gives the answer to each request. It may serve other clients meanwhile."""


def send(client: Any, answer: Answer | Status | Handed | Link | None) -> None:
    """Send an answer; raises OSError. None: nobody knows one."""
    if answer is None:
        client.sendall(_UNKNOWN)
        return
    said, descriptors = (answer.answer, answer.descriptors) if isinstance(answer, Handed) else (answer, ())
    data = json.dumps(_sent(asdict(said))).encode()
    try:
        sent = send_fds(client, [data], descriptors)
        client.sendall(data[sent:])
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _sent(value: Any) -> Any:
    """A value as JSON has it; a sentence with what it is said of in other languages."""
    if isinstance(value, Sentence):
        return [value[:], to_json(value)]
    if isinstance(value, dict):
        return {key: _sent(each) for key, each in value.items()}
    return [*map(_sent, value)] if isinstance(value, list | tuple) else value


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
    if hint is str and isinstance(value, list):
        text, kept = value
        return from_json(_printable(text), kept)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, hint) and not (number and isinstance(1.0, hint)):
        raise TypeError
    if number and not abs(value) < _MOST:
        raise ValueError
    return _printable(value) if isinstance(value, str) else value


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
