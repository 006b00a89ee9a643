import json
import subprocess
import sys
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import main

GATE = 'version: 1\ngates:\n  support:\n    protects: {numbers: ["7000"]}\n'
GOOD = GATE + '    identify: [{static_pin: {pin: "471108154711"}}]\n'
CLOSED = GATE + "    otherwise: {reject: true}\n"
WARNED = GATE + '    identify: [{static_pin: {pin: "471"}}]\n'
WEBSERVICE = GATE + "    identify: [{webservice: {url: 'https://example.org', auth: {bearer: %s}}}]\n"
DATABASE = GATE + "    identify: [{database: {url: '%s', query: 'SELECT :caller_number'}}]\n"
READABLE = "everybody on this machine can read the PINs, passwords or keys in it"
ASKS = GATE + '    otherwise: {askForPin: {expectedPIN: "471108154711"}}\n'
BROKEN = GOOD + "    attempts: 99\n"


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Runs `vipgate check` in a folder with some files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIPGATE_CONFIG", raising=False)
    for name, text in [("good.yaml", GOOD), ("warned.yaml", WARNED), ("broken.yaml", BROKEN)]:
        tmp_path.joinpath(name).write_text(text)
        tmp_path.joinpath(name).chmod(0o640)
    return lambda *arguments: CliRunner().invoke(main, ["check", *arguments])


@pytest.mark.parametrize(
    ("arguments", "code", "summaries"),
    [
        (["good.yaml"], 0, ["good.yaml: ok, 1 gate"]),
        (["good.yaml", "--strict"], 0, ["good.yaml: ok, 1 gate"]),
        (["warned.yaml"], 0, ["warned.yaml: ok, 1 gate, 2 warnings"]),
        (["warned.yaml", "--strict"], 1, ["warned.yaml: 2 warnings"]),
        (["broken.yaml"], 1, ["broken.yaml: 1 error"]),
        (["absent.yaml"], 2, ["absent.yaml: No such file or directory"]),
        (["."], 2, [".: Is a directory"]),
        (["broken.yaml", "good.yaml"], 1, ["broken.yaml: 1 error", "good.yaml: ok, 1 gate"]),
        (["absent.yaml", "broken.yaml"], 2, ["absent.yaml: No such file or directory", "broken.yaml: 1 error"]),
        ([], 2, ["$VIPGATE_CONFIG, vipgate.yaml, /etc/vipgate/vipgate.yaml: no configuration in any of these places"]),
    ],
)
def test_exit_code_and_summary(check, arguments, code, summaries):
    result = check(*arguments)
    assert result.stderr.splitlines() == summaries
    assert result.exit_code == code


@pytest.mark.parametrize(
    ("mode", "text", "remark"),
    [
        (0o640, GOOD, None),
        (0o644, GOOD, READABLE),
        (0o644, ASKS, READABLE),
        (0o644, GOOD.replace('"471108154711"', "{env: VIPGATE_PIN}"), None),
        (0o644, GATE + '    identify: [{guest_pin: {pin: "081599081599"}}]\n', READABLE),
        (0o644, GATE + "    identify: [{guest_pin: {}}]\n", None),
        (0o644, GATE + "    identify: [{caller_pin: {pins: {'7001': '081599081599'}}}]\n", READABLE),
        (0o644, WEBSERVICE % "s3cr3t", READABLE),
        (0o644, WEBSERVICE % "{env: VIPGATE_PIN}", None),
        (0o644, DATABASE % "postgresql+psycopg://u:s3cr3t@localhost/crm", READABLE),
        (0o644, DATABASE % "postgresql+psycopg://u@localhost/crm", None),
        (0o644, "store: postgresql+psycopg://u:s3cr3t@localhost/v\n" + CLOSED, READABLE),
        (0o644, "store: postgresql+psycopg://u@localhost/v\n" + CLOSED, None),
        (0o644, "store: {env: VIPGATE_STORE}\n" + CLOSED, None),
        (0o644, BROKEN, READABLE),
        (0o644, CLOSED, None),
        (0o666, GOOD, "everybody on this machine can change it"),
        (0o602, CLOSED, "everybody on this machine can change it"),
        (0o666, BROKEN, "everybody on this machine can change it"),
    ],
)
def test_a_file_that_others_can_get_at_is_reported_and_no_finding(check, tmp_path, monkeypatch, mode, text, remark):
    monkeypatch.setenv("VIPGATE_PIN", "081599081599")
    monkeypatch.setenv("VIPGATE_STORE", "postgresql+psycopg://u:s3cr3t@localhost/v")
    tmp_path.joinpath("good.yaml").write_text(text)
    tmp_path.joinpath("good.yaml").chmod(mode)
    result = check("good.yaml", "--strict")
    assert result.exit_code == (text == BROKEN), result.output
    _, *warnings = result.stderr.splitlines()
    assert [warning.startswith(f"good.yaml: Warning: {remark}; chmod o= ") for warning in warnings] == [True] * bool(
        remark
    )


