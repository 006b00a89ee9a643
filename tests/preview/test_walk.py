"""docs/changing-the-rules.md shows what the commands print: each is run again, and its output is compared."""

import datetime as dt
import re
import shlex
from pathlib import Path

import pytest
from attempts import record_of, write_records
from click.testing import CliRunner
from passable import let_everybody_pass
from running_service import Service

from vipgate_fs import config
from vipgate_fs.cli import main
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.decision import decide
from vipgate_fs.gate.dialogue import conduct
from vipgate_fs.preview import expectations
from vipgate_fs.preview.rehearsal import Listener
from vipgate_fs.resources import resource
from vipgate_fs.secret import Secret
from vipgate_fs.store.database import Database

PAGE = (Path(__file__).parents[2] / "docs" / "changing-the-rules.md").read_text("utf-8")
EXAMPLES = resource("examples")
EXAMPLE = (EXAMPLES / "vipgate.yaml").read_text("utf-8")
FRIDAY = '{days: fri, from: "09:00", to: "15:30"}'
EDITED = EXAMPLE.replace(FRIDAY, '{days: fri, from: "10:00", to: "15:00"}')
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DATE = re.compile(r"\d{4}-\d\d-\d\d")
NOT_ON = re.compile(r" \(not [^)]*\)")
"""Fridays that the closed days around the new year take away: other ones each year."""
DOUBTFUL = """\
version: 1
schedules:
  office-hours:
    - {days: mon-fri, from: "09:00", to: "17:00"}
    - {days: wed, from: "10:00", to: "12:00"}
gates:
  support:
    protects: {numbers: ["+49 7022 27978*"]}
    active: {outside: office-hours}
    identify:
      - callers: {pass: ["+49 176*", "+49 176 1234*"]}
      - caller_pin: {pins: {"0176 12345678": "471108154"}}
      - static_pin: {pin: "0815"}
  desk:
    protects: {numbers: ["7300-7309"]}
    identify:
      - webservice: {url: "https://crm.example/?c=###CALLER_NUMBER###"}
    otherwise: {reject: false}
"""
ATTEMPTS = """\
version: 1
store: sqlite:///state.db
schedules:
  office-hours:
    - {days: mon-thu, from: "09:00", to: "17:00"}
    - {days: fri, from: "09:00", to: "15:30"}
gates:
  support:
    protects: {numbers: ["+49 7022 27978*"]}
    active: {outside: office-hours}
    identify:
      - callers: {reject: ["+49 30*"]}
      - static_pin: {pin: "081508", forward_incorrect: "82"}
"""


def commands(text):
    """Each command and what it printed, in the order of the page."""
    found = []
    for language, block in FENCE.findall(text):
        for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:] if not language else ():
            command, _, printed = each.partition("\n")
            found.append((command, printed))
    return found


def plain(text):
    """Without what is another on each day."""
    return NOT_ON.sub("", DATE.sub("DATE", text))


def call_of(text, at, caller, called, keys=(), number=0):
    """The record of a call, as the service makes it."""
    configuration = config.load_text(text.encode()).configuration
    call = Call(f"{number:08}", caller, called, called)
    decision = decide(configuration.gates, call, at, configuration.site.calendar)
    outcome = conduct(decision, call, Listener([*keys]))
    return record_of(call, at, decision, outcome)


def record(folder, records):
    database = Database(Secret(f"sqlite:///{folder}/state.db"))
    write_records(database, records)
    database.close()


def friday(text):
    """The last one on which the office was open at nine."""
    configuration = config.load_text(text.encode()).configuration
    calendar, schedule = configuration.site.calendar, configuration.gates[0].active.schedule
    today = dt.datetime.now(calendar.timezone).date()
    days = (today - dt.timedelta(days) for days in range(1, 30))
    opened = (dt.datetime.combine(day, dt.time(9), calendar.timezone) for day in days if day.weekday() == 4)
    return next(at for at in opened if schedule.at(at, calendar)[0])


