"""From a verdict to what happens to the call, the PIN dialogue included. The same code for live calls and `explain`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.channel import CallEnded, CallTaken, Channel, Prompt
from vipgate_fs.gate.decision import Decision
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.gate import Gate, Rejection, Route
from vipgate_fs.gate.lockout import NO_CUSTOMER, Account, Attempt, Judgement
from vipgate_fs.gate.memory import Memory, ReadOnly
from vipgate_fs.gate.pins import Credential, PinTable, Unchecked
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.sentences import NOTHING, Sentence, joined, said, say

NOT_DIALABLE: Final = Rejection(code=484)
"""Address Incomplete (RFC 3261, 21.4.22): for a called number that must not be sent on to the switch."""
LOCKED_OUT: Final = say("locked out")
"""Why no attempt of a caller was accepted, whatever it was."""
SILENT: Final = "silent"
NOT_CHECKED: Final = "unchecked"
"""What became of an attempt that was not judged: nothing was keyed in, or the PIN could not be checked."""
UNCHECKED: Final = say("the PIN could not be checked")
"""Why an attempt was neither right nor wrong: it uses up one of the call's attempts, and counts for no lockout."""
_Keyed = tuple[str | None, Credential, str]
"""The customer number, what is expected, and what was keyed in. Never to be logged."""


class Result(StrEnum):
    """How a call ended for the gate."""

    PASSED = "passed"
    FORWARDED = "forwarded"
    REJECTED = "rejected"
    PIN_CORRECT = "pin_correct"
    PIN_INCORRECT = "pin_incorrect"
    HUNG_UP = "hung_up"
    CUT_OFF = "cut_off"
    TAKEN_AWAY = "taken_away"

    @classmethod
    def of(cls, end: CallEnded) -> Result:
        """How a call ended that was not the gate's any more."""
        return cls.TAKEN_AWAY if isinstance(end, CallTaken) else cls.HUNG_UP


@dataclass(slots=True)
class Outcome:
    """The end of a call at the gate.

    Attributes:
        result: how it ended.
        target: where the call went on to; None when it went nowhere.
        entries: how often the caller was heard out for a PIN, right or wrong, silence included.
        why: what the result alone does not say, such as which guest PIN was used.
        attempts: what became of each of the entries: a Judgement, SILENT or NOT_CHECKED.
    """

    result: Result
    target: str | None = None
    entries: int = 0
    why: Sentence = NOTHING
    attempts: list[str] = field(default_factory=list)


def conduct(decision: Decision, call: Call, channel: Channel, memory: Memory | None = None) -> Outcome:
    """Carry a decision out on the call's channel, to the end; see Dialogue."""
    dialogue = Dialogue(call, channel, memory or ReadOnly())
    dialogue.conduct(decision)
    return dialogue.outcome


class Dialogue:
    """A call, from the decision to its end at the gate.

    Args:
        call: its facts.
        channel: of the call.
        memory: judges attempts; whoever hangs up has counted by then.

    Attributes:
        outcome: how far it has come; whatever ends it, this says what was before.
    """

    def __init__(self, call: Call, channel: Channel, memory: Memory) -> None:
        self.outcome = Outcome(Result.HUNG_UP)
        self._call, self._channel, self._memory = call, channel, memory

    def conduct(self, decision: Decision) -> None:
        """Carry a decision out.

        Reject and Forward happen before the call is answered; only a PIN dialogue answers it. A target that is not
        dialable ends in a rejection: nothing unchecked reaches the switch. A caller who hangs up ends it at any moment.
        """
        outcome = self.outcome
        try:
            self._carry_out(decision)
        except CallEnded as end:
            outcome.result, outcome.target = Result.of(end), None
            outcome.why = joined("; ", [outcome.why, said(end)])  # and why their last attempt was in vain

    def _carry_out(self, decision: Decision) -> None:
        outcome, gate = self.outcome, decision.gate
        target: str | None
        match decision.verdict:
            case Pass():
                outcome.result, target = Result.PASSED, self._call.dialled
            case Forward(number):
                outcome.result, target = Result.FORWARDED, number
            case Reject():
                outcome.result, target = Result.REJECTED, None
            case AskForPin() as verdict:
                assert gate is not None, "only a gate asks for a PIN"
                nothing = Attempt(gate.name, gate.lockout, self._call.caller)
                if gate.lockout.rejects and self._memory.is_locked(nothing):
                    outcome.result, outcome.why, target = Result.REJECTED, LOCKED_OUT, None
                elif self._knows_the_pin(_entries(verdict, gate, self._channel), nothing):
                    outcome.result = Result.PIN_CORRECT
                    target = verdict.correct or gate.targets.correct or self._call.dialled
                else:
                    outcome.result, target = Result.PIN_INCORRECT, verdict.incorrect or gate.targets.incorrect
        if target is None:
            self._channel.reject(gate.rejection if gate else Rejection())
        elif not is_dialable(target):
            outcome.result, outcome.why = Result.REJECTED, say("the target is not dialable")
            self._channel.reject(NOT_DIALABLE)
        else:
            self._channel.transfer(target, gate.route if gate else Route())
            outcome.target = target

    def _knows_the_pin(self, entries: Iterable[_Keyed], nothing: Attempt) -> bool:
        """Judge attempts until one is right; `nothing` is the caller's before they have keyed in any."""
        outcome = self.outcome
        mistakes: dict[str | None, tuple[Account, ...]] = defaultdict(tuple)
        for customer, expected, entered in entries:
            outcome.entries += 1
            if entered == "":  # silence is no guess
                outcome.attempts.append(SILENT)
                continue
            try:
                attempt = replace(nothing, customer=customer, mistakes=mistakes[customer])
                judgement, used, counted = self._memory.judge(attempt, expected, entered)
            except Unchecked:
                outcome.why = UNCHECKED
                outcome.attempts.append(NOT_CHECKED)
                continue
            outcome.attempts.append(judgement)
            mistakes[customer] += counted
            outcome.why = LOCKED_OUT if judgement is Judgement.LOCKED else used
            if judgement is Judgement.RIGHT:
                return True
        return False


def _entries(verdict: AskForPin, gate: Gate, channel: Channel) -> Iterator[_Keyed]:
    prompts, wrong = gate.prompts, False
    channel.answer()
    for _ in range(verdict.attempts or gate.attempts):
        expected = verdict.expected
        customer = None
        if isinstance(expected, PinTable):
            apology = (prompts.wrong_pin,) if wrong else ()
            owner = channel.ask(Prompt((*apology, prompts.customer_number), gate.timing))
            # What does not exist may be a PIN in the wrong place.
            customer = owner if owner in expected else NO_CUSTOMER
            expected = expected.of(owner)
            entered = channel.ask(Prompt((prompts.welcome,), gate.timing))
        else:
            entered = channel.ask(Prompt((prompts.wrong_pin if wrong else prompts.welcome,), gate.timing))
        yield customer, expected, entered
        wrong = entered != ""
