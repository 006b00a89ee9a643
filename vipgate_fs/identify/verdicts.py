"""A verdict as it is written: in the configuration, and in the answers of VIPgate's webservices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Verdict
from vipgate_fs.identify import PIN

MOST_ATTEMPTS: Final = 10
_KEYS: Final = {"expectedPIN", "forwardCorrectPIN", "forwardIncorrectPIN", "attempts", "maxRetries"}


def verdict(answer: Mapping[str, Any]) -> Verdict:
    """The verdict that `{reject: …}`, `{forward: …}` or `{askForPin: {…}}` says.

    Raises:
        ValueError: what is wrong and what is allowed, without the PIN.
    """
    match dict(answer):
        case {"reject": bool(rejected), **rest} if not rest:
            return Reject() if rejected else Pass()
        case {"forward": target, **rest} if not rest:
            return Forward(_target("forward", target))
        case {"askForPin": Mapping() as question, **rest} if not rest:
            return _ask_for_pin(question)
    raise ValueError("not a verdict; allowed: exactly one of reject (true or false), forward and askForPin")


def in_short(text: str) -> Verdict:
    """The verdict that `pass`, `reject`, `forward:TARGET` or `pin:PIN` says.

    Raises:
        ValueError: what is wrong and what is allowed, without the text, which may hold a PIN.
    """
    match text.partition(":"):
        case "pass" | "reject", "", "":
            return verdict({"reject": text == "reject"})
        case "forward", ":", target:
            return verdict({"forward": target})
        case "pin", ":", pin:
            return verdict({"askForPin": {"expectedPIN": pin}})
    raise ValueError("not a verdict; allowed: pass, reject, forward:TARGET or pin:PIN")


def _ask_for_pin(question: Mapping[str, Any]) -> AskForPin:
    if question.keys() - _KEYS:
        raise ValueError(f"an unknown key in askForPin; allowed: {', '.join(sorted(_KEYS))}")
    pin = _text(question.get("expectedPIN"))
    if pin is None or not PIN.fullmatch(pin):
        raise ValueError("expectedPIN is no PIN; allowed: 1 to 20 digits")
    targets = {
        key: _target(key, question[key]) for key in ("forwardCorrectPIN", "forwardIncorrectPIN") if key in question
    }
    return AskForPin(
        Pin(pin), targets.get("forwardCorrectPIN"), targets.get("forwardIncorrectPIN"), _attempts(question)
    )


def _attempts(question: Mapping[str, Any]) -> int | None:
    given = [key for key in ("attempts", "maxRetries") if key in question]
    if len(given) > 1:
        raise ValueError("attempts and maxRetries (attempts - 1) say the same; allowed: one of them")
    for key in given:
        number, first = question[key], int(key == "attempts")
        if type(number) is not int or not first <= number < MOST_ATTEMPTS + first:
            raise ValueError(f"{key} out of range; allowed: an integer from {first} to {MOST_ATTEMPTS - 1 + first}")
        return number + 1 - first
    return None


def _target(key: str, value: object) -> str:
    target = _text(value)
    if target is None or not is_dialable(target):
        raise ValueError(f"{key} is not dialable; allowed: at most 64 letters, digits and + * # . _ -")
    return target


def _text(value: object) -> str | None:
    """A text, or a number that can be meant as one: webservices write `forward: 123`, too."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int and value >= 0 else None
