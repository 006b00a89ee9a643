"""The switch's directory: which user a number belongs to, and who is in a group."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from vipgate_fs.esl.session import CommandRefused, Session
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.gate import Gate

LIFETIME: Final = 60.0
"""Seconds that an answer of the directory is kept."""
MOST_KEPT: Final = 10_000
"""Answers; callers choose what is asked for."""
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


class DirectoryUnavailable(Exception):
    """The switch does not answer questions about its directory. The text says what to do."""


class Directory:
    """Users and groups, asked over a call's own session (needs `full`), kept for LIFETIME seconds.

    What is kept belongs to the switch that said it, by its Core-UUID: one gate may serve several, a simulated one among
    them, and one that was started anew may know other users.

    Args:
        gates: those whose users and groups are of interest.
        tell_unknown: told once of each protected user whom the directory does not know.
        domain: the directory's domain; None: the switch's own (`global_getvar domain`).
    """

    def __init__(self, gates: Iterable[Gate], tell_unknown: Callable[[str], None], domain: str | None = None) -> None:
        gates = tuple(gates)
        self._users = frozenset(user for gate in gates for user in gate.protects.users)
        self._groups = frozenset(group for gate in gates for group in gate.protects.groups)
        self._domain = domain
        self._tell_unknown = tell_unknown
        self._unknown: set[tuple[str, str]] = set()
        self._answers: dict[tuple[str, str], tuple[float, str]] = {}

    def locate(self, call: Call, session: Session) -> Call:
        """The call with `called_users` and `called_groups` filled in.

        A protected user may be written as his id or as a number-alias, and be dialled by either.

        Raises:
            DirectoryUnavailable: when the switch refuses to answer.
        """
        if not is_dialable(call.dialled):
            return call
        user = self._user_id(call.dialled, session)
        if user is None:
            return call
        names = frozenset(name for name in self._users if name == user or self._protected_id(name, session) == user)
        groups = frozenset(group for group in self._groups if self._is_member(user, group, session))
        return replace(call, called_users=names | {user}, called_groups=groups)

    def _protected_id(self, name: str, session: Session) -> str | None:
        user = self._user_id(name, session)
        if user is None and (known := (_switch(session), name)) not in self._unknown:
            self._unknown.add(known)
            self._tell_unknown(name)
        return user

    def _user_id(self, name: str, session: Session) -> str | None:
        answer = self._ask(f"user_data {name}@{self._domain_of(session)} attr id", session)
        return answer if _NAME.fullmatch(answer) else None

    def _is_member(self, user: str, group: str, session: Session) -> bool:
        """Asked with a comma: with the space of `in_group`'s own usage text every answer is `false` (mod_commands.c).

        `group_call` would tell the members too, but only while their telephones are registered.
        """
        return self._ask(f"in_group {user}@{self._domain_of(session)},{group}", session) == "true"

    def _domain_of(self, session: Session) -> str:
        domain = self._domain or self._ask("global_getvar domain", session)
        if not _NAME.fullmatch(domain):
            raise DirectoryUnavailable("the switch has no global variable `domain`: set `site.domain`")
        return domain

    def _ask(self, question: str, session: Session) -> str:
        now, asked = time.monotonic(), (_switch(session), question)
        kept = self._answers.get(asked)
        if kept is not None and kept[0] > now:
            return kept[1]
        if len(self._answers) > MOST_KEPT:
            self._answers.clear()
        try:
            answer = session.api(question)
        except CommandRefused as refusal:
            raise DirectoryUnavailable(
                f"FreeSWITCH answers `api` with {refusal}: the dialplan's socket action needs `async full`"
            ) from None
        if answer.endswith("Command not found!"):
            raise DirectoryUnavailable(f"FreeSWITCH answers {answer}: load mod_commands")
        self._answers[asked] = (now + LIFETIME, answer)
        return answer


def _switch(session: Session) -> str:
    return session.session_data.get("Core-UUID", "")
