import datetime as dt
from collections import Counter
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from vipgate_fs import config
from vipgate_fs.config.model import Records
from vipgate_fs.document import nodes
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import Rejection, Route, Timing
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.gate.number_table import Shape
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.schedules import EVERY_DAY, Dates, Days, Span, Times
from vipgate_fs.gate.verdict import AskForPin, Forward, Reject, Targets
from vipgate_fs.resources import resource

HERE = Path(__file__).parent
EXAMPLE = HERE.parent.parent / "examples" / "vipgate.yaml"


def test_nothing_is_found_in_a_good_file(good):
    loaded = config.load(good)
    assert [str(finding) for finding in loaded.findings] == []
    assert loaded.configuration.path == good


def test_the_parser_in_python_reads_the_same(good, monkeypatch):
    by_libyaml = nodes.parse(good.read_bytes(), Report("test.yaml"))
    monkeypatch.setattr(nodes, "LOADER", yaml.SafeLoader)
    assert nodes.parse(good.read_bytes(), Report("test.yaml")) == by_libyaml


@pytest.fixture(scope="module")
def full():
    return config.load(HERE / "good" / "full.yaml").configuration


def test_site(full):
    site = full.site
    assert (site.language, site.number_format, site.domain) == ("en", "+", "pbx.example.com")
    assert site.plan.canonical("044 668 18 00") == "+41446681800"
    assert site.calendar.timezone == ZoneInfo("Europe/Zurich")
    assert site.calendar.holiday(dt.date(2026, 8, 1))
    assert site.sounds == resource("sounds")


def test_what_a_trunk_writes():
    site = config.load(HERE / "good" / "trunk.yaml").configuration.site
    assert site.called_number == ("P-Called-Party-ID", "Request-URI", "To")
    assert {site.plan.caller(written) for written in ("Kein Eintrag", "+499999999999", "anonymous")} == {""}


@pytest.mark.parametrize(
    ("written", "looked_at"),
    [
        (None, ("Request-URI",)),
        ('["To"]', ("Request-URI", "To")),
        ('["P-Called-Party-ID", "Diversion"]', ("Request-URI", "P-Called-Party-ID", "Diversion")),
        ('["P-Called-Party-ID", "Request-URI"]', ("P-Called-Party-ID", "Request-URI")),
    ],
)
def test_the_request_uri_is_looked_at_first_unless_it_has_a_place(written, looked_at):
    text = '{"version": 1, "gates": {"a": {"protects": {"numbers": ["7000"]}, "otherwise": {"reject": true}}}'
    loaded = config.load_text(text + (f', "site": {{"called_number": {written}}}}}' if written else "}"))
    assert loaded.findings == ()
    assert loaded.configuration.site.called_number == looked_at


def test_server(full):
    assert (full.server.host, full.server.port) == ("::1", 8085)
    assert full.server.allow == (ip_network("::1"), ip_network("10.1.2.0/24"))
    assert (full.server.workers, full.server.max_calls, full.server.drain) == (2, 500, 45.0)
    assert full.server.metrics == ("::1", 9464)
    assert full.server.traces == "https://collector.example:4318/v1/traces"
    assert full.server.admin == ("::1", 8086, ("page.example",), None, None, "::1")


def test_store_and_records(full):
    assert full.store.url.reveal() == f"sqlite:///{HERE / 'good' / 'vipgate.db'}"
    assert full.records == Records(retention=7 * 86_400, mask_numbers=True)


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ("", "sqlite:///{folder}/vipgate.db"),
        ("store: none", None),
        ("store: sqlite:////srv/calls.db", "sqlite:////srv/calls.db"),
        ("store: sqlite:///../a b.db", "sqlite:///{folder}/../a b.db"),
        ("store: {env: VIPGATE_STORE}", "postgresql+psycopg://me:s3cr3t@[::1]:5432/vipgate"),
    ],
)
def test_where_the_store_is(tmp_path, monkeypatch, store, url):
    monkeypatch.setenv("VIPGATE_STORE", "postgresql+psycopg://me:s3cr3t@[::1]:5432/vipgate")
    monkeypatch.setattr("vipgate_fs.config.store.STATE", tmp_path / "state")
    text = f"version: 1\n{store}\ngates: {{g: {{protects: {{numbers: ['1']}}, otherwise: {{reject: true}}}}}}\n"
    configuration = config.load_text(text, tmp_path / "vipgate.yaml").configuration
    found = configuration.store.url
    assert (found and found.reveal()) == (url and url.format(folder=tmp_path))
    assert "s3cr3t" not in repr(configuration)


