"""Commands in German."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import language, main
from vipgate_fs.sentences import say

GERMAN = {"LANG": "de_DE.UTF-8", "LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": ""}
ENGLISH = GERMAN | {"LANG": "C.UTF-8"}
CONFIGURATION = """\
version: 1
site: {country: DE, timezone: Europe/Berlin, holidays: DE-BW}
schedules:
  office:
    - {days: mon-fri, from: "09:00", to: "17:00"}
    - {dates: "2026-12-24..2027-01-06", closed: true}
gates:
  support:
    protects: {numbers: ["+49 7022 27978*"]}
    active: {outside: office}
    identify:
      - caller_pin: {pins: {"004917612345678": "081512345"}}
    otherwise: {forward: "99"}
"""
XMAS = ["--to", "+4970222797830", "--at", "2026-12-25T20:00"]


@pytest.fixture
def vipgate(tmp_path):
    config = tmp_path / "vipgate.yaml"
    config.write_text(CONFIGURATION)

    def run(*arguments, env=GERMAN):
        return CliRunner().invoke(main, ["--config", str(config), *arguments], env=env)

    return run


def test_explain_in_german(vipgate):
    text = vipgate("explain", "--from", "017612345678", *XMAS).output
    assert "+4917612345678 ruft +4970222797830 an: Fr, 25.12.2026, 20:00 Uhr (UTC+01:00)\n" in text
    assert "Gate support schützt Nummer +49 7022 27978*" in text
    assert "(Feiertag: Erster Weihnachtstag) liegt außerhalb von office (geschlossen 24.12.2026 bis 06.01.2027)" in text
    assert "Entscheidung: PIN abfragen\n" in text
    assert "mit falschen PINs: der Anruf wird angenommen; hört " in text


def test_the_option_goes_before_the_environment_wherever_it_stands(vipgate):
    explain = ["explain", "--from", "1", *XMAS]
    assert "verdict: " in vipgate(*explain, "--language", "en").output
    assert "verdict: " in vipgate("--language=en", *explain).output
    assert "Entscheidung: " in vipgate(*explain, "--language=de", env=ENGLISH).output
    assert "verdict: " in vipgate(*explain, env=ENGLISH).output


def test_a_language_ends_with_its_command(vipgate):
    for arguments in (["explain", "--from", "1", *XMAS], ["no such command"]):
        vipgate(*arguments)
        assert (language.chosen(), language.spoken(say("Password"))) == ("en", "Password")


def test_the_commands_for_accounts_speak_german(vipgate):
    assert "bis zu 64 druckbare Zeichen" in vipgate("admin", "user", "add", " x").output
    assert "mindestens 10 Zeichen" in vipgate("admin", "user", "add", "x").output


@pytest.mark.parametrize("command", [["status"], ["reload"], ["admin", "link"], ["diff", "--running"]])
def test_that_no_service_runs_is_said_in_german(vipgate, tmp_path, command):
    result = vipgate(*command, *([f"{tmp_path}/vipgate.yaml"] if command[0] == "diff" else []))
    assert f"für {tmp_path}/vipgate.yaml läuft kein Dienst\n" in result.output
    assert "Error" not in result.output
    assert result.exit_code == 2


def test_json_is_the_same_in_every_language_and_has_template_and_parts(vipgate):
    explain = ["explain", "--from", "1", *XMAS, "--format", "json"]
    german, english = vipgate(*explain).stdout, vipgate(*explain, env=ENGLISH).stdout
    assert german == english
    last = json.loads(german)["reasons"][-1]
    assert (last["text"], last["key"]) == ("otherwise: forward to 99", "otherwise: {then}")
    assert last["parts"]["then"]["parts"] == {"target": "99"}


def test_a_language_that_is_not_spoken_is_refused(vipgate):
    result = vipgate("--language", "fr", "check", env=ENGLISH)
    assert (result.exit_code, "'fr' is not one of 'en', 'de'" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("encoding", "text"), [("utf-8", "(Mo–Fr 09:00–17:00 Uhr)"), ("latin-1", "(Mo?Fr 09:00?17:00 Uhr)")]
)
def test_a_terminal_that_lacks_a_letter_gets_the_rest(tmp_path, encoding, text):
    config = tmp_path / "vipgate.yaml"
    config.write_text(CONFIGURATION)
    noon = ["--to", "+4970222797830", "--at", "2026-11-25T12:00"]
    command = [sys.executable, "-m", "vipgate_fs", "explain", "--config", config, "--from", "1", *noon]
    done = subprocess.run(
        command, env=GERMAN | {"PYTHONIOENCODING": encoding}, check=False, capture_output=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    assert text in done.stdout.decode(encoding)


def test_check_in_german(tmp_path):
    config = tmp_path / "vipgate.yaml"
    config.write_text(CONFIGURATION.replace("active:", "activ:").replace("081512345", "12"))
    result = CliRunner().invoke(main, ["check", str(config)], env=GERMAN)
    assert (
        f"{config}:10:5: gates.support.activ: unbekannter Schlüssel activ; gemeint: active?; erlaubt: " in result.stdout
    )
    assert "Warnung: eine PIN mit weniger als 4 Ziffern ist leicht zu erraten" in result.stdout
    assert f"{config}: 1 Fehler, 1 Warnung\n" in result.stderr
    missing = CliRunner().invoke(main, ["check", str(tmp_path / "none.yaml")], env=GERMAN)
    assert missing.stderr == f"{tmp_path / 'none.yaml'}: Datei oder Verzeichnis nicht gefunden\n"


def test_the_findings_of_check_have_template_and_parts_in_json(tmp_path):
    config = tmp_path / "vipgate.yaml"
    config.write_text(CONFIGURATION.replace("active:", "activ:"))
    result = CliRunner().invoke(main, ["check", "--format", "json", str(config)], env=GERMAN)
    finding = json.loads(result.stdout)[0]
    assert finding["key"] == "{what}{hint}; allowed: {known}"
    assert finding["message"].startswith("unknown key activ; did you mean active?; allowed: ")
    assert finding["parts"]["hint"]["parts"] == {"similar": "active"}


def test_diff_in_german(tmp_path):
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(CONFIGURATION)
    new.write_text(CONFIGURATION.replace("mon-fri", "mon-thu"))
    text = CliRunner().invoke(main, ["diff", str(old), str(new)], env=GERMAN).output
    assert "Anrufe an +49 7022 27978* von +4917612345678, freitags" in text
    assert "09:00 bis 17:00 Uhr: bisher durchgelassen, jetzt nach einer PIN gefragt.\n" in text
    assert " Tage voraus\n" in text


def test_help_and_the_errors_of_a_command_line_in_german(vipgate):
    assert " explain [OPTIONS]\n\n  Zeigen, auf welches Gate ein Anruf trifft" in vipgate("explain", "--help").output
    wrong = vipgate("explain", "--from", "1", "--to", "2", "--at", "gestern")
    assert wrong.exit_code == 2
    assert "Fehler: Ungültiger Wert für --at: gefunden: gestern; erlaubt: eine ISO-Zeit wie" in wrong.stderr
    assert "Fehler: Es fehlt die Option '--from'." in vipgate("explain").stderr
