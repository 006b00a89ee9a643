"""Applications where the traces don't show them."""

import pytest

from vipgate_fs.simulator import Caller, What

TONE = "tone_stream://%(3000,0,600)"


@pytest.mark.parametrize(
    ("argument", "keys", "result", "digits"),
    [
        (f"1 1 1 2000 # {TONE} '' pin", "7", "success", "7"),
        (f"1 1 1 2000 # {TONE} '' pin", "#", "success", None),
        ("2 4 1 2000 # silence '' pin", "12#", "success", "12"),
        (f"2 4 1 2000 '' {TONE} '' pin", "12#", "success", "12"),
        (f"2 4 1 2000 *# {TONE} '' pin", "12*", "success", "12"),
        (f"4 2 1 2000 # {TONE} '' pin", "12345", "success", "1234"),
        (f"1 4 1 2000 # {TONE} '' pin [", "12#", "success", None),
        (f"1 4 1 2000 # {TONE} '' pin ^1", "12#", "success", "12"),
        (f"1 4 0 2000 # {TONE} '' pin", "12#", None, None),
        (f"1 4 2 2000 # {TONE} silence_stream://100 pin ^9", "12#99#", "success", "99"),
    ],
)
def test_play_and_get_digits(gate, argument, keys, result, digits):
    completed = []

    def script(peer):
        peer.ask("connect")
        peer.ask("myevents")
        completed.append(peer.complete("play_and_get_digits", argument))
        peer.execute("hangup")

    gate(script).call(Caller(dial=keys), "700")
    gate.wait()

    assert (completed[0].get("variable_read_result"), completed[0].get("variable_pin")) == (result, digits)


def test_too_few_tries_can_lead_on(gate):
    def script(peer):
        peer.ask("connect")
        peer.execute("play_and_get_digits", f"1 4 1 1000 # {TONE} '' pin '' 1000 '120 XML default'")

    experience = gate(script).call(Caller(), "700")

    assert experience.transferred_to.extension == "120"


@pytest.mark.parametrize(
    ("terminators", "keys", "whole"),
    [("", "1", True), ("", "*", False), ("any", "1", False), ("none", "*", True), ("12", "2", False)],
)
def test_playback_is_broken_off_by_its_terminators(gate, terminators, keys, whole):
    completed = []

    def script(peer):
        peer.ask("connect")
        peer.ask("myevents")
        peer.complete("set", f"playback_terminators={terminators}")
        completed.append(peer.complete("playback", TONE))
        peer.execute("hangup")

    experience = gate(script).call(Caller(keys=((1.0, keys),)), "700")
    gate.wait()

    assert [moment.what for moment in experience.moments][1] == (What.HEARD if whole else What.HEARD_PART)
    assert completed[0].get("variable_playback_terminator_used") == (None if whole else keys)


@pytest.mark.parametrize(
    ("applications", "variables"),
    [
        ([("set", "a=1"), ("set", "b=x${a}y${nothing}z")], {"a": "1", "b": "x1yz"}),
        ([("set", "a=1"), ("unset", "a")], {"a": None}),
        ([("set", "a=1"), ("set", "a=")], {"a": None}),
        ([("set", "a=1"), ("set", "A=${a}2")], {"a": None, "A": "12"}),
        ([("set", "a,1")], {"a": "1"}),
        ([("set", "a=b=c")], {"a": "b=c"}),
        ([("multiset", "a=1 b=2")], {"a": "1", "b": "2"}),
        ([("multiset", "^^:a=1 2:b=3")], {"a": "1 2", "b": "3"}),
        ([("multiset", "a=1 b=2"), ("multiunset", "a b")], {"a": None, "b": None}),
        ([("multiset", "a=1 b=2"), ("multiunset", "^^:a:b")], {"a": None, "b": None}),
        ([("export", "a=1"), ("log", "INFO x"), ("info", "")], {"a": "1"}),
    ],
)
def test_variables(gate, applications, variables):
    completed = []

    def script(peer):
        peer.ask("connect")
        peer.ask("myevents")
        for application, argument in applications:
            completed.append(peer.complete(application, argument))
        peer.execute("hangup")

    gate(script).call(Caller(), "700")
    gate.wait()

    assert {name: completed[-1].get(f"variable_{name}") for name in variables} == variables


@pytest.mark.parametrize(
    ("argument", "ran"),
    [
        ("${system(touch /some/file)} XML default", ["system touch /some/file"]),
        ("${system touch} XML default", ["system touch"]),
        ("100${user_exists(id bob pbx)} XML default", ["user_exists id bob pbx"]),
        ("${destination_number} XML default", []),
        ("100 XML default", []),
    ],
)
def test_what_gets_into_an_argument_is_run(gate, argument, ran):
    def script(peer):
        peer.ask("connect")
        peer.execute("transfer", argument)

    simulator = gate(script)
    simulator.call(Caller(), "700")

    assert simulator.expansions == ran


@pytest.mark.parametrize(
    ("argument", "status"), [("'answer,hangup:USER_BUSY' inline", 200), ("hangup:USER_BUSY inline", 486)]
)
def test_the_inline_dialplan_runs_applications(gate, argument, status):
    def script(peer):
        peer.ask("connect")
        peer.execute("transfer", argument)

    experience = gate(script).call(Caller(), "700")

    assert (experience.status, experience.cause) == (status, "USER_BUSY")


def test_a_flushed_key_is_forgotten(gate):
    completed = []

    def script(peer):
        peer.ask("connect")
        peer.ask("myevents")
        peer.execute("sleep", "2000")
        peer.execute("flush_dtmf")
        completed.append(peer.complete("play_and_get_digits", f"1 4 1 1000 # {TONE} '' pin"))
        peer.execute("hangup")

    gate(script).call(Caller(keys=((1.0, "1"), (2.0, "2#"))), "700")
    gate.wait()

    assert completed[0]["variable_pin"] == "2"


def test_commands_that_wait_are_forgotten_by_break(gate):
    ended = []

    def script(peer):
        peer.ask("connect")
        peer.ask("myevents")
        peer.execute("playback", TONE, "first", lock=False)
        peer.event("CHANNEL_EXECUTE", "playback")
        peer.execute("break", "this", lock=False)
        peer.execute("playback", TONE, "second", lock=False)
        ended.append(peer.event("CHANNEL_EXECUTE_COMPLETE", "playback")["Application-UUID"])
        peer.execute("hangup")

    experience = gate(script).call(Caller(), "700")
    gate.wait()

    assert ended == ["first"]
    assert experience.moments[-1].at < 3.0


def test_repeated_while_it_takes_long_enough(gate):
    def script(peer):
        peer.ask("connect")
        peer.ask("myevents")
        peer.ask("sendmsg\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: " + TONE + "\nloops: 2")
        for _ in range(2):
            peer.event("CHANNEL_EXECUTE_COMPLETE", "playback")
        peer.execute("hangup")

    experience = gate(script).call(Caller(), "700")
    gate.wait()

    assert experience.heard == [TONE, TONE]
