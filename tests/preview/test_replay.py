"""Calls of the records, decided again: none differs by the same file, and by another exactly those that it changes."""

import datetime as dt
import hashlib
import json
import random
from dataclasses import replace

import pytest
from attempts import record_of, write_records
from click.testing import CliRunner

from vipgate_fs import config
from vipgate_fs.cli import main
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.decision import ask_step, decide
from vipgate_fs.gate.dialogue import conduct
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.record import CallRecord, masked
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.preview.rehearsal import Listener
from vipgate_fs.preview.replay import replay
from vipgate_fs.secret import Secret
from vipgate_fs.sentences.catalogue import in_language
from vipgate_fs.store.database import Database

TEXT = """\
version: 1
site: {timezone: Europe/Berlin, holidays: DE-BW}
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
      - callers: {pass: ["+49 30*"]}
      - webservice: {url: "https://crm.example/?c=###CALLER_NUMBER###"}
      - static_pin: {pin: "081508", forward_incorrect: "66"}
  chief:
    protects: {numbers: ["7000"]}
    identify:
      - caller_pin: {pins: {"+49 176 12345678": "4711"}}
    otherwise: {forward: "20"}
  alice:
    protects: {users: [alice]}
    otherwise: {reject: true}
"""
CALLED = ["+497022279780", "+4970222797830", "7000", "7001", "7200"]
CALLERS = [WITHHELD, "+4917612345678", "+4930123456", "+41446681800"]
ANSWERS = [None, None, StepFailed("down"), Pass(), Reject(), Forward("77"), AskForPin(Pin("99"), "81", "82", 2)]
FIRST = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def recorded():
    """10,000 calls of four weeks, as the service records them."""
    rng, configuration = random.Random(13), config.load_text(TEXT).configuration
    return [made(rng, configuration, number) for number in range(10_000)]


def made(rng, configuration, number):
    at = FIRST + dt.timedelta(minutes=rng.randrange(28 * 1440))
    called, caller, answer = rng.choice(CALLED), rng.choice(CALLERS), rng.choice(ANSWERS)
    users = frozenset({"alice"} if called == "7200" else ())
    dialled = "0" + called[3:] if called.startswith("+49") and rng.random() < 0.5 else called
    call = Call(str(number), caller, called, dialled, called_users=users)

    def ask(step, call):
        if not step.waits:
            return ask_step(step, call)
        if isinstance(answer, StepFailed):
            raise answer
        return answer

    decision = decide(configuration.gates, call, at, configuration.site.calendar, ask)
    outcome = conduct(decision, call, Listener([rng.choice(["1", "4711", "081508", "99"]) for _ in range(3)]))
    return record_of(call, at, decision, outcome)


def test_no_call_differs_by_the_same_file(recorded):
    configuration = config.load_text(TEXT).configuration
    found = [replay(record, configuration) for record in recorded]
    assert {record.outcome for record in recorded} >= {
        "pin_correct",
        "pin_incorrect",
        "rejected",
    }
    assert [one for one in found if one.differs] == []
    assert [one for one in found if one.now is None] == []


def test_by_another_schedule_exactly_the_calls_of_the_changed_hours_differ(recorded):
    configuration = config.load_text(TEXT.replace('"15:30"', '"17:00"')).configuration
    differing = {one.record.uuid for one in (replay(record, configuration) for record in recorded) if one.differs}
    calendar = configuration.site.calendar

    def is_in_changed_hours(record):
        at = calendar.local(dt.datetime.fromtimestamp(record.began, dt.UTC))
        return at.weekday() == 4 and dt.time(15, 30) <= at.time() < dt.time(17) and record.called.startswith("+49")

    changed = {record.uuid for record in recorded if is_in_changed_hours(record) and record.verdict != "pass"}
    assert differing == changed
    assert len(changed) > 15


@pytest.mark.parametrize(
    ("written", "instead", "then", "now"),
    [
        ('otherwise: {forward: "20"}', 'otherwise: {forward: "21"}', "forward to 20", "forward to 21"),
        (
            'forward_incorrect: "66"',
            'forward_incorrect: "67"',
            "ask for PIN: pin incorrect, to 66",
            "ask for PIN: pin incorrect, to 67",
        ),
        ('callers: {pass: ["+49 30*"]}', 'callers: {reject: ["+49 30*"]}', "pass", "reject"),
        ("users: [alice]", "users: [alice]}\n    active: {during: office-hours", "reject", "pass"),
    ],
)
def test_each_change_is_reported(recorded, written, instead, then, now):
    assert written in TEXT
    configuration = config.load_text(TEXT.replace(written, instead)).configuration
    found = {(one.then, one.now) for one in (replay(record, configuration) for record in recorded) if one.differs}
    assert found == {(then, now)}


@pytest.mark.parametrize(
    ("verdict", "outcome", "target", "german"),
    [
        ("ask for PIN", "pin_correct", "20", "PIN abfragen: PIN richtig, weiter zu 20"),
        ("ask for PIN", "pin_incorrect", None, "PIN abfragen: PIN falsch"),
        ("forward to 66", "forwarded", "66", "weiterleiten an 66"),
        ("reject", "rejected", None, "abweisen"),
    ],
)
def test_what_became_of_a_recorded_call_is_said_in_german_too(verdict, outcome, target, german):
    record = CallRecord("u", 0.0, "g", "1", "2", verdict, 1, outcome, target, "", 0.0, 0.0)
    assert in_language(replay(record, config.load_text(TEXT).configuration).then, "de") == german


