"""Who may see and do what: links that admit once, sessions that end, and roles."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final, TypeVar

from flask import abort, g

from vipgate_fs.service.attendant import Ask
from vipgate_fs.service.page import IS_GOOD, USE, digest
from vipgate_fs.store.accounts import ADMINISTRATOR

IDLE: Final = 3600.0
"""Seconds without a request after which a session ends."""
LONGEST: Final = 12 * 3600.0
"""Seconds after which a session ends in any case."""
_MOST: Final = 1000
"""Sessions that are kept; the oldest go first."""
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in.

    Attributes:
        name: of the account; "" for whoever came by a link.
        role: of the account; see `vipgate_fs.store.accounts`.
        stamp: of what they sign in with, so that the session ends when that is changed; "" for a link.
        began, seen: when they signed in and when they were seen last (time.monotonic).
    """

    name: str
    role: str
    stamp: str
    began: float
    seen: float

    @property
    def is_administrator(self) -> bool:
        """Whether they may do everything."""
        return self.role == ADMINISTRATOR


class Access:
    """Who is signed in, in this process: it forgets all when it ends.

    Args:
        ask: the supervisor, which has the links.
        clock: in seconds, never set back.
    """

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._waiting: OrderedDict[str, str | None] = OrderedDict()

    def is_good(self, token: str) -> bool:
        """Whether a link with that token may still be used. Raises TimeoutError."""
        return bool(self._ask(IS_GOOD + b" " + digest(token).encode()))

    def use(self, token: str) -> bool:
        """Use a link up; whether it was good. Raises TimeoutError."""
        return bool(self._ask(USE + b" " + digest(token).encode()))

    def begin(self, name: str, role: str, stamp: str = "") -> str:
        """Begin a session; its key, which nobody has had before."""
        key, now = secrets.token_urlsafe(32), self._clock()
        self._sessions[digest(key)] = Session(name, role, stamp, now, now)
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        return key

    def find(self, key: str, *, prolongs: bool = True) -> Session | None:
        """The session of that key, if it has not ended; with `prolongs` it goes on from now."""
        of_key, now = digest(key), self._clock()
        session = self._sessions.get(of_key)
        if session is None:
            return None
        if now - session.seen > IDLE or now - session.began > LONGEST:
            del self._sessions[of_key]
            return None
        if prolongs:
            self._sessions[of_key] = session = replace(session, seen=now)
        return session

    def end(self, key: str) -> None:
        """End a session."""
        self._sessions.pop(digest(key), None)
        self._waiting.pop(digest(key), None)

    def wait_for(self, key: str, codes: str | None) -> None:
        """Keep, for a session, what one-time codes are going to be made of; see Account."""
        self._waiting[digest(key)] = codes
        while len(self._waiting) > _MOST:
            self._waiting.popitem(last=False)

    def waiting(self, key: str) -> str | None:
        """What is kept for a session."""
        return self._waiting.get(digest(key))


def administrators_only(view: F) -> F:
    """A view that the front desk has no use for."""

    @wraps(view)
    def guarded(*arguments: Any, **more: Any) -> Any:
        if not g.session.is_administrator:
            abort(403)
        return view(*arguments, **more)

    return guarded  # type: ignore[return-value]
