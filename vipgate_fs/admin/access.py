"""Who may see and do what: links that admit once, sessions that end, roles, and how often a password may be tried."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final, TypeVar

from flask import abort, g

from vipgate_fs.gate.lockout import Limit, Tally
from vipgate_fs.service.attendant import Ask
from vipgate_fs.service.page import IS_GOOD, USE, digest
from vipgate_fs.store.accounts import ADMINISTRATOR

IDLE: Final = 3600.0
"""Seconds without a request after which a session ends."""
LONGEST: Final = 12 * 3600.0
"""Seconds after which a session ends in any case."""
_MOST: Final = 1000
"""Sessions and names with failed sign-ins that are kept; the oldest go first."""
EACH: Final = Limit(failures=5, forgive=3600.0, duration=900.0, longest=86_400.0)
"""How often a password may be tried for a name."""
ALL: Final = Limit(failures=50, forgive=600.0, duration=900.0, longest=86_400.0)
"""How often for all names together."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in.

    Attributes:
        name: of the account; "" for whoever came by a link.
        role: of the account; see `vipgate_fs.store.accounts`.
        proof: of the account's password, so that the session ends when that is changed; "" for a link.
        began, seen: when they signed in and when they were seen last (time.monotonic).
    """

    name: str
    role: str
    proof: str
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
        self._tallies: OrderedDict[str, Tally] = OrderedDict()
        self._all = Tally()

    def is_good(self, token: str) -> bool:
        """Whether a link with that token may still be used. Raises TimeoutError."""
        return bool(self._ask(IS_GOOD + b" " + digest(token).encode()))

    def use(self, token: str) -> bool:
        """Use a link up; whether it was good. Raises TimeoutError."""
        return bool(self._ask(USE + b" " + digest(token).encode()))

    def begin(self, name: str, role: str, proof: str = "") -> str:
        """Begin a session; its key, which nobody has had before."""
        key, now = secrets.token_urlsafe(32), self._clock()
        _put(self._sessions, digest(key), Session(name, role, proof, now, now))
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

    def waits(self, name: str) -> float:
        """Seconds for which no password is tried for that name, not even the right one; 0: it may be tried."""
        now = self._clock()
        until = max(self._all.locked_until, self._tallies.get(name, Tally()).locked_until)
        return max(0.0, until - now)

    def left(self, name: str) -> int:
        """How many attempts are left before a wait begins."""
        now = self._clock()
        return max(1, EACH.failures - self._tallies.get(name, Tally()).at(now, EACH).failures)

    def note_failure(self, name: str) -> None:
        """A password was wrong, or there is no such account: nobody can tell which."""
        now = self._clock()
        _put(self._tallies, name, self._tallies.get(name, Tally()).with_failure(now, EACH))
        self._all = self._all.with_failure(now, ALL)

    def note_success(self, name: str) -> None:
        """The password was right."""
        self._tallies.pop(name, None)


def administrators_only(view: F) -> F:
    """A view that the front desk has no use for."""

    @wraps(view)
    def guarded(*arguments: Any, **more: Any) -> Any:
        if not g.session.is_administrator:
            abort(403)
        return view(*arguments, **more)

    return guarded  # type: ignore[return-value]


def _put(kept: OrderedDict[str, Any], key: str, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _MOST:
        kept.popitem(last=False)
