"""A gate with a simulated switch before it, for tests of whole calls; what is left of them, and what the log tells."""

from __future__ import annotations

import datetime as dt
import gc
import io
import json
import math
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from weakref import WeakSet

import gevent
import pytest
from esl_peer import within

from vipgate_fs import config
from vipgate_fs.service import lobby
from vipgate_fs.service.logs import configure
from vipgate_fs.service.server import GateServer
from vipgate_fs.simulator import Caller, Directory, Simulator, What

SPEED = math.inf
PIN, OTHER_PIN, VIPS_PIN, WRONG = "908172635", "807162534", "706152433", "605142332"
PLANTED = "504122314"
"""Keyed in by nobody, or the watch of the whole run would find it as well."""
PINS = (PIN, OTHER_PIN, VIPS_PIN, WRONG, PLANTED)
VIP, STRANGER = "004917612345678", "004930123456"
EVENING = dt.datetime.fromisoformat("2026-11-24T20:00+01:00")
NOON = dt.datetime.fromisoformat("2026-11-24T12:00+01:00")
HOLIDAY = dt.datetime.fromisoformat("2026-12-25T12:00+01:00")

CONFIGURATION = f"""
version: 1
site: {{country: DE, holidays: DE-BW}}
server: {{listen: "127.0.0.1:0"}}
schedules:
  office: [{{days: mon-fri, from: "09:00", to: "17:00"}}]
gates:
  static: {{protects: {{numbers: ["700"]}}, identify: [static_pin: {{pin: "{PIN}"}}]}}
  own:
    protects: {{numbers: ["701"]}}
    identify: [caller_pin: {{pins: {{"{VIP}": "{VIPS_PIN}"}}}}]
    otherwise: {{forward: "130"}}
  customers:
    protects: {{numbers: ["702"]}}
    identify: [caller_pin: {{identification: entered_id, pins: {{"10027": "{PIN}", "10031": "{OTHER_PIN}"}}}}]
    attempts: 2
  targets:
    protects: {{numbers: ["703"]}}
    otherwise:
      askForPin: {{expectedPIN: "{PIN}", forwardCorrectPIN: "100", forwardIncorrectPIN: "120", maxRetries: 1}}
  open: {{protects: {{numbers: ["704"]}}, otherwise: {{reject: false}}}}
  busy: {{protects: {{numbers: ["705"]}}, otherwise: {{reject: true}}}}
  announced: {{protects: {{numbers: ["706"]}}, otherwise: {{reject: true}}, reject_with: announcement}}
  declined: {{protects: {{numbers: ["707"]}}, otherwise: {{reject: true}}, reject_with: 603}}
  elsewhere: {{protects: {{numbers: ["708"]}}, otherwise: {{forward: "123"}}}}
  closed: {{protects: {{numbers: ["709"]}}, active: {{outside: office}}, otherwise: {{reject: true}}}}
  decided:
    protects: {{numbers: ["710"]}}
    identify: [channel_variable: {{on_failure: {{forward: "140"}}}}]
  listed:
    protects: {{numbers: ["711"]}}
    identify: [callers: {{pass: ["{VIP}"], reject: ["0900*"], withheld: pass, hidden: as_withheld}}]
    otherwise: {{forward: "150"}}
  people: {{protects: {{users: [alice], groups: [support]}}, otherwise: {{reject: true}}}}
"""
DIRECTORY = Directory(users={"7001": "alice", "7002": "", "7003": ""}, groups={"support": ["7002"]})


@dataclass
class Gate:
    """A gate with a switch before it, and all that it logs."""

    server: GateServer
    log: io.StringIO
    now: list[dt.datetime]
    simulators: list[Simulator] = field(default_factory=list)

    def switch(self, speed=SPEED, **more):
        self.simulators.append(Simulator(port=self.server.port, speed=speed, directory=DIRECTORY, **more))
        return self.simulators[-1]

    def call(self, to, number=STRANGER, **more):
        return self.switch().call(Caller(number, **more), to)

    def ends(self, calls, switch=None):
        """How calls end that are placed at the same time: the number that is called, and what its caller does."""
        switch = switch or self.switch()
        started = [
            switch.start(Caller(**{"number": f"{STRANGER}{turn}", **caller}), to)
            for turn, (to, caller) in enumerate(calls)
        ]
        return [call.wait() for call in started]

    def lines(self, event=None):
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if event in (None, line["event"])]

    def settle(self):
        """Wait until nothing is left of the calls."""
        with within():
            while self.server.connections or any(simulator._greenlets for simulator in self.simulators):
                gevent.sleep(0.01)


def tells_a_pin(text):
    return [pin for pin in PINS if pin in text]


_STARTED = WeakSet()
gevent.Greenlet.add_spawn_callback(_STARTED.add)


def alive():
    """What a call must not leave behind: greenlets and sockets."""
    greenlets = {id(it) for it in _STARTED if not it.dead}
    return greenlets | {link for it in Path("/proc/self/fd").iterdir() if (link := _target(it)).startswith("socket:")}


def _target(link):
    with suppress(FileNotFoundError):
        return str(link.readlink())
    return ""


def serve(text=CONFIGURATION):
    loaded = config.load_text(text)
    assert loaded.configuration is not None, loaded.findings
    log, now = io.StringIO(), [EVENING]
    server = GateServer(loaded.configuration, configure("trace", log, json=True), lambda: now[0])
    server.start()
    return Gate(server, log, now)


@contextmanager
def checked_gate():
    """A gate for a block, after which nothing of the calls is left, nothing went wrong inside, and no PIN stands in the log."""
    before = alive()
    made = []

    def make(text=CONFIGURATION):
        made.append(serve(text))
        return made[-1]

    first = make()
    first.make = make
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            lobby, "PAUSE", 0.0
        )  # of the gate, in real time: to a clock that leaps it is a caller's patience
        yield first
    for each in made:
        each.settle()
        each.server.stop(drain=0)
        assert each.lines("error while serving a call") == []
        assert tells_a_pin(each.log.getvalue()) == []
    with within():
        while alive() - before:
            gc.collect()
            gevent.sleep(0.01)


def end(experience):
    """Where a call ended for the caller, in a few words."""
    target = experience.transferred_to
    if target is not None:
        assert (target.dialplan, target.context) == ("XML", "vipgate-passed")
        return f"{target.extension}, {'answered' if target.answered else 'not answered'} before"
    if experience.hung_up_by == "caller":
        return "the caller hung up"
    return f"hung up on, {experience.cause}" if experience.answered else f"{experience.status} {experience.phrase}"


def heard(experience):
    """The sounds of the gate by the prompts' names, in parentheses where the caller did not hear the end."""
    experienced = []
    for moment in experience.moments:
        if moment.what is What.TRANSFERRED:
            break
        if moment.what in (What.HEARD, What.HEARD_PART):
            names = [PurePath(sound).stem.removeprefix("vipgate-") for sound in moment.detail.split("!")]
            experienced.append(" ".join(names) if moment.what is What.HEARD else f"({' '.join(names)})")
    return ", ".join(experienced)


def story(experience):
    """All that does not depend on time and chance."""
    moments = [(moment.what, moment.detail) for moment in experience.moments if moment.what is not What.SILENCE]
    return end(experience), experience.status, experience.cause, experience.provisional, moments, experience.transfers
