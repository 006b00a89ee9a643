"""No crash, no hang, no growth, whatever comes; `make fuzz SECONDS=600` looks longer.

What is found is written into the folder `corpus`, in its shortest form, and stays there as a test.
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections import deque
from pathlib import Path

import pytest
from esl_peer import within
from fuzz.targets import TARGETS
from hypothesis import HealthCheck, given, seed, settings

CORPUS = Path(__file__).parent / "corpus"
KNOWN = [file for file in sorted(CORPUS.glob("*/*")) if file.parent.name in TARGETS]
HANG = 20.0
"""Seconds that nothing may take."""
GROWTH = 4e6
"""Bytes that the process may gain when it is given the same inputs again."""


def once(target, data):
    with within(HANG):
        TARGETS[target].check(data)


@pytest.mark.parametrize("file", KNOWN, ids=lambda file: f"{file.parent.name}-{file.name}")
def test_what_was_found_once(file):
    once(file.parent.name, file.read_bytes())


def resident():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize("name", TARGETS)
def test_fuzz(name, pytestconfig):
    found, last = [], deque(maxlen=300)

    @settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
    @given(TARGETS[name].inputs)
    def check(data):
        last.append(data)
        try:
            once(name, data)
        except BaseException:
            found[:] = [data]
            raise

    until, turn = time.monotonic() + pytestconfig.getoption("--fuzz", 1.0), time.time_ns()
    try:
        while time.monotonic() < until or not last:
            seed(turn)(check)()
            turn += 1
    finally:
        for data in found:
            file = CORPUS / name / hashlib.sha256(data).hexdigest()[:12]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    before = resident()  # what hypothesis keeps is its own affair
    for data in [*last] * 5:
        once(name, data)
    assert resident() - before < GROWTH


def test_something_wrong_would_be_found(monkeypatch):
    def crash(data):
        assert b"forward" not in data

    monkeypatch.setitem(TARGETS, "answer", TARGETS["answer"].__class__(crash, [b"{forward}"], [b"x"]))
    with pytest.raises(AssertionError):
        once("answer", b"{forward: 1}")
