"""The switch's directory: which user a number belongs to, and who is in a group.

To FreeSWITCH, who does not exist and what can't be reached are one answer (`-ERR no reply`, `false`).
Only the first may open a door. So a "no" counts only when right after it somebody is found who is known to be in the
directory: a user or a group that the gates name. At the first question to a switch all that they name is looked up.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from vipgate_fs.esl.errors import CommandRefused, SwitchUnfit
from vipgate_fs.esl.session import Session
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.numbers import folded
from vipgate_fs.sentences import say

LIFETIME: Final = 60.0
"""Seconds that an answer of the directory is kept."""
MOST_KEPT: Final = 10_000
"""Answers; callers choose what is asked for."""
_BATCH: Final = 50
"""Names that one call looks up for all that follow: a directory behind a web server takes its time for each."""
_WITNESSES: Final = 3
"""Of those who are known, so many are looked for after a "no"; one is enough."""
_RETRY: Final = 5.0
"""Seconds until the names are looked up again, when nobody was found."""
_NAME: Final = re.compile(r"[A-Za-z0-9_.+-]+", re.ASCII)
_NOBODY: Final = re.compile(r"(-ERR.*)?", re.DOTALL)
_NO_GROUP: Final = "error/NO_ROUTE_DESTINATION"


class DirectoryUnavailable(SwitchUnfit):
    """The switch does not answer questions about its directory, or a "no" of it may be a failure."""

    what = "rejected: can't tell who was called"


@dataclass(slots=True)
class _Roster:
    """Those whom the gates name, on one switch.

    Attributes:
        unasked: kinds and names that have not been looked up yet.
        known: that have been found at least once.
        missing: that have not been found, and nobody has heard of it yet.
        again: when `unasked` may be filled again, if nobody was found.
    """

    unasked: list[tuple[str, str]]
    known: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    again: float = 0.0


class Directory:
    """Users and groups, asked over a call's own session (needs `full`), kept for LIFETIME seconds.

    Names are compared as the switch does, without regard to upper and lower case (facts: "Directory").

    What is kept belongs to the switch that said it, by its Core-UUID: one gate may serve several, a simulated one among
    them, and one that was started anew may know other users.

    Args:
        gates: those whose users and groups are of interest.
        report_unknown: called once per ("user" | "group", name) that the gates name and the directory does not have.
        domain: the directory's domain; None: the switch's own (`global_getvar domain`).
        variable: the channel variable with the domain of each call, in `Call.variables`; None: it is always `domain`.
    """

    def __init__(
        self,
        gates: Iterable[Gate],
        report_unknown: Callable[[str, str], None],
        domain: str | None = None,
        *,
        variable: str | None = None,
    ) -> None:
        gates = tuple(gates)
        users = frozenset(user for gate in gates for user in gate.protects.users)
        groups = frozenset(group for gate in gates for group in gate.protects.groups)
        self._users = _by_folded(users)
        self._groups = _by_folded(groups)
        self._named = [("user", name) for name in sorted(users)] + [("group", name) for name in sorted(groups)]
        self._domain = domain
        self._variable = variable
        self._report_unknown = report_unknown
        self._rosters: dict[str, _Roster] = {}
        self._answers: dict[tuple[str, str], tuple[float, str]] = {}

    def locate(self, call: Call, session: Session) -> Call:
        """The call with `called_users` and `called_groups` filled in.

        A protected user may be written as an id or as a number-alias, and be dialled by either. Written with a domain,
        they are meant in that one only.

        Raises:
            DirectoryUnavailable: when the switch refuses to answer, a "no" can't be distinguished from a failure, or
                nobody knows the call's domain.
        """
        if not is_dialable(call.dialled):
            return call
        domain = self._domain_of(call, session)
        self._look_up_names(session, domain)
        fresh: dict[str, str] = {}
        identity = f"user_data {call.dialled}@{domain} attr id"
        user = self._ask([identity], session, fresh)[identity]
        if _NOBODY.fullmatch(user):
            self._believe(fresh, session, domain)
            return call
        if not _NAME.fullmatch(user):
            raise DirectoryUnavailable(
                f"the directory's id of {call.dialled} has characters that can't be asked for: "
                "use letters, digits and _ . + - in ids of users"
            )
        alias = f"user_data {user}@{domain} attr number-alias"
        member_of = {f"in_group {user}@{domain},{group}": names for group, names in self._groups_in(domain)}
        answers = self._ask([alias, *member_of], session, fresh)
        self._believe(fresh, session, domain)
        called = (user, call.dialled, answers[alias])
        forms = (folded(form) for name in called for form in (name, f"{name}@{domain}"))
        users = frozenset(name for form in forms for name in self._users.get(form, ()))
        groups = frozenset(
            name for question, names in member_of.items() if answers[question] == "true" for name in names
        )
        return replace(call, called_users=users | {user}, called_groups=groups)

    def _groups_in(self, domain: str) -> Iterator[tuple[str, list[str]]]:
        """The protected groups that may be meant in a domain: what the switch calls them, and what the gates do."""
        for name, names in sorted(self._groups.items()):
            group, _, of = name.partition("@")
            if of in ("", folded(domain)):
                yield group, names

    def _look_up_names(self, session: Session, domain: str) -> None:
        """Look up the next of those whom the gates name, and report those who are missing while others are there."""
        roster = self._rosters.setdefault(_switch(session), _Roster(list(self._named)))
        if not roster.unasked and not roster.known and time.monotonic() > roster.again:
            roster.unasked, roster.missing = list(self._named), []
        batch = list(islice(roster.unasked, _BATCH))
        if batch:
            answers = _api([_question(*each, domain) for each in batch], session)
            del roster.unasked[: len(batch)]
            for each, answer in zip(batch, answers, strict=True):
                (roster.known if _is_found(each[0], answer) else roster.missing).append(each)
            roster.again = time.monotonic() + _RETRY
        if roster.known:
            for kind, name in roster.missing:
                self._report_unknown(kind, name)
            roster.missing = []

    def _believe(self, fresh: Mapping[str, str], session: Session, domain: str) -> None:
        """Keep fresh answers, if the directory can be reached after them; those that say no are worth nothing else."""
        if any(answer == "false" or not _NAME.fullmatch(answer) for answer in fresh.values()):
            witnesses = self._rosters[_switch(session)].known[:_WITNESSES]
            answers = _api([_question(*each, domain) for each in witnesses], session) if witnesses else []
            if not any(_is_found(kind, answer) for (kind, _), answer in zip(witnesses, answers, strict=True)):
                names = ", ".join(name for _, name in (witnesses or self._named[:_WITNESSES]))
                raise DirectoryUnavailable(
                    say(
                        "the directory of the domain {domain} does not know {names}, whom gates name: it can't be "
                        "reached, or they are not in it",
                        domain=domain,
                        names=names,
                    )
                )
        self._keep(fresh, session)

    def _keep(self, answers: Mapping[str, str], session: Session) -> None:
        if len(self._answers) > MOST_KEPT:
            self._answers.clear()
        until = time.monotonic() + LIFETIME
        self._answers |= {(_switch(session), question): (until, answer) for question, answer in answers.items()}

    def _domain_of(self, call: Call, session: Session) -> str:
        if self._variable is not None:
            domain = call.variable(self._variable)
            if not _NAME.fullmatch(domain):
                found = "is not set" if not domain else "holds no domain"
                raise DirectoryUnavailable(
                    say(
                        "the call's channel variable {variable} {found} (site.domain_variable)",
                        variable=self._variable,
                        found=found,
                    )
                )
            return domain
        if self._domain:
            return self._domain
        fresh: dict[str, str] = {}
        (domain,) = self._ask(["global_getvar domain"], session, fresh).values()
        if not _NAME.fullmatch(domain):
            raise DirectoryUnavailable(say("the switch has no global variable `domain`: set `site.domain`"))
        self._keep(fresh, session)
        return domain

    def _ask(self, questions: Sequence[str], session: Session, fresh: dict[str, str]) -> dict[str, str]:
        """The answers, kept ones where there are; those that the switch has just given are put into `fresh`, too."""
        now = time.monotonic()
        kept = {question: self._answers.get((_switch(session), question), (0.0, "")) for question in questions}
        answers = {question: answer for question, (until, answer) in kept.items() if until > now}
        unknown = [question for question in questions if question not in answers]
        if unknown:
            found = dict(zip(unknown, _api(unknown, session), strict=True))
            fresh |= found
            answers |= found
        return answers


def _question(kind: str, name: str, domain: str) -> str:
    """Whether there is such a user or group. `group_call` names members, or the error that calling them would be."""
    where = name if "@" in name else f"{name}@{domain}"
    return f"user_data {where} attr id" if kind == "user" else f"group_call {where}"


def _by_folded(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        found.setdefault(folded(name), []).append(name)
    return found


def _is_found(kind: str, answer: str) -> bool:
    if kind == "user":
        return _NAME.fullmatch(answer) is not None
    return not answer.startswith(("-ERR", _NO_GROUP)) and answer != ""


def _api(questions: Sequence[str], session: Session) -> list[str]:
    """What the switch answers, all asked in one write."""
    try:
        frames = session.pipeline([f"api {question}" for question in questions])
    except CommandRefused as refusal:
        raise DirectoryUnavailable(
            say(
                "FreeSWITCH answers `api` with {refusal}: the dialplan's socket action needs `async full`",
                refusal=refusal,
            )
        ) from None
    answers = [frame.data.rstrip("\n") for frame in frames]
    for answer in answers:
        if answer.endswith("Command not found!"):
            raise DirectoryUnavailable(say("FreeSWITCH answers {answer}: load mod_commands", answer=answer))
    return answers


def _switch(session: Session) -> str:
    return session.session_data.get("Core-UUID", "")
