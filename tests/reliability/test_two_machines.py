"""Two services with one PostgreSQL, as on two machines: lockouts and call records are one, and one may die."""

from __future__ import annotations

import errno
import os
import signal
import socket as stdlib_socket
import time

import pytest
from reliability.faults import Traffic, served_again
from running_service import GATE, RIGHT, switch, until
from sqlalchemy import create_engine, text

from vipgate_fs.simulator import Caller

LIMITS = "    lockout: {failures: 4}\n"
GUESSER = "004930123456"


@pytest.fixture
def machines(serve, postgresql):
    gates = f"{GATE}{LIMITS}store: {postgresql.url}\n"
    return [serve(gates=gates), serve(gates=gates)]


def count(server, query):
    engine = create_engine(server.url)
    with engine.connect() as connection:
        found = connection.execute(text(query)).scalar_one()
    engine.dispose()
    return found


def refuses(port):
    with stdlib_socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


LOCKED = "SELECT count(*) FROM vipgate_tallies WHERE kind = 'caller' AND locked_until > 0"


def test_wrong_entries_at_both_are_counted_together(machines, postgresql):
    switches = [switch(machine) for machine in machines]
    before = count(postgresql, "SELECT count(*) FROM vipgate_calls")
    locked_before = count(postgresql, LOCKED)
    for turn in range(4):
        assert switches[turn % 2].call(Caller(number=GUESSER, dial="605142#"), "700").transfers == []
    for each in switches:
        assert each.call(Caller(number=GUESSER, dial=RIGHT.dial), "700").transfers == [], "locked on both"
        assert each.call(RIGHT, "700").transfers
    assert count(postgresql, LOCKED) == locked_before + 1
    until(lambda: count(postgresql, "SELECT count(*) FROM vipgate_calls") == before + 8)


def test_a_machine_dies(machines, tell):
    """The second host of the dialplan's list takes over; what was in a dialogue on the first is hung up on."""
    first, second = machines
    with Traffic(switch(second)) as beside:
        started = time.monotonic()
        os.killpg(first.process.pid, signal.SIGKILL)
        until(lambda: refuses(first.port))
        served_again(switch(first, second))
        recovery = time.monotonic() - started
    assert beside.lost == 0
    assert second.lines("outcome", result="pin_correct")
    experienced = "hung up on in a dialogue with it; in this very instant: refused; else the next host"
    tell("a machine's service dies at once, with another in the host list", experienced, len(beside.calls), 0, recovery)


def test_the_store_of_both_is_gone(machines, postgresql, tell):
    with Traffic(switch(*machines), every=0.1) as traffic:
        postgresql.stop()
        machines[0].await_line("store unavailable, counting lockouts in memory")
        postgresql.start()
    assert traffic.lost == 0
    tell("PostgreSQL stopped and started", "nothing", len(traffic.calls), 0, None)
