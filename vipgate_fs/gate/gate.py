"""A gate: what it protects, when, which steps it asks, and how it treats calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.gate.schedules import Schedule
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.gate.verdict import Reject, Targets, Verdict

BUSY: Final = 486
"""The SIP response for a busy line (RFC 3261, 21.4.24)."""


@dataclass(frozen=True, slots=True)
class Protects:
    """The targets of a gate. It takes a call that matches any of the three.

    Attributes:
        numbers: each pattern with its line in the configuration.
        users: ids or number aliases of the switch's directory, with their lines.
        groups: names of the directory's groups, with their lines.
    """

    numbers: tuple[tuple[NumberPattern, int], ...] = ()
    users: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activation:
    """When a gate is active: during a schedule, or outside it. A gate without a schedule is always active."""

    schedule: Schedule
    outside: bool
    line: int


@dataclass(frozen=True, slots=True)
class Route:
    """Where Pass, Forward and the PIN targets continue: a dialplan and one of its contexts."""

    dialplan: str = "XML"
    context: str = "vipgate-passed"

    @property
    def is_xml(self) -> bool:
        """Whether it is mod_dialplan_xml, which FreeSWITCH finds in upper and lower case alike."""
        return self.dialplan.upper() == "XML"


@dataclass(frozen=True, slots=True)
class Rejection:
    """How a call is rejected.

    Attributes:
        code: the SIP response before the call is answered, 400 to 699 (RFC 3261); 486 is busy.
        announcement: sound file to play first, as early media when the call is not answered; None: none.
    """

    code: int = BUSY
    announcement: str | None = None


@dataclass(frozen=True, slots=True)
class Prompts:
    """The sound files of the dialogue, as the switch finds them (absolute paths, or what `playback` takes)."""

    welcome: str
    wrong_pin: str
    customer_number: str


@dataclass(frozen=True, slots=True)
class Timing:
    """How long to wait for digits, in seconds.

    Attributes:
        first_digit: from the end of the prompt to the first digit, 1 to 60.
        next_digit: from one digit to the next, 1 to 20; then the digits so far are the attempt.
    """

    first_digit: float = 8.0
    next_digit: float = 4.0


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate as configured. `line` and the lines within are those of the configuration file, from 1.

    Attributes:
        title: what people call it, in any words; may be empty.
        enabled: whether it is there at all; one that is not takes no call.
        targets: where PINs lead whose verdict says nothing of that.
    """

    name: str
    line: int
    protects: Protects
    steps: tuple[Step, ...]
    prompts: Prompts
    active: Activation | None = None
    otherwise: Verdict = Reject()
    otherwise_line: int | None = None
    attempts: int = 3
    route: Route = Route()
    rejection: Rejection = Rejection()
    timing: Timing = Timing()
    lockout: Lockout = Lockout()
    title: str = ""
    enabled: bool = True
    targets: Targets = Targets()

    def sees(self, call: Call) -> Call:
        """The call as far as the gate may know it: without a restricted number, if that counts as withheld."""
        hides = call.restricted and any(step.restricted_as_withheld for step in self.steps)
        return call.withheld() if hides else call
