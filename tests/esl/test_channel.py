"""What the gate's channel sends for each thing that it does, and how it reads what comes back."""

from __future__ import annotations

import socket

import gevent
import pytest
from esl_peer import CHANNEL, complete, connect_reply, event, notice, reply, within

from vipgate_fs.esl.channel import EslChannel
from vipgate_fs.esl.commands import encode
from vipgate_fs.esl.errors import SessionGone, SessionTaken, SwitchUnfit
from vipgate_fs.esl.session import Session
from vipgate_fs.gate.channel import Prompt
from vipgate_fs.gate.gate import Rejection, Route, Timing

PROMPT = Prompt(("/sounds/de/welcome.wav",), Timing(first_digit=0.2, next_digit=0.1))
SUBSCRIPTION = [
    "filter Application-UUID /^vipgate-/",
    "filter Event-Name CHANNEL_HANGUP",
    "filter Event-Name CHANNEL_UNPARK",
    "filter Event-Name -CHANNEL_EXECUTE",
    "myevents",
]
TAKEN = event("CHANNEL_UNPARK", {"Answer-State": "answered"})


class Switch:
    """Accepts every command; completes each play_and_get_digits with the next of `results`."""

    def __init__(self, peer, facts):
        self.peer, self.facts, self.results, self.commands = peer, facts, [], []
        self.late, self.settled = False, 0
        self.answers = {}
        self.greenlet = gevent.spawn(self.run)

    def run(self):
        while True:
            try:
                command = self.peer.command()
            except (EOFError, OSError):
                return
            self.commands.append(command)
            answer = connect_reply(**self.facts) if command == "connect" else reply()
            self.peer.send(self.answers.get(command, answer))
            fields = dict(line.split(": ", 1) for line in command.splitlines()[1:])
            if fields.get("execute-app-name") == "multiunset" and "Event-UUID" in fields:
                self.settled += 1
                self.peer.send((TAKEN if self.late else b"") + complete(fields["Event-UUID"]))
            elif "Event-UUID" in fields:
                gevent.sleep(0.01)
                result = self.results.pop(0) if self.results else {}
                if callable(result):
                    result = result(fields["Event-UUID"])
                self.peer.send(result if isinstance(result, bytes) else complete(fields["Event-UUID"], **result))

    def applications(self):
        """Each sendmsg as "application argument"; other commands as they are."""
        for command in self.commands[1:]:
            fields = dict(line.split(": ", 1) for line in command.splitlines()[1:])
            name = fields.get("execute-app-name")
            if name == "multiunset" and "Event-UUID" in fields:
                continue
            yield command if name is None else f"{name} {fields.get('execute-app-arg', '')}".strip()
            assert name is None or fields["event-lock"] == "true"


@pytest.fixture
def facts():
    """Channel data of the call beside the usual ones."""
    return {}


@pytest.fixture
def switch(connection, facts):
    return Switch(connection[1], facts)


@pytest.fixture
def channel(connection, switch):
    session = Session(("127.0.0.1", 1), connection[0])
    session.connect()
    return EslChannel(session)


def api(text):
    return b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(text), text.encode())


def digits(entered, read_result="success", **more):
    return {
        "application": "play_and_get_digits",
        "variable_vipgate_digits": entered,
        "variable_read_result": read_result,
    } | more


@pytest.mark.parametrize(
    ("facts", "commands"),
    [
        ({"variable_vipgate_untaken": "4711"}, ["sched_cancel 4711", "unset vipgate_untaken"]),
        ({}, []),
        ({"variable_vipgate_untaken": ""}, []),
        ({"variable_vipgate_untaken": "0"}, []),
        ({"variable_vipgate_untaken": "${system(true)}"}, []),
        ({"variable_last_sched_id": "4711"}, []),
    ],
)
def test_taking_the_call_cancels_what_the_dialplan_says_and_nothing_else(channel, switch, commands):
    channel.take()
    assert list(switch.applications()) == commands


