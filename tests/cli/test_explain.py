from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from unittest.mock import Mock

import pytest
from attempts import attempt_of, judge
from click.testing import CliRunner

from vipgate_fs.cli.explain import command
from vipgate_fs.gate.lockout import Judgement, Lockout
from vipgate_fs.secret import Secret
from vipgate_fs.store.store import Store

CONFIGURATION = """\
version: 1
site: {country: DE, timezone: Europe/Berlin}
schedules:
  office:
    - {days: mon-fri, from: "09:00", to: "17:00"}
gates:
  support:
    protects: {numbers: ["+49 7022 27978*"]}
    active: {outside: office}
    identify:
      - caller_pin: {pins: {"004917612345678": "081512345"}}
    otherwise: {forward: "99"}
  people:
    protects: {users: [alice], groups: [sales]}
    otherwise: {reject: true}
"""
EVENING = "2026-11-24T20:00"
NOON = "2026-11-24T12:00"


@pytest.fixture
def explain(tmp_path):
    config = tmp_path / "vipgate.yaml"
    config.write_text(CONFIGURATION)

    def run(*arguments):
        return CliRunner().invoke(command, ["--config", str(config), *arguments])

    return run


def explained(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("arguments", "gate", "verdict", "lines", "targets"),
    [
        (
            ["--from", "0176 12345678", "--to", "07022 27978 30", "--at", EVENING],
            "support",
            "ask for PIN",
            [8, 9, 11],
            ["07022 27978 30", None],
        ),
        (
            ["--from", "0176 9999999", "--to", "+49702227978", "--at", EVENING],
            "support",
            "forward to 99",
            [8, 9, 11, 12],
            ["99"],
        ),
        (
            ["--from", "anonymous", "--to", "+49702227978", "--at", EVENING],
            "support",
            "forward to 99",
            [8, 9, 11, 12],
            ["99"],
        ),
        (
            ["--from", "0176 12345678", "--to", "+49702227978", "--at", NOON],
            "support",
            "pass",
            [8, 5],
            ["+49702227978"],
        ),
        (["--from", "1", "--to", "7001", "--user", "alice"], "people", "reject", [14, 13, 15], [None]),
        (
            ["--from", "1", "--to", "7001", "--group", "it", "--group", "sales"],
            "people",
            "reject",
            [14, 13, 15],
            [None],
        ),
        (["--from", "1", "--to", "8000"], None, "pass", [None], ["8000"]),
    ],
)
def test_json(explain, arguments, gate, verdict, lines, targets):
    explanation = explained(explain(*arguments, "--format", "json"))
    assert (explanation["gate"], explanation["verdict"]) == (gate, verdict)
    assert [reason["line"] for reason in explanation["reasons"]] == lines
    if " " not in arguments[3]:
        assert [outcome["target"] for outcome in explanation["outcomes"]] == targets


def test_text_names_file_and_line(explain):
    text = explain("--from", "0176 12345678", "--to", "+4970222797830", "--at", EVENING).output
    assert "+4917612345678 calls +4970222797830, 2026-11-24T20:00+01:00" in text
    assert "vipgate.yaml:11 " in text
    assert "verdict: ask for PIN" in text
    assert "with the right PIN: the call is answered; hears vipgate-welcome.wav, keys in digits; goes to" in text
    assert "0815" not in text


@pytest.mark.parametrize(
    ("at", "local"),
    [
        ("2026-11-24T12:00", "2026-11-24T12:00+01:00"),
        ("2026-07-01T12:00+00:00", "2026-07-01T14:00+02:00"),
        ("2026-07-01", "2026-07-01T00:00+02:00"),
    ],
)
def test_at_is_the_sites_time(explain, at, local):
    assert explained(explain("--from", "1", "--to", "1", "--at", at, "--format", "json"))["at"] == local


def test_at_is_now_by_default(explain):
    assert explained(explain("--from", "1", "--to", "1", "--format", "json"))["at"][:2] == "20"


def test_a_moment_that_is_none(explain):
    result = explain("--from", "1", "--to", "1", "--at", "soon")
    assert result.exit_code == 2
    assert "2026-12-24T18:30" in result.output


def test_a_missing_file():
    result = CliRunner().invoke(command, ["--config", "/nowhere.yaml", "--from", "1", "--to", "1"])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1


