"""`vipgate demo` as its user runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import demo

ROWS = [row for rows in demo.EXAMPLES.values() for row in rows]
PINS = {digits.rstrip("#") for row in ROWS for keys in row.keys for digits in [keys] if len(digits) > 4}


@pytest.fixture(scope="module")
def run():
    return subprocess.run(
        [sys.executable, "-m", "vipgate_fs", "demo"], check=False, capture_output=True, text=True, timeout=60
    )


def cells(line):
    return re.split(r" {2,}", line)


def test_it_ends_well_and_says_nothing_else(run):
    assert (run.returncode, run.stderr) == (0, "")


def test_the_table_has_a_line_for_each_call(run):
    header, *lines = run.stdout.splitlines()
    assert cells(header) == ["caller", "calls", "at", "experienced", "the end"]
    assert [cells(line)[:3] for line in lines] == [[row.who, row.to, row.at[-5:]] for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.who)
def test_each_call_ends_as_it_should(run, row):
    (line,) = [line for line in run.stdout.splitlines() if line.startswith(f"{row.who}  ")]
    assert cells(line)[-1] == row.ends


def test_it_shows_every_outcome(run):
    ends = {re.sub(r"\d+ (?=[A-Z])|\+?\d+$", "", cells(line)[-1]).strip() for line in run.stdout.splitlines()[1:]}
    assert ends >= {"through to", "Busy Here", "hung up on (USER_BUSY)", "hung up"}


def test_the_columns_stand_below_each_other(run):
    lines = run.stdout.splitlines()
    column = lines[0].index("the end")
    assert {line[column - 2 : column] for line in lines} == {"  "}
    assert all(line[column] != " " for line in lines)
    assert max(map(len, lines)) <= 132


def test_no_pin_is_shown(run):
    assert PINS
    assert not [pin for pin in PINS if pin in run.stdout]


def test_a_call_that_ends_otherwise_is_an_error(monkeypatch):
    right = demo.EXAMPLES["vipgate.yaml"][0]
    wrong = replace(right, who="a surprise", ends="486 Busy Here")
    monkeypatch.setattr(demo, "EXAMPLES", {"vipgate.yaml": (right, wrong)})
    result = CliRunner().invoke(demo.command)
    assert result.exit_code == 1
    assert result.stderr == "Error: a surprise: should have been 486 Busy Here\n"
    assert len(result.stdout.splitlines()) == 3
