"""Calls that meet no gate are counted, and each number is warned about once an hour."""

from __future__ import annotations

import pytest
from forked import vipgate
from running_service import Service, until

from vipgate_fs.service import unmet
from vipgate_fs.service.unmet import AGAIN_AFTER, Unmet
from vipgate_fs.simulator import Caller, Simulator

WARNING = "no gate protects a called number, so its calls pass"
GATES = """\
  support: {protects: {numbers: ["+49 7022 27978*"]}, otherwise: {reject: true}}
"""


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def warned():
    return []


@pytest.fixture
def calls(warned, now):
    return Unmet(lambda called, hint: warned.append((called, hint)), lambda: now[0])


def test_a_number_is_warned_about_once_an_hour_and_every_call_counts(calls, warned, now):
    for moment in (0, 1, AGAIN_AFTER - 1):
        now[0] = moment
        calls.note("7000", "a hint")
        calls.note("7001")
    assert (warned, calls.count) == ([("7000", "a hint"), ("7001", "")], 6)
    now[0] = AGAIN_AFTER
    calls.note("7000")
    calls.note("7000")
    assert (warned[2:], calls.count) == ([("7000", "")], 8)


def test_who_dials_at_random_takes_no_memory_and_makes_nobody_be_warned_about_twice(calls, warned, now, monkeypatch):
    monkeypatch.setattr(unmet, "MOST_NUMBERS", 3)
    for number in "12345" * 2:
        calls.note(number)
    assert [called for called, _ in warned] == ["1", "2", "3"]
    assert calls.count == 10
    now[0] = AGAIN_AFTER
    for number in "54321":
        calls.note(number)
    assert [called for called, _ in warned[3:]] == ["5", "4", "3"]


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path, settings="workers: 3", gates=GATES)
    yield service.listening()
    service.destroy()


def status(service):
    return vipgate("status", "--config", service.config)


def test_all_workers_together_warn_once_about_a_number_also_after_a_reload(service):
    switch = Simulator(port=service.port, speed=50)
    registered = Caller(headers={"To": "<sip:004970222797812@trunk.example>"})
    running = [switch.start(registered, "KXXXabcd") for _ in range(12)]
    running += [switch.start(Caller(), "004989123456") for _ in range(6)]
    for call in running:
        call.wait()
    service.await_line("outcome", count=18)
    service.reload()
    for _ in range(3):
        switch.call(registered, "KXXXabcd")
    service.await_line("outcome", count=21)
    until(lambda: "21 met no gate" in status(service).stdout)
    by_number = {line["called"]: line["hint"] for line in service.lines(WARNING, level="warning")}
    assert len(service.lines(WARNING)) == len(by_number) == 2
    assert (
        "gate support protects +4970222797812, which is in the header To: see site.called_number" in by_number.values()
    )
    assert "docs/freeswitch.md" in by_number["+4989123456"]
    done = status(service)
    assert done.returncode == 1
    assert done.stdout.startswith("degraded: none of 21 calls met a gate")


def test_where_gates_are_met_others_are_no_problem(service):
    switch = Simulator(port=service.port, speed=50)
    for number in ("004970222797812", *["004989123456"] * 10):
        switch.call(Caller(), number)
    until(lambda: "11 since the start, of which 10 met no gate" in status(service).stdout)
    assert status(service).returncode == 0
