"""Words for what programs know by a code: outcomes, kinds of accounts, what happens in a simulated call."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vipgate_fs.gate.dialogue import Result
from vipgate_fs.gate.lockout import AccountKind
from vipgate_fs.sentences import Sentence, said, say
from vipgate_fs.simulator.experience import Moment, What

_OUTCOMES: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        Result.PASSED: say("passed"),
        Result.FORWARDED: say("forwarded"),
        Result.REJECTED: say("rejected"),
        Result.PIN_CORRECT: say("pin_correct"),
        Result.PIN_INCORRECT: say("pin_incorrect"),
        Result.HUNG_UP: say("hung_up"),
        Result.CUT_OFF: say("cut_off"),
        Result.TAKEN_AWAY: say("taken_away"),
    }
)
_ACCOUNTS: Final[Mapping[AccountKind, Sentence]] = MappingProxyType(
    {
        "caller": say("caller"),
        "customer": say("customer"),
        "known_customer": say("known_customer"),
        "gate": say("gate"),
        "known_gate": say("known_gate"),
        "proof": say("proof"),
    }
)
_MOMENTS: Final[Mapping[What, Sentence]] = MappingProxyType(
    {
        What.RINGING: say("ringing"),
        What.EARLY_MEDIA: say("early media"),
        What.ANSWERED: say("answered"),
        What.HEARD: say("heard"),
        What.HEARD_PART: say("heard part of"),
        What.SILENCE: say("silence"),
        What.TRANSFERRED: say("transferred"),
        What.REJECTED: say("rejected"),
        What.HUNG_UP: say("hung up"),
        What.GAVE_UP: say("gave up"),
    }
)
_COLUMNS: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "began": say("began"),
        "gate": say("gate"),
        "caller": say("caller"),
        "called": say("called"),
        "outcome": say("outcome"),
        "target": say("target"),
        "entries": say("entries"),
        "seconds": say("seconds"),
        "reason": say("reason"),
    }
)


def outcome(code: str) -> Sentence:
    """How a call ended."""
    return _OUTCOMES.get(code) or said(code)


def account(kind: AccountKind) -> Sentence:
    """What failed attempts count for."""
    return _ACCOUNTS[kind]


def moment(happened: Moment) -> Sentence:
    """What a caller noticed."""
    return say("{what} {detail}", what=_MOMENTS[happened.what], detail=happened.detail)


def column(name: str) -> Sentence:
    """The head of a column of call records."""
    return _COLUMNS[name]
