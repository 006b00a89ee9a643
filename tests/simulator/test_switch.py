"""What a caller experiences, and what an application can do, beyond what the traces show."""

import gevent.socket
import pytest

from vipgate_fs.simulator import Caller, Dialplan, Extension, Simulator, What, answered, switch

ASK = "1 20 1 2000 # tone_stream://%(3000,0,600) '' pin '' 1000"


def connected(peer) -> None:
    peer.ask("connect")
    peer.ask("linger")
    peer.ask("myevents")


def ask(peer, argument: str = ASK) -> dict[str, str]:
    return peer.complete("play_and_get_digits", argument)


def kinds(experience) -> list[What]:
    return [moment.what for moment in experience.moments]


def test_a_right_pin_leads_to_the_target(gate):
    def script(peer):
        connected(peer)
        peer.complete("answer")
        if ask(peer)["variable_pin"] == "0815":
            peer.execute("transfer", "100 XML default")

    experience = gate(script).call(Caller(dial="0815#"), "700")
    gate.wait()

    assert kinds(experience) == [What.ANSWERED, What.HEARD_PART, What.TRANSFERRED, What.HEARD, What.HUNG_UP]
    assert experience.heard[0] == "tone_stream://%(3000,0,600)"
    assert experience.transferred_to.extension == "100"
    assert (experience.status, experience.hung_up_by, experience.cause) == (200, "switch", "NORMAL_CLEARING")
    assert [moment.at for moment in experience.moments] == sorted(moment.at for moment in experience.moments)


def test_an_experience_shows_no_digits(gate):
    def script(peer):
        connected(peer)
        ask(peer)
        peer.execute("hangup", "CALL_REJECTED")

    caller = Caller(dial="86*42#", keys=((0.1, "97*531"),))
    call = gate(script).start(caller, "700")
    experience = call.wait()

    assert (experience.status, experience.phrase) == (603, "Decline")
    for text in (str(experience), repr(experience), repr(caller), str(caller)):
        assert "86*42" not in text
        assert "97*531" not in text


def test_each_prompt_gets_its_entry(gate):
    entries = []

    def script(peer):
        connected(peer)
        peer.complete("answer")
        entries.extend(ask(peer).get("variable_pin") for _ in range(4))
        peer.execute("hangup")

    gate(script).call(Caller(dial=("10027#", "", "2468#")), "700")
    gate.wait()

    assert entries == ["10027", None, "2468", None]


def test_keys_before_the_prompt_count(gate):
    entered = []

    def script(peer):
        connected(peer)
        peer.complete("answer")
        peer.execute("sleep", "1000")
        entered.append(ask(peer).get("variable_pin"))
        peer.execute("hangup")

    experience = gate(script).call(Caller(keys=((0.8, "08"), (1.4, "15#"))), "700")
    gate.wait()

    assert entered == ["0815"]
    assert What.HEARD_PART in kinds(experience)


def test_keys_while_nothing_runs_are_lost(gate):
    entered = []

    def script(peer):
        connected(peer)
        peer.complete("answer")
        for _ in "08":
            peer.event("DTMF")
        entered.append(ask(peer).get("variable_pin"))
        peer.execute("hangup")

    gate(script).call(Caller(keys=((0.8, "08"), (2.0, "15#"))), "700")
    gate.wait()

    assert entered == ["15"]


@pytest.mark.parametrize("sensitive", [True, False])
def test_sensitive_digits_are_in_no_dtmf_event_and_no_record(gate, sensitive):
    frames = []

    def script(peer):
        connected(peer)
        if sensitive:
            peer.complete("set", "sensitive_dtmf=true")
        assert ask(peer)["variable_pin"] == "4711"
        peer.complete("multiunset", "pin pin_invalid")
        peer.execute("hangup")
        frames.append(peer.event("CHANNEL_HANGUP_COMPLETE"))
        frames.extend(peer.frames)

    gate(script).call(Caller(dial="4711#"), "700")
    gate.wait()

    assert frames[0]["variable_digits_dialed"] == ("none" if sensitive else "4711#")
    assert "variable_pin" not in frames[0]
    assert any(frame.fields.get("Event-Name") == "DTMF" for frame in frames[1:]) is not sensitive


