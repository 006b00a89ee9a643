"""From a verdict to what happens to the call, the PIN dialogue included. The same code for live calls and `explain`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.channel import CallEnded, Channel, Prompt
from vipgate_fs.gate.decision import Decision
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.gate import Gate, Rejection, Route
from vipgate_fs.gate.pins import PinTable
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject

NOT_DIALABLE: Final = Rejection(code=484)
"""Address Incomplete (RFC 3261, 21.4.22): for a called number that must not be sent on to the switch."""


class Result(StrEnum):
    """How a call ended for the gate."""

    PASSED = "passed"
    FORWARDED = "forwarded"
    REJECTED = "rejected"
    PIN_CORRECT = "pin_correct"
    PIN_INCORRECT = "pin_incorrect"
    HUNG_UP = "hung_up"


@dataclass(slots=True)
class Outcome:
    """The end of a call at the gate.

    Attributes:
        result: how it ended.
        target: where the call went on to; None when it went nowhere.
        entries: how often the caller was heard out for a PIN, right or wrong, silence included.
        why: what the result alone does not say.
    """

    result: Result
    target: str | None = None
    entries: int = 0
    why: str = ""


def conduct(decision: Decision, call: Call, channel: Channel) -> Outcome:
    """Carry a decision out on the call's channel.

    Reject and Forward happen before the call is answered; only a PIN dialogue answers it. A target that is not dialable
    ends in a rejection: nothing unchecked reaches the switch. A caller who hangs up ends it at any moment.
    """
    outcome = Outcome(Result.HUNG_UP)
    try:
        _carry_out(decision, call, channel, outcome)
    except CallEnded as end:
        outcome.result, outcome.target, outcome.why = Result.HUNG_UP, None, str(end)
    return outcome


def _carry_out(decision: Decision, call: Call, channel: Channel, outcome: Outcome) -> None:
    gate = decision.gate
    route = gate.route if gate else Route()
    target: str | None
    match decision.verdict:
        case Pass():
            outcome.result, target = Result.PASSED, call.dialled
        case Forward(number):
            outcome.result, target = Result.FORWARDED, number
        case Reject():
            outcome.result, target = Result.REJECTED, None
        case AskForPin() as verdict:
            assert gate is not None, "only a gate asks for a PIN"
            if _knows_the_pin(verdict, gate, channel, outcome):
                outcome.result, target = Result.PIN_CORRECT, verdict.correct or call.dialled
            else:
                outcome.result, target = Result.PIN_INCORRECT, verdict.incorrect
    if target is None:
        channel.reject(gate.rejection if gate else Rejection())
    elif not is_dialable(target):
        outcome.result, outcome.why = Result.REJECTED, "the target is not dialable"
        channel.reject(NOT_DIALABLE)
    else:
        channel.transfer(target, route)
        outcome.target = target


def _knows_the_pin(verdict: AskForPin, gate: Gate, channel: Channel, outcome: Outcome) -> bool:
    prompts, wrong = gate.prompts, False
    channel.answer()
    for _ in range(verdict.attempts or gate.attempts):
        expected = verdict.expected
        if isinstance(expected, PinTable):
            apology = (prompts.wrong_pin,) if wrong else ()
            expected = expected.of(channel.ask(Prompt((*apology, prompts.customer_number), gate.timing)))
            entered = channel.ask(Prompt((prompts.welcome,), gate.timing))
        else:
            entered = channel.ask(Prompt((prompts.wrong_pin if wrong else prompts.welcome,), gate.timing))
        outcome.entries += 1
        if expected.matches(entered):
            return True
        wrong = entered != ""
    return False
