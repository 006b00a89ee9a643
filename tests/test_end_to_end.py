"""A whole call: the simulated switch, a real connection, the gate, and back to what the caller experienced."""

from __future__ import annotations

import datetime as dt
import gc
import io
import json
import wave
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import gevent
import pytest
from esl_peer import within

from vipgate_fs import config
from vipgate_fs.service.logs import configure
from vipgate_fs.service.server import GateServer
from vipgate_fs.simulator import Caller, Delivery, Dialplan, Directory, Extension, Simulator, What, answered

SPEED = 25.0
PIN, OTHER_PIN, VIPS_PIN, WRONG = "908172635", "807162534", "706152433", "605142332"
PINS = (PIN, OTHER_PIN, VIPS_PIN, WRONG)
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
        with within(3):
            while self.server.calls or any(simulator._greenlets for simulator in self.simulators):
                gevent.sleep(0.01)


def tells_a_pin(text):
    return [pin for pin in PINS if pin in text]


def alive():
    """What a call must not leave behind: greenlets and sockets."""
    greenlets = {id(it) for it in gc.get_objects() if isinstance(it, gevent.Greenlet) and not it.dead}
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


@pytest.fixture
def gate():
    """After each test nothing of the calls is left, nothing went wrong inside, and no PIN stands in the log."""
    before = alive()
    made = []

    def make(text=CONFIGURATION):
        made.append(serve(text))
        return made[-1]

    first = make()
    first.make = make
    yield first
    for each in made:
        each.settle()
        each.server.stop(drain=0)
        assert each.lines("error while serving a call") == []
        assert tells_a_pin(each.log.getvalue()) == []
    with within(3):
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
        return "he hung up"
    return f"hung up on, {experience.cause}" if experience.answered else f"{experience.status} {experience.phrase}"


def heard(experience):
    """The sounds of the gate by the prompts' names, in parentheses where the caller did not hear the end."""
    told = []
    for moment in experience.moments:
        if moment.what is What.TRANSFERRED:
            break
        if moment.what in (What.HEARD, What.HEARD_PART):
            names = [PurePath(sound).stem.removeprefix("vipgate-") for sound in moment.detail.split("!")]
            told.append(" ".join(names) if moment.what is What.HEARD else f"({' '.join(names)})")
    return ", ".join(told)


AFTER = 5.5
"""Seconds from the beginning of a prompt after which it is over."""


