from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
from attempts import write_records
from click.testing import CliRunner

from vipgate_fs.cli import main
from vipgate_fs.cli.calls import command
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import say
from vipgate_fs.store.database import Database

CONFIGURATION = """\
version: 1
site: {timezone: Europe/Berlin}
store: sqlite:///state.db
gates:
  support: {protects: {numbers: ["7000"]}, identify: [{static_pin: {pin: "081547"}}]}
"""
RECORD = CallRecord(
    "1", 0.0, "support", "+4917612345678", "7000", "ask for PIN", 2, "pin_correct", "7000", "why", 0.01, 9.5
)


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "vipgate.yaml"
    path.write_text(CONFIGURATION)
    return path


@pytest.fixture
def write(site):
    """Writes records of calls that began so many seconds ago."""
    database = Database(Secret(f"sqlite:///{site.parent}/state.db"))

    def do(*made):
        now = time.time()
        write_records(database, [replace(each, began=now - each.began) for each in made])

    yield do
    database.close()


@pytest.fixture
def calls(site):
    def run(*arguments):
        result = CliRunner().invoke(command, ["--config", str(site), *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_json_is_one_document(calls, write):
    write(replace(RECORD, began=60.0), replace(RECORD, uuid="2", began=120.0, gate=None))
    lines = json.loads(calls("--format", "json"))
    assert [line["uuid"] for line in lines] == ["2", "1"]
    assert lines[1] | {"began": 0.0} == asdict(RECORD)
    assert lines[1]["began"][10] == "T"
    assert lines[1]["began"].endswith(("+01:00", "+02:00"))


HOSTILE = [
    "=cmd|' /C calc'!A0",
    "x;=cmd|' /C calc'!A0",
    "x;  @SUM(A1)",
    "x\t+1+1",
    'x";"-1+1',
    "x,=1+1",
    "\uff1d1+1",
]
"""What is a formula in a spreadsheet that splits lines at one sign or the other."""


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_cell_is_a_formula_whatever_the_line_is_split_at(calls, write, hostile, separator):
    write(replace(RECORD, caller=hostile))
    written = calls("--format", "csv", "--separator", separator).splitlines()[1]
    for split in ",;\t|":
        cells = [*next(csv.reader([written], delimiter=split)), *written.split(split)]
        found = [cell for cell in cells if cell.strip(' "')[:1] in tuple("=@+-\uff1d")]
        assert found == [cell for cell in found if cell.strip('"').strip("+").isdecimal()], (split, found)


def test_csv_keeps_what_is_written(calls, write):
    write(replace(RECORD, reason='a "b", c'), replace(RECORD, uuid="2", caller="=cmd|' /C calc'!A0", called="-1+1"))
    one, two = csv.DictReader(io.StringIO(calls("--format", "csv")))
    assert (one["caller"], one["reason"], one["entries"]) == ("+4917612345678", 'a "b", c', "2")
    assert (two["caller"], two["called"]) == ("'=cmd|' /C calc'!A0", "'-1+1")


def test_text_is_a_table(calls, write):
    write(replace(RECORD, caller=""))
    head, line = calls().splitlines()
    assert head.split() == ["began", "gate", "caller", "called", "outcome", "target", "entries", "seconds", "reason"]
    assert line.split()[1:] == ["support", "withheld", "7000", "pin_correct", "7000", "2", "9.5", "why"]


def test_the_reason_is_said_in_german(site, write):
    write(replace(RECORD, reason=say("otherwise: {then}", then=say("forward to {target}", target="99"))))
    text = CliRunner().invoke(main, ["calls", "--config", str(site), "--language", "de"]).stdout
    assert text.splitlines()[1].endswith("  sonst: weiterleiten an 99")
    assert json.loads(calls_in_json(site))[0]["reason"] == "otherwise: forward to 99"


def calls_in_json(site):
    return CliRunner().invoke(main, ["calls", "--config", str(site), "--language", "de", "--format", "json"]).stdout


@pytest.mark.parametrize(("since", "found"), [("1h", ["1"]), ("3h", ["2", "1"]), ("2000-01-01T00:00", ["3", "2", "1"])])
def test_since(calls, write, since, found):
    write(RECORD, replace(RECORD, uuid="2", began=7200.0), replace(RECORD, uuid="3", began=1e6))
    assert [each["uuid"] for each in json.loads(calls("--format", "json", "--since", since))] == found


@pytest.mark.parametrize("since", ["yesterday", "24", "1w", "0h"])
def test_since_nonsense(site, write, since):
    write(RECORD)
    result = CliRunner().invoke(command, ["--config", str(site), "--since", since])
    assert result.exit_code == 2
    message = f"for --since: found {since}; allowed: an ISO time such as 2026-12-24T18:30, or so long ago, such as 24h"
    assert message in " ".join(result.stderr.split())


def test_secrets_and_files_that_only_the_service_needs_may_be_missing(site, write, calls):
    write(RECORD)
    site.write_text(
        CONFIGURATION.replace(
            "identify: [",
            'identify: [{callers: {file: missing.csv}}, {webservice: {url: "https://x.example", '
            "auth: {bearer: {env: NOT_SET}}}}, ",
        )
    )
    assert '"uuid": "1"' in calls("--format", "json")


def test_a_folder_that_may_not_be_looked_into_is_one_line(site, monkeypatch):
    def stat(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("vipgate_fs.cli.stores.os", SimpleNamespace(stat=stat))
    result = CliRunner().invoke(command, ["--config", str(site)])
    assert result.exit_code == 1
    assert result.stderr == f"Error: the store: {site.parent}/state.db: Permission denied\n"


def test_follow_tells_each_call_once(site, write):
    write(RECORD)
    arguments = ["calls", "--config", str(site), "--follow", "--format", "json"]
    following = subprocess.Popen([sys.executable, "-m", "vipgate_fs", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(following.stdout.readline())["uuid"] == "1"
        write(replace(RECORD, uuid="2"))
        assert json.loads(following.stdout.readline())["uuid"] == "2"
        write(replace(RECORD, uuid="3", began=30.0))
        assert json.loads(following.stdout.readline())["uuid"] == "3"
    finally:
        following.kill()
        following.communicate()
