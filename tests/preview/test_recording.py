"""`vipgate test --record`: an expectation from a call that was just explained."""

import os
import shutil

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import main
from vipgate_fs.resources import resource


@pytest.fixture
def record(tmp_path):
    """Runs `vipgate test` beside the example and one with a webservice."""
    for name in ("vipgate.yaml", "every-step.yaml", "vipgate.test.yaml", "plugin.py"):
        shutil.copy(resource("examples") / name, tmp_path)
    return lambda *arguments, file="vipgate.yaml": CliRunner().invoke(
        main, ["--config", str(tmp_path / file), "test", *arguments]
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ("--from", "anonymous", "--to", "7001"),
            'verdict: "reject", result: "rejected", target: "none", hears: ["vipgate-rejected.wav"]',
        ),
        (("--from", "0176 12345678", "--to", "7001", "--name", 'A "VIP"'), 'verdict: "ask_for_pin", line: 34}'),
        (("--from", "0176 12345678", "--to", "7200", "--hidden"), 'gate: "none", active: false, verdict: "pass"'),
    ],
)
def test_what_is_recorded_is_added_and_holds(record, tmp_path, options, expected):
    file = tmp_path / "vipgate.test.yaml"
    before = file.read_text()
    run = record("--record", "--at", "2026-11-27T20:00", *options)
    assert run.exit_code == 0, run.output
    added = file.read_text().removeprefix(before)
    assert expected in added
    assert added in run.output
    again = record()
    assert (again.exit_code, ", 0 not as expected" in again.output) == (0, True)


def test_a_file_is_made_and_answers_are_given(record, tmp_path):
    call = ("--record", "--from", "+49 30 1234567", "--to", "7301", "--at", "2026-11-27T20:00")
    run = record(*call, file="every-step.yaml")
    assert (run.exit_code, "say under answers what it is answered" in run.output) == (1, True)
    run = record(*call, "--answer", "webservice=forward:120", file="every-step.yaml")
    assert run.exit_code == 0, run.output
    text = (tmp_path / "every-step.test.yaml").read_text()
    assert text.startswith("calls:\n  - from: ")
    assert 'target: "120"' in text
    assert record(file="every-step.yaml").exit_code == 0


def test_a_file_of_another_form_is_left_alone(record, tmp_path):
    file = tmp_path / "vipgate.test.yaml"
    file.write_text('{"calls": [{"from": "1", "to": "7200", "at": "2026-11-27 20:00", "expect": {"verdict": "pass"}}]}')
    before = file.read_text()
    run = record("--record", "--from", "1", "--to", "7200", "--at", "2026-11-27T20:00")
    assert (run.exit_code, "add this yourself" in run.output, file.read_text()) == (1, True, before)


@pytest.mark.parametrize(
    "options", [("--record",), ("--from", "1"), ("--record", "--from", "1", "--to", "2", "--answer", "x")]
)
def test_what_makes_no_sense_is_said(record, options):
    run = record(*options)
    assert run.exit_code == 2
    assert "Error: " in run.output


def test_what_cannot_be_written_is_said_in_one_line(record, tmp_path):
    call = ("--record", "--from", "anonymous", "--to", "7001")
    run = record(*call, str(tmp_path / "none" / "x.test.yaml"))
    assert (run.exit_code, run.output) == (2, f"Error: {tmp_path}/none/x.test.yaml: No such file or directory\n")
    run = record(*call, "--name", os.fsdecode(b"\xff"))
    assert (run.exit_code, run.output) == (1, "Error: what is to be recorded is no UTF-8\n")