def test_nobody_is_advised_to_change_the_mode_of_a_device(check):
    assert "chmod" not in check("/dev/null").output


def test_findings_as_text(check):
    assert check("broken.yaml", "warned.yaml").stdout.splitlines() == [
        "broken.yaml:6:15: gates.support.attempts: found 99; allowed: an integer from 1 to 10",
        (
            "warned.yaml:5:17: gates.support.identify[0].static_pin: warning: a PIN of 3 digits is guessed within a "
            "year with 100 %, one of 6 with less than 1 % (vipgate audit)"
        ),
        "warned.yaml:5:35: gates.support.identify[0].static_pin.pin: warning: a PIN of fewer than 4 digits is easily guessed",
    ]


def test_findings_as_json(check):
    assert json.loads(check("broken.yaml", "--format", "json").stdout) == [
        {
            "severity": "error",
            "file": "broken.yaml",
            "line": 6,
            "column": 15,
            "path": "gates.support.attempts",
            "message": "found 99; allowed: an integer from 1 to 10",
            "key": "found {found}; allowed: {allowed}{hint}",
            "parts": {
                "found": "99",
                "allowed": {
                    "text": "an integer from 1 to 10",
                    "key": "an integer from {low} to {high}",
                    "parts": {"low": 1, "high": 10},
                },
                "hint": "",
            },
        }
    ]
    assert json.loads(check("good.yaml", "--format", "json").stdout) == []


HOLIDAYS = "site: {holidays: {base: DE-BY, add: [08-08 Friedensfest], without: [Neujahr]}}\n" + GOOD


def test_the_holidays_of_a_year_are_listed_by_name(check, tmp_path):
    tmp_path.joinpath("good.yaml").write_text(HOLIDAYS)
    lines = check("good.yaml", "--holidays", "2027").stdout.splitlines()
    assert lines[:2] == ["good.yaml: 12 public holidays in 2027", "  Wed 2027-01-06  Heilige Drei Könige"]
    assert "  Sun 2027-08-08  Friedensfest" in lines
    document = json.loads(check("good.yaml", "--holidays", "2027", "--format", "json").stdout)
    assert document["findings"] == []
    assert document["holidays"]["good.yaml"][0] == {
        "date": "2027-01-06",
        "weekday": "Wed",
        "name": "Heilige Drei Könige",
    }


@pytest.mark.parametrize(
    ("year", "shown"), [("2027", "good.yaml: 0 public holidays in 2027"), ("1800", "range"), ("x", "x")]
)
def test_a_year_or_a_site_without_holidays(check, year, shown):
    assert shown in check("good.yaml", "--holidays", year).output


@pytest.mark.parametrize("place", ["vipgate.yaml", "elsewhere.yaml"])
def test_without_a_file_the_usual_places_are_looked_at(check, tmp_path, monkeypatch, place):
    tmp_path.joinpath(place).write_text(BROKEN)
    tmp_path.joinpath(place).chmod(0o640)
    if place != "vipgate.yaml":
        monkeypatch.setenv("VIPGATE_CONFIG", place)
    result = check()
    assert (result.exit_code, result.stderr) == (1, f"{place}: 1 error\n")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--version"], 0, version("vipgate-fs")),
        (["--help"], 0, "check"),
        (["check", "--help"], 0, "--strict"),
        (["chek"], 2, "chek"),
        (["check", "--format", "xml"], 2, "xml"),
    ],
)
def test_the_command_itself(arguments, code, expected):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code
    assert expected in result.output
    assert "Traceback" not in result.output


def test_check_does_not_wait_for_what_only_a_server_needs(check):
    code = "import sys; from vipgate_fs.cli import check; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "vipgate_fs.config" in modules
    assert not {"gevent", "greenswitch", "vipgate_fs.cli.serve"} & set(modules)


def test_the_package_is_the_command():
    run = subprocess.run([sys.executable, "-m", "vipgate_fs", "--help"], check=True, capture_output=True, text=True)
    assert run.stdout.startswith("Usage: vipgate ")