@pytest.mark.parametrize(
    ("to", "caller", "ends", "hears"),
    [
        pytest.param("704", {}, "704, not answered before", "", id="pass"),
        pytest.param("705", {}, "486 Busy Here", "", id="reject: busy"),
        pytest.param("706", {}, "486 Busy Here", "rejected", id="reject: announcement"),
        pytest.param("707", {}, "603 Decline", "", id="reject: SIP code"),
        pytest.param("708", {}, "123, not answered before", "", id="forward"),
        pytest.param("8000", {}, "8000, not answered before", "", id="no gate"),
        pytest.param("700", {"dial": f"{PIN}#"}, "700, answered before", "(welcome)", id="digits during the prompt"),
        pytest.param(
            "700", {"dial": f"{PIN}#", "dial_after": AFTER}, "700, answered before", "welcome", id="digits after it"
        ),
        pytest.param("700", {"dial": PIN}, "700, answered before", "(welcome)", id="digits without #"),
        pytest.param(
            "700",
            {"dial": (f"{WRONG}#", f"{PIN[:-1]}#", f"{PIN}#")},
            "700, answered before",
            "(welcome), (wrong-pin), (wrong-pin)",
            id="right at the third attempt",
        ),
        pytest.param(
            "700",
            {"dial": (f"{WRONG}#", f"{PIN}0#", f"0{PIN}#", f"{PIN}#")},
            "hung up on, USER_BUSY",
            "(welcome), (wrong-pin), (wrong-pin)",
            id="no fourth attempt",
        ),
        pytest.param(
            "700",
            {"dial": (f"{PIN}{'1' * 11}", f"{PIN}#")},
            "700, answered before",
            "(welcome), (wrong-pin)",
            id="twenty digits",
        ),
        pytest.param("700", {"dial": ("#", f"{PIN}#")}, "700, answered before", "(welcome), (welcome)", id="only #"),
        pytest.param(
            "700", {"dial": (f"*{PIN}#", f"{PIN}#")}, "700, answered before", "(welcome), (wrong-pin)", id="*"
        ),
        pytest.param(
            "701", {"number": VIP, "dial": f"{VIPS_PIN}#"}, "701, answered before", "(welcome)", id="VIP, his own PIN"
        ),
        pytest.param(
            "701",
            {"number": VIP, "dial": (f"{PIN}#", f"{OTHER_PIN}#", f"{WRONG}#")},
            "hung up on, USER_BUSY",
            "(welcome), (wrong-pin), (wrong-pin)",
            id="VIP, PINs of others",
        ),
        pytest.param("701", {}, "130, not answered before", "", id="not a VIP"),
        pytest.param("701", {"number": "anonymous"}, "130, not answered before", "", id="withheld"),
        pytest.param("701", {"number": ""}, "130, not answered before", "", id="no number at all"),
        pytest.param(
            "702",
            {"dial": ("10027#", f"{PIN}#")},
            "702, answered before",
            "(customer-number), (welcome)",
            id="customer number and PIN",
        ),
        pytest.param(
            "702",
            {"dial": ("10027#", f"{OTHER_PIN}#", "10031#", f"{OTHER_PIN}#")},
            "702, answered before",
            "(customer-number), (welcome), (wrong-pin customer-number), (welcome)",
            id="another customer's PIN, then his own",
        ),
        pytest.param(
            "702",
            {"dial": ("10099#", f"{PIN}#", "#", f"{PIN}#")},
            "hung up on, USER_BUSY",
            "(customer-number), (welcome), (wrong-pin customer-number), (welcome)",
            id="no such customer",
        ),
        pytest.param("703", {"dial": f"{PIN}#"}, "100, answered before", "(welcome)", id="target of the right PIN"),
        pytest.param(
            "703",
            {"dial": (f"{WRONG}#", f"{WRONG}#")},
            "120, answered before",
            "(welcome), (wrong-pin)",
            id="target of wrong PINs",
        ),
        pytest.param("711", {"number": VIP}, "711, not answered before", "", id="listed to pass"),
        pytest.param("711", {"number": "0049900123456"}, "486 Busy Here", "", id="listed to be rejected"),
        pytest.param("711", {"number": "anonymous"}, "711, not answered before", "", id="withheld, which is listed"),
        pytest.param(
            "711",
            {
                "number": "anonymous",
                "headers": {"P-Asserted-Identity": f"<sip:{STRANGER}@x>", "Privacy": "id"},
            },
            "711, not answered before",
            "",
            id="known to the network, hidden by the caller",
        ),
        pytest.param(
            "711",
            {"number": "anonymous", "headers": {"P-Asserted-Identity": f"<sip:{STRANGER}@x>"}},
            "150, not answered before",
            "",
            id="known to the network, not hidden",
        ),
        pytest.param("7001", {}, "486 Busy Here", "", id="a protected user, by his number"),
        pytest.param("alice", {}, "486 Busy Here", "", id="a protected user, by his name"),
        pytest.param("7003", {}, "7003, not answered before", "", id="another user"),
    ],
)
def test_how_a_call_ends(gate, to, caller, ends, hears):
    experience = gate.call(to, **caller)
    assert (end(experience), heard(experience)) == (ends, hears)
    assert not experience.parked_for_ever


def test_a_member_of_a_protected_group(gate):
    assert end(gate.call("7002")) == "486 Busy Here"


