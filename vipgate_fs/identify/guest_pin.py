"""`guest_pin`: PINs that `vipgate pin issue` gives out, for a while or for so many calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import StepDefaults
from vipgate_fs.gate.verdict import AskForPin, Verdict
from vipgate_fs.identify import Settings
from vipgate_fs.identify.vault import VaultSlot


@dataclass(frozen=True, slots=True)
class GuestCredential:
    """Every guest PIN that is valid for a call. See `vipgate_fs.gate.pins.Credential`.

    Attributes:
        slot: has the vault that knows them.
        gate: the gate's name.
        caller: canonical number; some guest PINs are bound to one.
        at: Unix time of the call.
    """

    slot: VaultSlot
    gate: str
    caller: str
    at: float

    def matches(self, entered: str) -> bool:
        """Whether it is a guest PIN that is valid."""
        return self.slot.vault.has_guest_pin(self.gate, self.caller, entered, self.at)

    def redeem(self, entered: str) -> bool:
        """Count one use of it down."""
        return self.slot.vault.use_guest_pin(self.gate, self.caller, entered, self.at)


@dataclass(frozen=True, slots=True)
class GuestPin(StepDefaults):
    """Asks everybody for a guest PIN. See `vipgate_fs.gate.gate.Step` for the other attributes."""

    slot: VaultSlot
    gate: str
    line: int
    on_failure: Verdict | None = None
    kind: ClassVar[str] = "guest_pin"
    always_answers: ClassVar[bool] = True

    def identify(self, call: Call) -> Verdict:
        """Ask for a guest PIN."""
        return AskForPin(GuestCredential(self.slot, self.gate, call.caller, call.at.timestamp()))


def build(settings: Settings) -> GuestPin:
    """The step as it is configured."""
    return GuestPin(settings.vault_slot, settings.gate, settings.line)
