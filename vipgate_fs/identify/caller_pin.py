"""`caller_pin`: each caller has their own PIN."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.doubts import doubt, sound
from vipgate_fs.gate.numbering import E164_DIGITS
from vipgate_fs.gate.numbers import NumberPlan, plain
from vipgate_fs.gate.pins import Credential, Pin, PinTable
from vipgate_fs.gate.step import Evidence, Step
from vipgate_fs.gate.verdict import AskForPin, Targets, Verdict
from vipgate_fs.identify import Surroundings, read_pin, read_targets
from vipgate_fs.identify.callers.pin_list import Owner, PinList, read_pin_list
from vipgate_fs.identify.totp import Totp
from vipgate_fs.sentences import said, say

Identification = Literal["caller_number", "entered_id"]
NUMBER: Final = re.compile(rf"\+?[0-9]{{1,{E164_DIGITS}}}", re.ASCII)
"""Of a caller, in canonical form: nobody ever calls from anything else that a PIN could be for."""
_CUSTOMER_NUMBER: Final = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallerPin(Step):
    """Asks for the caller's own PIN. See `vipgate_fs.gate.step.Step` for the other attributes.

    Attributes:
        table: PINs by canonical number, or by customer number.
        by: whether the caller's number determines whose PIN is expected, or a customer number that they enter first.
        ask_unknown: by caller_number: ask callers who are not in the table, too, so that nobody finds out who is. No
            PIN is right for them.
        listed: the list that has some of the PINs.
        targets: where the PIN leads.
    """

    table: PinTable
    by: Identification
    ask_unknown: bool
    listed: PinList = field(default_factory=PinList, repr=False)
    targets: Targets = Targets()

    def identify(self, call: Call) -> Verdict | None:
        """Ask for the caller's PIN, if they have one."""
        if self.by == "entered_id":
            return AskForPin(self.table, *self.targets)
        if self.ask_unknown or call.caller in self.table:
            return AskForPin(self.table.of(call.caller), *self.targets)
        return None

    def evidence(self, call: Call) -> Evidence | None:
        """The row of the list that has the caller's PIN."""
        return self.listed.evidence(call.caller) if self.by == "caller_number" else None


def build(section: Section, around: Surroundings) -> CallerPin:
    """The step as it is configured."""
    by_number = section.text("identification") == "caller_number"
    if not by_number and "unknown_callers" in section:
        section.error_at_key(say("has no meaning with entered_id: every caller is asked; remove it"), "unknown_callers")
    if "pins" not in section and "file" not in section:
        section.error(say("it has no PINs; needed: pins, or a file with them"))
    pins = section.section("pins")
    read_owner = partial(_by_number, plan=around.site.plan) if by_number else _by_customer_number
    table, lines = _pins(pins, read_owner)
    listed = read_pin_list(section, "number" if by_number else "customer number", read_owner, lines)
    ask_unknown = section.text("unknown_callers") == "ask"
    return CallerPin(
        PinTable(table | dict(listed.pins)),
        "caller_number" if by_number else "entered_id",
        ask_unknown,
        listed,
        read_targets(section),
        always_answers=ask_unknown or not by_number,
    )


def _pins(section: Section, read_owner: Callable[[str], Owner]) -> tuple[dict[str, Credential], dict[str, int]]:
    """The PINs that the configuration has itself, with their lines."""
    pins: dict[str, Credential] = {}
    lines: dict[str, int] = {}
    for written, key in section.keys.items():
        try:
            owner = read_owner(written)
            if line := lines.get(owner.key):
                raise ValueError(say("the same number as in line {line}, written differently", line=line))  # noqa: TRY301
        except ValueError as error:
            section.error_at_key(said(error), written)
            continue
        pins[owner.key], lines[owner.key] = _credential(section, written), key.line
        if owner.doubt:
            section.warn(owner.doubt, written)
    return pins, lines


def _by_number(written: str, plan: NumberPlan) -> Owner:
    """Reports only the fault of a doubtful number, not its digits: they may be a misplaced PIN."""
    if number := sound(written, plan):
        return Owner(number)
    number, why = plan.caller(plain(written)), doubt(written, plan)
    if not NUMBER.fullmatch(number):
        what = why.fault if why else say("this is not a telephone number")
        raise ValueError(say('{what}; allowed: one such as "004917612345678"', what=what))
    return Owner(number, why.fault if why else None)


def _by_customer_number(written: str) -> Owner:
    if not _CUSTOMER_NUMBER.fullmatch(written):
        raise ValueError(say("this is not a customer number; allowed: 1 to 20 digits"))
    return Owner(written)


def _credential(section: Section, owner: str) -> Credential:
    if "totp" in (written := section.section(owner)):
        return _totp(written)
    digits = read_pin(section, owner)
    return Pin(digits.reveal()) if digits else Pin.of_nobody()


def _totp(section: Section) -> Credential:
    secret = section.secret("totp")
    if secret is None:
        return Pin.of_nobody()
    try:
        return Totp(secret.reveal())
    except ValueError as error:
        section.error(said(error), "totp")
        return Pin.of_nobody()