@pytest.mark.parametrize("facts", [{"variable_vipgate_passed": "true", "variable_vipgate_untaken": "4711"}])
def test_a_call_that_the_dialplan_has_led_past_a_late_gate_is_left_alone(channel, switch):
    with pytest.raises(SessionTaken):
        channel.take()
    with pytest.raises(SessionTaken):
        channel.transfer("100", Route())
    gevent.sleep(0.01)
    assert list(switch.applications()) == []


RESUMES = {"variable_socket_resume": "true"}
UNSET = f"api uuid_setvar {CHANNEL['Unique-ID']} socket_resume"


@pytest.mark.parametrize("facts", [RESUMES])
def test_a_call_that_passes_is_not_broken_off_by_the_end_of_the_connection(channel, switch):
    """facts: "socket_resume": the close would leave 2 to 80 % of them stuck."""
    switch.answers[UNSET] = api("+OK\n")
    channel.transfer("100", Route())
    assert list(switch.applications()) == [UNSET, "transfer 100 XML vipgate-passed"]


@pytest.mark.parametrize("facts", [RESUMES])
@pytest.mark.parametrize("answer", [reply("-ERR command not found"), api("-ERR uuid_setvar Command not found!\n")])
def test_where_the_switch_can_not_do_that_nobody_passes(channel, switch, answer):
    switch.answers[UNSET] = answer
    with pytest.raises(SwitchUnfit, match="async full"):
        channel.transfer("100", Route())
    assert list(switch.applications()) == [UNSET]


@pytest.mark.parametrize("facts", [RESUMES | {"Unique-ID": "x ${system(true)}"}])
def test_an_id_that_is_none_goes_into_no_command(channel, switch):
    """A verto client chooses its own."""
    with pytest.raises(ValueError, match="may not go into"):
        channel.transfer("100", Route())
    channel.leave()
    gevent.sleep(0.01)
    assert list(switch.applications()) == []


@pytest.mark.parametrize("facts", [RESUMES])
def test_a_call_that_was_taken_away_is_outlasted_in_silence(connection, channel, switch):
    channel.watch()
    connection[1].send(TAKEN)
    gevent.sleep(0.01)
    switch.commands.clear()
    leaving = gevent.spawn(channel.leave)
    gevent.sleep(0.05)
    assert not leaving.ready()
    assert switch.commands == [UNSET]
    connection[1].sock.shutdown(socket.SHUT_WR)
    leaving.join(5)
    assert leaving.ready()


def test_transfer(channel, switch):
    channel.transfer("+49176", Route("XML", "inside"))
    assert list(switch.applications()) == ["transfer +49176 XML inside"]


def test_a_context_may_have_an_at_sign(channel, switch):
    channel.transfer("+49176", Route("XML", "passed@vipgate"))
    assert list(switch.applications()) == ["transfer +49176 XML passed@vipgate"]


@pytest.mark.parametrize(
    ("target", "route"),
    [("1 XML default", Route()), ("${x}", Route()), ("1", Route("XML", "a b")), ("1", Route("inline", "${x}"))],
)
def test_nothing_unchecked_is_sent(channel, switch, target, route):
    with pytest.raises(ValueError, match="may not go into"):
        channel.transfer(target, route)
    gevent.sleep(0.01)
    assert list(switch.applications()) == []


@pytest.mark.parametrize("sound", ["/a b.wav", "${x}.wav", "a!b", "a\nb", "'a'", ""])
def test_no_unchecked_sound_is_sent(channel, switch, sound):
    with pytest.raises(ValueError, match="may not go into"):
        channel.ask(Prompt((sound,), Timing()))
    with pytest.raises(ValueError, match="may not go into"):
        channel.reject(Rejection(announcement=sound))
    assert list(switch.applications()) == []


@pytest.mark.parametrize("code", [486, 603])
def test_reject_without_announcement_is_one_command(channel, switch, code):
    channel.reject(Rejection(code))
    assert list(switch.applications()) == [f"respond {code}"]
    assert not channel._session.holds_call


@pytest.mark.parametrize("facts", [{"Caller-Source": "mod_loopback"}])
@pytest.mark.parametrize(("code", "cause"), [(486, "USER_BUSY"), (603, "CALL_REJECTED")])
def test_a_channel_that_knows_no_sip_is_hung_up(channel, switch, code, cause):
    channel.reject(Rejection(code))
    assert list(switch.applications()) == [f"hangup {cause}"]


