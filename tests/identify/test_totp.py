"""One-time PINs by the vectors of RFC 6238, and each of them once."""

from __future__ import annotations

import base64
import pickle

import pytest
from building import build, built
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.memory import InMemory
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.identify.totp import Totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
"""RFC 6238, appendix B, SHA-1: the last six of its eight digits."""
VIP = "+4917612345678"


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def known():
    return InMemory(None)


def redeemed(totp, pin, known):
    """Whether it is right, and used up then."""
    match = totp.matches(pin, known)
    if match:
        match.spend()
    return match is not None


@pytest.mark.parametrize(("now", "pin"), VECTORS)
@pytest.mark.parametrize(
    ("drift", "is_right"), [(0, True), (-30, True), (30, True), (-60, False), (60, False), (-90, False), (90, False)]
)
def test_it_is_right_in_its_step_and_in_those_beside_it(now, pin, drift, is_right, known):
    totp = Totp(SECRET, Clock(now + drift))
    assert [redeemed(totp, pin, known) for _ in range(2)] == [is_right, False]


@pytest.mark.parametrize("entered", ["", "287083", "28708", "2870820", "94287082", "\u0662\u0668\u0667082", "\udcff"])
def test_nothing_else_is(entered, known):
    assert Totp(SECRET, Clock(59)).matches(entered, known) is None


def test_each_is_good_once_and_none_before_it_is(known):
    clock = Clock(0)
    totp = Totp(SECRET, clock)
    pins = []
    for clock.now in (1200, 1230, 1260):
        pins += [totp._generator.generate_otp(clock.now // 30)]
    clock.now = 1230
    assert all(totp.matches(pins[number], known) for number in (1, 1, 0, 2)), "to match changes nothing"
    assert [redeemed(totp, pins[number], known) for number in (1, 1, 0)] == [True, False, False]
    matches = [totp.matches(pin, known) is not None for pin in pins]
    assert matches == [False, False, True], "who overhears one makes a wrong entry"
    assert [redeemed(totp, pins[number], known) for number in (2, 2, 1)] == [True, False, False]


def test_one_secret_is_one_owner_wherever_it_stands(known):
    other = "MZXW6YTBOI" + "A" * 22
    twice = [Totp(written, Clock(59)) for written in (SECRET, SECRET.lower(), other)]
    assert [redeemed(totp, totp._generator.generate_otp(1), known) for totp in twice] == [True, False, True]


@given(st.binary(min_size=16, max_size=64))
def test_a_secret_is_read_however_it_is_written(key):
    text = base64.b32encode(key).decode()
    grouped = " ".join(text[start : start + 4] for start in range(0, len(text), 4))
    pin = Totp(text)._generator.generate_otp(1)
    for written in (text.rstrip("="), text.lower(), grouped, grouped.replace(" ", "-")):
        assert Totp(written, Clock(59)).matches(pin, InMemory(None))


@pytest.mark.parametrize("secret", ["", "A" * 24, "A" * 25, "not base32, at all", "0" * 32, "ä" * 32, "1" * 32])
def test_what_is_no_secret_is_refused_and_not_shown(secret):
    with pytest.raises(ValueError, match="at least 26 characters of base32") as caught:
        Totp(secret)
    assert not secret or secret not in str(caught.value)


def test_a_secret_is_shown_nowhere():
    totp = Totp(SECRET)
    assert repr(totp) == "Totp(***)"
    with pytest.raises(TypeError):
        pickle.dumps(totp)


@pytest.mark.parametrize("from_environment", [False, True])
@pytest.mark.parametrize("by", ["caller_number", "entered_id"])
def test_a_caller_may_have_one(call, monkeypatch, from_environment, by):
    monkeypatch.setenv("TOTP_OF_A_CALLER", SECRET)
    secret = {"env": "TOTP_OF_A_CALLER"} if from_environment else SECRET
    owner = VIP if by == "caller_number" else "10027"
    step = built("caller_pin", {"identification": by, "pins": {owner: {"totp": secret}, "20": "4711"}})
    verdict = step.identify(call(VIP))
    expected = verdict.expected if by == "caller_number" else verdict.expected.of(owner)
    assert isinstance(verdict, AskForPin)
    assert isinstance(expected, Totp)
    assert SECRET not in repr(step)


@pytest.mark.parametrize(
    ("secret", "severity", "message"),
    [("A" * 25, "error", "no secret"), ("8" * 26, "error", "no secret")],
)
def test_a_bad_secret_is_reported_by_its_place(secret, severity, message):
    ((said_severity, path, said),) = build("caller_pin", {"pins": {VIP: {"totp": secret}}}).said
    assert (said_severity, path) == (severity, ("pins",))
    assert message in said
    assert secret not in said
