"""`vipgate check` warns of what is valid and can't be meant; each example has one such thing, and a twin that has none."""

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from vipgate_fs import config
from vipgate_fs.cli import main
from vipgate_fs.preview import meaning

NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
LONG = "471108154711"


def found(text, folder=Path()):
    """The warnings, each with its line."""
    content = text.encode()
    loaded = config.load_text(content, folder / "vipgate.yaml")
    assert loaded.configuration is not None, loaded.findings
    return [(each.line, each.message) for each in meaning.findings(loaded.configuration, content, NOW)]


def schedule(*spans):
    lines = "".join(f"    - {span}\n" for span in spans)
    gate = f'{{protects: {{numbers: ["7000"]}}, active: {{during: s}}, identify: [{{static_pin: {{pin: "{LONG}"}}}}]}}'
    return f"version: 1\nsite: {{holidays: DE-BW}}\nschedules:\n  s:\n{lines}gates: {{g: {gate}}}\n"


def gate(*steps, **more):
    """A gate whose first step stands in line 6."""
    lines = "".join(f"      - {step}\n" for step in steps)
    rest = "".join(f"    {key}: {value}\n" for key, value in more.items())
    identify = f"    identify:\n{lines}" if steps else ""
    return f'version: 1\ngates:\n  g:\n    protects: {{numbers: ["7000"]}}\n{identify}{rest}'


def gates(*numbers):
    """A gate for each list of numbers; the first stands in line 3."""
    lines = "".join(
        f"  g{place}: {{protects: {{numbers: {json.dumps(each)}}}, otherwise: {{forward: '1'}}}}\n"
        for place, each in enumerate(numbers)
    )
    return f"version: 1\ngates:\n{lines}"