def test_ringing_lets_nothing_go(channel, switch):
    channel.ring()
    assert list(switch.applications()) == [*SUBSCRIPTION, "ring_ready"]
    assert channel._session.holds_call


@pytest.mark.parametrize("command", ["a\n\nb", "a\rb", "a\n\n"])
def test_a_command_that_would_be_two_is_sent_to_nobody(command):
    with pytest.raises(ValueError, match="an empty line inside of a command"):
        encode([command])
    assert encode(["a\nb", "c"]) == b"a\nb\n\nc\n\n"


def test_an_announcement_is_early_media(channel, switch):
    channel.reject(Rejection(announcement="/sounds/de/rejected.wav"))
    assert list(switch.applications()) == [
        *SUBSCRIPTION,
        "pre_answer",
        "playback /sounds/de/rejected.wav",
        "respond 486",
    ]
    assert channel.missing_sounds == ""


def test_an_announcement_that_the_switch_can_not_play_is_known(channel, switch):
    switch.results = [{"Application__Response": "FILE NOT FOUND"}]
    channel.reject(Rejection(announcement="/sounds/de/rejected.wav"))
    assert channel.missing_sounds == "/sounds/de/rejected.wav"
    assert list(switch.applications())[-1] == "respond 486"


def test_the_commands_of_a_pin_dialogue(channel, switch):
    switch.results = [digits("1"), digits("0815")]
    channel.answer()
    assert channel.ask(PROMPT) == "1"
    assert channel.ask(Prompt(("/sounds/wrong.wav", "/sounds/number.wav"), PROMPT.timing)) == "0815"
    assert channel._session.holds_call
    channel.transfer("100", Route())
    assert not channel._session.holds_call
    unset = "multiunset vipgate_digits vipgate_digits_invalid read_result"
    assert list(switch.applications()) == [
        *SUBSCRIPTION,
        "set sensitive_dtmf=true",
        "answer",
        "play_and_get_digits 1 20 1 200 # /sounds/de/welcome.wav '' vipgate_digits '' 100",
        unset,
        "play_and_get_digits 1 20 1 200 # file_string:///sounds/wrong.wav!/sounds/number.wav '' vipgate_digits '' 100",
        unset,
        "transfer 100 XML vipgate-passed",
    ]
    assert channel.missing_sounds == ""


def test_an_announcement_after_the_dialogue_does_not_subscribe_again(channel, switch):
    channel.answer()
    channel.ask(PROMPT)
    channel.reject(Rejection(announcement="/sounds/rejected.wav"))
    assert list(switch.applications()).count("myevents") == 1


@pytest.mark.parametrize(
    ("result", "entered"),
    [
        pytest.param(digits("0815"), "0815", id="a"),
        pytest.param(digits("0815", "timeout"), "0815", id="c8: no terminator"),
        pytest.param(digits("08", "failure"), "", id="c6: a failed try's digits do not count"),
        pytest.param({"variable_read_result": "success"}, "", id="c7: # only"),
        pytest.param({"variable_read_result": "failure"}, "", id="c: nothing"),
        pytest.param({}, "", id="no result at all"),
    ],
)
def test_what_counts_as_an_entry(channel, switch, result, entered):
    switch.results = [result]
    channel.answer()
    assert channel.ask(PROMPT) == entered


def test_digits_of_a_caller_who_hung_up_do_not_count(channel, switch):
    switch.results = [digits("0815", Answer__State="hangup", Hangup__Cause="NORMAL_CLEARING")]
    channel.answer()
    with pytest.raises(SessionGone, match=r"hung up .NORMAL_CLEARING"):
        channel.ask(PROMPT)
    assert list(switch.applications())[-1].startswith("multiunset vipgate_digits "), "it waited on the switch already"


@pytest.mark.parametrize(
    "end", [event("CHANNEL_HANGUP", {"Hangup-Cause": "NORMAL_CLEARING"}), notice(), notice("linger")]
)
def test_a_hang_up_ends_the_wait(channel, switch, end):
    switch.results = [end]
    channel.answer()
    with within(), pytest.raises(SessionGone):
        channel.ask(PROMPT)
    with pytest.raises(SessionGone):
        channel.transfer("100", Route())
    assert "transfer 100 XML vipgate-passed" not in switch.applications()


