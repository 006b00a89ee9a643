"""Gates that come and go: nobody gets past one that is down, and nobody waits in silence."""

import re
import signal
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from freeswitch.configuration import DIALPLAN, SILENT
from freeswitch.gate import PIN, VIP_PIN, WRONG_PIN, Gate, wait_until
from freeswitch.phone import Scenario
from freeswitch.switch import FIRST, SECOND

GATES = f"""
  pin:
    protects: {{numbers: ["7000"]}}
    identify: [{{static_pin: {{pin: "{PIN}"}}}}]
    timing: {{first_digit: 2s, next_digit: 1s}}
  slow:
    protects: {{numbers: ["7001"]}}
    identify: [webservice: {{url: "http://127.0.0.1:{SILENT}/", on_failure: {{reject: true}}}}]
"""
R, W = f"{PIN}#", f"{WRONG_PIN}#"
RIGHT = Scenario("right PIN", "7000", "200 welcome called", f"welcome {PIN}#")
REFUSED = Scenario("refused", "7000", "480")
LED_ON = Scenario("led on", "7000", "200 welcome BYE", "welcome")
DEATHS = {
    Scenario("in the prompt", "7000", "200 welcome BYE", "welcome"): "welcome.wav",
    Scenario("in the prompt, the PIN is known", "7000", "200 welcome BYE", f"welcome end {PIN}#"): "welcome.wav",
    Scenario("in the second prompt", "7000", "200 welcome wrong-pin BYE", f"welcome {W} wrong-pin"): "wrong-pin.wav",
    Scenario("while a web service is asked", "7001", "180 480"): "ring_ready",
}
"""What the gate's log holds when it is killed."""
RIGHT_AFTER_THE_PROMPT = Scenario("right PIN, later", "7000", "200 welcome called", f"welcome end {PIN}#")
RIGHT_SINCE_RELOAD = Scenario("new PIN", "7000", "200 welcome called", f"welcome {VIP_PIN}#")
WITHOUT_PROMPT = Scenario("tone", "7000", "200 tone called", f"tone {PIN}#")
GUESSER = Scenario(
    "guesses", "7000", "200 welcome wrong-pin wrong-pin BYE", f"welcome {W} wrong-pin {W} wrong-pin {W}", "+4971155511"
)
LOCKED_OUT = Scenario(
    "guesses right",
    "7000",
    "200 welcome wrong-pin wrong-pin BYE",
    f"welcome {R} wrong-pin {R} wrong-pin {R}",
    "+4971155511",
)
PASSES = Scenario("passes", "7000", "200 called")
PASSES_AND_TALKS = Scenario("passes", "7000", "200 called", "called 2s hangup")
SLOW_CALLER = Scenario(
    "slow, but right",
    "7000",
    "200 welcome wrong-pin wrong-pin called",
    f"welcome end 1s {W} wrong-pin end 1s {W} wrong-pin end 1s {R}",
)
SUBSCRIBER_ABSENT = 20
AT_ONCE, AFTER_TEN_SECONDS = (0.0, 8.0), (9.0, 14.0)
"""Seconds between which a caller is led on: because the connection ended, or by the dialplan's `sched_transfer`."""
IP_MINTTL = 21
"""Of packets that are heard (ip(7)); on the loopback interface none has 255."""


@pytest.fixture
def syn_retries():
    """Sets how often Linux repeats itself to a host that says nothing; in a network of the suite's own."""
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        pytest.skip("the setting would be the whole machine's")
    setting = Path("/proc/sys/net/ipv4/tcp_syn_retries")
    before = setting.read_text("ascii")
    yield lambda number: setting.write_text(str(number), "ascii")
    setting.write_text(before, "ascii")