def test_announcement_without_answer(gate):
    def script(peer):
        connected(peer)
        peer.complete("ring_ready")
        peer.complete("pre_answer")
        peer.complete("playback", "tone_stream://%(1500,0,400)")
        peer.execute("respond", "486 Busy Here")

    experience = gate(script).call(Caller(), "700")
    gate.wait()

    assert kinds(experience) == [What.RINGING, What.EARLY_MEDIA, What.HEARD, What.REJECTED]
    assert experience.provisional == [100, 180, 183]
    assert (experience.status, experience.phrase, experience.answered) == (486, "Busy Here", False)


@pytest.mark.parametrize(
    ("application", "argument", "status", "phrase"),
    [
        ("hangup", "USER_BUSY", 486, "Busy Here"),
        ("hangup", "17", 486, "Busy Here"),
        ("hangup", "CALL_REJECTED", 603, "Decline"),
        ("hangup", "NO_SUCH_CAUSE", 480, "Temporarily Unavailable"),
        ("hangup", "NORMAL_TEMPORARY_FAILURE", 503, "Service Unavailable"),
        ("hangup", "UNALLOCATED_NUMBER", 404, "Not Found"),
        ("respond", "403 Not today", 403, "Not today"),
        ("respond", "484", 484, "Address Incomplete"),
        ("respond", "699", 699, "Because"),
        ("no_such_application", "", 502, "Bad Gateway"),
    ],
)
def test_refusals(gate, application, argument, status, phrase):
    def script(peer):
        connected(peer)
        peer.execute(application, argument)
        peer.event("CHANNEL_HANGUP_COMPLETE")

    experience = gate(script).call(Caller(), "700")
    gate.wait()

    assert (experience.status, experience.phrase, experience.hung_up_by) == (status, phrase, "switch")


@pytest.mark.parametrize("target", ["100", "999"])
@pytest.mark.parametrize("answered_first", [True, False])
def test_transfer_to_an_extension_that_may_not_exist(gate, target, answered_first):
    def script(peer):
        connected(peer)
        if answered_first:
            peer.complete("answer")
        peer.execute("transfer", f"{target} XML default")

    def dialplan(socket):
        return Dialplan(Extension((socket,)), extensions={"100": answered()})

    experience = gate(script, dialplan).call(Caller(), "700")
    gate.wait()

    transfer = experience.transferred_to
    assert (transfer.exists, transfer.answered) == (target == "100", answered_first)
    assert experience.status == (200 if answered_first or target == "100" else 404)
    assert experience.cause == ("NORMAL_CLEARING" if target == "100" else "UNALLOCATED_NUMBER")


def test_a_call_that_goes_round_in_circles_ends(gate):
    turns = []

    def script(peer):
        turns.append(peer.ask("connect").fields["variable_max_forwards"])
        peer.execute("transfer", "700 XML public")

    experience = gate(script, park_delay=0).call(Caller(patience=600), "700")

    assert (experience.status, experience.cause) == (483, "EXCHANGE_ROUTING_ERROR")
    assert turns[0] == "70"
    assert len(turns) == len(experience.transfers) + 1 == 70


def test_the_caller_hangs_up_in_the_prompt(gate):
    last = []

    def script(peer):
        connected(peer)
        peer.complete("answer")
        last.append(ask(peer))

    experience = gate(script).call(Caller(hang_up_after=1.5), "700")
    gate.wait()

    assert (experience.hung_up_by, experience.answered) == ("caller", True)
    assert kinds(experience) == [What.ANSWERED, What.HEARD_PART, What.HUNG_UP]
    assert experience.moments[2].at == pytest.approx(1.5, abs=0.5)
    assert last[0]["Answer-State"] == "hangup"
    assert "variable_pin" not in last[0]


def test_a_call_that_is_left_alone_ends_by_the_callers_patience(gate):
    def script(peer):
        connected(peer)
        peer.complete("answer")
        peer.event("CHANNEL_HANGUP_COMPLETE")

    experience = gate(script).call(Caller(patience=12.0), "700")
    gate.wait()

    assert kinds(experience) == [What.ANSWERED, What.SILENCE, What.GAVE_UP]
    assert not experience.parked_for_ever