class Walker:
    """Who walks through the page."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, text):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o600)

    def run(self, command):
        program, *arguments = shlex.split(command)
        assert program == "vipgate"
        done = CliRunner().invoke(main, [word.replace("/etc/vipgate", str(self.folder)) for word in arguments])
        assert isinstance(done.exception, SystemExit | None), done.exception
        return done.output.replace(str(self.folder), "/etc/vipgate")


class Applied(Service):
    """A service that has applied the example."""

    def configure(self, *_, text=EXAMPLE):
        text = text.replace("127.0.0.1:8084", "127.0.0.1:0") + "store: sqlite:///state.db\n"
        self.config.write_text(text)
        self.config.chmod(0o600)


@pytest.fixture
def walker(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.delenv("VIPGATE_CONFIG", raising=False)
    return Walker(tmp_path)


def walked(walker, section, *prepare):
    """What the page shows in a section, and what is printed today; before each command something may be prepared."""
    shown = commands(PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0])
    assert len(shown) == len(prepare)
    printed = []
    for (command, _), first in zip(shown, prepare, strict=True):
        first()
        printed.append((command, walker.run(command)))
    assert [(command, plain(text)) for command, text in printed] == [(command, plain(text)) for command, text in shown]


def nothing():
    """Nothing is to be done."""


def test_every_command_of_the_page_is_tried():
    tried = re.findall(r"walked\(\s*walker,\s*\"(.*?)\"", Path(__file__).read_text("utf-8"))
    sections = [section.partition("\n") for section in PAGE.split("\n## ")[1:]]
    assert tried == [name for name, _, text in sections if commands(text)]


def test_from_an_edit_to_a_reload(walker, monkeypatch):
    let_everybody_pass(walker.folder)
    walker.write("vipgate.test.yaml", (EXAMPLES / "vipgate.test.yaml").read_text("utf-8"))
    service = Applied(walker.folder)
    monkeypatch.setenv("VIPGATE_CONFIG", str(service.config))
    try:
        service.listening()
        at, numbers = friday(EXAMPLE), range(1, 4)
        record(
            walker.folder,
            [call_of(EXAMPLE, at, f"+49711123456{n}", f"+497022279783{n}", number=n) for n in numbers],
        )
        walked(
            walker,
            "From an edit to a reload",
            lambda: service.configure(text=EDITED),
            nothing,
            nothing,
            lambda: service.configure(text=EDITED.replace("days: fri", "days: fry")),
            lambda: service.configure(text=EDITED),
            nothing,
        )
    finally:
        service.destroy()


def test_what_an_edit_changes(walker):
    walker.write("vipgate.yaml", EXAMPLE)
    walker.write("new.yaml", EXAMPLE.replace("15:30", "17:00").replace('"081555577"', '"081555578"'))
    walked(walker, "What an edit changes: `vipgate diff`", nothing)


def test_what_cannot_be_meant(walker):
    walker.write("vipgate.yaml", DOUBTFUL)
    walked(walker, "What can't be meant: `vipgate check`", nothing)


def test_how_safe_the_pins_are(walker):
    walker.write("examples/vipgate.yaml", f"{EXAMPLE}store: sqlite:///vipgate.db\n")  # whatever this machine has
    walked(walker, "How safe the PINs are: `vipgate audit`", nothing)


def test_what_would_have_become_of_last_months_calls(walker, monkeypatch):
    monkeypatch.setenv("VIPGATE_CONFIG", str(walker.folder / "vipgate.yaml"))
    walker.write("vipgate.yaml", ATTEMPTS)
    walker.write("new.yaml", ATTEMPTS.replace("15:30", "17:00").replace("    active:", "    attempts: 4\n    active:"))
    zone = config.load_text(ATTEMPTS.encode()).configuration.site.calendar.timezone
    late = [
        ("2026-11-20 16:34", WITHHELD, ["1", "2", "3"]),
        ("2026-11-20 16:41", "+4930123456", []),
        ("2026-11-20 16:58", "+41446681800", ["081508"]),
        ("2026-11-27 16:13", "+4930123457", []),
    ]
    calls = [(at, caller, "+4970222797830", keys) for at, caller, keys in late]
    calls += [(f"2026-11-24 20:{n:02}", f"+497111234{n:03}", "+4970222797831", ["1", "2", "3"]) for n in range(12)]
    calls += [(f"2026-11-{23 + n % 4} {9 + n % 8:02}:30", "+497111234567", "+4970222797830", []) for n in range(84)]
    records = [
        call_of(ATTEMPTS, dt.datetime.fromisoformat(at).replace(tzinfo=zone), caller, called, keys, number)
        for number, (at, caller, called, keys) in enumerate(calls)
    ]
    record(walker.folder, records)
    walked(walker, "What would have become of last month's calls: `vipgate replay`", nothing)


def test_what_is_expected(walker):
    (text,) = (block for language, block in FENCE.findall(PAGE) if language == "yaml")
    walker.write("vipgate.test.yaml", text)
    desk = 'protects: {numbers: ["7301"]}, identify: [{webservice: {url: "https://crm.example/", on_failure: {forward: "120"}}}]'
    configuration = config.load_text(f"{EXAMPLE}  desk: {{{desk}}}\n".encode()).configuration
    _, wanted, findings = expectations.load(walker.folder / "vipgate.test.yaml")
    assert (len(wanted), list(findings)) == (2, [])
    assert [expectations.play(each, configuration).faults for each in wanted] == [(), ()]
    walker.write("vipgate.yaml", EXAMPLE)
    walker.write("vipgate.test.yaml", "calls:\n")
    walked(walker, "Expectations: `vipgate test`", nothing)
