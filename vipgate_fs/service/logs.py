"""The log: readable on a terminal, JSON otherwise, with priorities for systemd's journal.

What to log is chosen where it is logged; this module ensures that callers can't forge log lines.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import time
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from json import JSONEncoder
from typing import Any, ClassVar, Final, TextIO

import structlog
from structlog.typing import Processor

from vipgate_fs.service.stderr import Stderr

LEVELS: Final = {
    "trace": 5,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_PRIORITIES: Final = {"trace": 7, "debug": 7, "info": 6, "warning": 4, "error": 3}
"""Of the system's log, by level; sd-daemon(3)."""
_FIRST: Final = ("timestamp", "level", "event")
_JSON: Final = JSONEncoder(default=repr)
_SECONDS: Final = len("2026-11-27T12:00:00")


class Log(structlog.BoundLoggerBase):
    """A structlog logger with a level below DEBUG for the wire; `bind` adds what every later line carries."""

    threshold: ClassVar[int] = LEVELS["info"]

    def trace(self, event: str, **values: object) -> None:
        """What went over the wire."""
        self._emit("trace", event, values)

    def debug(self, event: str, **values: object) -> None:
        """The steps on the way to a decision."""
        self._emit("debug", event, values)

    def info(self, event: str, **values: object) -> None:
        """Decisions, their reasons, and how calls ended."""
        self._emit("info", event, values)

    def warning(self, event: str, **values: object) -> None:
        """What an administrator should look into some day."""
        self._emit("warning", event, values)

    def error(self, event: str, **values: object) -> None:
        """What an administrator should look into today."""
        self._emit("error", event, values)

    def writes(self, level: str) -> bool:
        """Whether lines of that level are written; what they would say need not be put together otherwise."""
        return self.threshold <= LEVELS[level]

    def wire(self) -> Callable[[str, str], None] | None:
        """Where `Session` reports the wire; None if `trace` writes nothing."""
        return self._wire if self.writes("trace") else None

    def _wire(self, direction: str, what: str) -> None:
        self.trace("wire", direction=direction, what=what)

    def _emit(self, level: str, event: str, values: dict[str, object]) -> None:
        if self.writes(level):
            with suppress(OSError):  # a full disk costs lines, not calls
                self._proxy_to_logger("msg", event, level=level, **values)


def configure(level: str = "info", stream: TextIO | None = None, *, json: bool | None = None) -> Log:
    """Set up logging for the process.

    Args:
        level: one of LEVELS.
        stream: where lines go; default stderr.
        json: one JSON object a line; default: unless the stream is a terminal.

    Lines that go straight to systemd's journal begin with their priority, and leave the time to it.
    """
    stream = stream or sys.stderr
    readable = stream.isatty() if json is None else not json
    render: Processor = structlog.dev.ConsoleRenderer(colors=stream.isatty()) if readable else _as_json
    in_journal = _is_journal(stream)
    processors: list[Processor] = [
        *([] if in_journal else [_stamp]),
        *([_escape] if readable else []),
        _prioritised(render) if in_journal else render,
    ]
    if isinstance(raw := getattr(stream, "buffer", None), Stderr):
        raw.notice = partial(_lost, processors)
    structlog.configure(
        processors=processors,
        wrapper_class=type("Log", (Log,), {"threshold": LEVELS[level]}),
        logger_factory=structlog.WriteLoggerFactory(stream),  # a line is one write: several processes share stderr
        cache_logger_on_first_use=False,
    )
    return structlog.get_logger().bind()  # type: ignore[no-any-return]


def _lost(processors: Sequence[Processor], lines: int) -> str:
    line: Any = {"level": "warning", "event": "lines of the log were lost: nobody took them", "lines": lines}
    for each in processors:
        line = each(None, "msg", line)
    return str(line)


def silent() -> Log:
    """A log that nobody reads; the process's stays as it is."""
    wrapper = type("Log", (Log,), {"threshold": max(LEVELS.values()) + 1})
    return structlog.wrap_logger(None, processors=[], wrapper_class=wrapper)  # type: ignore[no-any-return]


def _is_journal(stream: TextIO) -> bool:
    """Whether it is what $JOURNAL_STREAM names by device and inode; systemd.exec(5)."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _prioritised(render: Processor) -> Processor:
    def prioritised(logger: Any, method: str, values: MutableMapping[str, Any]) -> str:
        mark = f"<{_PRIORITIES[values['level']]}>"
        return mark + str(render(logger, method, values)).replace("\n", f"\n{mark}")

    return prioritised


def _stamp(_logger: Any, _method: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    moment, offset = _second(seconds)
    values["timestamp"] = f"{moment}.{milliseconds:03}{offset}"
    return values


@lru_cache(1)
def _second(seconds: int) -> tuple[str, str]:
    """A second in local time, and the offset of that: many lines have the same."""
    text = dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone().isoformat(timespec="seconds")
    return text[:_SECONDS], text[_SECONDS:]


def _as_json(_logger: Any, _method: str, values: MutableMapping[str, Any]) -> str:
    """A line of JSON, with the first things first: it is read by people, too."""
    return _JSON.encode({name: values.pop(name) for name in _FIRST if name in values} | dict(values))


def _escape(_logger: Any, _method: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Line ends and terminal sequences of a display name must not end up on a terminal."""
    for key, value in values.items():
        if isinstance(value, str) and key != "exception" and not value.isprintable():
            values[key] = value.encode("unicode_escape").decode("ascii")
    return values