RESUMING = ("set", "socket_resume=true")


def resuming(socket):
    extensions = {"100": answered(3), "120": answered(1)}
    return Dialplan(Extension((RESUMING, socket, ("transfer", "120 XML default"))), extensions=extensions)


@pytest.mark.parametrize(
    ("unset", "ends"), [(True, ["answered", "heard", "hung up"]), (False, ["answered", "gave up"])]
)
def test_with_socket_resume_the_close_breaks_off_what_the_call_does_by_then(gate, unset, ends):
    """facts: "socket_resume": the channel stays in CS_RESET for ever, unless the variable was unset before."""

    def script(peer):
        uuid = peer.ask("connect").fields["Unique-ID"]
        peer.ask("myevents")
        if unset:
            assert peer.ask(f"api uuid_setvar {uuid} socket_resume").body == "+OK\n"
        peer.execute("transfer", "100 XML default")
        peer.event("CHANNEL_ANSWER")

    experience = gate(script, resuming).call(Caller(patience=30), "700")
    gate.wait()

    noticed = [moment.what for moment in experience.moments if moment.what not in (What.TRANSFERRED, What.SILENCE)]
    assert [what for what in noticed if what is not What.HEARD_PART] == ends


@pytest.mark.parametrize("last", ["connect", "myevents", "prompt"])
def test_with_socket_resume_a_gate_that_dies_keeps_nobody_waiting(gate, last):
    def script(peer):
        peer.ask("connect")
        if last != "connect":
            peer.ask("myevents")
        if last == "prompt":
            peer.execute("play_and_get_digits", ASK, "prompt")
            peer.event("CHANNEL_EXECUTE")

    experience = gate(script, resuming).call(Caller(), "700")

    assert [target.extension for target in experience.transfers] == ["120"]
    assert experience.moments[-1].at < 2.0


def test_only_a_sip_channel_responds(gate):
    """facts: on `loopback/…` the application is accepted and does nothing; `hangup` works on all."""

    def script(peer):
        connected(peer)
        peer.complete("respond", "403")
        peer.execute("hangup", "USER_BUSY")

    experience = gate(script).call(Caller(sip=False), "700")
    gate.wait()

    assert (experience.status, experience.cause) == (486, "USER_BUSY")


def test_to_accept_and_drop_parks_the_call_for_ever(gate):
    experience = gate(lambda peer: None).call(Caller(patience=5.0), "700")

    assert experience.parked_for_ever
    assert (experience.status, experience.hung_up_by) == (487, "caller")


def test_park_timeout_ends_such_a_call(gate):
    def dialplan(socket):
        return Dialplan(Extension((("set", "park_timeout=5:SUBSCRIBER_ABSENT"), socket)))

    experience = gate(lambda peer: None, dialplan).call(Caller(), "700")
    gate.wait()

    assert (experience.status, experience.cause, experience.parked_for_ever) == (480, "SUBSCRIBER_ABSENT", False)


@pytest.mark.parametrize(
    ("application", "data", "is_led_on"),
    [
        ("sleep", "0", True),
        ("sched_cancel", "${last_sched_id}", False),
        ("sched_cancel", "", False),
        ("sched_cancel", "999", True),
    ],
)
def test_who_is_not_taken_in_time_is_led_on_unless_that_is_cancelled(gate, application, data, is_led_on):
    def dialplan(socket):
        later = ("sched_transfer", "+10 hangup:USER_BUSY inline")
        return Dialplan(Extension((later, ("set", "task=${last_sched_id}"), (application, data), socket)))

    experience = gate(lambda peer: None, dialplan).call(Caller(patience=15.0), "700")
    gate.wait()

    assert (experience.status == 486) is is_led_on
    assert experience.parked_for_ever is not is_led_on
    assert 10 <= experience.moments[-1].at < (13 if is_led_on else 18)


def test_nobody_listens_and_the_door_stays_shut():
    actions = (("socket", "127.0.0.1:1|127.0.0.1:1 async full"), ("hangup", "SUBSCRIBER_ABSENT"))

    experience = Simulator(speed=20, dialplan=Dialplan(Extension(actions))).call(Caller(), "700")

    assert (experience.status, experience.cause) == (480, "SUBSCRIBER_ABSENT")


