"""Who calls and whether they hide it: what becomes of SIP headers on their way through sofia (the simulator's) and the facts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.esl.facts import call_facts
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.simulator import Caller
from vipgate_fs.simulator.invite import Invite

PLAN = NumberPlan("DE")
VIP, STRANGER, OTHER = "+4917612345678", "+4971155512", "+4930123456"
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def channel(sip_from=f"<sip:{STRANGER}@trunk.example>", **headers):
    """What FreeSWITCH says of a call with these headers; in their names, _ stands for -."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    invite = Invite.of(Caller(sip_from=sip_from, headers=given), "7001", 1, 1)
    variables = {f"variable_{name}": value for name, value in invite.variables.items()}
    return dict(invite.profile.headers("Caller")) | variables | {"Unique-ID": "1"}


def facts(*sip_from, **headers):
    return call_facts(channel(*sip_from, **headers), PLAN)


def who(*sip_from, **headers):
    call = facts(*sip_from, **headers)
    return call.caller, call.caller_source


@pytest.mark.parametrize(
    ("headers", "number", "source"),
    [
        ({}, STRANGER, "From"),
        ({"P_Asserted_Identity": f"<sip:{VIP}@x>"}, VIP, "P-Asserted-Identity"),
        (
            {"P_Asserted_Identity": f"<sip:{OTHER}@x>", "P_Preferred_Identity": f"<sip:{VIP}@x>"},
            OTHER,
            "P-Asserted-Identity",
        ),
        (
            {"P_Asserted_Identity": "<sip:anonymous@x>", "P_Preferred_Identity": f"<sip:{VIP}@x>"},
            "",
            "P-Asserted-Identity",
        ),
        (
            {"P_Asserted_Identity": f"<sip:{OTHER}:{VIP}@x>", "P_Preferred_Identity": f"<sip:{VIP}@x>"},
            OTHER,
            "P-Asserted-Identity",
        ),
        ({"P_Asserted_Identity": "<sip:x>", "P_Preferred_Identity": f"<sip:{VIP}@x>"}, STRANGER, "From"),
        (
            {"P_Asserted_Identity": f"<sip:{OTHER}@x>", "Remote_Party_ID": f"<sip:{VIP}@x>"},
            OTHER,
            "P-Asserted-Identity",
        ),
        ({"Remote_Party_ID": f"<sip:{OTHER}@x>", "P_Preferred_Identity": f"<sip:{VIP}@x>"}, OTHER, "Remote-Party-ID"),
        ({"Remote_Party_ID": f"<sip:{OTHER}@x>;party=calling"}, OTHER, "Remote-Party-ID"),
        ({"Remote_Party_ID": f"<sip:{VIP}@x>;party=called"}, STRANGER, "From"),
        ({"P_Preferred_Identity": f"<sip:{VIP}@x>"}, STRANGER, "From"),
    ],
)
def test_the_network_is_believed_before_the_caller_and_the_log_can_tell_which_header_it_was(headers, number, source):
    assert who(**headers) == (number, source)


def test_what_a_telephone_prefers_is_no_number_even_if_there_is_no_other():
    assert who(ANONYMOUS, P_Preferred_Identity=f"<sip:{VIP}@x>") == ("", "From")
    assert who("<sip:trunk.example>") == ("", "From")


@pytest.mark.parametrize(
    "sip_from",
    [
        f"<sip:{STRANGER}@x>;user={VIP}",
        f"<sip:{STRANGER}@x>;display={VIP};uri={VIP}@x;user_stripped={VIP}",
        f'"<sip:{VIP}@x>" <sip:{STRANGER}@x>',
        f'"a\\" <sip:{VIP}@x>" <sip:{STRANGER}@x>',
        f"{VIP} <sip:{STRANGER}@x>",
        f"<sip:{STRANGER};user={VIP}@x>",
        f"<sip:{STRANGER}:{VIP}@x>",
        f"sip:{STRANGER}@x;tag={VIP}",
    ],
)
@pytest.mark.parametrize("preferred", [{}, {"P_Preferred_Identity": f"<sip:{VIP}@x>"}])
def test_nothing_else_in_the_from_header_is_the_callers_number(sip_from, preferred):
    assert who(sip_from, **preferred) == (STRANGER, "From")