PIN = f'static_pin: {{pin: "{LONG}"}}'
OFFICE = '{days: mon-fri, from: "09:00", to: "17:00"}'
DATED = f'static_pin: {{pins: [{{pin: "{LONG}", valid_from: "2026-12-01", valid_until: "2027-01-31"}}]}}'
ALWAYS = f'static_pin: {{pins: [{{pin: "{LONG}", valid_from: "2026-11-01"}}]}}'
WEBSERVICE = 'webservice: {url: "https://example.org/?c=###CALLER_NUMBER###"%s}'


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            schedule(OFFICE, '{days: wed, from: "10:00", to: "12:00"}'),
            6,
            "changes nothing: all of it is covered by line 5",
        ),
        (
            schedule('{days: wed, from: "10:00", to: "12:00"}', OFFICE),
            5,
            "changes nothing: all of it is covered by line 6",
        ),
        (schedule(OFFICE, OFFICE), 6, "changes nothing: all of it is covered by line 5"),
        (
            schedule(
                OFFICE,
                '{dates: "2027-05-01 - 2027-05-02"}',
                '{dates: "2027-05-01", closed: true}',
                "{days: mon-sun, closed: true}",
            ),
            5,
            "never on: all of it is closed by line 8",
        ),
        (schedule(OFFICE, "{days: sat, closed: true}"), 6, "takes nothing away: nothing is on at these times"),
        (schedule(OFFICE, '{dates: "2025-12-24", closed: true}'), 6, "never on within two years"),
        (
            gates(["7?"], [f"7{n}" for n in range(10)]),
            3,
            "no call is ever for it: all numbers of 7? have more specific targets in line 4",
        ),
        (
            gates(["700?", "8000"], ["7000-7004"], ["7005-7009"]),
            3,
            "no call is ever for it: all numbers of 700? have more specific targets in line 4, line 5",
        ),
        (
            gate(
                'callers: {pass: ["+49 176*"]}', 'callers: {reject: ["+49 176 12345678"]}', otherwise="{forward: '1'}"
            ),
            7,
            "never reached: line 6 answers before it, for example a call from +4917612345678",
        ),
        (
            gate('callers: {pass: ["+49 176*"]}', 'callers: {reject: ["+49 176 1*"]}', otherwise="{forward: '1'}"),
            7,
            "never reached: line 6 answers before it, for example a call from +491761",
        ),
        (
            gate(
                'callers: {pass: ["7000-7004", "7005-7009"]}', 'callers: {reject: ["700?"]}', otherwise="{forward: '1'}"
            ),
            7,
            "never reached: line 6 answers before it, for example a call from 7000",
        ),
        (
            gate('callers: {pass: ["0176 12345678"]}', f'caller_pin: {{pins: {{"0176 12345678": "{LONG}"}}}}'),
            7,
            "never reached: line 6 answers before it, for example a call from +4917612345678",
        ),
        (
            gate("callers: {withheld: reject, pass: ['20']}", "callers: {withheld: pass, reject: ['30']}"),
            7,
            "never reached: line 6 answers callers without a number",
        ),
        (
            gate('callers: {pass: ["+49 176*", "0176 12345678"]}', otherwise="{forward: '1'}"),
            6,
            "changes nothing: line 6 says the same, for example of +4917612345678",
        ),
        (
            gate('callers:\n          pass: ["7001"]\n          reject: ["7???", "700?"]', otherwise="{forward: '1'}"),
            8,
            "changes nothing: line 8 says the same, for example of 7000",
        ),
        (
            gate(
                'callers:\n          pass: ["7001", "07022 12345"]\n          reject: ["+49 7022 12345-0"]',
                otherwise="{forward: '1'}",
            )
            .replace('"+49 7022 12345-0"', '"8"')
            .replace("]\n          r", ', "+49 7022 12345"]\n          r'),
            7,
            "changes nothing: line 7 says the same, for example of +49702212345",
        ),
        (
            gate(
                'callers:\n          pass: ["7000", "7001"]\n          reject: ["7000-7001"]',
                otherwise="{forward: '1'}",
            ),
            8,
            "never reached: all numbers of 7000-7001 have more specific entries in line 7",
        ),
        (
            gate(DATED),
            6,
            "nobody gets through from 2026-11-27 13:00 to 2026-12-01 00:00: no PIN is valid, and gate g is active",
        ),
        (gate("callers: {reject: ['20']}"), 5, "nobody gets through: no step lets anybody in, nor does otherwise"),
        (
            gate("callers: {pass: ['20']}", otherwise="{reject: false}"),
            7,
            "lets everybody in: no step of this gate keeps anybody out",
        ),
        (gate(otherwise="{reject: false}"), 5, "lets everybody in: no step of this gate keeps anybody out"),
        (
            gate(WEBSERVICE % "", otherwise="{reject: false}"),
            7,
            "lets everybody in while webservice in line 6 fails; write on_failure there",
        ),
        (
            gate(f'caller_pin: {{pins: {{"20": "{LONG}"}}}}', otherwise="{reject: false}"),
            7,
            "lets in everybody whom no step knows, and asks only the others for a PIN",
        ),
        *(
            (gate(f"callers: {{pass: ['20', '{everybody}']}}", PIN), 6, "lets in everybody who shows a number")
            for everybody in ("+*", "00*", "?*", "+??*")
        ),
    ],
)
def test_what_can_not_be_meant(text, line, message):
    assert (line, message) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        schedule(
            OFFICE, '{days: wed, from: "16:00", to: "18:00"}', "{days: holidays}", '{dates: "12-24", closed: true}'
        ),
        schedule(
            OFFICE, '{days: sat, from: "23:00", to: "01:00"}', '{days: sun, from: "00:00", to: "00:30", closed: true}'
        ),
        gates(["7?"], [f"7{n}" for n in range(9)]),
        gates(["70*"], ["700?", "701?", "702?"]),
        gate('callers: {pass: ["+49 176 12345678"]}', 'callers: {reject: ["+49 176*"]}', otherwise="{forward: '1'}"),
        gate('callers: {pass: ["+49 176*"]}', PIN),
        gate('callers: {pass: ["+49*", "+49 176 12*"], reject: ["+49 176*"]}', otherwise="{forward: '1'}"),
        gate('callers: {pass: ["+49 176*", "+49*"], reject: ["*345"]}', otherwise="{forward: '1'}"),
        gate(
            'callers: {pass: ["7000-7005", "7005-7009", "20"], reject: ["+49 176 1234567"]}', otherwise="{forward: '1'}"
        ),
        gate(ALWAYS),
        gate("callers: {pass: ['20']}", DATED),
        gate(otherwise="{reject: true}"),
        gate("callers: {reject: ['20']}", otherwise="{reject: false}"),
        gate(WEBSERVICE % ", on_failure: {reject: true}", otherwise="{reject: false}"),
        gate("callers: {reject: ['20']}", enabled="false"),
        gate("callers: {pass: ['?*'], withheld: reject}", PIN),
        gate("callers: {pass: ['?*'], reject: ['+49 900*']}", PIN),
        gate("callers: {reject: ['20']}", "callers: {pass: ['+*']}", PIN),
        gate(WEBSERVICE % "", "callers: {pass: ['+*']}", PIN),
        gate("callers: {pass: ['+49*', '????']}", PIN),
    ],
)
def test_what_may_be_meant(text):
    assert found(text) == []