def test_a_prompt_that_the_switch_can_not_play_is_replaced_by_a_tone(channel, switch):
    switch.results = [{}, digits("0815")]
    channel.answer()
    assert channel.ask(PROMPT) == "0815"
    assert channel.missing_sounds == "/sounds/de/welcome.wav"
    prompts = [command for command in switch.applications() if command.startswith("play_and_get_digits")]
    assert "tone_stream://" in prompts[1]


def complete_and(unplayed, *more):
    """The end of a prompt without a result, and what comes right after it."""
    return lambda event_uuid: complete(event_uuid, **unplayed) + b"".join(more)


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(TAKEN, id="in the prompt"),
        pytest.param(complete_and({}, TAKEN), id="with the prompt, as FreeSWITCH does it"),
        pytest.param(complete_and({}), id="with the prompt, and the news comes a little later"),
        pytest.param(complete_and({"Channel-State-Number": "8"}), id="with the prompt, and the news comes much later"),
        pytest.param(complete_and(digits("1"), TAKEN), id="with the last digit"),
        pytest.param(complete_and(digits("1") | {"Channel-State-Number": "2"}), id="with the last digit, and no news"),
    ],
)
def test_a_call_that_somebody_takes_away_is_left_alone(channel, switch, result):
    """facts: a prompt that is broken off by a transfer ends as one that can't be played."""
    switch.results, switch.late = [result], True
    channel.answer()
    with within(1), pytest.raises(SessionTaken):  # noqa: PT012 - which of the two does not matter
        channel.ask(PROMPT)
        channel.ask(PROMPT)
    switch.commands.clear()
    for touch in (lambda: channel.transfer("100", Route()), lambda: channel.reject(Rejection()), channel.ring):
        with pytest.raises(SessionTaken):
            touch()
    gevent.sleep(0.01)
    assert switch.commands == []
    assert channel.missing_sounds == ""


def test_who_hangs_up_has_not_been_taken_away(channel, switch):
    switch.results = [event("CHANNEL_UNPARK", {"Answer-State": "hangup", "Hangup-Cause": "NORMAL_CLEARING"})]
    channel.answer()
    with within(1), pytest.raises(SessionGone, match="hung up") as end:
        channel.ask(PROMPT)
    assert not isinstance(end.value, SessionTaken)


def test_a_call_that_was_taken_away_while_the_gate_did_something_else_is_left_alone(connection, channel, switch):
    """Its decision comes too late: what has come meanwhile is looked at before anything is sent."""
    channel.watch()
    connection[1].send(TAKEN)
    gevent.sleep(0.01)
    switch.commands.clear()
    with pytest.raises(SessionTaken):
        channel.transfer("100", Route())
    gevent.sleep(0.01)
    assert switch.commands == []


@pytest.mark.parametrize("result", ["failure", "success"])
def test_a_caller_who_keys_in_nothing_is_not_taken_for_a_missing_prompt(channel, switch, result):
    switch.results = [{"variable_read_result": result}]
    channel.answer()
    assert channel.ask(PROMPT) == ""
    assert channel.missing_sounds == ""
    assert sum(command.startswith("play_and_get_digits") for command in switch.applications()) == 1


def test_a_call_with_a_pin_takes_three_writes(connection, switch):
    """Counted, because time on a busy machine says nothing: connect, prompt, and digits unset together with transfer."""
    sock, writes = connection[0], []
    session = Session(("127.0.0.1", 1), sock)

    class Counting:
        def send(self, data):
            writes.append(data)
            return sock.send(data)

        def sendall(self, data):
            raise AssertionError("two system calls")

        def __getattr__(self, name):
            return getattr(sock, name)

    session.sock = Counting()
    switch.results = [digits("0815")]
    session.connect()
    channel = EslChannel(session)
    channel.answer()
    channel.ask(PROMPT)
    channel.transfer("100", Route())
    assert len(writes) == 3
