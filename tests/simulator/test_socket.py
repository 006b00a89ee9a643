"""The outbound socket's own behaviour: delivery, lingering, replies, api commands."""

import gevent
import pytest
from simulator.recording import Frame

from vipgate_fs.simulator import Caller, Delivery, Directory

ASK = "1 20 1 2000 # tone_stream://%(3000,0,600) '' pin '' 1000"


def connected(peer) -> None:
    peer.ask("connect")
    peer.ask("linger")
    peer.ask("myevents")


@pytest.mark.parametrize(
    "delivery",
    [
        Delivery,
        lambda: Delivery(chunk=1),
        lambda: Delivery(chunk=7),
        lambda: Delivery(glue=0.01),
        lambda: Delivery(early_notice=True),
    ],
    ids=["whole", "byte by byte", "in sevens", "glued", "early notice"],
)
def test_however_the_bytes_are_delivered(gate, delivery):
    def script(peer):
        connected(peer)
        peer.complete("answer")
        assert peer.complete("play_and_get_digits", ASK)["variable_pin"] == "0815"
        peer.complete("hangup", "USER_BUSY")
        assert (
            peer.until(lambda frame: frame.fields.get("Content-Disposition") == "linger").fields["Linger-Time"] == "-1"
        )

    experience = gate(script, delivery=delivery).call(Caller(dial="0815#"), "700")
    gate.wait()

    assert (experience.answered, experience.cause) == (True, "USER_BUSY")


def test_however_fast_its_time_runs_it_waits_real_seconds_for_the_first_command(gate):
    """The peer's work takes real time: on a busy machine calls were given up that a switch would have waited for."""

    def script(peer):
        gevent.sleep(0.2)
        peer.ask("connect")
        peer.complete("hangup", "USER_BUSY")

    experience = gate(script, speed=1000.0).call(Caller(patience=10_000.0), "700")
    gate.wait()

    assert experience.cause == "USER_BUSY"


def test_an_early_notice_overtakes_the_last_events(gate):
    order = []

    def script(peer):
        connected(peer)
        peer.event("CHANNEL_HANGUP_COMPLETE")
        order.extend(frame.kind if frame.kind != "event" else frame.fields["Event-Name"] for frame in peer.frames)

    gate(script, delivery=lambda: Delivery(early_notice=True)).call(Caller(hang_up_after=1.0), "700")
    gate.wait()

    assert order.index("text/disconnect-notice") < order.index("CHANNEL_HANGUP_COMPLETE")


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("size", [0, 100, 6000])
def test_a_connection_that_is_cut(gate, size, reset):
    received = []

    def script(peer):
        peer.send("connect\n\nlinger\n\nmyevents")
        received.extend(peer.drain())
        received.append(peer._reader.rest)

    gate(script, delivery=lambda: Delivery(cut_after=size, reset=reset)).call(Caller(patience=5.0), "700")
    gate.wait()

    assert bool(received[:-1]) is (size == 6000)
    assert bool(received[-1]) is (size > 0) or size == 6000


@pytest.mark.parametrize("linger", [None, 3, -1])
def test_linger(gate, linger):
    seen: list[Frame] = []

    def script(peer):
        peer.ask("connect")
        if linger is not None:
            peer.ask("linger" if linger < 0 else f"linger {linger}")
        peer.execute("hangup")
        if linger == -1:
            seen.append(peer.until(lambda frame: frame.kind == "text/disconnect-notice"))
            assert peer.ask("getvar hangup_cause").fields["Reply-Text"] == "NORMAL_CLEARING"
            assert peer.ask("exit").fields["Reply-Text"] == "+OK bye"
        peer.drain()
        seen[:] = [frame for frame in peer.frames if frame.kind == "text/disconnect-notice"]

    gate(script).call(Caller(), "700")
    gate.wait()

    dispositions = [frame.fields["Content-Disposition"] for frame in seen]
    assert dispositions == (["disconnect"] if linger is None else ["linger", "disconnect"])
    if linger is not None:
        assert seen[0].fields["Linger-Time"] == str(linger)