def test_a_missing_prompt_takes_no_time(gate):
    results = []

    def script(peer):
        connected(peer)
        peer.complete("answer")
        results.append(ask(peer, "1 4 1 5000 # /no/such.wav '' pin '' 1000"))
        results.append(peer.complete("playback", "/no/such.wav"))
        peer.execute("hangup")

    experience = gate(script).call(Caller(dial="1#"), "700")
    gate.wait()

    assert "variable_read_result" not in results[0]
    assert results[1]["Application-Response"] == "FILE NOT FOUND"
    assert experience.heard == []
    assert experience.moments[-1].at < 2.0


def test_without_event_lock_an_application_runs_inside_of_the_other(gate):
    ended = []

    def script(peer):
        connected(peer)
        peer.complete("answer")
        for turn in (1, 2):
            peer.execute("playback", f"tone_stream://%({turn * 1000},0,500)", f"p{turn}", lock=lock)
        ended.extend(peer.event("CHANNEL_EXECUTE_COMPLETE")["Application-UUID"] for _ in range(2))
        peer.execute("hangup")

    lock = False
    gate(script).call(Caller(), "700")
    lock = True
    gate(script).call(Caller(), "700")
    gate.wait()

    assert ended == ["p2", "p1", "p1", "p2"]


def test_many_calls_at_once(gate):
    def script(peer):
        connected(peer)
        peer.complete("answer")
        peer.execute("transfer", f"{ask(peer)['variable_pin']} XML default")

    simulator = gate(script)
    calls = [simulator.start(Caller(dial=f"{number}#"), "700") for number in range(100, 140)]

    assert [call.wait().transferred_to.extension for call in calls] == [str(number) for number in range(100, 140)]
    assert len({call.experience.uuid for call in calls}) == len(calls)


def test_a_test_can_be_the_caller(gate):
    entered = []

    def script(peer):
        connected(peer)
        entered.append(ask(peer)["variable_pin"])
        peer.event("CHANNEL_HANGUP")

    simulator = gate(script)
    call = simulator.start(Caller(), "700")
    simulator.clock.sleep(1)
    call.press("42#")
    simulator.clock.sleep(1)
    call.hang_up()

    assert call.wait().status == 487
    gate.wait()
    assert entered == ["42"]


@pytest.mark.parametrize("header", ["no address", "<mailto:a@b>"])
def test_a_header_that_is_no_sip_address(header):
    with pytest.raises(ValueError, match="not a SIP address"):
        Simulator().start(Caller(sip_from=header), "700")


@pytest.mark.parametrize(
    ("hosts", "asked"),
    [
        ("a", [("a", 8084)]),
        ("a:1|b", [("a", 1), ("b", 1)]),
        ("a|b:2|c|d:3", [("a", 8084), ("b", 2), ("c", 2), ("d", 3)]),
    ],
)
def test_a_host_without_a_port_has_that_of_the_one_before(monkeypatch, hosts, asked):
    tried = []

    def refuse(address, timeout):
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(switch.socket, "create_connection", refuse)
    entry = Extension((("socket", f"{hosts} async full"), ("hangup", "CALL_REJECTED")), matches=True)
    Simulator(dialplan=Dialplan(entry)).call(Caller(), "700")
    assert tried == asked


@pytest.mark.parametrize("turns", range(12))
def test_whenever_it_is_closed_no_connection_stays_open(turns):
    """One that only the garbage collector closes fails a test that has nothing to do with it."""
    dialled = []

    def dial(_host, _port):
        ours, theirs = gevent.socket.socketpair()
        dialled.append((ours, theirs))
        theirs.sendall(b"connect\n\nlinger\n\n")
        return ours

    simulator = Simulator(dial=dial)
    simulator.start(Caller(), "700")
    for _ in range(turns):
        gevent.sleep(0)
    simulator.close()
    assert bool(dialled) == (turns > 0)
    for ours, theirs in dialled:
        assert ours.closed
        theirs.close()
