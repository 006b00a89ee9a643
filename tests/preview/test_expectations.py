"""Expectations are played by the code that decides live calls, and differences are named."""

import json
import os
import re
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import main
from vipgate_fs.resources import resource

EXAMPLES = resource("examples")
CONFIGURATION = """\
version: 1
schedules: {night: [{from: "22:00", to: "06:00"}]}
gates:
  boss:
    protects: {numbers: ["7000"]}
    identify:
      - webservice: {url: "https://example.org/?c=###CALLER_NUMBER###", on_failure: {forward: "120"}}
      - webservice: {url: "https://example.com/?c=###CALLER_NUMBER###"}
      - channel_variable: {}
    otherwise: {askForPin: {expectedPIN: "4711", forwardIncorrectPIN: "130"}}
    attempts: 2
"""


@pytest.fixture
def play(tmp_path):
    """Plays one call of a file, and gives the exit status, what is printed, and that without the summary."""

    def make(call, *options, configuration=CONFIGURATION):
        (tmp_path / "vipgate.yaml").write_text(configuration)
        file = tmp_path / "vipgate.test.yaml"
        file.write_text(f'calls:\n  - {{from: "0176 12345678", to: "7000", at: "2026-11-27 20:00", {call}}}\n')
        run = CliRunner().invoke(main, ["--config", str(tmp_path / "vipgate.yaml"), "test", *options])
        return run.exit_code, run.stderr + run.stdout

    return make


@pytest.mark.parametrize(
    "call",
    [
        "answers: {webservice: {reject: true}}, expect: {verdict: reject, result: rejected, target: none, line: 7}",
        "answers: {webservice: failure}, expect: {verdict: forward, result: forwarded, target: '120', answered: false}",
        "answers: {webservice: [unknown, {reject: false}]}, expect: {result: passed, target: '7000', line: 8}",
        "answers: {webservice: [unknown, failure]}, variables: {VIPgate_Verdict: 'forward:99'}, expect: {target: '99'}",
        "answers: {webservice: unknown}, enters: ['4711'], expect: {result: pin_correct, line: 10, answered: true}",
        "answers: {webservice: unknown}, enters: ['1', ''], expect: {result: pin_incorrect, target: '130', gate: boss}",
        (
            "answers: {webservice: {askForPin: {expectedPIN: '0815', attempts: 1}}}, enters: ['4711'],"
            " expect: {result: pin_incorrect, hears: [vipgate-welcome.wav]}"
        ),
    ],
)
def test_what_is_expected_is_found(play, call):
    status, output = play(call)
    assert (status, output.splitlines()[-1]) == (0, "1 calls, 0 not as expected")


@pytest.mark.parametrize(
    ("expect", "fault"),
    [
        ("gate: other", "gate: expected other, found boss (line 7: webservice: reject)"),
        ("active: false", "active: expected false, found true"),
        ("verdict: pass", "verdict: expected pass, found reject"),
        ("result: passed", "result: expected passed, found rejected"),
        ("target: '7000'", "target: expected 7000, found none"),
        ("hears: [vipgate-welcome.wav]", "hears: expected vipgate-welcome.wav, found nothing"),
        ("answered: true", "answered: expected true, found false"),
        ("line: 8", "line: expected 8, found 7"),
    ],
)
def test_each_difference_is_named_with_the_line_that_decided(play, expect, fault):
    status, output = play(f"answers: {{webservice: {{reject: true}}}}, expect: {{{expect}}}")
    assert status == 1
    assert fault in output


def test_a_step_that_asks_elsewhere_needs_its_answer(play):
    status, output = play("expect: {verdict: pass}")
    assert status == 1
    assert "webservice in line 7: say under answers what it is answered" in output


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("expect: {verdict: maybe}", "expect.verdict: found maybe; allowed: pass, reject, forward or ask_for_pin"),
        ("expect: {}", "allowed: a mapping of gate, active, verdict"),
        ("expect: {gate: x}, enters: ['47x11']", "enters[0]: found something else, not shown here"),
        ("expect: {gate: x}, answers: {webservice: {askForPin: {expectedPIN: '47x11'}}}", "expectedPIN is no PIN"),
        ("expect: {gate: x}, answers: {webservice: []}", "an empty list"),
        ("expect: {gate: x}, answers: {caller_pin: unknown}", "allowed: webservice, database or plugin"),
    ],
)
def test_what_is_wrong_with_a_file_is_reported_by_its_line_and_shows_no_pin(play, call, message):
    status, output = play(call)
    assert status == 2
    assert "vipgate.test.yaml:2:" in output
    assert message in output
    assert "47x11" not in output


@pytest.mark.parametrize("written", ["+49 7022 27978-30", "(07022) 27978 30", "0049702227978-30"])
def test_a_called_number_may_be_written_as_people_write_it(tmp_path, written):
    (tmp_path / "vipgate.yaml").write_text(
        'version: 1\ngates: {g: {protects: {numbers: ["+49 7022 27978*"]}, otherwise: {reject: false}}}\n'
    )
    file = tmp_path / "vipgate.test.yaml"
    file.write_text(
        f'calls: [{{from: withheld, to: "{written}", at: "2026-11-27 20:00", expect: {{gate: g, result: passed}}}}]\n'
    )
    run = CliRunner().invoke(main, ["--config", str(tmp_path / "vipgate.yaml"), "test"])
    assert run.exit_code == 0, run.output