@pytest.mark.parametrize(
    "written",
    [
        VIP,
        f"{VIP}@trunk.example",
        f"<sip:{VIP}@trunk.example;user=phone>",
        f'"V. Ip" <tel:{VIP}>;verstat=TN-Validation-Passed',
        "<tel:017612345678;phone-context=+49>",
        "017612345678;phone-context=+49",
    ],
)
def test_all_that_p_asserted_id_parse_makes_of_an_asserted_identity_is_understood(written):
    headers = channel() | {"variable_sip_P-Asserted-Identity": written, "Caller-Caller-ID-Number": "other"}
    headers |= {"Caller-Orig-Caller-ID-Number": "other", "variable_sip_P-Preferred-Identity": "<sip:other@x>"}
    call = call_facts(headers, PLAN)
    assert (call.caller, call.caller_source) == (VIP, "P-Asserted-Identity")


@pytest.mark.parametrize(
    ("user", "caller"),
    [
        ("017612345678;phone-context=+49", VIP),
        ("17612345678;phone-context=+49", VIP),
        ("0791234567;phone-context=+41", "+41791234567"),
        ("0791234567;phone-context=+4179", "+41791234567"),
        ("2015550123;phone-context=+1", "+12015550123"),
        ("12345678;phone-context=+800", "+80012345678"),
        ("110;phone-context=+49", "110"),
        ("7001;phone-context=+41", "7001;phone-context=+41"),
        ("7001;phone-context=pbx.example", "7001"),
        ("017612345678;phone-context=ims.mnc001.mcc262.3gppnetwork.org", VIP),
        (f"{VIP};phone-context=+41", VIP),
        ("+41142;phone-context=+41", "+41142"),
        (f"{VIP};ext=12;isub=3", VIP),
        ("anonymous;phone-context=+49", ""),
        ("7001;phone-context=+", "7001"),
        ("7001;phone-context=", "7001"),
    ],
)
def test_a_local_number_belongs_to_its_phone_context(user, caller):
    """A Swiss 079… is none of this country's, whatever it looks like without its context."""
    assert who(f"<tel:{user}>") == (caller, "From")
    assert who(f"<sip:{user}@x;user=phone>") == (caller, "From")
    asserted = channel(P_Asserted_Identity=f"<tel:{user}>") | {"variable_sip_P-Asserted-Identity": f"<tel:{user}>"}
    assert call_facts(asserted, PLAN).caller == caller
    assert who(P_Asserted_Identity=f"<sip:{user}@x>") == (caller, "P-Asserted-Identity")


@pytest.mark.parametrize(
    ("privacy", "restricted"),
    [
        *[("id", True), ("user", True), ("header", True), ("ID", True), ("User", True), ("critical", True)],
        *[("user;id", True), ("id; critical", True), ("id, header", True), ("none;id", True)],
        *[("session", True), ("future", True)],
        *[("none", False), ("NONE", False), ("history", False), ("none, history;none", False), ("", False)],
    ],
)
def test_any_privacy_that_concerns_the_caller_makes_the_number_restricted(privacy, restricted):
    call = facts(P_Asserted_Identity=f"<sip:{VIP}@x>", Privacy=privacy)
    assert (call.caller, call.restricted) == (VIP, restricted)


@pytest.mark.parametrize(
    ("privacy", "restricted"),
    [
        *[
            ("full", True),
            ("FULL", True),
            ("yes", True),
            ("uri", True),
            ("number", True),
            ("on", True),
            ("uri-network", True),
        ],
        *[('"full"', True), ('"name,uri-network"', True), ("full-network", True), ("full=off", True)],
        *[("off", False), ("no", False), ("name", False), ("name-network", False), ("none", False), ('"off"', False)],
        ('"off,name"', False),
    ],
)
@pytest.mark.parametrize("asserted", [{}, {"P_Asserted_Identity": f"<sip:{VIP}@x>"}])
def test_so_does_any_spelling_of_remote_party_ids_privacy(privacy, restricted, asserted):
    header = f'"Max" <sip:{VIP}@x>;party=calling;privacy={privacy};screen=yes'
    call = facts(Remote_Party_ID=header, **asserted)
    assert (call.caller, call.restricted) == (VIP, restricted)


