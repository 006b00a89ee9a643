"""The administration page's process, an attendant of the supervisor, and the links that sign in to it."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from vipgate_fs.config.model import PageAt
from vipgate_fs.service.attendant import Ask, Attendant
from vipgate_fs.service.logs import Log
from vipgate_fs.service.timings import Timings

IS_GOOD: Final = b"good"
"""Asks the supervisor whether a link may still be used; its token's digest follows."""
USE: Final = b"use"
"""Uses a link up, and answers whether it was good."""
LINK_VALID: Final = 600.0
"""Seconds that a link is good."""
_MOST: Final = 100
"""Links that are good at the same time; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that signs in whoever opens it, once and soon.

    Attributes:
        why: there is none: the page is to be `none`, or is `down`; "" when there is one.
    """

    url: str = field(default="", repr=False)
    why: str = ""


class Links:
    """Those that are good: the supervisor has them, so that one survives the page's process.

    Args:
        clock: in seconds, never set back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def make(self, where: str, page: PageAt | None = None) -> Link:
        """A link to the page at that host and port; of the token in it, only the digest is kept.

        Args:
            where: the state of the attendant.
            page: how browsers reach it; None: by host and port.
        """
        if where in ("none", "down"):
            return Link(why=where)
        base = page.url(int(where.rpartition(":")[2])) if page is not None else f"http://{where}"
        token = secrets.token_urlsafe(32)
        self._until[digest(token)] = self._clock() + LINK_VALID
        while len(self._until) > _MOST:
            del self._until[next(iter(self._until))]
        return Link(f"{base}/link/{token}")

    def is_good(self, of_token: str) -> bool:
        """Whether the link may be used whose token has that digest."""
        return self._until.get(of_token, 0.0) > self._clock()

    def use(self, of_token: str) -> bool:
        """Use a link up; whether it was good."""
        return self._until.pop(of_token, 0.0) > self._clock()


def digest(token: str) -> str:
    """What is kept of a token: whoever could read it could not use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def answers(links: Links) -> dict[bytes, Callable[[bytes], Any]]:
    """What the page's process may ask about links, and what answers it."""
    return {
        IS_GOOD: lambda of_token: links.is_good(of_token.decode()),
        USE: lambda of_token: links.use(of_token.decode()),
    }


def page(path: Path, links: Links, leave: Callable[[], None], log: Log, timings: Timings) -> Attendant:
    """The attendant, for the configuration file of that path. Its `where` is a PageAt."""

    def work(listener: Any, ask: Ask, own_log: Log) -> None:
        """Imported here, by the only process that needs Flask: workers are forked from the supervisor."""
        import_module("vipgate_fs.admin.server").serve(path, attendant.where, listener, ask, own_log)

    attendant = Attendant("page", work, answers(links), leave, log, timings)
    return attendant
