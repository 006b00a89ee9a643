"""How the configuration decides a call, worked out on the page; nobody elsewhere is asked unless one wants it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from vipgate_fs.admin.desk import Desk, StoreTrouble
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.decision import Decision, ask_step, decide
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.gate.dialogue import Outcome
from vipgate_fs.gate.memory import ReadOnly
from vipgate_fs.gate.narrator import narrate
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.step import NotAsked, Step
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.store import overrides
from vipgate_fs.store.book import StoreBook
from vipgate_fs.store.key import KeyFile

_LONGEST: Final = 40
"""Characters of what is looked for."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision, and what would come of it.

    Attributes:
        unreached: the kinds and lines of the gate's steps that were not asked any more.
        outcomes: for each way that the caller can take: condition, what happens, outcome.
    """

    decision: Decision
    unreached: tuple[tuple[str, int], ...]
    outcomes: tuple[tuple[str, Sequence[str], Outcome], ...]


def memory_of(desk: Desk, configuration: Configuration, clock: Callable[[], float]) -> ReadOnly:
    """What the store knows, only to be looked at; nothing when it can't be asked."""
    try:
        known = desk.ask(overrides.read)
        database = desk.database()
    except StoreTrouble:
        return ReadOnly(clock=clock)
    return ReadOnly(StoreBook(database, KeyFile(configuration.store.key_file)), known, clock)


def explain(
    configuration: Configuration, call: Call, at: dt.datetime, memory: ReadOnly, *, live: bool = False
) -> Explained:
    """Decide a call as the gate would at a moment of the site's time, with the memory's overrides and lockouts.

    With `live`, webservices, databases and plug-ins are asked for real.
    """
    ask = ask_step if live else _without_asking
    decision = decide(configuration.gates, call, at, configuration.site.calendar, ask, memory.overrides)
    asked = sum(reason.subject == "step" for reason in decision.reasons)
    steps = decision.gate.steps[asked:] if decision.gate and decision.active else ()
    unreached = tuple((step.kind, step.line) for step in steps)
    return Explained(decision, unreached, tuple(narrate(decision, decision.sees(call), memory)))


def _without_asking(step: Step, call: Call) -> Verdict | None:
    if step.waits:
        raise NotAsked("it was not asked for this")
    return ask_step(step, call)


def sought(number: str, plan: NumberPlan) -> str:
    """The part of a number that somebody looks for: as records have it, where it is a whole one."""
    part = as_dialled(number.strip()[:_LONGEST])
    return plan.canonical(part) if part.startswith("0") and plan.is_complete(part) else part