@pytest.mark.parametrize(
    ("sip_from", "restricted"),
    [
        (ANONYMOUS, True),
        ("<sip:Anonymous@trunk.example>", True),
        ("<sip:unavailable@unknown.invalid>", True),
        ("<sip:0000000000@trunk.example>", True),
        ("<sip:266696687@trunk.example>", True),
        ("<sip:trunk.example>", True),
        (f"<sip:{VIP}@anonymous.invalid>", True),
        (f"<sip:{VIP}@anonymous.invalid.;user=phone>", True),
        ("<tel:anonymous>", True),
        ("<sip:account@trunk.example>", False),
        (f'"Anonymous" <sip:{VIP}@trunk.example>', False),
        (f"<sip:{STRANGER}@trunk.example>", False),
    ],
)
def test_so_does_a_from_that_shows_no_number_when_the_network_knows_it(sip_from, restricted):
    for header in ("P_Asserted_Identity", "Remote_Party_ID"):
        call = facts(sip_from, **{header: f"<sip:{VIP}@x>"})
        assert (call.caller, call.restricted) == (VIP, restricted)


def test_who_shows_no_number_and_is_not_known_to_the_network_is_withheld_not_restricted():
    call = facts(ANONYMOUS, Privacy="id;critical")
    assert (call.caller, call.restricted) == ("", False)


@pytest.mark.parametrize("hides", ["true", "false"])
def test_a_call_that_did_not_come_by_sip_is_what_the_switch_says(hides):
    data = {"Unique-ID": "1", "Caller-Caller-ID-Number": "017612345678", "Caller-Privacy-Hide-Number": hides}
    call = call_facts(data, PLAN)
    assert (call.caller, call.caller_source, call.restricted) == (VIP, "channel", hides == "true")


def test_a_number_that_the_sites_dialplan_has_set_counts():
    changed = {"Caller-Caller-ID-Number": VIP}
    call = call_facts(channel(P_Asserted_Identity=f"<sip:{STRANGER}@x>") | changed, PLAN)
    assert (call.caller, call.caller_source, call.restricted) == (VIP, "channel", False)
    assert call_facts(channel(P_Asserted_Identity=f"<sip:{STRANGER}@x>", Privacy="id") | changed, PLAN).restricted
    call = call_facts(channel(P_Preferred_Identity=f"<sip:{OTHER}@x>") | changed, PLAN)
    assert (call.caller, call.caller_source) == (STRANGER, "From"), "it may come from what the telephone prefers"


@pytest.mark.parametrize("sip_from", [f'"{VIP}" <sip:{STRANGER}@x>', f'"{VIP}" <sip:anonymous@anonymous.invalid>'])
def test_a_display_name_is_no_number(sip_from):
    call = facts(sip_from)
    assert (call.caller, call.caller_name) == (STRANGER if STRANGER in sip_from else "", VIP)


WRITTEN_BY_OTHERS = (
    *("Caller-Caller-ID-Number", "Caller-Orig-Caller-ID-Number", "Caller-Caller-ID-Name", "Caller-Destination-Number"),
    *("variable_sip_full_from", "variable_sip_full_to", "variable_sip_name_params", "variable_sip_Privacy"),
    *("variable_sip_P-Asserted-Identity", "variable_sip_P-Preferred-Identity", "variable_sip_Remote-Party-ID"),
    *("variable_sip_h_P-Called-Party-ID", "variable_sip_h_Diversion"),
)
PIECES = st.sampled_from(
    [
        *'<>"\\;=,@:% ',
        "sip:",
        "tel:",
        VIP,
        "phone-context=",
        "+41",
        "privacy=",
        "full",
        "%22",
        "%00",
        "\ud800",
        "anonymous",
    ]
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(WRITTEN_BY_OTHERS, st.lists(PIECES, max_size=12).map("".join))))
def test_whatever_is_written_the_facts_are_storable(written):
    call = call_facts(written | {"Unique-ID": "1"}, PLAN)
    for number in (call.caller, call.called, *call.called_in.values()):
        assert number.isprintable()
        assert len(number) <= 64
    assert not (call.restricted and not call.caller)


@pytest.mark.parametrize(
    "piece", [" ", '"', "<", '"\\', "\\", "a", ";", ",", "a ", '" ', "; ", "<sip:", '";', "%41", "+49", "0"]
)
def test_a_long_header_costs_little(piece):
    """A header may have 64 kB; what costs their square would stop all calls of a worker."""
    for written in (piece * 50_000, f"<sip:{piece * 50_000}", f"<sip:1@x>;{piece * 50_000}"):
        channel = dict.fromkeys(WRITTEN_BY_OTHERS, written) | {"Unique-ID": "1"}
        started = time.process_time()
        call_facts(channel, PLAN)
        assert time.process_time() - started < 1.0