def test_a_minute_that_does_not_exist_is_no_expectation(play, tmp_path):
    file = tmp_path / "other.test.yaml"
    file.write_text(
        'configuration: vipgate.yaml\ncalls: [{from: "1", to: "2", at: "2026-03-29 02:30", expect: {gate: none}}]'
    )
    status, output = play("expect: {gate: boss}", str(file))
    assert (status, "there is no 2026-03-29 02:30 in Europe/Berlin" in output) == (1, True)


def test_a_file_that_is_not_there(play):
    status, output = play("expect: {gate: boss}", "/no/such.test.yaml")
    assert (status, output) == (2, "Error: /no/such.test.yaml: No such file or directory\n")


def test_what_is_entered_may_be_kept_elsewhere(play, tmp_path, monkeypatch):
    (tmp_path / "pin").write_text("4711\n")
    (tmp_path / "pin").chmod(0o600)
    (tmp_path / "odd").write_text("47x11")
    (tmp_path / "odd").chmod(0o600)
    monkeypatch.setenv("VIPGATE_TEST_PIN", "4711")
    for entered in ("{file: pin}", "{env: VIPGATE_TEST_PIN}"):
        call = f"answers: {{webservice: unknown}}, enters: ['1', {entered}], expect: {{result: pin_correct}}"
        status, output = play(call)
        assert status == 0, output
    for entered, why in (("{file: nowhere}", "can't be read"), ("{file: odd}", "does not fit"), ("{pin: '1'}", "pin")):
        status, output = play(f"answers: {{webservice: unknown}}, enters: [{entered}], expect: {{gate: boss}}")
        assert (status, why in output, "47x11" in output) == (2, True, False), output


def test_no_pin_is_printed_in_any_format(play):
    call = "answers: {webservice: {askForPin: {expectedPIN: '08154711'}}}, enters: ['08154711'], expect: {gate: other}"
    for style in ("text", "json", "junit"):
        status, output = play(call, "--format", style)
        assert status == 1
        assert "08154711" not in output


def document(output, beginning):
    """What stands on stdout, below the findings on stderr."""
    return beginning + output.partition(f"\n{beginning}")[2]


def test_for_programs_it_is_one_document(play):
    call = "answers: {webservice: {reject: true}}, expect: {gate: other}"
    (found,) = json.loads(document(play(call, "--format", "json", "--coverage")[1], "{"))["calls"]
    assert (found["as_expected"], found["observed"]["gate"]) == (False, "boss")
    suite = ET.fromstring(document(play(call, "--format", "junit")[1], "<")).find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert "gate: expected other" in suite.find("testcase/failure").get("message")


@pytest.mark.parametrize("name", ["]]> <b> & '", "Notruf \U0001f600 ÄÖ", "\ufffe\uffff", "\u202e\ufeff"], ids=ascii)
def test_junit_is_well_formed_whatever_the_call_is_called(play, tmp_path, name):
    """And whatever its file is called: a name of a file is bytes, and control characters may be among them."""
    file = tmp_path / os.fsdecode(b"\x01\x1b]\xff.test.yaml")
    escaped = "".join(f"\\U{ord(character):08x}" for character in name)
    call = f'name: "{escaped}", from: "20", to: "7000", at: "2026-11-27 15:30", expect: {{gate: other}}'
    file.write_text(f"configuration: vipgate.yaml\ncalls: [{{{call}}}]\n")
    status, output = play("expect: {gate: boss}", str(file), "--format", "junit")
    suite = ET.fromstring(document(output, "<")).find("testsuite")
    assert status == 1
    assert output.isascii()
    legal = name.replace("\ufffe\uffff", r"\ufffe\uffff")
    assert (suite.find("testcase").get("name"), suite.get("failures")) == (legal, "1")


def test_what_no_expectation_reaches_is_listed(play):
    output = play("answers: {webservice: {reject: true}}, expect: {gate: boss}", "--coverage")[1]
    listed = re.findall(r"vipgate.yaml:(\d+)  (.*)", output)
    assert listed == [
        ("4", "gate boss: the right PIN"),
        ("4", "gate boss: wrong PINs"),
        ("7", "webservice: on_failure"),
        ("7", "webservice: what it asks, because its answers are given here"),
        ("8", "webservice: an answer"),
        ("8", "webservice: what it asks, because its answers are given here"),
        ("9", "channel_variable: an answer"),
        ("10", "gate boss: otherwise"),
    ]


def test_an_empty_file_is_told_what_expectations_begin_with(play, tmp_path):
    file = tmp_path / "empty.test.yaml"
    file.write_text("# nothing yet\n")
    status, output = play("expect: {gate: boss}", str(file))
    assert (status, "the file is empty; allowed: expectations, beginning with calls:" in output) == (2, True)
