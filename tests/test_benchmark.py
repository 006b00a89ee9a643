"""A short run of the benchmark. Time on a busy machine says nothing, so it is guarded by counting."""

from __future__ import annotations

import cpu_per_call
import pytest
import slow_webservice
from load import Load

pytestmark = pytest.mark.timeout(240)  # five servers are started, one after the other


def test_every_call_is_served_with_less_traffic_than_greenswitchs(monkeypatch):
    loads = []
    begin = Load.__init__

    def remember(load, *arguments):
        begin(load, *arguments)
        loads.append(load)

    monkeypatch.setattr(Load, "__init__", remember)
    measured = cpu_per_call.measure(calls=60, rounds=1, parallel=20, waiting=20)
    *gates, other = loads
    assert [gate.ends for gate in gates] == [{"transfer 700 XML vipgate-passed": 80}] * 4
    assert other.ends == {"transfer 100 XML default": 80}
    assert max(gate.bytes for gate in gates) < 0.8 * other.bytes
    assert all(cpu_ms[0] > 0 for cpu_ms, _ in measured.values())


def test_all_callers_of_a_slow_webservice_are_served_and_the_others_beside_them():
    measured = slow_webservice.measure(waiting=200, quick=3)
    assert measured.served == {"transfer 701 XML vipgate-passed": 200}
    assert len(measured.beside) == 3
    assert max(measured.beside) < slow_webservice.DELAY, "a quick call waited for the web service"
