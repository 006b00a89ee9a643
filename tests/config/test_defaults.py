"""A default stands in the schema, and nowhere else: whoever changes it there changes what the gate does.

Each default is changed in the schema, and a gate in this process is watched before and after: what it has the switch
do in a simulated call, what it counts, whom it asks, or what the part that uses the setting does with it.
"""

import copy
import datetime as dt
import io
import json
import math
import time
from contextlib import contextmanager
from dataclasses import fields
from types import SimpleNamespace

import pytest
from attempts import attempt_of, judge, write_records
from webservice_peer import BODY, Peer, a_call, answering, response

from vipgate_fs import config
from vipgate_fs.document import schema
from vipgate_fs.gate.gate import Gate, Route, Timing
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.gate.memory import InMemory
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.service.children import Child, Children
from vipgate_fs.service.embedded import embedded_gate
from vipgate_fs.service.logs import configure
from vipgate_fs.service.plan import Plan
from vipgate_fs.service.port import Port
from vipgate_fs.service.regulation import Regulation
from vipgate_fs.service.server import GateServer
from vipgate_fs.service.status import WorkerState
from vipgate_fs.service.supervisor import Supervisor
from vipgate_fs.service.timings import Timings
from vipgate_fs.service.worker import site_memory
from vipgate_fs.store import records
from vipgate_fs.store.database import Database
from vipgate_fs.testing import Caller, Dialplan, Extension, Simulator

NOON = dt.datetime(2026, 11, 24, 11, tzinfo=dt.UTC)
"""A Tuesday, in Berlin."""
MOBILE = "+4917612345678"
PIN = {"static_pin": {"pin": "4711"}}
LISTED = {"callers": {"pass": [MOBILE]}}
OWN = {"caller_pin": {"pins": {"004917612345678": "4711"}}}


