"""A gate: what it protects, when, whom it asks, and how it treats the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.gate.schedules import Schedule
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.gate.verdict import Reject, Targets, Verdict

BUSY: Final = 486
"""The SIP response for a busy line (RFC 3261, 21.4.24)."""


class StepFailed(Exception):
    """A step could not find out (service down, nonsense answered). The text says why and holds no secret."""


class NotAsked(StepFailed):
    """A step was left out on purpose. The text says why."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What in a step spoke, when that is more exact than the step.

    Attributes:
        line: in the configuration, from 1.
        file: another file, which that line names; None: the configuration itself.
        file_line: the line in it.
    """

    line: int
    file: str | None = None
    file_line: int = 0


class Step(Protocol):
    """One way to identify a caller (`vipgate_fs.identify` has a file for each)."""

    @property
    def kind(self) -> str:
        """The step's key in the configuration, such as `static_pin`."""

    @property
    def line(self) -> int:
        """The line of the configuration that the step stands in, from 1."""

    @property
    def always_answers(self) -> bool:
        """Whether the step never says "don't know": what follows it is never reached."""

    @property
    def on_failure(self) -> Verdict | None:
        """The verdict when the step fails; None: as if it did not know."""

    @property
    def waits(self) -> bool:
        """Whether the step asks somebody elsewhere: it may take seconds, and `explain` does not do it unasked."""

    @property
    def restricted_as_withheld(self) -> bool:
        """Whether a restricted number is to count as withheld: at the whole gate, for it is one caller everywhere."""

    @property
    def variables(self) -> frozenset[str]:
        """The channel variables that it wants in `Call.variables`."""

    def identify(self, call: Call) -> Verdict | None:
        """The step's verdict, or None for "don't know". Raises StepFailed."""

    def evidence(self, call: Call) -> Evidence | None:
        """What in the step has spoken about the call; None: the step as a whole."""


class StepDefaults:
    """What most steps have in common, to be inherited. See Step."""

    __slots__ = ()
    always_answers: ClassVar[bool] = False
    waits: ClassVar[bool] = False
    restricted_as_withheld: ClassVar[bool] = False
    variables: ClassVar[frozenset[str]] = frozenset()

    def evidence(self, call: Call) -> Evidence | None:  # noqa: ARG002 - see Step
        """The step as a whole."""
        return None


@dataclass(frozen=True, slots=True)
class Protects:
    """The targets of a gate. A call is for the gate when any of the three fits.

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
    """When a gate is active: during a schedule, or outside it. A gate without one is always active."""

    schedule: Schedule
    outside: bool
    line: int


@dataclass(frozen=True, slots=True)
class Route:
    """Where Pass, Forward and the PIN targets go on: a dialplan and a context of it."""

    dialplan: str = "XML"
    context: str = "vipgate-passed"


@dataclass(frozen=True, slots=True)
class Rejection:
    """How a caller is turned away.

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
    """Patience with the caller, in seconds.

    Attributes:
        first_digit: from the end of the prompt to the first digit, 1 to 60.
        next_digit: from one digit to the next, 1 to 20; then the entry counts as it stands.
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
        """The call as far as the gate may know it: without a restricted number, where that counts as withheld."""
        hides = call.restricted and any(step.restricted_as_withheld for step in self.steps)
        return call.withheld() if hides else call


Ask = Callable[[Step, Call], Verdict | None]
"""How a step is asked: `Step.identify` for a live call; `explain` may have reasons to ask otherwise."""