@pytest.mark.parametrize(
    ("mode", "command", "reply"),
    [
        ("async full", "linger", "+OK will linger"),
        ("async", "linger", "-ERR command not found"),
        ("async", "api status", "-ERR command not found"),
        ("async", "nixevent DTMF", "-ERR command not found"),
        ("async", "event plain ALL", "-ERR command not found"),
        ("async", "bgapi status", "-ERR command not found"),
        ("async", "resume", "+OK"),
        ("async", "getvar destination_number", "700"),
        ("async full", "getvar nothing", "-ERR command not found"),
        ("async full", "getvar caller_id_name", "VIP%20"),
        ("async full", "divert_events on", "+OK events diverted"),
        ("async full", "divert_events", "-ERR missing value."),
        ("async full", "nolinger", "+OK will not linger"),
        ("async full", "log 7", "+OK log level 7 [7]"),
        ("async full", "nolog", "-ERR not loging"),
        ("async full", "no such command", "-ERR command not found"),
        ("async full", "sendmsg another-uuid\ncall-command: hangup", "-ERR invalid session id [another-uuid]"),
        ("async full", "...", "+OK bye"),
    ],
)
def test_replies(gate, mode, command, reply):
    replies = []

    def script(peer):
        peer.ask("connect")
        replies.append(peer.ask(command).fields["Reply-Text"])

    gate(script, mode=mode).call(Caller(name="VIP%2520", hang_up_after=1.0), "700")
    gate.wait()

    assert replies == [reply]


def test_background_jobs_are_told_to_those_who_ask(gate):
    jobs = []

    def script(peer):
        peer.ask("connect")
        peer.ask("event plain BACKGROUND_JOB")
        reply = peer.ask("bgapi global_getvar domain\nJob-UUID: job-1").fields
        assert reply["Reply-Text"] == "+OK Job-UUID: job-1"
        jobs.append(peer.event("BACKGROUND_JOB"))

    gate(script).call(Caller(hang_up_after=1.0), "700")
    gate.wait()

    assert (jobs[0]["Job-UUID"], jobs[0]["Job-Command"], jobs[0]["Job-Command-Arg"]) == (
        "job-1",
        "global_getvar",
        "domain",
    )


DIRECTORY = Directory("pbx", users={"alice": "7001", "7002": ""}, groups={"support": ["alice", "7002"]})


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("user_data alice@pbx attr id", "alice"),
        ("user_data 7001@pbx attr id", "alice"),
        ("user_data bob@pbx attr id", "-ERR no reply\n"),
        ("user_data ALICE@PBX attr id", "alice"),
        ("user_exists id Alice pbx", "true"),
        ("group_call SUPPORT@pbx", "user/alice@pbx,user/7002@pbx"),
        ("in_group ALICE@pbx,Support", "true"),
        ("user_data alice@elsewhere attr id", "-ERR no reply\n"),
        ("user_exists id 7001 pbx", "true"),
        ("user_exists id bob pbx", "false"),
        ("group_call support@pbx", "user/alice@pbx,user/7002@pbx"),
        ("in_group alice@pbx,support", "true"),
        ("in_group bob@pbx,support", "false"),
        ("in_group alice@pbx support", "false"),
        ("group_call sales@pbx", "error/NO_ROUTE_DESTINATION"),
        ("global_getvar domain", "pbx"),
        ("global_getvar sounds_dir", "/sounds"),
        ("global_getvar nothing", "-ERR no reply\n"),
        ("module_exists mod_sndfile", "true"),
        ("module_exists mod_nothing", "false"),
        ("uuid_exists {uuid}", "true"),
        ("uuid_exists x", "false"),
        ("uuid_getvar {uuid} destination_number", "700"),
        ("uuid_getvar {uuid} nothing", "_undef_"),
        ("uuid_getvar x nothing", "-ERR No such channel!\n"),
        ("uuid_setvar {uuid} a b c", "+OK\n"),
        ("uuid_kill x", "-ERR No such channel!\n"),
        ("find {uuid}", "-ERR find Command not found!\n"),
    ],
)
def test_api(gate, command, answer):
    answers = []

    def script(peer):
        uuid = peer.ask("connect").fields["Unique-ID"]
        answers.append(peer.ask(f"api {command.format(uuid=uuid)}").body)

    simulator = gate(script, directory=DIRECTORY, variables={"sounds_dir": "/sounds"})
    simulator.call(Caller(hang_up_after=1.0), "700")
    gate.wait()

    assert answers == [answer]


@pytest.mark.parametrize(
    ("command", "cause"), [("uuid_kill {uuid} USER_BUSY", "USER_BUSY"), ("uuid_break {uuid}", "CALL_REJECTED")]
)
def test_api_commands_that_act_on_a_call(gate, command, cause):
    def script(peer):
        uuid = peer.ask("connect").fields["Unique-ID"]
        peer.ask("linger")
        peer.ask("myevents")
        peer.execute("playback", "tone_stream://%(60000,0,600)")
        peer.event("CHANNEL_EXECUTE", "playback")
        assert peer.ask(f"api {command.format(uuid=uuid)}").body == "+OK\n"
        peer.event("CHANNEL_EXECUTE_COMPLETE", "playback")
        peer.execute("hangup", "CALL_REJECTED")

    assert gate(script).call(Caller(), "700").cause == cause
