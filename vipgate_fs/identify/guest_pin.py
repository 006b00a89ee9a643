"""`guest_pin`: PINs issued by `vipgate pin issue`, valid for a limited time or number of calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.pins import AnyOf, Match, OneTime
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.verdict import AskForPin, Targets, Verdict
from vipgate_fs.identify import Surroundings, read_targets, static_pin
from vipgate_fs.identify.static_pin import StaticPin
from vipgate_fs.sentences import say


@dataclass(frozen=True, slots=True)
class GuestCredential:
    """Every guest PIN that is valid for a call. See `vipgate_fs.gate.pins.Credential`.

    Attributes:
        gate: the gate's name.
        caller: canonical number; some guest PINs are bound to one.
        at: Unix time of the call.
    """

    gate: str
    caller: str
    at: float

    def matches(self, entered: str, known: OneTime) -> Match | None:
        """Which it is, if it is one that is valid. It shows nobody: a guest stays a stranger."""
        guest = known.find_guest_pin(self.gate, self.caller, entered, self.at)
        if guest is None:
            return None
        return Match(
            say("guest PIN {id}", id=guest), makes_known=False, spend=partial(known.use_guest_pin, guest, self.at)
        )


@dataclass(frozen=True, slots=True)
class GuestPin(Step):
    """Asks everybody for a guest PIN. See `vipgate_fs.gate.step.Step` for the other attributes.

    Attributes:
        gate: the gate's name.
        besides: has PINs that are right, too; None: there are none.
        targets: where the PIN leads.
    """

    gate: str
    besides: StaticPin | None = None
    targets: Targets = Targets()
    always_answers: bool = field(default=True, kw_only=True)

    def identify(self, call: Call) -> Verdict:
        """Ask for a guest PIN, or one of those besides."""
        guests = GuestCredential(self.gate, call.caller, call.at.timestamp())
        expected = AnyOf((self.besides.valid_at(call.at), guests)) if self.besides else guests
        return AskForPin(expected, *self.targets)


def build(section: Section, around: Surroundings) -> GuestPin:
    """The step as it is configured."""
    besides = static_pin.build(section, around) if {"pin", "pins"} & section.keys.keys() else None
    return GuestPin(around.gate, besides, read_targets(section))
