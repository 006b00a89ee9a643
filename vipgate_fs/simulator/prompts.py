"""Sounds to callers and digits from them (switch_ivr_play_say.c; facts: "play_and_get_digits")."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from vipgate_fs.simulator import media
from vipgate_fs.simulator.arguments import number, words
from vipgate_fs.simulator.session import Session


def play(session: Session, sound: str, stop: Callable[[], bool] | None = None) -> bool:
    """Play a sound until its end, `break`, or `stop`; sets the playback_… variables.

    Returns:
        False when there is no such sound; that takes no time.
    """
    channel = session.channel
    length = media.seconds(sound, session.sounds)
    if length is None:
        return False
    began = channel.clock.now()
    session.phone.hears(sound)
    ended_early = session.wait(length, lambda: session.stopped or (stop is not None and stop()))
    played = min(channel.clock.now() - began, length)
    session.phone.heard(sound, whole=not ended_early and channel.is_ready)
    for name, value in media.playback_variables(played, length).items():
        channel.set(name, value)
    return True


@dataclass(frozen=True, slots=True)
class _Question:
    """The arguments of play_and_get_digits; times in seconds."""

    least: int
    most: int
    tries: int
    timeout: float
    terminators: str
    prompt: str
    invalid: str
    variable: str
    expression: str
    digit_timeout: float
    on_failure: str

    @classmethod
    def parse(cls, data: str) -> _Question:
        given = words(data)
        least, most, tries, timeout, terminators, prompt, invalid, variable, expression, digit_timeout, on_failure = (
            given + [""] * (11 - len(given))
        )[:11]
        first = max(number(timeout) if timeout else 1000, 1000) / 1000
        return cls(
            least=max(number(least), 0),
            most=max(number(most), number(least), 0),
            tries=number(tries),
            timeout=first,
            terminators=terminators or "#",
            prompt=prompt,
            invalid=invalid,
            variable=variable,
            expression=expression,
            digit_timeout=number(digit_timeout) / 1000 or first,
            on_failure=on_failure,
        )


def play_and_get_digits(session: Session, data: str) -> None:
    """The application: up to `tries` times a prompt and an entry, until one is long enough and matches."""
    question, channel = _Question.parse(data), session.channel
    invalid_variable = f"{question.variable}_invalid"
    if question.expression and question.variable:
        channel.set(invalid_variable, None)
    for _ in range(question.tries):
        if not channel.is_ready:
            return
        result, digits = _read(session, question)
        if result == "timeout" and len(digits) >= question.least:
            result = "success"
        if question.least == 0 and not digits and "read_terminator_used" in channel.variables:
            return
        if result == "success" and digits:
            if not question.expression or _matches(question.expression, digits):
                return
            channel.set(question.variable, None)
            channel.set(invalid_variable, digits)
        if not channel.is_ready:
            return
        play(session, question.invalid)
    target = words(question.on_failure)
    if target:
        extension, dialplan, context = (*target, "", "")[:3]
        channel.transfer(extension, dialplan or None, context or None)


def _read(session: Session, question: _Question) -> tuple[str, str]:
    """One try: its result (success, timeout, failure, or "" for a prompt that was not played out) and the digits."""
    channel = session.channel
    channel.set("read_result", None)
    channel.set(question.variable, None)
    digits = ""

    def has_key() -> bool:
        nonlocal digits
        digits = channel.take_digit() or ""
        return digits != ""

    session.phone.asked()
    if question.prompt and question.prompt != "silence":
        found = play(session, question.prompt, has_key)
        if not found or not channel.is_ready:
            channel.set(question.variable, digits)
            return "", digits
    result, terminator = "success", ""
    if len(digits) < question.most:
        result, digits, terminator = _collect(session, question, digits)
    if terminator:
        channel.set("read_terminator_used", terminator)
    if len(digits) < question.least:
        result = "failure"
    channel.set("read_result", result)
    if question.most == 1 and digits in question.terminators:
        digits = ""
    channel.set(question.variable, digits)
    return result, digits


def _collect(session: Session, question: _Question, digits: str) -> tuple[str, str, str]:
    """Wait for digits after those that came with the prompt: result, digits, terminator."""
    channel = session.channel
    if digits and digits in question.terminators:
        return "success", "", digits
    while len(digits) < question.most:
        timeout = question.digit_timeout if digits else question.timeout
        if not session.wait(timeout, lambda: bool(channel.digits)):
            return ("timeout" if channel.is_ready else "failure"), digits, ""
        digit = channel.take_digit() or ""
        if digit in question.terminators:
            return "success", digits, digit
        digits += digit
    return "success", digits, ""


def _matches(expression: str, digits: str) -> bool:
    try:
        return re.search(expression, digits) is not None
    except re.error:
        return False
