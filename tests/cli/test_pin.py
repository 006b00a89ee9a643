from __future__ import annotations

import json
import re
import time

import pytest
from click.testing import CliRunner

from vipgate_fs.cli.pin import command
from vipgate_fs.gate.memory import ReadOnly
from vipgate_fs.identify.guest_pin import GuestCredential
from vipgate_fs.secret import Secret
from vipgate_fs.store.book import StoreBook
from vipgate_fs.store.database import Database
from vipgate_fs.store.key import KeyFile, make_key
from vipgate_fs.store.ledger import Ledger

CONFIGURATION = """\
version: 1
site: {{country: DE, timezone: Europe/Berlin}}
store: {store}
gates:
  support: {{protects: {{numbers: ["7000"]}}, identify: [{{guest_pin: {{}}}}]}}
  service: {{protects: {{numbers: ["7001"]}}, otherwise: {{reject: true}}}}
"""
VIP = "+4917612345678"


@pytest.fixture
def database(tmp_path):
    """The store of a service that was started once."""
    database = Database(Secret(f"sqlite:///{tmp_path}/state.db"))
    database.transact(lambda _: None)
    yield database
    database.close()


@pytest.fixture
def pin(tmp_path, database):
    """Runs the command for the site."""
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION.format(store="sqlite:///state.db"))

    def run(name, *arguments):
        return CliRunner().invoke(command, [name, "--config", str(tmp_path / "vipgate.yaml"), *arguments])

    return run


@pytest.fixture
def is_right(tmp_path, database):
    """Whether a PIN would be right now."""
    memory = ReadOnly(StoreBook(database, KeyFile(tmp_path / "state.key")))

    def ask(entered, caller=VIP, at=0.0):
        return GuestCredential("support", caller, time.time() + at).matches(entered, memory) is not None

    return ask


@pytest.fixture
def use(tmp_path, database):
    """Uses a PIN at a moment."""

    def do(entered, caller, at):
        with database.writing() as connection:
            ledger = Ledger(connection, database.dialect, KeyFile(tmp_path / "state.key"))
            GuestCredential("support", caller, at).matches(entered, ledger).spend()

    return do


def listed(pin):
    result = pin("list", "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("digits", [None, 6, 12])
def test_it_is_printed_once_and_right_for_a_day(pin, is_right, digits):
    result = pin("issue", "--gate", "support", *(["--digits", str(digits)] if digits else []))
    assert result.exit_code == 0, result.output
    made = result.stdout.strip()
    assert re.fullmatch(f"[0-9]{{{digits or 8}}}", made)
    assert made not in result.stderr
    assert [is_right(made, at=at) for at in (0, 86_390, 86_401)] == [True, True, False]
    (guest,) = listed(pin)
    assert made not in str(guest)
    assert (guest["gate"], guest["caller"], guest["uses_left"], guest["note"]) == ("support", None, None, "")
    assert pin("list").stdout.startswith(f"{guest['id']}: support, valid until ")
    assert pin("revoke", guest["id"]).output == f"{guest['id']}: revoked\n"
    assert not is_right(made)
    assert listed(pin) == []


def test_what_it_is_good_for_is_kept_and_shown(pin, is_right):
    options = ["--caller", "0176 12345678", "--uses", "2", "--note", "Ms Example\n", "--until", "2099-12-24T18:30"]
    result = pin("issue", "--gate", "support", *options)
    made = result.stdout.strip()
    line = f"support, for {VIP}, valid until Thu 2099-12-24 18:30, 2 uses left (Ms Example\\n)\n"
    assert result.stderr.endswith(f": {line}")
    assert pin("list").stdout.endswith(f": {line}")
    assert [is_right(made), is_right(made, caller="")] == [True, False]


def test_who_will_hardly_call_like_that_is_doubted(pin):
    result = pin("issue", "--gate", "support", "--caller", "7115551001")
    assert result.exit_code == 0
    assert "Warning: 10 digits that begin with neither 0 nor +" in result.stderr
    assert "Write +497115551001" in result.stderr
    assert "Warning" not in pin("issue", "--gate", "support", "--caller", "0711 5551001").stderr


def test_ids_are_no_pins_and_pins_differ(pin):
    made = [pin("issue", "--gate", "support", "--digits", "6").stdout for _ in range(20)]
    ids = [guest["id"] for guest in listed(pin)]
    assert len(set(made)) == len(set(ids)) == 20
    assert all(re.fullmatch("[a-z]{6}", guest) for guest in ids)


def test_one_that_has_ended_or_is_used_up_is_still_listed(pin, monkeypatch):
    pin("issue", "--gate", "support", "--valid-for", "1m", "--uses", "1")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert re.search("support, ended .*, one use left$", pin("list").stdout.strip())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["issue", "--gate", "service"], "no gate of this name asks for guest PINs; those that do: support"),
        (["issue", "--gate", "nowhere"], "no gate of this name asks for guest PINs; those that do: support"),
        (["issue", "--gate", "support", "--caller", "anonymous"], "a caller without a number"),
        (["issue", "--gate", "support", "--digits", "5"], "6<=x<=12"),
        (["issue", "--gate", "support", "--uses", "0"], "1<=x<=1000000"),
        (["issue", "--gate", "support", "--uses", str(10**20)], "1<=x<=1000000"),
        (["issue", "--gate", "support", "--caller", "0176x"], "this is not a telephone number"),
        (["issue", "--gate", "support", "--valid-for", "1w"], "for --valid-for: found 1w; allowed: a number with"),
        (["issue", "--gate", "support", "--until", "2020-01-01"], "this time is over"),
        (["issue", "--gate", "support", "--until", "9999-12-31"], "found 9999-12-31; allowed: years 1970 to 9998"),
        (["issue", "--gate", "support", "--until", "2099-01-01", "--valid-for", "1h"], "either until when"),
        (["revoke", "nobody"], "there is no guest PIN nobody"),
    ],
)
def test_what_makes_no_sense_makes_no_pin(pin, arguments, message):
    result = pin(*arguments)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.output.split())
    assert result.stdout == ""
    assert listed(pin) == []