def test_what_nobody_can_know_is_named(recorded):
    before = config.load_text(TEXT).configuration
    changed = {
        "attempts": (
            TEXT.replace("  chief:\n", "  chief:\n    attempts: 5\n"),
            "what would have been keyed in at attempt 4",
        ),
        "asked anew": (
            TEXT.replace("      - caller_pin", '      - webservice: {url: "https://crm.example/"}\n      - caller_pin'),
            "what webservice in line 19 would have answered",
        ),
        "masked": (TEXT, "the number, which is masked in the record"),
    }
    for name, (text, what) in changed.items():
        configuration = config.load_text(text).configuration
        records = [masked(record) if name == "masked" else record for record in recorded[:500]]
        assert what in {
            one.why for one in (replay(record, configuration, before) for record in records) if one.now is None
        }, name


TWICE = TEXT.replace(
    "      - static_pin:",
    '      - webservice: {url: "https://b.example/?c=###CALLER_NUMBER###", on_failure: {forward: "50"}}\n'
    '      - database: {url: "sqlite:////x.db", query: "select 1"}\n      - static_pin:',
)


def of_steps(*answers, caller="+41446681800"):
    """The record of a call of which the steps that ask elsewhere say this, one after the other."""
    configuration, left = config.load_text(TWICE).configuration, [*answers]

    def ask(step, call):
        if not step.waits:
            return ask_step(step, call)
        if isinstance(answer := left.pop(0), StepFailed):
            raise answer
        return answer

    at, call = FIRST + dt.timedelta(hours=2), Call("x", caller, CALLED[0], CALLED[0])
    decision = decide(configuration.gates, call, at, configuration.site.calendar, ask)
    outcome = conduct(decision, call, Listener(["081508"]))
    return record_of(call, at, decision, outcome)


@pytest.mark.parametrize(
    "answers",
    [
        (StepFailed("down"), Forward("77")),
        (StepFailed("down"), Pass()),
        (StepFailed("down"), StepFailed("down")),
        (None, Forward("77")),
        (None, None, StepFailed("down; webservice: forward to 66; otherwise: reject")),
        (None, None, StepFailed("webservice: failed: x; counts as don't know")),
        (StepFailed("; database: reject"), Reject()),
        (None, None, None),
    ],
    ids=str,
)
def test_a_reason_is_what_its_parts_say_whatever_its_words_are(answers):
    """Two steps are of one kind, and what fails says what it likes."""
    record = of_steps(*answers)
    found = replay(record, config.load_text(TWICE).configuration)
    assert (found.now, found.differs) == (found.then, False)


def test_of_two_steps_of_a_kind_it_is_unknown_which_one_failed():
    found = replay(of_steps(None, StepFailed("down")), config.load_text(TWICE).configuration)
    assert (found.now, found.why) == (None, "what webservice in line 14 would have answered")


def test_a_reason_without_parts_is_no_evidence():
    record = of_steps(None, None, Forward("77"))
    bare = replace(record, reason=record.reason[:])
    configuration = config.load_text(TWICE).configuration
    assert replay(record, configuration).now == "forward to 77"
    assert replay(bare, configuration).now is None


def test_the_command_tells_and_touches_nothing(recorded, tmp_path):
    (tmp_path / "vipgate.yaml").write_text(TEXT)
    (tmp_path / "new.yaml").write_text(TEXT.replace('otherwise: {forward: "20"}', 'otherwise: {forward: "21"}'))
    database = Database(Secret(f"sqlite:///{tmp_path}/state.db"))
    write_records(database, recorded[:200])
    database.close()
    before = hashlib.sha256((tmp_path / "state.db").read_bytes()).digest()
    expected = sum(record.verdict == "forward to 20" for record in recorded[:200])

    def run(*arguments):
        return CliRunner().invoke(
            main, ["--config", str(tmp_path / "vipgate.yaml"), "replay", "--since", "2026-01-01T00:00", *arguments]
        )

    result = run(str(tmp_path / "new.yaml"))
    assert result.exit_code == 1, result.output
    assert result.output.splitlines()[-1] == f"{expected} of 200 calls would have ended differently"
    assert "line 20, otherwise: forward to 21" in result.output
    document = json.loads(run(str(tmp_path / "new.yaml"), "--format", "json").output)
    assert (document["calls"], len(document["different"])) == (200, expected)
    assert run(str(tmp_path / "vipgate.yaml")).exit_code == 0
    assert run(str(tmp_path / "none.yaml")).exit_code == 2
    assert hashlib.sha256((tmp_path / "state.db").read_bytes()).digest() == before


@pytest.mark.parametrize("store", ["none", "sqlite:///missing.db"])
def test_without_records_nothing_is_said_of_them(tmp_path, store):
    """Exit status 1 would say that calls differ."""
    (tmp_path / "vipgate.yaml").write_text(TEXT.replace("sqlite:///state.db", store))
    run = CliRunner().invoke(
        main, ["--config", str(tmp_path / "vipgate.yaml"), "replay", str(tmp_path / "vipgate.yaml")]
    )
    assert run.exit_code == 2
    assert run.output.startswith("Error: ")
