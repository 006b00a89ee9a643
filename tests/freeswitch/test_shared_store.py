"""Two gates with one PostgreSQL: what is counted by one counts for both."""

import subprocess
from shutil import copy2

import database_servers
import pytest
from freeswitch.gate import PIN, WRONG_PIN, wait_until
from freeswitch.phone import Scenario
from freeswitch.switch import FIRST, SECOND

GATES = f"""
  support:
    protects: {{numbers: ["7000", "7001"]}}
    attempts: 1
    lockout: {{failures: 2}}
    identify: [{{guest_pin: {{pin: "{PIN}"}}}}]
"""
AT_FIRST, AT_SECOND = "7000", "7001"
"""Whoever calls this number is asked by that gate."""
RIGHT, WRONG, PASSES = "200 welcome called", "200 welcome BYE", "200 called"
GUESSER = "+4971155571"


@pytest.fixture(scope="module")
def database(switch):
    """A PostgreSQL in the network of the switch."""
    with database_servers.postgresql() as server:
        yield server


@pytest.fixture
def gates(database, start, dialplan, tmp_path):
    """Both, each in a folder of its own, as on two machines."""
    dialplan(
        "127.0.0.1:8084|127.0.0.1:8086",
        f"127.0.0.1:${{cond(${{destination_number}} == {AT_FIRST} ? {FIRST} : {SECOND})}}",
    )
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    return [
        start(port, folder=folder, store=f'"{database.url}"')
        for port, folder in zip((FIRST, SECOND), folders, strict=True)
    ]


@pytest.fixture
def keys_in(call, gates):
    return lambda pin, to, caller="": call(Scenario("keys in", to, "", f"welcome {pin}#", caller)).story


def test_a_single_use_is_single(gates, phones):
    """Ten callers at the same time, five at each gate; the key of guest PINs was copied to the second."""
    first, second = gates
    pin = first.vipgate("pin", "issue", "--gate", "support", "--digits", "12", "--uses", "1")
    copy2(first.folder / "vipgate.key", second.folder)
    calls = [phones.place(Scenario("guest", to, "", f"welcome {pin}#")) for to in (AT_FIRST, AT_SECOND) * 5]
    assert sorted(call.result().story for call in calls) == [WRONG] * 9 + [RIGHT]
    assert [len(gate.lines("outcome")) for gate in gates] == [5, 5]
    assert sum(line.get("why", "").startswith("guest PIN ") for gate in gates for line in gate.lines("outcome")) == 1


def test_wrong_entries_count_together(gates, keys_in):
    assert [keys_in(WRONG_PIN, to, GUESSER) for to in (AT_FIRST, AT_SECOND)] == [WRONG] * 2
    assert [keys_in(PIN, to, GUESSER) for to in (AT_FIRST, AT_SECOND)] == [WRONG] * 2
    assert keys_in(PIN, AT_SECOND) == RIGHT
    gates[0].vipgate("lockouts", "clear", "--caller", GUESSER)
    assert keys_in(PIN, AT_SECOND, GUESSER) == RIGHT


def test_an_override_is_for_both(gates, call):
    gates[0].vipgate("override", "support", "off")
    for to in (AT_FIRST, AT_SECOND):
        assert wait_until(lambda to=to: call(Scenario("override", to, PASSES)).story == PASSES)
    gates[1].vipgate("override", "support", "auto")
    for to in (AT_FIRST, AT_SECOND):
        assert wait_until(lambda to=to: call(Scenario("override", to, "", "welcome hangup")).story == "200 welcome")


def test_each_shows_the_calls_of_both(gates, keys_in):
    callers = {to: f"+497115557{to}" for to in (AT_FIRST, AT_SECOND)}
    for to, caller in callers.items():
        assert keys_in(PIN, to, caller) == RIGHT
    for gate in gates:
        assert wait_until(lambda gate=gate: {record["caller"] for record in gate.records()} >= set(callers.values()))


def test_no_pin_is_in_it(gates, keys_in, database, watch):
    keys_in(PIN, AT_FIRST), keys_in(WRONG_PIN, AT_SECOND)
    stored = subprocess.run(
        [database_servers.binary("pg_dump"), "--inserts", database.url.replace("+psycopg", "")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "support" in stored
    assert watch.lines(stored) == []