def test_a_state_folder_is_used_if_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr("vipgate_fs.config.store.STATE", tmp_path)
    configuration = config.load(HERE / "good" / "quoting.yaml").configuration
    assert configuration.store.url.reveal() == f"sqlite:///{tmp_path}/vipgate.db"


def test_lockouts(full):
    support, _, hidden = full.gates
    assert support.lockout == Lockout(5, 43_200, 900, 86_400, 50, 14_400, rejects=False)
    assert hidden.lockout == Lockout(4, 7200, 1200, 21_600, 40, 21_600, rejects=True)


def test_schedules(full):
    schedules = [gate.active.schedule for gate in full.gates if gate.active]
    assert {schedule.name: schedule.spans for schedule in schedules} == {
        "office-hours": (
            Span(15, Days.parse("mon-fri"), Times.parse("09:00", "17:00")),
            Span(16, EVERY_DAY, Times.parse(None, None), Dates.parse("12-24 - 01-06"), closed=True),
        ),
        "night": (
            Span(18, EVERY_DAY, Times.parse("22:00", "06:00")),
            Span(19, Days.parse("sun, holidays"), Times.parse(None, None)),
        ),
    }
    assert [(schedule.name, schedule.line) for schedule in schedules] == [
        ("office-hours", 14),
        ("night", 17),
    ]


def test_gate(full):
    support, service, hidden = full.gates
    assert (support.name, support.line) == ("support", 21)
    assert [(pattern.text, line) for pattern, line in support.protects.numbers] == [
        ("+41 44 668 18*", 23),
        ("7000-7099", 23),
    ]
    assert support.protects.users == {"alice": 24, "7200": 24}
    assert support.protects.groups == {"support": 25}
    assert (support.active.schedule.name, support.active.outside, support.active.line) == ("office-hours", True, 26)
    assert (service.active.schedule.name, service.active.outside, hidden.active) == ("night", False, None)
    assert (support.attempts, service.attempts) == (5, 3)
    assert (support.route, service.route) == (Route("XML", "passed"), Route("XML", "vipgate-passed"))
    assert (support.timing, service.timing) == (Timing(5.0, 2.5), Timing(8.0, 4.0))
    sounds = resource("sounds") / "en"
    assert support.prompts.welcome == str(sounds / "vipgate-welcome.wav")
    assert support.prompts.wrong_pin == str(sounds / "vipgate-wrong-pin.wav")
    assert support.prompts.customer_number == str(sounds / "vipgate-customer-number.wav")
    assert support.rejection == Rejection(603, None)
    assert service.rejection == Rejection(486, str(sounds / "vipgate-rejected.wav"))
    assert hidden.rejection == Rejection(486, None)


def test_steps(full):
    support, service, hidden = full.gates
    (by_caller,) = support.steps
    assert (by_caller.kind, by_caller.line, by_caller.by, by_caller.ask_unknown) == (
        "caller_pin",
        28,
        "caller_number",
        False,
    )
    assert by_caller.table.of("+4917612345678") == Pin("471112345")
    assert by_caller.table.of("+41556631019") == Pin("471155577")
    assert (service.steps[0].by, service.steps[0].table.of("10027")) == ("entered_id", Pin("471112"))
    assert hidden.steps[0].ask_unknown


PINS = """\
version: 1
gates:
  g:
    protects: {numbers: ["7000"]}
    identify:
      - caller_pin: {pins: {"7001": {env: TEST_PIN}}}
      - static_pin: {pin: {env: TEST_PIN}, pins: [{pin: {env: TEST_PIN}}]}
  h:
    protects: {numbers: ["7100"]}
    otherwise: {askForPin: {expectedPIN: {env: TEST_PIN}}}
"""


