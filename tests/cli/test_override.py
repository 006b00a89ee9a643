from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import explain, override
from vipgate_fs.secret import Secret
from vipgate_fs.service.logs import configure
from vipgate_fs.store.database import Database

CONFIGURATION = """\
version: 1
store: {store}
gates:
  support: {{protects: {{numbers: ["7000"]}}, otherwise: {{reject: true}}}}
"""


@pytest.fixture
def run(tmp_path):
    """Runs a subcommand for a site whose service has made its store."""
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION.format(store="sqlite:///state.db"))
    database = Database(Secret(f"sqlite:///{tmp_path}/state.db"), configure("error"))
    database.open()
    database.close()

    def invoke(module, *arguments):
        return CliRunner().invoke(module.command, ["--config", str(tmp_path / "vipgate.yaml"), *arguments])

    return invoke


def explained(run, *arguments):
    result = run(explain, "--from", "1", "--to", "7000", "--format", "json", *arguments)
    return json.loads(result.stdout)["reasons"][1]["text"]


def test_a_gate_is_switched_and_listed_and_explained(run):
    assert run(override).output == ""
    assert run(override, "support", "off", "--for", "2h").output.startswith("support: off, override until ")
    assert run(override).output.startswith("support: off, override until ")
    assert explained(run).startswith("not active, the call passes: override until")
    assert explained(run, "--no-store") == "active: always"
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)).isoformat()
    assert explained(run, "--at", later) == "active: always"
    assert run(override, "support", "on").output == "support: on, override until further notice\n"
    assert run(override, "support", "auto").output == "support: as its schedule says\n"
    assert run(override).output == ""


def test_one_that_has_ended_is_not_listed(run, monkeypatch):
    run(override, "support", "off", "--for", "1m")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert run(override).output == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("other", "on"), "no such gate; there are support"),
        (("support",), "say on, off or auto"),
        (("support", "auto", "--for", "2h"), "auto has no end"),
        (("support", "on", "--for", "2"), "allowed: 1 to 9999 with s, m, h or d"),
        (("support", "on", "--until", "2020-01-01T00:00"), "this time is over"),
        (("support", "on", "--until", "soon"), "not an ISO time"),
        (("support", "on", "--until", "2099-01-01T00:00", "--for", "2h"), "either until when, or for how long"),
    ],
)
def test_what_makes_no_sense_changes_nothing(run, arguments, message):
    result = run(override, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert run(override).output == ""


def test_without_a_store_nothing_can_be_switched_and_explain_says_nothing_of_it(run, tmp_path):
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION.format(store="none"))
    result = run(override, "support", "on")
    assert result.exit_code == 1
    assert "store is none" in result.output
    assert explained(run) == "active: always"


def test_explain_says_when_the_store_can_not_be_asked(run, tmp_path):
    tmp_path.joinpath("state.db").write_text("no database")
    result = run(explain, "--from", "1", "--to", "7000")
    assert result.exit_code == 0
    assert "Warning: overrides are left aside: the store: " in result.stderr