def test_a_broken_configuration(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 2\ngates: {}\nfoo: 1\n")
    result = CliRunner().invoke(command, ["--config", str(broken), "--from", "1", "--to", "1"])
    assert result.exit_code == 1
    assert result.output.count("broken.yaml:") >= 3


@pytest.mark.parametrize(
    ("more", "is_noted"), [((), True), (("--user", "alice"), False), (("--group", "sales"), False)]
)
def test_gates_for_people_that_were_left_aside_are_reported(explain, more, is_noted):
    result = explain("--from", "030123456", "--to", "7001", "--at", EVENING, *more)
    assert ("gates for users or groups (people) are ignored" in result.stderr) is is_noted


@pytest.mark.parametrize("rejects", [True, False])
def test_a_lockout_is_known(explain, tmp_path, rejects):
    config = tmp_path / "vipgate.yaml"
    limits = "    lockout: {failures: 1, locked_callers: " + ("reject" if rejects else "same_dialogue") + "}\n"
    config.write_text(CONFIGURATION.replace("    active: {outside: office}\n", limits))
    store = Store(Secret(f"sqlite:///{tmp_path}/vipgate.db"), tmp_path / "vipgate.key", Mock())
    store.open()
    caller = "+4917612345678"
    attempt = attempt_of(caller, Lockout(failures=1), gate="support")
    assert judge(store, attempt) is Judgement.WRONG
    store.close()
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)).isoformat()
    arguments = ("--from", caller, "--to", "+49702227978", "--at", soon, "--format", "json")
    right, _ = json.loads(explain(*arguments).stdout)["outcomes"]
    assert (right["result"], right["why"], right["target"]) == (
        "rejected" if rejects else "pin_incorrect",
        "locked out",
        None,
    )
    right, _ = json.loads(explain(*arguments, "--no-store").stdout)["outcomes"]
    assert (right["result"], right["why"]) == ("pin_correct", None)


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("2027-03-28T02:30", "there is no 2027-03-28T02:30 in Europe/Berlin"),
        ("2027-03-28T02:00", "allowed: such as 2027-03-28T03:00+02:00"),
        ("2027-03-28T03:00", None),
        ("2027-03-28T02:30+01:00", None),
        ("2026-10-25T02:30", None),
    ],
)
def test_a_minute_that_the_clock_skips_is_refused(explain, at, message):
    result = explain("--from", "1", "--to", "8000", "--at", at)
    assert result.exit_code == (2 if message else 0)
    assert message is None or message in result.output


def test_the_holiday_that_decided_is_named(explain, tmp_path):
    config = tmp_path / "vipgate.yaml"
    config.write_text(CONFIGURATION.replace("Europe/Berlin}", "Europe/Berlin, holidays: DE-BE}"))
    output = explain("--from", "1", "--to", "07022 27978", "--at", "2027-03-08T11:00").output
    assert "active: Mon 2027-03-08 11:00 is a public holiday (Internationaler Frauentag), outside office" in output


def test_a_caller_who_hides_the_number_is_a_withheld_one_where_that_is_configured(tmp_path):
    config = tmp_path / "vipgate.yaml"
    gates = {
        name: {"protects": {"numbers": [number]}, "identify": [{"callers": {"pass": ["+4930*"], "hidden": hidden}}]}
        for name, number, hidden in (("hides", "700", "as_withheld"), ("shows", "701", "as_number"))
    }
    config.write_text(json.dumps({"version": 1, "store": "none", "gates": gates}))

    def run(called, *more):
        arguments = ["--config", str(config), "--from", "+4930123456", "--to", called, "--format", "json", *more]
        explanation = explained(CliRunner().invoke(command, arguments))
        return explanation["from"], explanation["verdict"]

    assert [run(called) for called in ("700", "701")] == [("+4930123456", "pass")] * 2
    assert run("700", "--hidden") == ("withheld", "reject")
    assert run("701", "--hidden") == ("+4930123456", "pass")


def test_a_number_that_no_gate_protects_may_not_be_what_was_dialled(explain):
    assert "site.called_number" in explain("--from", "0176 1", "--to", "KXXXabcd").stdout
    assert "site.called_number" not in explain("--from", "0176 1", "--to", "07022 27978 30").stdout


@pytest.mark.parametrize(
    ("caller", "verdict"),
    [
        ("436641234567", "ask for PIN"),
        ("4917612345678", "ask for PIN"),
        ("41556631019", "ask for PIN"),
        ("41556631018", "reject"),
    ],
)
def test_numbers_are_read_as_the_trunk_writes_them(caller, verdict):
    file = Path(__file__).parent.parent / "config" / "good" / "numbers.yaml"
    called = ["--config", str(file), "--from", caller, "--to", "43171199010"]
    output = CliRunner().invoke(command, called, catch_exceptions=False).output
    assert f"verdict: {verdict}" in output
    assert (
        "gate boss protects number +43 1 711990-10, more specific than number +43 1 711990* of gate company (line 6)"
        in output
    )


def test_a_disabled_gate_is_named_where_it_would_have_taken_the_call(tmp_path):
    text = (Path(__file__).parent.parent / "config" / "good" / "targets.yaml").read_text()
    config = tmp_path / "vipgate.yaml"
    config.write_text(text.replace('["7001"]}\n    otherwise', '["7009"]}\n    otherwise'))

    def printed(called):
        arguments = ["--config", str(config), "--no-store", "--from", "0176 1", "--to", called]
        return CliRunner().invoke(command, arguments, catch_exceptions=False).output

    assert "no gate protects 7009, for gate old is disabled" in printed("7009")
    assert "gate support (Bereitschaft Süd (24 Stunden) – für Stammkunden) protects number 7001" in printed("7001")
