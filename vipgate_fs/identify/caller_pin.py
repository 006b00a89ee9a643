"""`caller_pin`: every caller has a PIN of his own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.doubts import doubt
from vipgate_fs.gate.gate import StepDefaults
from vipgate_fs.gate.numbers import E164_DIGITS
from vipgate_fs.gate.pins import Credential, Pin, PinTable
from vipgate_fs.gate.verdict import AskForPin, Verdict
from vipgate_fs.identify import Surroundings, read_pin

Identification = Literal["caller_number", "entered_id"]
NUMBER: Final = re.compile(rf"\+?[0-9]{{1,{E164_DIGITS}}}", re.ASCII)
"""Of a caller, in canonical form: nobody ever calls from anything else that a PIN could be for."""
_CUSTOMER_NUMBER: Final = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallerPin(StepDefaults):
    """Asks for the caller's own PIN. See `vipgate_fs.gate.gate.Step` for the other attributes.

    Attributes:
        table: PINs by canonical number, or by customer number.
        by: whether the caller's number tells whose PIN is expected, or a customer number that he keys in first.
        ask_unknown: by caller_number: ask callers who are not in the table, too, so that nobody finds out who is. No
            PIN is right for them.
    """

    table: PinTable
    by: Identification
    ask_unknown: bool
    line: int
    kind: ClassVar[str] = "caller_pin"
    on_failure: ClassVar[None] = None

    @property
    def always_answers(self) -> bool:  # type: ignore[override]
        """Whether there is no caller whom the step does not ask."""
        return self.ask_unknown or self.by == "entered_id"

    def identify(self, call: Call) -> Verdict | None:
        """Ask for the caller's PIN, if he is to have one."""
        if self.by == "entered_id":
            return AskForPin(self.table)
        if self.ask_unknown or call.caller in self.table:
            return AskForPin(self.table.of(call.caller))
        return None


def build(section: Section, around: Surroundings) -> CallerPin:
    """The step as it is configured."""
    by_number = section.text("identification") == "caller_number"
    if not by_number and "unknown_callers" in section:
        section.error_at_key("has no meaning with entered_id: every caller is asked; remove it", "unknown_callers")
    pins = section.section("pins")
    return CallerPin(
        PinTable(_by_number(pins, around) if by_number else _by_customer_number(pins, around)),
        "caller_number" if by_number else "entered_id",
        section.text("unknown_callers") == "ask",
        section.line,
    )


def _by_number(section: Section, around: Surroundings) -> dict[str, Credential]:
    pins: dict[str, Credential] = {}
    written: dict[str, int] = {}
    plan = around.site.plan
    for owner, key in section.keys.items():
        number = plan.caller(owner)
        if not NUMBER.fullmatch(number):
            spoilt = doubt(owner, plan)
            why = spoilt.fault if spoilt else "this is not a telephone number"
            section.error_at_key(f'{why}; allowed: one such as "004917612345678"', owner)
        elif number in pins:
            section.error_at_key(f"the same number as in line {written[number]}, written differently", owner)
        else:
            pins[number], written[number] = _credential(section, owner, around), key.line
            if doubtful := doubt(owner, plan):
                section.warn(doubtful.fault, owner)  # the digits may be a PIN in the wrong place
    return pins


def _by_customer_number(section: Section, around: Surroundings) -> dict[str, Credential]:
    for owner in section.keys:
        if not _CUSTOMER_NUMBER.fullmatch(owner):
            section.error_at_key("this is not a customer number; allowed: 1 to 20 digits", owner)
    return {owner: _credential(section, owner, around) for owner in section.keys}


def _credential(section: Section, owner: str, around: Surroundings) -> Credential:
    if "totp" in (written := section.section(owner)):
        return _totp(written, around)
    digits = read_pin(section, owner)
    return Pin(digits.reveal()) if digits else Pin.of_nobody()


def _totp(section: Section, around: Surroundings) -> Credential:
    from vipgate_fs.identify.totp import Totp  # noqa: PLC0415 - sites without one-time PINs do not wait for it

    secret = section.secret("totp")
    if secret is None:
        return Pin.of_nobody()
    try:
        return Totp(secret.reveal(), around.vault_slot)
    except ValueError as error:
        section.error(str(error), "totp")
        return Pin.of_nobody()
