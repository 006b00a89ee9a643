from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import structlog
from attempts import attempt_of, judge
from click.testing import CliRunner

from vipgate_fs.cli.lockouts import command
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.secret import Secret
from vipgate_fs.store.store import Store

CONFIGURATION = """\
version: 1
store: {store}
gates:
  support: {{protects: {{numbers: ["7000"]}}, identify: [{{static_pin: {{pin: "081547"}}}}], lockout: {{failures: 3}}}}
  service: {{protects: {{numbers: ["7001"]}}, otherwise: {{reject: true}}}}
"""
VIP = "+4917612345678"
LOCKED, OTHER, CUSTOMER = ("caller", VIP, 3, True), ("caller", "+4930123456", 1, False), ("customer", "10027", 1, False)


@pytest.fixture
def lockouts(tmp_path):
    """Runs the command for a site."""
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION.format(store="sqlite:///state.db"))

    def run(*arguments):
        return CliRunner().invoke(command, ["--config", str(tmp_path / "vipgate.yaml"), *arguments])

    return run


@pytest.fixture
def guess(tmp_path):
    """Enters wrong PINs."""
    # A log of its own: the store's thread still reports a lockout when the command may already own stdout.
    log = structlog.wrap_logger(structlog.ReturnLogger())
    store = Store(Secret(f"sqlite:///{tmp_path}/state.db"), tmp_path / "state.key", log)
    store.open()

    def enter(caller, times, gate="support", **more):
        for _ in range(times):
            judge(store, attempt_of(caller, Lockout(failures=3), gate=gate, **more))

    yield enter
    store.close()


def listed(result):
    assert result.exit_code == 0, result.output
    return [
        (each["kind"], each["who"], each["failures"], bool(each["locked_until"])) for each in json.loads(result.stdout)
    ]


def test_a_command_leaves_no_connection_open(lockouts, guess, tmp_path):
    """Python 3.13 warns of one, wherever it happens to find it."""
    guess(VIP, 1)

    def opened():
        links = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]  # noqa: PTH115
        return links.count(str(tmp_path / "state.db-wal"))  # each connection has one

    before = opened()
    for arguments in ([], ["clear", "--caller", VIP]):
        assert lockouts(*arguments).exit_code == 0
    assert opened() == before


def test_it_lists_wrong_entries_and_lockouts(lockouts, guess):
    guess(VIP, 3)
    guess("", 2, customer="10027")
    assert listed(lockouts("--format", "json")) == [
        ("caller", "", 2, False),
        ("caller", VIP, 3, True),
        ("customer", "10027", 2, False),
        ("gate", "", 5, False),
    ]
    lines = lockouts().stdout.splitlines()
    assert lines[0].split() == [
        "gate",
        "of",
        "who",
        "failed",
        "attempts",
        "locked",
        "until",
    ]
    assert lines[1].split() == ["support", "caller", "withheld", "2", "-"]
    assert lines[2].split()[:4] == ["support", "caller", VIP, "3"]
    assert lines[4].split() == ["support", "gate", "all", "5", "-"]


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--all"], []),
        (["--caller", "0176 12345678"], [OTHER, CUSTOMER, ("gate", "", 4, False), ("gate", "", 1, False)]),
        (["--gate", "service"], [LOCKED, OTHER, CUSTOMER, ("gate", "", 4, False)]),
        (
            ["--customer", "10027"],
            [LOCKED, OTHER, ("caller", VIP, 1, False), ("gate", "", 4, False), ("gate", "", 1, False)],
        ),
        (["--gate", "service", "--caller", "anonymous"], None),
        (["--gate", "service", "--customer", "10027"], None),
    ],
)
def test_clear(lockouts, guess, arguments, left):
    guess(VIP, 3)
    guess("+4930123456", 1, customer="10027")
    guess(VIP, 1, gate="service")
    before = listed(lockouts("--format", "json"))
    result = lockouts("clear", *arguments)
    assert result.exit_code == 0, result.output
    after = listed(lockouts("--format", "json"))
    expected = before if left is None else left
    assert sorted(after, key=str) == sorted(expected, key=str)
    cleared = len(before) - len(expected)
    assert result.stdout == (
        f"cleared: {cleared}\n" if cleared else "there was nothing to clear: see vipgate lockouts\n"
    )


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ("none", "store is none: lockouts live in the service's memory"),
        ("sqlite:///nowhere.db", "there is no store"),
        ("sqlite:///vipgate.yaml", "the store: file is not a database"),
        ("postgresql+psycopg://vipgate:s3cr3t@127.0.0.1:1/x", "the store: connection failed"),
    ],
)
def test_a_store_that_can_not_be_used_is_one_line(lockouts, tmp_path, store, message):
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION.format(store=store))
    for arguments in ([], ["clear", "--all"]):
        result = lockouts(*arguments)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: {message}")
        assert result.stderr.count("\n") == 1
        assert "s3cr3t" not in result.stderr


def test_an_unknown_gate(lockouts, guess):
    result = lockouts("clear", "--gate", "suport")
    assert result.exit_code == 2
    assert "no such gate; there are support, service" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say whose: --gate, --caller or --customer; or --all"),
        (["--all", "--gate", "support"], "say whose"),
        (["--caller", "1", "--customer", "2"], "say either --caller or --customer"),
        (["--caller", ""], "--caller is empty: a number, or 'anonymous' for withheld numbers"),
        (["--gate", "support", "--caller", " "], "--caller is empty"),
        (["--customer", ""], "--customer is empty: a customer number"),
    ],
)
def test_nothing_is_cleared_that_nobody_asked_for(lockouts, guess, arguments, message):
    guess(VIP, 3)
    before = listed(lockouts("--format", "json"))
    result = lockouts("clear", *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True)
    assert listed(lockouts("--format", "json")) == before


def test_who_clears_is_in_the_systems_log(lockouts, guess, audited):
    guess(VIP, 3)
    lockouts("clear", "--gate", "support")
    ((action, *facts),) = audited
    assert action == "lockouts clear"
    assert {"gate=support", "cleared=2"} <= set(facts)


def test_who_can_be_no_caller_is_an_error(lockouts, guess):
    guess(VIP, 1)
    result = lockouts("clear", "--caller", "0176abc")
    assert result.exit_code == 2
    assert "0176abc is no telephone number, and no caller of that name has failed attempts" in result.output
