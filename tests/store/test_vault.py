"""Guest PINs and time steps in real databases: a single use is single, and without the store there are no guests."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vipgate_fs.gate.pins import Unchecked
from vipgate_fs.store import guests
from vipgate_fs.store.guests import KEPT_FOR, GuestPin
from vipgate_fs.store.key import KeyUnusable, make_key, read_key
from vipgate_fs.store.vault import StoreVault

NOW = 1e9
PIN, OTHER = "47110815", "47110816"
VIP = "+4917612345678"
COPY = "copy it from the machine on which guest PINs are issued"


@pytest.fixture
def key_file(tmp_path):
    return tmp_path / "secret" / "vipgate.key"


@pytest.fixture
def vault(said, database, key_file):
    return StoreVault(said, database, key_file)


@pytest.fixture
def issue(database, key_file):
    """Issues a guest PIN at the gate `g`; returns whether it could."""
    key_file.parent.mkdir()

    def do(pin=PIN, gate="g", caller=None, until=NOW + 100, uses=None, guest="abc", created=NOW):
        of_pin = guests.digest(make_key(key_file), gate, pin)
        guest_pin = GuestPin(guest, gate, caller, until, uses, "for a test", created)
        return database.run(lambda connection: guests.issue(connection, of_pin, guest_pin))

    return do


@pytest.mark.parametrize(
    ("issued", "gate", "caller", "entered", "at", "is_right"),
    [
        ({}, "g", VIP, PIN, NOW, True),
        ({}, "g", "", PIN, NOW, True),
        ({}, "g", VIP, OTHER, NOW, False),
        ({}, "g", VIP, "", NOW, False),
        ({}, "g", VIP, "\udcff", NOW, False),
        ({}, "h", VIP, PIN, NOW, False),
        ({"until": NOW + 1}, "g", VIP, PIN, NOW, True),
        ({"until": NOW}, "g", VIP, PIN, NOW, False),
        ({"caller": VIP}, "g", VIP, PIN, NOW, True),
        ({"caller": VIP}, "g", "+4971112345678", PIN, NOW, False),
        ({"caller": VIP}, "g", "", PIN, NOW, False),
        ({"uses": 1}, "g", VIP, PIN, NOW, True),
        ({"uses": 0}, "g", VIP, PIN, NOW, False),
    ],
)
def test_where_for_whom_and_how_long_it_is_good(vault, issue, said, issued, gate, caller, entered, at, is_right):
    assert issue(**issued)
    assert vault.has_guest_pin(gate, caller, entered, at) == is_right
    assert vault.use_guest_pin(gate, caller, entered, at) == ("abc" if is_right else None)
    assert said.lines == []


@pytest.mark.parametrize(("uses", "used"), [(1, 1), (2, 2), (None, 4)])
def test_its_uses_are_counted_and_looking_is_none(vault, issue, database, uses, used):
    issue(uses=uses)
    assert [vault.has_guest_pin("g", VIP, PIN, NOW) for _ in range(3)] == [True] * 3
    (fresh,) = database.run(lambda connection: list(guests.read(connection)))
    assert [vault.use_guest_pin("g", VIP, PIN, NOW + number) for number in range(4)].count("abc") == used
    (left,) = database.run(lambda connection: list(guests.read(connection)))
    assert left.uses_left == (0 if uses else None)
    assert (fresh.used, left.used) == (None, NOW + used - 1)


def test_a_single_use_is_single_among_fifty_at_once_on_several_machines(issue, said, open_database, url, key_file):
    issue(uses=1)
    machines = [StoreVault(said, open_database(url), key_file) for _ in range(3)]
    with ThreadPoolExecutor(50) as pool:
        used = Counter(pool.map(lambda number: machines[number % 3].use_guest_pin("g", VIP, PIN, NOW), range(50)))
    assert used == {"abc": 1, None: 49}
    assert said.lines == []


def test_a_revoked_one_is_worthless_at_once(vault, issue, database):
    issue()
    assert database.run(lambda connection: guests.revoke(connection, "abc"))
    assert not database.run(lambda connection: guests.revoke(connection, "abc"))
    assert not vault.has_guest_pin("g", VIP, PIN, NOW)


def test_the_same_digits_are_not_given_out_twice_at_a_gate(issue, database):
    assert issue(guest="a")
    assert not issue(guest="b")
    assert issue(guest="b", gate="h")
    assert issue(guest="c", pin=OTHER)
    listed = database.run(lambda connection: list(guests.read(connection)))
    assert [guest.id for guest in listed] == ["a", "b", "c"]


def test_what_ended_long_ago_is_forgotten(issue, database):
    issue(guest="old", until=NOW)
    issue(guest="new", pin=OTHER, created=NOW + KEPT_FOR + 1, until=NOW + KEPT_FOR + 2)
    assert [guest.id for guest in database.run(lambda connection: list(guests.read(connection)))] == ["new"]


def test_the_store_does_not_hold_the_pin(issue, tmp_path, database, url):
    issue()
    database.close()
    if "sqlite" in url.reveal():
        for file in tmp_path.glob("vipgate.db*"):
            assert PIN.encode() not in file.read_bytes()
    assert len({guests.digest(key, gate, PIN) for key in (b"1", b"2") for gate in ("g", "h")}) == 4


def test_without_the_key_guest_pins_are_refused_and_that_is_said_once(vault, issue, said, key_file):
    issue(until=NOW + 100)
    key = key_file.read_text()
    for _ in range(2):
        key_file.unlink()
        for _ in range(3):
            with pytest.raises(Unchecked):
                vault.has_guest_pin("g", VIP, PIN, NOW)
            assert vault.use_guest_pin("g", VIP, PIN, NOW) is None
        key_file.touch(0o600)
        key_file.write_text(key)
        assert vault.has_guest_pin("g", VIP, PIN, NOW)
    assert (
        said.lines == [("error", "guest PINs are refused", {"gate": "g", "why": f"there is no {key_file}; {COPY}"})] * 2
    )


@pytest.mark.parametrize("issued", [None, {"until": NOW}, {"uses": 0}, {"gate": "h"}])
def test_nobody_misses_the_key_of_a_gate_without_guest_pins(vault, issue, said, key_file, issued):
    if issued:
        issue(**issued)
        key_file.unlink()
    assert not vault.has_guest_pin("g", VIP, PIN, NOW)
    assert said.lines == []


def test_while_the_store_is_gone_guest_pins_are_refused_and_time_steps_remembered(vault, issue, said, monkeypatch):
    issue()
    assert vault.use_time_step("o", 6)

    def gone(*_, **__):
        raise OSError("no route")

    with monkeypatch.context() as patched:
        patched.setattr(vault._database, "transact", gone)
        with pytest.raises(Unchecked):
            vault.has_guest_pin("g", VIP, PIN, NOW)
        assert vault.use_guest_pin("g", VIP, PIN, NOW) is None
        assert [vault.use_time_step("o", step) for step in (5, 6, 7, 7, 8)] == [False, False, True, False, True]
        assert [vault.last_time_step(owner) for owner in "op"] == [8, -1]
    ((level, _, values),) = said.lines
    assert level == "error"
    assert "guest PINs are refused" in values["without"]
    vault._database._gone_until = 0.0
    assert vault.has_guest_pin("g", VIP, PIN, NOW)
    assert vault.last_time_step("o") == 8
    assert [vault.use_time_step("o", step) for step in (8, 9)] == [False, True]


def test_a_time_step_is_accepted_once_and_none_before_it(vault, said, open_database, url, key_file):
    other = StoreVault(said, open_database(url), key_file)
    asked = [(vault, "a", 5), (other, "a", 5), (other, "a", 4), (vault, "b", 4), (other, "a", 6), (vault, "a", 6)]
    assert [each.use_time_step(owner, step) for each, owner, step in asked] == [True, False, False, True, True, False]
    assert [each.last_time_step(owner) for each in (vault, other) for owner in "abc"] == [6, 4, -1] * 2
    with ThreadPoolExecutor(20) as pool:
        used = Counter(pool.map(lambda number: (vault, other)[number % 2].use_time_step("c", 1), range(20)))
    assert used == {True: 1, False: 19}


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    file = tmp_path / "vipgate.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: make_key(file), range(8)))
    assert keys == {read_key(file)}
    assert len(keys.pop()) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
@pytest.mark.parametrize("do", [read_key, make_key])
def test_a_key_that_others_may_read_is_refused(tmp_path, do, mode):
    file = tmp_path / "vipgate.key"
    make_key(file)
    file.chmod(mode)
    with pytest.raises(KeyUnusable, match=f"may be read by others .mode {mode:04o}.; chmod 600"):
        do(file)


@pytest.mark.parametrize("text", ["", "47110815", "zz" * 32, "ä" * 64, "ab" * 33])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path, text):
    file = tmp_path / "vipgate.key"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(KeyUnusable, match="holds no key of VIPgate") as caught:
        read_key(file)
    assert not text or text not in str(caught.value)


def test_a_folder_that_may_not_be_looked_into_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(KeyUnusable, match=r"vipgate\.key: Permission denied"):
        make_key(tmp_path / "vipgate.key")


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(KeyUnusable, match="No such file or directory"):
        make_key(tmp_path / "nowhere" / "vipgate.key")
