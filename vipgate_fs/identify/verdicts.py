"""A verdict as it is written: in the configuration, and in the answers of VIPgate's webservices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Verdict
from vipgate_fs.sentences import NOTHING, Sentence, listed, say

PIN: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
MOST_ATTEMPTS: Final = 10
_COUNT: Final = re.compile("[0-9]{1,2}", re.ASCII)
_NUMBERS: Final = ("forward", "expectedPIN", "forwardCorrectPIN", "forwardIncorrectPIN")
"""What is a row of digits and should be a text: as a number it has no leading zeros."""
_KEYS: Final = {"expectedPIN", "forwardCorrectPIN", "forwardIncorrectPIN", "attempts", "maxRetries"}


def verdict(answer: Mapping[str, Any]) -> Verdict:
    """The verdict that `{reject: …}`, `{forward: …}` or `{askForPin: {…}}` says. None is as if the key was not there.

    Raises:
        ValueError: what is wrong and what is allowed, without the PIN.
    """
    match _present(answer):
        case {"reject": rejected, **rest} if not rest:
            return Reject() if _flag(rejected) else Pass()
        case {"forward": target, **rest} if not rest:
            return Forward(_target("forward", target))
        case {"askForPin": Mapping() as question, **rest} if not rest:
            return _ask_for_pin(question)
    raise ValueError(say("not a verdict; allowed: exactly one of reject (true or false), forward and askForPin"))


def answered(answer: Mapping[str, Any]) -> Verdict | None:
    """The verdict of an answer from elsewhere, with its doubts; None when nothing is in it, which says "don't know".

    Raises:
        ValueError: see `verdict`.
    """
    if not _present(answer):
        return None
    said = verdict(answer)
    match said:
        case Forward():
            return replace(said, doubt=_doubt(answer))
        case AskForPin():
            return replace(said, doubt=_doubt(answer["askForPin"]))
    return said


def _doubt(answer: Mapping[str, Any]) -> Sentence:
    """PHP's JSON_NUMERIC_CHECK and numeric columns turn 0815 into 815, which can't be detected afterwards."""
    numbers = [key for key in _NUMBERS if isinstance(answer.get(key), int)]
    if not numbers:
        return NOTHING
    return say("{keys} came as a number: leading zeros would be missing; send a text", keys=listed(numbers))


def _present(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Serialisers write null for what is not there."""
    return {key: value for key, value in answer.items() if value is not None}


def _flag(value: object) -> bool:
    """Not every language and database has booleans, and PHP gets the numbers of MySQL as texts."""
    if value in ("0", "1") or (isinstance(value, int) and value in (0, 1)):
        return bool(int(value))
    raise ValueError(say("reject is neither true nor false; allowed: true or 1, false or 0"))


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
    raise ValueError(say("not a verdict; allowed: pass, reject, forward:TARGET or pin:PIN"))


def _ask_for_pin(question: Mapping[str, Any]) -> AskForPin:
    question = _present(question)
    if "expectedPIN" not in question:
        raise ValueError(say("expectedPIN is missing in askForPin"))
    if question.keys() - _KEYS:
        raise ValueError(say("an unknown key in askForPin; allowed: {keys}", keys=", ".join(sorted(_KEYS))))
    pin = _text(question["expectedPIN"])
    if not question["expectedPIN"] or pin is None or not PIN.fullmatch(pin):  # 0 is what becomes of a missing number
        raise ValueError(say("expectedPIN is no PIN; allowed: 1 to 20 digits as a text, or a number above 0"))
    targets = {
        key: _target(key, question[key]) for key in ("forwardCorrectPIN", "forwardIncorrectPIN") if key in question
    }
    return AskForPin(
        Pin(pin), targets.get("forwardCorrectPIN"), targets.get("forwardIncorrectPIN"), _attempts(question)
    )


def _attempts(question: Mapping[str, Any]) -> int | None:
    given = [key for key in ("attempts", "maxRetries") if key in question]
    if len(given) > 1:
        raise ValueError(say("attempts and maxRetries (attempts - 1) say the same; allowed: one of them"))
    for key in given:
        number, first = question[key], int(key == "attempts")
        if isinstance(number, str) and _COUNT.fullmatch(number):
            number = int(number)
        if type(number) is not int or not first <= number < MOST_ATTEMPTS + first:
            last = MOST_ATTEMPTS - 1 + first
            raise ValueError(
                say("{key} out of range; allowed: an integer from {first} to {last}", key=key, first=first, last=last)
            )
        return number + 1 - first
    return None


def _target(key: str, value: object) -> str:
    target = _text(value)
    if target is None or not is_dialable(target):
        raise ValueError(say("{key} is not dialable; allowed: at most 64 letters, digits and + * # . _ -", key=key))
    return target


def _text(value: object) -> str | None:
    """A text, or a number that can be meant as one: webservices write `forward: 123`, too."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int and value >= 0 else None