def test_a_dated_pin_that_is_valid_only_while_its_gate_rests():
    dated = '{pin: "081508150815", valid_from: "2026-12-05", valid_until: "2026-12-06"}'
    text = schedule(OFFICE).replace(PIN, PIN.replace("}", f", pins: [{dated}]}}"))
    assert [message for _, message in found(text)] == ["never valid while gate g is active (line 6) within two years"]
    assert found(text.replace("2026-12-06", "2026-12-07")) == []


def test_a_row_that_lets_in_everybody_is_named(tmp_path):
    tmp_path.joinpath("vips.csv").write_text("number\n+49 171 3920001\n+*\n")
    text = gate("callers: {file: vips.csv}", PIN)
    assert (6, "vips.csv, line 3: lets in everybody who shows a number") in found(text, tmp_path)


def test_rows_of_a_list_that_an_earlier_step_answers_are_named_together(tmp_path):
    (tmp_path / "vips.csv").write_text(
        "number,pin\n+49 176 1234567,4711\n+49 30 1234567,4711\n+49 176 1234568,4711\n".replace("4711", LONG)
    )
    text = gate('callers: {pass: ["+49 176*"]}', "caller_pin: {file: vips.csv}")
    assert found(text, tmp_path) == [(7, "vips.csv, lines 2, 4: never reached: line 6 answers before")]


def test_rows_of_a_list_that_a_pattern_beside_it_covers_are_named_together(tmp_path):
    rows = ["+49 176 1234567,pass", "+49 30 1234567,pass", "+49 176 1234568,reject", "0176 1234569,pass", "49 30*,pass"]
    rows += ["+49 30 1234567,pass", "20,pass", "2?,pass"]
    (tmp_path / "vips.csv").write_text("number,verdict\n" + "\n".join(rows) + "\n")
    text = gate('callers: {pass: ["+49 176*"], file: vips.csv}', otherwise="{forward: '1'}")
    assert sorted(found(text, tmp_path)) == [
        (6, "vips.csv, line 7: changes nothing: vips.csv, line 3 says the same"),
        (6, "vips.csv, line 8: changes nothing: vips.csv, line 9 says the same"),
        (6, "vips.csv, lines 2, 5: changes nothing: line 6 says the same"),
    ]


@pytest.mark.parametrize(("pin", "warned"), [("0815", True), ("08150", True), ("081508", False)])
def test_a_pin_that_is_guessed_within_a_year_is_a_warning_and_in_no_message(pin, warned):
    doubts = found(gate(f'static_pin: {{pin: "{pin}"}}'))
    assert [line for line, _ in doubts] == [6] * warned
    assert all(pin not in message and "one of 6 with less than 1 %" in message for _, message in doubts)


def test_100_000_callers_behind_a_list_are_looked_at_in_seconds(tmp_path):
    rows = "".join(f"+49176{number:08}\n" for number in range(100_000))
    (tmp_path / "vips.csv").write_text(f"number\n{rows}")
    text = gate('callers: {reject: ["+49 30*"]}', "callers: {file: vips.csv}")
    begun = dt.datetime.now(dt.UTC)
    assert found(text, tmp_path) == []
    assert dt.datetime.now(dt.UTC) - begun < dt.timedelta(seconds=30)


def test_check_has_them_and_strict_fails(tmp_path):
    file = tmp_path / "vipgate.yaml"
    file.write_text(gate("callers: {reject: ['20']}"))
    for options, status in ((), 0), (("--strict",), 1):
        run = CliRunner().invoke(main, ["check", str(file), *options])
        assert (run.exit_code, "warning: nobody gets through" in run.stdout) == (status, True)


def test_a_range_of_which_a_number_is_left_is_reached(tmp_path):
    steps = ('callers: {pass: ["7000-7004", "7006-7009"]}', 'callers: {reject: ["700?"]}')
    assert found(gate(*steps, otherwise="{forward: '1'}"), tmp_path) == []
