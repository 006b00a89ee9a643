from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import explain, override
from vipgate_fs.secret import Secret
from vipgate_fs.store import schema
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
    database = Database(Secret(f"sqlite:///{tmp_path}/state.db"))
    database.transact(lambda _: None)
    database.close()

    def invoke(module, *arguments):
        return CliRunner().invoke(module.command, ["--config", str(tmp_path / "vipgate.yaml"), *arguments])

    return invoke


def explained(run, *arguments):
    result = run(explain, "--from", "1", "--to", "7000", "--format", "json", *arguments)
    return json.loads(result.stdout)["reasons"][1]["text"]


NONE = "no gate is switched: all are as their schedules say\n"


def test_a_gate_is_switched_and_listed_and_explained(run):
    assert run(override).output == NONE
    assert run(override, "support").output == "support: as its schedule says\n"
    assert run(override, "support", "off", "--for", "2h").output.startswith("support: off, override until ")
    for shown in ((), ("support",)):
        assert run(override, *shown).output.startswith("support: off, override until ")
    assert explained(run).startswith("not active, the call passes: override until")
    assert explained(run, "--no-store") == "active: always"
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)).isoformat()
    assert explained(run, "--at", later) == "active: always"
    assert run(override, "support", "on").output == "support: on, override until further notice\n"
    assert run(override, "support", "auto").output == "support: as its schedule says\n"
    assert run(override).output == NONE


def test_one_may_begin_later_and_says_why(run):
    options = ("--from", "2099-01-02T18:00", "--until", "2099-01-05T07:00", "--note", "week-end\n")
    shown = "support: on, override from Fri 2099-01-02 18:00 until Mon 2099-01-05 07:00 (week-end\\n)\n"
    assert run(override, "support", "on", *options).output == shown
    assert run(override).output == shown
    assert explained(run) == "active: always"
    assert explained(run, "--at", "2099-01-03T00:00").startswith("active: override from Fri 2099-01-02 18:00 until")
    assert explained(run, "--at", "2099-01-05T07:00") == "active: always"
    shown = run(override, "support", "off", "--from", "2099-01-02T18:00", "--for", "2d").output
    assert "until Sun 2099-01-04 18:00" in shown


@pytest.mark.parametrize("end", ["9998-12-31T23:59-05:00", "9998-12-31", "2099-01-01"])
def test_an_end_that_is_far_away_is_no_trouble(run, tmp_path, end):
    assert run(override, "support", "off", "--until", end).exit_code == 0
    assert explained(run).startswith("not active, the call passes: override until")
    database = Database(Secret(f"sqlite:///{tmp_path}/state.db"))
    database.transact(
        lambda connection: connection.exec_driver_sql("UPDATE vipgate_overrides SET until = 9e99").close()
    )
    database.close()
    assert explained(run).startswith("not active, the call passes: override until")
    assert run(override).exit_code == 0


def test_an_end_after_the_last_year_is_refused(run):
    result = run(override, "support", "off", "--until", "9999-12-31")
    assert result.exit_code == 2
    assert "found 9999-12-31; allowed: years 1970 to 9998" in result.output


def test_it_may_be_the_first_that_needs_the_store(run, tmp_path):
    tmp_path.joinpath("state.db").unlink()
    assert run(override).output == NONE
    assert run(override, "support", "on").exit_code == 0
    assert run(override).output == "support: on, override until further notice\n"


