"""`caller_pin`: every caller has a PIN of his own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.doubts import doubt
from vipgate_fs.gate.gate import StepDefaults
from vipgate_fs.gate.numbers import E164_DIGITS
from vipgate_fs.gate.pins import Credential, Pin, PinTable
from vipgate_fs.gate.verdict import AskForPin, Verdict
from vipgate_fs.identify import Settings, read_pin
from vipgate_fs.secret import read_secret

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


def build(settings: Settings) -> CallerPin:
    """The step as it is configured."""
    values = settings.values
    by: Identification = values.get("identification", "caller_number")
    if by == "entered_id" and "unknown_callers" in values:
        settings.error_at_key("has no meaning with entered_id: every caller is asked; remove it", "unknown_callers")
    pins = _by_number(settings) if by == "caller_number" else _by_customer_number(settings)
    ask_unknown = values.get("unknown_callers") == "ask"
    return CallerPin(PinTable(pins), by, ask_unknown, settings.line)


def _by_number(settings: Settings) -> dict[str, Credential]:
    pins: dict[str, Credential] = {}
    written: dict[str, str] = {}
    for owner in settings.values["pins"]:
        number = settings.plan.caller(owner)
        if not NUMBER.fullmatch(number):
            spoilt = doubt(owner, settings.plan)
            why = spoilt.fault if spoilt else "this is not a telephone number"
            settings.error_at_key(f'{why}; allowed: one such as "004917612345678"', "pins", owner)
        elif number in pins:
            line = settings.line_of("pins", written[number])
            settings.error_at_key(f"the same number as in line {line}, written differently", "pins", owner)
        else:
            pins[number], written[number] = _credential(settings, owner), owner
            if doubtful := doubt(owner, settings.plan):
                settings.warn(doubtful.fault, "pins", owner)  # the digits may be a PIN in the wrong place
    return pins


def _by_customer_number(settings: Settings) -> dict[str, Credential]:
    pins = settings.values["pins"]
    for owner in pins:
        if not _CUSTOMER_NUMBER.fullmatch(owner):
            settings.error_at_key("this is not a customer number; allowed: 1 to 20 digits", "pins", owner)
    return {owner: _credential(settings, owner) for owner in pins}


def _credential(settings: Settings, owner: str) -> Credential:
    written = settings.values["pins"][owner]
    if isinstance(written, Mapping) and "totp" in written:
        return _totp(settings, owner)
    digits = read_pin(settings, "pins", owner)
    return Pin(digits.reveal()) if digits else Pin.of_nobody()


def _totp(settings: Settings, owner: str) -> Credential:
    from vipgate_fs.identify.totp import Totp  # noqa: PLC0415 - sites without one-time PINs do not wait for it

    secret = read_secret(settings, "pins", owner, "totp")
    if secret is None:
        return Pin.of_nobody()
    try:
        return Totp(secret.reveal(), settings.vault_slot)
    except ValueError as error:
        settings.error(str(error), "pins", owner, "totp")
        return Pin.of_nobody()