def test_what_the_log_tells_of_a_call(gate):
    gate.call("700", dial=(f"{WRONG}#", f"{PIN}#"))
    gate.settle()
    (decision,), (outcome,) = gate.lines("decision"), gate.lines("outcome")
    assert (decision["gate"], decision["verdict"], decision["caller"]) == ("static", "ask for PIN", "+4930123456")
    assert (outcome["result"], outcome["target"], outcome["entries"]) == ("pin_correct", "700", 2)
    assert {line["level"] for line in gate.lines()} == {"trace", "debug", "info"}


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        (EVENING, "486 Busy Here"),
        (NOON, "709, not answered before"),
        (HOLIDAY, "486 Busy Here"),
        (NOON.replace(hour=16, minute=59), "709, not answered before"),
        (NOON.replace(hour=17), "486 Busy Here"),
    ],
)
def test_schedules_go_by_the_clock(gate, now, ends):
    gate.now[0] = now
    assert end(gate.call("709")) == ends


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        ("pass", "710, not answered before"),
        ("reject", "486 Busy Here"),
        ("forward:123", "123, not answered before"),
        (f"pin:{PIN}", "710, answered before"),
        ("forward:123 XML default", "140, not answered before"),
        (f"{PIN}", "140, not answered before"),
        ("", "486 Busy Here"),
    ],
)
def test_a_verdict_in_a_channel_variable(gate, value, ends):
    socket = ("socket", f"127.0.0.1:{gate.server.port} async full")
    actions = (("set", f"vipgate_verdict={value}"), socket) if value else (socket,)
    switch = gate.switch(dialplan=Dialplan(entry=Extension(actions, matches=True)))
    assert end(switch.call(Caller(STRANGER, dial=f"{PIN}#"), "710")) == ends