def test_pins_of_the_environment(monkeypatch):
    monkeypatch.setenv("TEST_PIN", "04711")
    loaded = config.load_text(PINS)
    assert loaded.findings == ()
    by_caller, static = loaded.configuration.gates[0].steps
    assert by_caller.table.of("7001") == static.pin == static.dated[0].pin == Pin("04711")
    assert loaded.configuration.gates[1].otherwise == AskForPin(Pin("04711"))


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (None, "the environment has no variable TEST_PIN"),
        ("", "or it is empty"),
        ("4711x", "what this variable holds does not fit; allowed: 1 to 20 digits"),
        ("471", "warning: a PIN of fewer than 4 digits"),
    ],
)
def test_what_the_environment_holds_instead_of_a_pin(monkeypatch, held, message):
    monkeypatch.delenv("TEST_PIN", raising=False)
    if held is not None:
        monkeypatch.setenv("TEST_PIN", held)
    findings = config.load_text(PINS).findings
    assert [finding.line for finding in findings] == [6, 7, 7, 10]
    assert all(message in str(finding) and "471" not in str(finding) for finding in findings)


def test_otherwise(full):
    support, service, _ = full.gates
    assert support.otherwise == AskForPin(Pin("471199"), "100", "*97", 3)
    assert support.otherwise_line == 36
    assert (service.otherwise, service.otherwise_line) == (Reject(), None)


def test_quotes_keep_what_they_enclose():
    configuration = config.load(HERE / "good" / "quoting.yaml").configuration
    assert configuration.site.number_format == "00"
    gate = configuration.gates[0]
    assert list(gate.protects.users) == ["1e3", "0815", "yes"]
    assert gate.otherwise == Forward("0x10")
    assert gate.active.schedule.spans[1].closed


def test_the_example_has_nothing_to_be_found():
    loaded = config.load(EXAMPLE)
    assert loaded.findings == ()
    assert [gate.name for gate in loaded.configuration.gates] == ["support", "management", "service"]


def test_a_large_file_is_read_in_one_go(monkeypatch):
    """Twice as much in a file is twice as much work: counted, not timed."""
    counts = []
    for size in (500, 1000):
        work = Counter()
        for owner, name in ((Mapping, "value"), (Shape, "keys")):
            monkeypatch.setattr(owner, name, counted(owner.__dict__[name], work))
        numbers = ", ".join(f'"{20_000 + number}"' for number in range(size))
        pins = ", ".join(f'"0049176{number:08}": "4711{number:04}"' for number in range(size))
        gate = f"{{protects: {{numbers: [{numbers}]}}, identify: [{{caller_pin: {{pins: {{{pins}}}}}}}]}}"
        loaded = config.load_text(f"version: 1\ngates:\n  g: {gate}\n")
        monkeypatch.undo()
        assert loaded.findings == ()
        assert len(loaded.configuration.gates[0].steps[0].table) == size
        counts.append(work.total())
    assert counts[1] <= 2 * counts[0]


def counted(attribute, work):
    """The same property or method, counting how often it is used."""
    function = attribute.fget if isinstance(attribute, property) else attribute

    def count(*arguments):
        work[function] += 1
        return function(*arguments)

    return property(count) if isinstance(attribute, property) else count


def test_where_pins_lead_and_what_gates_are_called():
    loaded = config.load(HERE / "good" / "targets.yaml")
    support, guests, old = loaded.configuration.gates
    assert [step.targets for step in support.steps] == [Targets("100", "120"), Targets(None, "121")]
    assert support.targets == Targets("102", "122")
    assert [guests.steps[0].targets, guests.targets, guests.steps[0].besides] == [
        Targets("103", "123"),
        Targets(),
        None,
    ]
    call = Call("1", "+4917612345678", "7001", "7001")
    assert [step.identify(call).correct for step in (*support.steps, *guests.steps)] == ["100", None, "103"]
    assert [step.identify(call).incorrect for step in (*support.steps, *guests.steps)] == ["120", "121", "123"]
    assert [gate.enabled for gate in (support, guests, old)] == [True, True, False]
    assert support.title == "Bereitschaft Süd (24 Stunden) – für Stammkunden"
