"""Guest PINs and time steps in real databases: a single use is single, and without the store there are no guests."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from attempts import attempt_of
from store.conftest import until

from vipgate_fs.gate.lockout import Judgement
from vipgate_fs.gate.pins import Match, Unchecked
from vipgate_fs.identify.guest_pin import GuestCredential
from vipgate_fs.store import dialect, guests, key
from vipgate_fs.store.guests import KEPT_FOR, IssuedPin
from vipgate_fs.store.key import KeyFile, KeyUnusable, make_key, read_key
from vipgate_fs.store.ledger import Ledger

NOW = 1e9
PIN, OTHER = "47110815", "47110816"
VIP = "+4917612345678"
COPY = "copy it from the machine on which guest PINs are issued"
RIGHT, WRONG, LOCKED = Judgement.RIGHT, Judgement.WRONG, Judgement.LOCKED


class Step:
    """A one-time PIN of an owner, which is right at a time step."""

    def __init__(self, owner, step):
        self.owner, self.step = owner, step

    def matches(self, _entered, known):
        is_new = self.step > known.last_time_step(self.owner)
        return Match(spend=lambda: known.use_time_step(self.owner, self.step)) if is_new else None


@pytest.fixture
def issue(database, key_file):
    """Issues a guest PIN at the gate `g`; returns whether it could."""
    key_file.parent.mkdir()

    def do(pin=PIN, gate="g", caller=None, until=NOW + 100, uses=None, guest="abc", created=NOW):
        of_pin = guests.digest(make_key(key_file), gate, pin)
        guest_pin = IssuedPin(guest, gate, caller, until, uses, "for a test", created)
        return database.transact(lambda connection: guests.issue(connection, of_pin, guest_pin))

    return do


@pytest.fixture
def listed(database):
    return lambda: database.transact(lambda connection: list(guests.read(connection)), reads=True)


def enter(store, entered=PIN, caller=VIP, gate="g", at=NOW):
    """Which guest PIN was used; None: it was wrong."""
    judged = store.judge(attempt_of(caller, gate=gate), GuestCredential(gate, caller, at), entered)
    return judged.used.removeprefix("guest PIN ") if judged.judgement is RIGHT else None


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
def test_where_for_whom_and_how_long_it_is_good(store, issue, said, issued, gate, caller, entered, at, is_right):
    assert issue(**issued)
    assert enter(store, entered, caller, gate, at) == ("abc" if is_right else None)
    assert said.lines == []


@pytest.mark.parametrize(("uses", "used"), [(1, 1), (2, 2), (None, 4)])
def test_its_uses_are_counted(store, issue, listed, uses, used):
    issue(uses=uses)
    (fresh,) = listed()
    assert [enter(store, at=NOW + number) for number in range(4)].count("abc") == used
    (left,) = listed()
    assert left.uses_left == (0 if uses else None)
    assert (fresh.used, left.used) == (None, NOW + used - 1)


def test_a_caller_who_is_locked_out_uses_none_up(store, issue, listed):
    issue(uses=1)
    for _ in range(5):
        enter(store, OTHER)
    assert enter(store) is None
    assert [guest.uses_left for guest in listed()] == [1]
    assert enter(store, caller="+4930123456") == "abc"


def test_a_single_use_is_single_among_fifty_at_once_on_several_machines(issue, said, open_store):
    issue(uses=1)
    machines = [open_store() for _ in range(3)]
    with ThreadPoolExecutor(50) as pool:
        used = Counter(pool.map(lambda number: enter(machines[number % 3], caller=str(number)), range(50)))
    assert used == {"abc": 1, None: 49}
    assert "store unavailable, counting lockouts in memory" not in said.events


@pytest.mark.parametrize("what", ["guest PIN", "time step"])
def test_whoever_uses_it_waits_for_another_process_that_does(open_store, open_database, issue, url, key_file, what):
    """Else both would find it unused, and both callers would be let through. (A secret may stand at two gates.)"""
    issue(uses=1)
    store, database = open_store(), open_database(url)
    own = GuestCredential("g", VIP, NOW) if what == "guest PIN" else Step("o", 7)
    gate = "g" if what == "guest PIN" else "h"
    assert store.judge(attempt_of(), Step("o", 6), "1").judgement is RIGHT
    with ThreadPoolExecutor(1) as pool:
        with database.writing() as connection:
            ledger = Ledger(connection, database.dialect, KeyFile(key_file))
            ledger.load(attempt_of(VIP).accounts, {})
            match = own.matches(PIN, ledger)
            waiting = pool.submit(store.judge, attempt_of("2", gate=gate), own, PIN)
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
            match.spend()
        assert waiting.result(10).judgement is WRONG


def test_a_right_one_costs_one_transaction_and_the_key_is_not_read_again(store, issue, monkeypatch):
    issue()
    enter(store)
    read, transactions = [], store._writer.transactions
    monkeypatch.setattr(key, "read_key", read.append)
    assert enter(store) == "abc"
    assert (store._writer.transactions - transactions, read) == (1, [])


def test_a_revoked_one_is_worthless_at_once(store, issue, database):
    issue()
    assert database.transact(lambda connection: guests.revoke(connection, "abc"))
    assert not database.transact(lambda connection: guests.revoke(connection, "abc"))
    assert enter(store) is None


def test_the_same_digits_are_not_given_out_twice_at_a_gate(issue, listed):
    assert issue(guest="a")
    assert not issue(guest="b")
    assert issue(guest="b", gate="h")
    assert issue(guest="c", pin=OTHER)
    assert [guest.id for guest in listed()] == ["a", "b", "c"]


def test_what_ended_long_ago_is_forgotten(issue, listed):
    issue(guest="old", until=NOW)
    issue(guest="new", pin=OTHER, created=NOW + KEPT_FOR + 1, until=NOW + KEPT_FOR + 2)
    assert [guest.id for guest in listed()] == ["new"]


def test_to_issue_another_ends_none_that_is_valid(issue, listed):
    issue(until=NOW + 1, guest="ends soon")
    issue(OTHER, guest="another", until=NOW + 2 * KEPT_FOR)
    assert [guest.id for guest in listed()] == ["another", "ends soon"]


def test_the_store_does_not_hold_the_pin(issue, tmp_path, database, url):
    issue()
    database.close()
    if "sqlite" in url.reveal():
        for file in tmp_path.glob("vipgate.db*"):
            assert PIN.encode() not in file.read_bytes()
    assert len({guests.digest(key, gate, PIN) for key in (b"1", b"2") for gate in ("g", "h")}) == 4


def test_without_the_key_guest_pins_are_refused_and_that_is_said_once(store, issue, said, key_file):
    issue(until=NOW + 100)
    text = key_file.read_text()
    for _ in range(2):
        key_file.unlink()
        for _ in range(3):
            with pytest.raises(Unchecked):
                enter(store)
        key_file.touch(0o600)
        key_file.write_text(text)
        assert enter(store) == "abc"
    assert (
        said.lines == [("error", "guest PINs are refused", {"gate": "g", "why": f"there is no {key_file}; {COPY}"})] * 2
    )


def test_a_key_that_others_may_read_from_now_on_is_refused(store, issue, key_file):
    issue()
    assert enter(store) == "abc"
    key_file.chmod(0o644)
    with pytest.raises(Unchecked):
        enter(store)
    key_file.chmod(0o600)
    assert enter(store) == "abc"


@pytest.mark.parametrize("issued", [None, {"until": NOW}, {"uses": 0}, {"gate": "h"}])
def test_nobody_misses_the_key_of_a_gate_without_guest_pins(store, issue, said, key_file, issued):
    if issued:
        issue(**issued)
        key_file.unlink()
    assert enter(store) is None
    assert said.lines == []


def test_while_the_store_is_gone_nothing_that_is_good_once_can_be_checked(store, issue, said, monkeypatch):
    """Another worker, or another machine, may accept it at this moment."""
    monkeypatch.setattr(dialect, "RETRY", 0.1)
    issue()
    assert store.judge(attempt_of(), Step("o", 6), "1").judgement is RIGHT

    def gone(*_, **__):
        raise OSError("no route")

    with monkeypatch.context() as patched:
        patched.setattr(store._database, "_connected", gone)
        for _ in range(2):
            with pytest.raises(Unchecked):
                enter(store)
            with pytest.raises(Unchecked):
                store.judge(attempt_of(), Step("o", 7), "1")
    ((level, _, values),) = said.lines
    assert level == "error"
    assert "guest PINs and one-time PINs are refused" in values["without"]
    until(lambda: "store available again" in said.events)
    assert enter(store) == "abc"
    assert [store.judge(attempt_of(), Step("o", step), "1").judgement for step in (6, 7)] == [WRONG, RIGHT]


def test_a_time_step_is_accepted_once_and_none_before_it(open_store):
    stores = [open_store() for _ in range(2)]
    asked = [(0, "a", 5), (1, "a", 5), (1, "a", 4), (0, "b", 4), (1, "a", 6), (0, "a", 6)]
    judged = [stores[number].judge(attempt_of(), Step(owner, step), "1").judgement for number, owner, step in asked]
    assert judged == [RIGHT, WRONG, WRONG, RIGHT, RIGHT, WRONG]
    with ThreadPoolExecutor(20) as pool:
        used = Counter(
            pool.map(
                lambda number: stores[number % 2].judge(attempt_of(str(number)), Step("c", 1), "1").judgement, range(20)
            )
        )
    assert used == {RIGHT: 1, WRONG: 19}


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


def test_a_folder_that_may_not_be_looked_into_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "builtins.open", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(KeyUnusable, match=r"vipgate\.key: Permission denied"):
        make_key(tmp_path / "vipgate.key")


def test_a_folder_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(KeyUnusable, match="No such file or directory"):
        make_key(tmp_path / "nowhere" / "vipgate.key")