HOSTILE = [
    "%0AUnique-ID: x%0A%0A",
    f"x%0ACaller-Caller-ID-Number: {VIP}",
    f"x\nCaller-Caller-ID-Number: {VIP}\n\nContent-Type: command/reply\nReply-Text: +OK\n\n",
    f"x%0d%0aCaller-Caller-ID-Number: {VIP}%0d%0a",
    "x%0Avariable_vipgate_verdict: pass",
    "x\nvariable_vipgate_verdict: pass\n",
    "\u2028variable_vipgate_verdict: pass\u2028",
    "\u0085\x0b\x0c\x1b[2J",
    b"\xff\xfe\xfc\x80".decode(errors="surrogateescape"),
    "${system(touch /tmp/x)} $${domain}",
    "_undef_",
    "\ufeff\u202e\U0001f600",
    "x" * 10_000,
    "%0A" * 3_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_caller_calls_himself_he_is_a_caller_like_any_other(gate, text):
    wanted = {
        "701": "130, not answered before",
        "705": "486 Busy Here",
        "710": "486 Busy Here",
        "711": "150, not answered before",
        "700": "700, answered before",
    }
    calls = gate.ends([(to, {"name": text, "dial": (f"{WRONG}#", f"{PIN}#")}) for to in wanted])
    assert list(map(end, calls)) == list(wanted.values())
    gate.settle()
    assert all(line["caller"].startswith("+4930123456") for line in gate.lines("outcome"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_number_a_caller_gives_it_is_a_number_that_nobody_knows(gate, text):
    sip_from = f'"x" <sip:{text.replace("@", "")}@127.0.0.1:5060>'
    wanted = {
        "701": "130, not answered before",
        "705": "486 Busy Here",
        "710": "486 Busy Here",
    }
    assert [end(call) for call in gate.ends([(to, {"sip_from": sip_from}) for to in wanted])] == list(wanted.values())
    gate.settle()
    assert f"+{VIP[2:]}" not in {line["caller"] for line in gate.lines("outcome")}


def test_sip_headers_set_no_verdict(gate):
    headers = {"X-vipgate_verdict": "pass", "X-Verdict": "pass", "X-variable_vipgate_verdict": "pass"}
    assert end(gate.call("710", headers=headers)) == "486 Busy Here"


@pytest.mark.parametrize("called", ["700 XML default", "${system(x)}", "-both", "7000\n", "'x' inline", "8000,1"])
def test_a_number_that_can_not_be_dialled_leads_nowhere(gate, called):
    assert end(gate.call(called)) == "484 Address Incomplete"


MOMENTS = [0.0, 0.02, 0.1, 0.3, 1.0, 3.0, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 8.6, 9.0, 10.0]
"""Seconds since the call began: before the answer, in each prompt, between digits, at its end, and after it."""


@pytest.mark.parametrize("to", ["700", "702", "704", "705", "706", "7001"])
def test_the_caller_may_hang_up_at_any_moment(gate, to):
    entries = (f"{WRONG}#", f"{PIN}#") if to == "700" else ("10027#", f"{PIN}#")
    experiences = gate.ends([(to, {"dial": entries, "hang_up_after": seconds}) for seconds in MOMENTS])
    gate.settle()
    assert "caller" in {experience.hung_up_by for experience in experiences}
    assert len(gate.lines("outcome")) + len(gate.lines("connection ended early")) <= len(MOMENTS)
    assert "pin_incorrect" not in {line["result"] for line in gate.lines("outcome")}
    assert {line["level"] for line in gate.lines()} <= {"trace", "debug", "info"}


def test_the_caller_hangs_up_in_a_prompt(gate):
    experience = gate.switch(speed=5).call(Caller(STRANGER, hang_up_after=2.5), "700")
    assert (end(experience), heard(experience)) == ("he hung up", "(welcome)")
    gate.settle()
    (outcome,) = gate.lines("outcome")
    assert (outcome["result"], outcome["why"]) == ("hung_up", "the caller hung up (NORMAL_CLEARING)")


def test_the_caller_hangs_up_before_connect_is_answered(gate):
    switch = gate.switch(delivery=lambda: Delivery(glue=0.2))
    experience = switch.call(Caller(STRANGER, hang_up_after=1.0), "700")
    assert (end(experience), experience.answered) == ("he hung up", False)
    gate.settle()


def test_the_caller_hangs_up_after_he_got_through(gate):
    socket = Extension((("socket", f"127.0.0.1:{gate.server.port} async full"),), matches=True)
    switch = gate.switch(dialplan=Dialplan(entry=socket, extensions={"700": answered(30)}))
    experience = switch.call(Caller(STRANGER, dial=f"{PIN}#", hang_up_after=15.0), "700")
    assert (end(experience), experience.hung_up_by) == ("700, answered before", "caller")


@pytest.fixture
def short_sounds(tmp_path):
    """Prompts of a fifth of a second, for calls in real time."""
    folder = tmp_path / "de" / "8000"
    folder.mkdir(parents=True)
    for name in ("welcome", "wrong-pin", "customer-number", "rejected"):
        with wave.open(str(folder / f"vipgate-{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(3200))
    return tmp_path


def silent(sounds, more=""):
    timing = 'timing: {first_digit: "1s", next_digit: "1s"}'
    gates = (
        f'gates: {{g: {{protects: {{numbers: ["700"]}}, identify: [static_pin: {{pin: "{PIN}"}}], {timing}{more}}}}}'
    )
    return f'version: 1\nsite: {{sounds: {sounds}}}\nserver: {{listen: "127.0.0.1:0"}}\n{gates}\n'


def test_a_silent_caller(gate, short_sounds):
    quiet = gate.make(silent(short_sounds, ", attempts: 2"))
    experience = quiet.switch(speed=1).call(Caller(STRANGER), "700")
    assert (end(experience), heard(experience)) == ("hung up on, USER_BUSY", "welcome, welcome")
    quiet.settle()
    assert quiet.lines("outcome")[0]["entries"] == 2


@pytest.mark.xfail(strict=True, reason="the gate takes a wait that the simulator shortens for a prompt that is missing")
def test_a_silent_caller_in_quick_time(gate):
    experience = gate.call("700")
    assert (end(experience), heard(experience)) == ("hung up on, USER_BUSY", "welcome, welcome, welcome")


def test_where_a_prompt_is_missing_a_tone_takes_its_place(gate):
    without = gate.make(silent("/usr/share/nowhere"))
    experience = without.switch().call(Caller(STRANGER, dial=("", f"{PIN}#"), dial_after=0.5), "700")
    assert end(experience) == "700, answered before"
    assert any(sound.startswith("tone_stream://") for sound in experience.heard)
    without.settle()
    (line,) = without.lines("the switch could not play a prompt; a tone took its place")
    assert (line["level"], line["sounds"]) == ("error", "/usr/share/nowhere/de/vipgate-welcome.wav")


def story(experience):
    """All that does not depend on time and chance."""
    moments = [(moment.what, moment.detail) for moment in experience.moments if moment.what is not What.SILENCE]
    return end(experience), experience.status, experience.cause, experience.provisional, moments, experience.transfers


CALLS = [
    ("700", {"dial": (f"{WRONG}#", f"{PIN}#")}),
    ("700", {"dial": (f"{WRONG}#",) * 3}),
    ("702", {"dial": ("10027#", f"{PIN}#")}),
    ("703", {"dial": (f"{WRONG}#",) * 2}),
    ("706", {}),
    ("7001", {}),
    ("708", {}),
    ("700", {"hang_up_after": 3.5}),
]


@pytest.mark.parametrize(
    ("speed", "delivery"),
    [
        pytest.param(3, Delivery(chunk=1), id="byte by byte"),
        pytest.param(5, Delivery(chunk=7), id="seven bytes at a time"),
        pytest.param(10, Delivery(glue=0.02), id="frames glued together"),
        pytest.param(10, Delivery(glue=0.02, chunk=1000), id="glued, then cut"),
        pytest.param(10, Delivery(early_notice=True), id="the notice overtakes events"),
    ],
)
def test_a_call_ends_the_same_however_its_bytes_arrive(gate, speed, delivery):
    plain = gate.ends(CALLS, gate.switch(speed=speed))
    unkind = gate.ends(CALLS, gate.switch(speed=speed, delivery=lambda: replace(delivery)))
    assert list(map(story, unkind)) == list(map(story, plain))


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [0, 1, 100, 3000, 6000, 9000, 15_000])
def test_a_connection_that_breaks_is_the_end_of_one_call_only(gate, after, reset):
    switch = gate.switch(delivery=lambda: Delivery(cut_after=after, reset=reset))
    broken = switch.start(Caller(STRANGER, dial=f"{PIN}#", patience=6.0), "700")
    assert end(gate.call("700", dial=f"{PIN}#")) == "700, answered before"
    broken.wait()


def test_two_hundred_calls_at_once(gate):
    kinds = [
        ("700", {"dial": (f"{WRONG}#", f"{PIN}#")}, "700, answered before"),
        ("700", {"dial": (f"{WRONG}#",) * 3}, "hung up on, USER_BUSY"),
        ("701", {"number": VIP, "dial": f"{VIPS_PIN}#"}, "701, answered before"),
        ("702", {"dial": ("10031#", f"{OTHER_PIN}#")}, "702, answered before"),
        ("703", {"dial": (f"{WRONG}#",) * 2}, "120, answered before"),
        ("704", {}, "704, not answered before"),
        ("706", {}, "486 Busy Here"),
        ("700", {"hang_up_after": 3.0}, "he hung up"),
        ("708", {}, "123, not answered before"),
        ("7001", {}, "486 Busy Here"),
    ]
    calls = [(to, caller, ends) for to, caller, ends in kinds for _ in range(20)]
    experiences = gate.ends([(to, caller) for to, caller, _ in calls], gate.switch(speed=3))
    assert [end(experience) for experience in experiences] == [ends for *_, ends in calls]
    gate.settle()
    assert len(gate.lines("outcome")) == 200


def test_a_pin_in_the_log_would_be_found(gate):
    gate.call("700", name=f"my PIN is {PIN}", dial=f"{PIN}#")
    log = gate.log.getvalue()
    assert "play_and_get_digits" in log
    assert "variable_vipgate_digits" not in log
    assert tells_a_pin(log) == []
    assert tells_a_pin(log.replace("vipgate-passed", f"{PIN[:4]}{PIN[4:]}")) == [PIN]
    assert tells_a_pin(json.dumps({"event": f"x{WRONG}y"})) == [WRONG]