class Site:
    """A site with one gate, of which only what a default needs is written."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder, self.log = folder, configure("error", io.StringIO())

    def configuration(self, *steps, sections=None, **gate):
        gate = {"protects": {"numbers": ["7000"]}, "identify": [*steps], **gate}
        text = json.dumps({"version": 1, "store": "none", "gates": {"g": gate}, **(sections or {})})
        loaded = config.load_text(text, self.folder / "vipgate.yaml")
        assert loaded.configuration is not None, [str(found) for found in loaded.findings]
        return loaded.configuration

    def call(self, *steps, caller=MOBILE, keys=(), to="7000", memory=None, variable=None, headers=(), **more):
        """What the gate has the switch do with a call."""
        actions = [("set", variable)] if variable else []
        extension = Extension((*actions, ("socket", "127.0.0.1:8084 async full")), matches=True)
        with embedded_gate(self.configuration(*steps, **more), lambda: NOON, memory=memory, log=self.log) as dial:
            wire = Wire(dial)
            simulator = Simulator(speed=math.inf, dialplan=Dialplan(extension), dial=wire.dial)
            simulator.call(Caller(caller.replace("+", "00"), dial=keys, headers=dict(headers)), to)
        return wire.orders


class Wire:
    """Overhears what a gate orders."""

    def __init__(self, dial):
        self._dial, self._heard = dial, b""

    def dial(self, host, port):
        self._sock = self._dial(host, port)
        return self

    def recv(self, length):
        data = self._sock.recv(length)
        self._heard += data
        return data

    def __getattr__(self, name):
        return getattr(self._sock, name)

    @property
    def orders(self):
        lines = self._heard.decode().splitlines()
        return [line.partition(": ")[2] for line in lines if line.startswith(("execute-app-", "hangup-cause"))]


def attempts(site):
    """What wrong attempts are worth: of one caller every few minutes, or each hour, and of ever other callers."""
    lockout, now = site.configuration(PIN).gates[0].lockout, [NOON.timestamp()]

    def seen(pause, count, caller=lambda _number: "1"):
        memory, found = InMemory(site.log, lambda: now[0]), []
        for number in range(count):
            now[0] += pause
            attempt = attempt_of(caller(number), lockout)
            found.append((memory.is_locked(attempt), judge(memory, attempt)))
        return found

    return seen(300, 10), seen(3600, 72), seen(1, 52, str), seen(1800, 70, str)


def locked_out(site):
    memory, lockout = InMemory(site.log), site.configuration(PIN).gates[0].lockout
    for _ in range(lockout.failures):
        judge(memory, attempt_of("0049176", lockout))
    return site.call(PIN, caller="+49176", keys="4711#", memory=memory)


@contextmanager
def supervisor(site):
    """One that has started no worker."""
    generation = SimpleNamespace(plan=Plan.of(site.configuration()), applied=SimpleNamespace(files=()))
    port = Port("127.0.0.1", 0)
    try:
        yield Supervisor(generation, port, None, None, site.log, None)
    finally:
        port.leave()


def workers(site):
    with supervisor(site) as made:
        return made.status().problems


def drain(site):
    with supervisor(site) as made:
        made._port.is_open = False
        made._begin_to_end()
        return round(made._deadline - made._started, -1)


def refused_calls(site):
    """Whether the port is closed at 2,000 calls."""
    children, port = Children(site.log, Timings()), Port("127.0.0.1", 0)
    child = Child(1, 0, None, WorkerState(calls=2000), ready=True, accepting=True)
    children._living.append(child)
    port.open()
    try:
        Regulation(children, Timings(), site.log).regulate(port, Plan.of(site.configuration()).max_calls)
        return port.is_open
    finally:
        port.leave()


def listening(site):
    port = Port(*Plan.of(site.configuration()).address)
    try:
        return port.socket.getsockname()[0]
    finally:
        port.leave()


def allowed(site):
    server = GateServer(site.configuration(sections={"server": {"listen": "127.0.0.1:0"}}), site.log)
    server.start()
    try:
        Simulator("127.0.0.1", server.port, speed=100).call(Caller(), "7001")
        return server.begun
    finally:
        server.stop(0)


def kept_after_ten_days(site):
    configuration = site.configuration(sections={"store": "sqlite:///state.db"})
    database, memory = Database(configuration.store.url), site_memory(configuration, site.log)
    write_records(database, [record_of(time.time() - 10 * 86_400)])
    memory._purge(5.0)
    try:
        return numbers_in(database)
    finally:
        memory.close()
        database.close()


def recorded(site):
    configuration = site.configuration(sections={"store": "sqlite:///state.db"})
    database, memory = Database(configuration.store.url), site_memory(configuration, site.log)
    memory.open()
    try:
        memory.record(record_of(time.time()))
        until = time.monotonic() + 20
        while not (found := numbers_in(database)) and time.monotonic() < until:
            time.sleep(0.02)
        return found
    finally:
        memory.close()
        database.close()


def record_of(ended):
    return CallRecord("u", ended - 1, "g", MOBILE, "7000", "reject", 0, "rejected", None, "", 0.0, 1.0)


def numbers_in(database):
    wanted = records.Wanted(0.0)
    found = database.transact(lambda connection: records.latest(connection, wanted), reads=True).records
    return [record.caller for record in found]


def asked(site, serve, times=1, scheme="http", **settings):
    """What a webservice heard, and what came of the last question."""
    with Peer(serve) as peer:
        url = peer.url("/?caller=###CALLER_NUMBER###", scheme)
        settings = {"url": url, "timeouts": {"total": "2s"}} | settings
        (step,) = site.configuration({"webservice": settings}).gates[0].steps
        for _ in range(times):
            said = outcome(step)
        return [request.split(b" HTTP")[0] for request in peer.requests], said


def in_vain(site, serve, **settings):
    """Why a webservice is not asked any longer that does not answer."""
    return asked(site, serve, **settings)[1]


def outcome(step):
    try:
        return repr(step.identify(a_call()))
    except StepFailed as failure:
        return str(failure)


def slow_plugin(site):
    (site.folder / "slow.py").write_text("import time\ndef wait(call):\n    time.sleep(0.4)\n")
    (step,) = site.configuration({"plugin": {"call": "slow:wait"}}).gates[0].steps
    return outcome(step)


def silent(side):
    side.request()
    side.silence()


def deaf(side):
    side.silence()


GOOD, BAD = (answering(response(BODY, status, "Connection: close")) for status in ("200 OK", "500 Oops"))
SCHEDULED = {"schedules": {"office": [{"from": "09:00", "to": "17:00"}]}}
DURING = {"active": {"during": "office"}, "sections": SCHEDULED}
REJECTED = {"otherwise": {"reject": True}}
ASKS_BOTH = {"caller_pin": {"identification": "entered_id", "pins": {"55": "4711"}}}
ANONYMOUS = {"caller": "anonymous", "headers": {"P-Asserted-Identity": f"<sip:{MOBILE}@x>", "Privacy": "id"}}
TO = {"To": "<sip:7000@x>"}

# For each default: another one, and what is watched. Where it takes long to see the default itself, there are two.
WATCHED = {
    "site.country": ("AT", lambda site: site.call(LISTED, caller="017612345678")),
    "site.timezone": ("Asia/Tokyo", lambda site: site.call(PIN, **DURING)),
    "site.number_format": ("+", lambda site: asked(site, GOOD)),
    "site.called_number": (["To", "Diversion"], lambda site: site.call(PIN, to="9999", headers=TO)),
    "server.listen": (("127.0.0.1:0", "127.0.0.2:0"), listening),
    "server.allow": (["10.0.0.0/8"], allowed),
    "server.workers": (3, workers),
    "server.max_calls": (2001, refused_calls),
    "server.drain": ("7s", drain),
    "records.retention": ("48h", kept_after_ten_days),
    "records.mask_numbers": (True, recorded),
    "lockout.failures": (6, attempts),
    "lockout.forgive": ("13h", attempts),
    "lockout.duration": ("20m", attempts),
    "lockout.longest": ("1h", attempts),
    "lockout.gate_failures": (51, attempts),
    "lockout.gate_forgive": ("5h", attempts),
    "lockout.locked_callers": ("reject", locked_out),
    "span.closed": (True, lambda site: site.call(PIN, **DURING)),
    "gate.enabled": (False, lambda site: site.call(PIN)),
    "gate.otherwise": ({"reject": False}, lambda site: site.call(LISTED, caller="+4930123456")),
    "gate.attempts": (4, lambda site: site.call(PIN, keys=["1#", "1#", "1#", "4711#"])),
    "gate.route.dialplan": ("LUA", lambda site: site.call(LISTED)),
    "gate.route.context": ("another", lambda site: site.call(LISTED)),
    "gate.reject_with": ("603", lambda site: site.call(**REJECTED)),
    "gate.prompts.welcome": ("vipgate-rejected.wav", lambda site: site.call(PIN)),
    "gate.prompts.wrong_pin": ("vipgate-rejected.wav", lambda site: site.call(PIN, keys=["1#", "4711#"])),
    "gate.prompts.customer_number": ("vipgate-rejected.wav", lambda site: site.call(ASKS_BOTH, keys="55#")),
    "gate.prompts.rejected": (
        "vipgate-welcome.wav",
        lambda site: site.call(**REJECTED, reject_with="announcement"),
    ),
    "gate.timing.first_digit": ("7s", lambda site: site.call(PIN)),
    "gate.timing.next_digit": ("7s", lambda site: site.call(PIN)),
    "caller_pin.identification": ("entered_id", lambda site: site.call(OWN)),
    "caller_pin.unknown_callers": ("ask", lambda site: site.call(OWN, caller="+4930123456")),
    "channel_variable.name": (
        "another",
        lambda site: site.call({"channel_variable": {}}, variable="vipgate_verdict=pass"),
    ),
    "webservice.method": ("POST", lambda site: asked(site, GOOD)),
    "webservice.cache": ("60s", lambda site: asked(site, GOOD, times=2)),
    "webservice.failures_until_skipped": (4, lambda site: asked(site, BAD, times=5)),
    "webservice.skipped_for": ("7s", lambda site: asked(site, BAD, times=4)),
    "timeouts.connect": (("0.1s", "0.2s"), lambda site: in_vain(site, deaf, scheme="https")),
    "timeouts.read": (("0.1s", "0.2s"), lambda site: in_vain(site, silent)),
    "timeouts.total": (("0.1s", "0.2s"), lambda site: in_vain(site, silent, timeouts={"connect": "1s"})),
    "callers.hidden": ("as_withheld", lambda site: site.call(LISTED, **ANONYMOUS)),
    "plugin.timeout": (("0.1s", "30s"), slow_plugin),
}


def defaults(sub, path=()):
    """The place of every default in the schema."""
    if isinstance(sub, dict):
        if "default" in sub and "examples" in sub:
            yield path
        for key, value in sub.items():
            if key not in ("default", "examples"):
                yield from defaults(value, (*path, key))
    elif isinstance(sub, list):
        for index, value in enumerate(sub):
            yield from defaults(value, (*path, index))


def at(root, path):
    for key in path:
        root = root[key]
    return root


def name_of(path):
    return ".".join(key for key in path if key not in ("properties", "$defs"))


PLACES = {name_of(path): path for path in defaults(schema.load())}
WHOLES = sorted(PLACES.keys() - WATCHED.keys())


@pytest.mark.parametrize("name", WATCHED)
def test_a_default_that_is_changed_in_the_schema_changes_what_the_gate_does(name, monkeypatch, tmp_path):
    other, watch = WATCHED[name]
    first, other = other if isinstance(other, tuple) else (at(schema.load(), PLACES[name])["default"], other)
    seen = []
    for folder, default in (("before", first), ("again", first), ("after", other)):
        changed = copy.deepcopy(schema.load.__wrapped__())
        at(changed, PLACES[name])["default"] = default
        monkeypatch.setattr(schema, "load", lambda changed=changed: changed)
        seen.append(watch(Site(tmp_path / folder)))
        monkeypatch.undo()
    before, again, after = seen
    assert before == again, "what is watched differs by itself"
    assert after != before, f"{name} is not taken from the schema"


@pytest.mark.parametrize("name", WHOLES)
def test_the_default_of_a_whole_says_what_the_defaults_within_say(name):
    sub = schema.resolved(at(schema.load(), PLACES[name]))
    within = {key: part["default"] for key, part in sub.get("properties", {}).items()}
    assert sub["default"] == (within or [])


def test_a_gate_that_is_built_by_hand_is_like_one_of_which_nothing_is_written(tmp_path):
    gate = Site(tmp_path / "site").configuration(PIN).gates[0]
    assert (gate.route, gate.timing, gate.lockout) == (Route(), Timing(), Lockout())
    assert gate.attempts == next(field.default for field in fields(Gate) if field.name == "attempts")