@contextmanager
def mute_gate(says, *, hangs_up=False):
    """Something that takes FreeSWITCH's connections, says this, and then nothing any more."""
    kept = []
    with socket.create_server(("127.0.0.1", FIRST)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.sendall(says)
                if hangs_up:
                    connection.close()
                else:
                    kept.append(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in kept:
        connection.close()


def test_no_gate(switch, call):
    experience = call(REFUSED)
    assert (experience.story, experience.cause) == (REFUSED.story, SUBSCRIBER_ABSENT)
    assert experience.waited < 1
    assert "VIPgate: no gate answered" in switch.log()


def test_the_second_gate_answers_when_the_first_is_down(start, call):
    start(SECOND)
    assert call(RIGHT).story == RIGHT.story


@pytest.fixture
def silent_host():
    """The first gate's host is there no more: nobody answers, not even by a refusal."""
    with socket.create_server(("127.0.0.1", FIRST)) as silent:
        silent.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 255)
        yield


@pytest.mark.usefixtures("silent_host")
class TestSilentHost:
    def test_a_silent_host_is_given_up_as_soon_as_linux_is_told_to(self, start, call, syn_retries):
        """Three seconds, as docs/high-availability.md says."""
        syn_retries(1)
        start(SECOND)
        experience = call(RIGHT)
        assert experience.story == RIGHT.story
        assert experience.waited > 2.5

    def test_a_silent_host_is_given_up_too_late_for_the_second_gate_to_take_the_call(self, start, call, syn_retries):
        syn_retries(3)
        second = start(SECOND)
        experience = call(REFUSED)
        assert (experience.story, experience.cause) == (REFUSED.story, SUBSCRIBER_ABSENT)
        assert experience.waited > 12
        assert not second.lines("decision")


def test_the_first_gate_answers_while_it_is_up(start, call):
    first, second = start(FIRST), start(SECOND)
    call(RIGHT)
    assert len(first.lines("decision")) == 1
    assert not second.lines("decision")


def test_both_gates_down_again(start, call):
    for gate in (start(FIRST), start(SECOND)):
        gate.terminate()
        assert wait_until(lambda gate=gate: gate.lines("ended"))
    assert call(REFUSED).story == REFUSED.story


@pytest.fixture(params=DEATHS, ids=str)
def killed(request, start, phones, end_of):
    """A gate is killed at some moment of a call: the caller's experience, and the seconds that it went on."""
    scenario, moment = request.param, DEATHS[request.param]
    with socket.create_server(("127.0.0.1", SILENT)):
        gate = start()
        future = phones.place(scenario)
        assert wait_until(lambda: moment in gate.log())
        wait_until(future.done, 0.6)
        gate.kill()
        killed = time.monotonic()
        return scenario, end_of(future), time.monotonic() - killed


def test_a_gate_is_killed(killed):
    """The prompts last for seconds, and the caller has two more for the first digit: nobody waits for their end."""
    scenario, experience, seconds = killed
    assert (experience.story, experience.cause) == (scenario.story, SUBSCRIBER_ABSENT)
    assert seconds < 4


def test_a_gate_is_killed_in_the_prompt_and_the_next_call_goes_to_the_second(start, in_dialogue, call, end_of):
    first, _ = start(FIRST), start(SECOND)
    future = in_dialogue(first, LED_ON)
    first.kill()
    assert call(RIGHT).story == RIGHT.story
    assert end_of(future).story == LED_ON.story


def test_a_dialogue_ends_although_its_gate_was_told_to_end(start, in_dialogue, call, end_of):
    first, second = start(FIRST), start(SECOND)
    future = in_dialogue(first, RIGHT)
    first.terminate()
    assert wait_until(lambda: first.lines("ending"))
    assert call(RIGHT).story == RIGHT.story
    assert len(second.lines("decision")) == 1
    assert end_of(future).story == RIGHT.story
    assert wait_until(lambda: first.lines("ended", calls_cut_off=0))


def test_a_dialogue_is_cut_off_by_a_second_signal(start, in_dialogue, end_of):
    gate = start()
    future = in_dialogue(gate, LED_ON)
    gate.terminate()
    assert wait_until(lambda: gate.lines("ending"))
    gate.terminate()
    assert wait_until(lambda: gate.lines("ended", calls_cut_off=1))
    assert end_of(future).story == LED_ON.story
    assert [record["outcome"] for record in gate.records()] == ["cut_off"]


def test_a_gate_that_is_stopped_goes_on_later(start, in_dialogue, end_of):
    gate = start()
    future = in_dialogue(gate, RIGHT)
    gate.signal_all(signal.SIGSTOP)
    threading.Timer(4, gate.signal_all, [signal.SIGCONT]).start()
    experience = end_of(future)
    assert experience.story == RIGHT.story
    assert experience.waited > 3


def test_a_configuration_is_reloaded_under_a_call(start, in_dialogue, call, end_of):
    gate = start()
    future = in_dialogue(gate, RIGHT_AFTER_THE_PROMPT)
    assert gate.reload(GATES.replace(PIN, VIP_PIN)) == "reloaded"
    assert end_of(future).story == RIGHT.story
    assert call(RIGHT_SINCE_RELOAD).story == RIGHT.story


def test_a_worker_is_killed_in_the_prompt(start, in_dialogue, call, end_of):
    gate = start()
    future = in_dialogue(gate, LED_ON)
    gate.kill_workers()
    assert end_of(future).story == LED_ON.story
    assert call(RIGHT).story == RIGHT.story


def test_a_caller_is_locked_out_across_calls_and_others_are_not(start, call):
    start()
    for _ in range(2):
        assert call(GUESSER).story == GUESSER.story
    assert call(LOCKED_OUT).story == LOCKED_OUT.story
    assert call(RIGHT).story == RIGHT.story


def test_a_tone_takes_the_place_of_prompts_that_are_not_there(switch, tmp_path, call):
    with Gate(GATES, tmp_path, FIRST, "sounds: /nowhere") as gate:
        assert call(WITHOUT_PROMPT).story == WITHOUT_PROMPT.story
        assert gate.lines("the switch could not play a sound")


@pytest.mark.parametrize(
    ("says", "hangs_up", "limits"),
    [(b"", True, AT_ONCE), (b"connect\n\n", False, AFTER_TEN_SECONDS), (b"", False, AFTER_TEN_SECONDS)],
    ids=["hangs up at once", "connects and is silent", "is silent"],
)
class TestNothingTakesTheCall:
    """Something accepts FreeSWITCH's connection, but is no gate, or not any more."""

    def test_is_led_on(self, says, hangs_up, limits, call):
        with mute_gate(says, hangs_up=hangs_up):
            experience = call(REFUSED)
        assert (experience.story, experience.cause) == (REFUSED.story, SUBSCRIBER_ABSENT)
        assert limits[0] < experience.waited < limits[1]

    def test_passes_where_the_site_fails_open(self, says, hangs_up, limits, fails_open, call):
        with mute_gate(says, hangs_up=hangs_up):
            experience = call(PASSES_AND_TALKS)
        assert experience.story == PASSES_AND_TALKS.story
        assert limits[0] < experience.waited < limits[1]


def test_a_gate_killed_with_calls_waiting_at_its_port(start, call):
    """They were accepted by the system, not by the gate."""
    gate = start()
    gate.signal_all(signal.SIGSTOP)
    threading.Timer(1, gate.kill).start()
    experience = call(REFUSED)
    assert experience.story == REFUSED.story
    assert experience.waited < AT_ONCE[1]


def test_a_long_dialogue_is_not_taken_for_none(start, call):
    start()
    experience = call(SLOW_CALLER)
    assert experience.story == SLOW_CALLER.story
    assert experience.waited > 10.5


def test_park_timeout_is_the_last_resort(start, dialplan, in_dialogue, end_of):
    dialplan("park_timeout=900:SUBSCRIBER_ABSENT", "park_timeout=5:SUBSCRIBER_ABSENT")
    gate = start()
    future = in_dialogue(gate, LED_ON)
    gate.signal_all(signal.SIGSTOP)
    experience = end_of(future)
    gate.signal_all(signal.SIGCONT)
    assert (experience.story, experience.cause) == (LED_ON.story, SUBSCRIBER_ABSENT)


@pytest.fixture
def fails_open(dialplan):
    """The variant that the dialplan offers: the only actions that stand in a comment, in the place of those before it."""
    text = DIALPLAN.read_text("utf-8")
    (offered,) = [comment for comment in re.findall(r"<!--.*?-->", text, re.DOTALL) if "<action" in comment]
    condition = text[text.rindex("<condition", 0, text.index(offered)) : text.index(offered)]
    opened = offered[offered.index("<action") : offered.rindex("-->")]
    dialplan(condition, condition[: condition.index("<action")] + opened)


@pytest.mark.usefixtures("fails_open")
class TestFailOpen:
    def test_no_gate_fails_open(self, call):
        assert call(PASSES).story == PASSES.story

    def test_a_gate_is_killed_and_fails_closed_even_so(self, killed):
        assert killed[1].story == killed[0].story