def test_a_key_that_others_can_read_is_refused_in_one_line(pin, tmp_path):
    make_key(tmp_path / "state.key")
    tmp_path.joinpath("state.key").chmod(0o644)
    result = pin("issue", "--gate", "support")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "may be read by others (mode 0644); chmod 600" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_machine_without_the_key_of_the_store_makes_no_other(pin, tmp_path):
    pin("issue", "--gate", "support")
    tmp_path.joinpath("state.key").unlink()
    (lost,) = listed(pin)
    result = pin("issue", "--gate", "support")
    assert result.exit_code == 1
    assert f"with which these guest PINs were issued: {lost['id']}; copy it from where" in result.stderr
    assert not tmp_path.joinpath("state.key").exists()
    assert pin("issue", "--gate", "support", "--new-key").exit_code == 0
    assert [guest["id"] for guest in listed(pin)] != [lost["id"]]
    assert len(listed(pin)) == 1
    result = pin("issue", "--gate", "support", "--new-key")
    assert (result.exit_code, "for a key that is lost, and there is" in " ".join(result.stderr.split())) == (2, True)


@pytest.mark.parametrize("how", ["revoked", "used up", "ended"])
def test_a_key_that_nobody_misses_is_made_anew(pin, tmp_path, use, is_right, monkeypatch, how):
    made = pin("issue", "--gate", "support", "--uses", "1", "--valid-for", "1m").stdout.strip()
    if how == "revoked":
        pin("revoke", listed(pin)[0]["id"])
    elif how == "used up":
        use(made, "", time.time())
    else:
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 61)
    tmp_path.joinpath("state.key").unlink()
    assert is_right(pin("issue", "--gate", "support").stdout.strip())


def test_when_it_was_last_used_is_listed(pin, use):
    made = pin("issue", "--gate", "support", "--until", "2099-12-24T18:30").stdout.strip()
    (guest,) = listed(pin)
    assert (guest["used"], guest["valid_until"]) == (None, "2099-12-24T18:30:00+01:00")
    use(made, VIP, 1.8e9)
    assert listed(pin)[0]["used"] == "2027-01-15T09:00:00+01:00"
    assert ", last used Fri 2027-01-15 09:00" in pin("list").stdout


def test_it_may_be_the_first_that_needs_the_store(pin, tmp_path):
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION.format(store="sqlite:///other.db"))
    assert pin("list").exit_code == 1
    assert not tmp_path.joinpath("other.db").exists()
    assert pin("issue", "--gate", "support").exit_code == 0
    assert len(listed(pin)) == 1
    assert tmp_path.joinpath("other.db").stat().st_mode & 0o777 == 0o600


def test_without_a_store_there_are_none(pin, tmp_path):
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION.format(store="none"))
    result = pin("issue", "--gate", "support")
    assert result.exit_code == 1
    assert "guest PINs are kept in the store, and store is none" in result.output
    assert not list(tmp_path.glob("*.key"))


def test_who_issues_and_revokes_is_in_the_systems_log_and_no_pin_is(pin, audited):
    made = pin("issue", "--gate", "support", "--note", "Ms Example").stdout.strip()
    (guest,) = listed(pin)
    pin("revoke", guest["id"])
    (issued, *facts), (revoked, *more) = audited
    assert (issued, revoked) == ("pin issue", "pin revoke")
    assert {"gate=support", f"id={guest['id']}"} <= set(facts)
    assert f"id={guest['id']}" in more
    assert made not in str(audited)