def test_a_store_of_an_older_version_is_left_to_the_service(run, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        tmp_path.joinpath("state.db").unlink()
        database = Database(Secret(f"sqlite:///{tmp_path}/state.db"))
        database.transact(lambda _: None)
        database.close()
    for arguments in ((), ("support", "on")):
        result = run(override, *arguments)
        assert (result.exit_code, result.output.count("\n")) == (1, 1)
        assert "the store has schema version 2" in result.output
        assert "restart the service" in result.output


def test_who_switches_is_in_the_systems_log(run, audited):
    run(override, "support", "on", "--until", "2099-01-05T07:00", "--note", "secret")
    ((action, *facts),) = audited
    assert action == "override"
    assert {"gate=support", "state=on", "until=2099-01-05T07:00:00+01:00"} <= set(facts)
    assert "secret" not in str(facts)


def test_other_faults_of_the_configuration_do_not_matter(run, tmp_path):
    path = tmp_path / "vipgate.yaml"
    path.write_text(path.read_text() + "  broken: {identify: [{webservice: {url: 1}}], nonsense: {env: NOT_SET}}\n")
    assert run(override, "support", "on").exit_code == 0
    assert run(override, "broken", "off").exit_code == 0
    assert run(override).output.count("\n") == 2
    path.write_text(path.read_text() + "site: {country: XX}\n")
    result = run(override)
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "site.country" in result.output
    path.write_text("version: 1\ngates: [\n")
    assert run(override).exit_code == 1


def test_the_override_of_a_gate_that_is_gone_can_be_taken_back(run, tmp_path):
    run(override, "support", "off")
    path = tmp_path / "vipgate.yaml"
    path.write_text(path.read_text().replace("support:", "renamed:"))
    assert run(override).output == "support: off, override until further notice; there is no such gate\n"
    assert run(override, "support").output == "support: off, override until further notice; there is no such gate\n"
    assert "no such gate; there are renamed" in run(override, "support", "on").output
    assert run(override, "support", "auto").output == "support: as its schedule says\n"
    assert run(override).output == NONE
    assert "no such gate; there are renamed" in run(override, "support", "auto").output


def test_one_that_has_ended_is_not_listed(run, monkeypatch):
    run(override, "support", "off", "--for", "1m")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert run(override).output == NONE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("other", "on"), "no such gate; there are support"),
        (("--for", "2h"), "say which gate, and on or off"),
        (("support", "--note", "x"), "say which gate, and on or off"),
        (("support", "auto", "--for", "2h"), "auto has neither beginning nor end"),
        (("support", "on", "--for", "2"), "for --for: found 2; allowed: a number with s, m, h or d"),
        (("support", "on", "--for", "0m"), "for --for: found 0m; allowed: "),
        (("support", "on", "--until", "9999-12-31T23:59-05:00"), "allowed: years 1970 to 9998"),
        (("support", "on", "--until", "0001-01-01"), "allowed: years 1970 to 9998"),
        (("support", "on", "--from", "2099-01-02T18:00", "--until", "2099-01-01T18:00"), "before the beginning"),
        (("support", "on", "--until", "2020-01-01T00:00"), "this time is over"),
        (("support", "on", "--until", "soon"), "found soon; allowed: an ISO time"),
        (("support", "on", "--until", "2099-01-01T00:00", "--for", "2h"), "either until when, or for how long"),
    ],
)
def test_what_makes_no_sense_changes_nothing(run, arguments, message):
    result = run(override, *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("\u2502", "").split())
    assert run(override).output == NONE


def test_without_a_store_nothing_can_be_switched_and_explain_says_nothing_of_it(run, tmp_path):
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION.format(store="none"))
    result = run(override, "support", "on")
    assert result.exit_code == 1
    assert "store is none" in result.output
    assert explained(run) == "active: always"


def test_explain_leaves_an_empty_store_alone(run, tmp_path):
    store = tmp_path / "state.db"
    store.write_bytes(b"")
    assert explained(run) == "active: always"
    assert run(override).output == NONE
    assert store.read_bytes() == b""


def test_explain_says_when_the_store_can_not_be_asked(run, tmp_path):
    tmp_path.joinpath("state.db").write_text("no database")
    result = run(explain, "--from", "1", "--to", "7000")
    assert result.exit_code == 0
    assert "Warning: overrides and lockouts are ignored: the store: " in result.stderr


def test_a_store_that_can_not_be_made_is_one_line(run, tmp_path):
    text = tmp_path.joinpath("vipgate.yaml").read_text()
    tmp_path.joinpath("vipgate.yaml").write_text(text.replace("sqlite:///", "sqlite:///nowhere/"))
    result = run(override, "support", "on")
    assert result.output == f"Error: the store: {tmp_path}/nowhere/state.db: No such file or directory\n"


def test_a_date_means_through_that_day(run):
    shown = run(override, "support", "off", "--until", "2126-12-24").output
    assert shown == "support: off, override until Wed 2126-12-25 00:00\n"


def test_json_is_one_document(run):
    assert json.loads(run(override, "--format", "json").output) == []
    switched = json.loads(run(override, "support", "off", "--note", "Fair", "--format", "json").output)
    assert switched == {"gate": "support", "state": "off", "since": None, "until": None, "note": "Fair"}
    assert json.loads(run(override, "--format", "json").output) == [switched]
