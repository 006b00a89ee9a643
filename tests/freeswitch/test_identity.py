"""Who calls, whether they hide it, and who is called: by SIP headers, through a real switch.

`test_the_simulator_agrees` holds the simulator's caller to it: each header combination goes to both.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest
from freeswitch.configuration import INSIDE
from freeswitch.gate import VIP, wait_until
from freeswitch.phone import Scenario
from freeswitch.switch import Listener

from vipgate_fs.simulator import Caller
from vipgate_fs.simulator.invite import Invite

STRANGER = "+4971155512"
LISTS = f'pass: ["{VIP}"], withheld: reject'
GATES = f"""
  known:
    protects: {{numbers: ["7000", "+49 7022 27978*"]}}
    identify: [{{callers: {{{LISTS}, hidden: as_number}}}}]
    otherwise: {{forward: "123"}}
  hidden:
    protects: {{numbers: ["7010"]}}
    identify: [{{callers: {{{LISTS}, hidden: as_withheld}}}}]
    otherwise: {{forward: "123"}}
"""
PASSED, FORWARDED, REJECTED = "200 called", "200 forward", "486"
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def asserted(number, header="P-Asserted-Identity"):
    return f"{header}: <sip:{number}@tel.example;user=phone>"


def calls(name, known, hidden, sender=f"<sip:{STRANGER}@tel.example>", headers=()):
    """The same call to the gate that takes a hidden number for a number, and to the one that takes it as withheld."""
    return [
        Scenario(f"{name}, {gate}", to, story, sender=sender, headers=headers)
        for gate, to, story in (("as_number", "7000", known), ("as_withheld", "7010", hidden))
    ]


CALLERS = [
    *calls("preferred against asserted", FORWARDED, FORWARDED, headers=(asserted(STRANGER), asserted(VIP, "P-Preferred-Identity"))),
    *calls("preferred alone", FORWARDED, FORWARDED, headers=(asserted(VIP, "P-Preferred-Identity"),)),
    *calls("preferred by anonymous", REJECTED, REJECTED, ANONYMOUS, (asserted(VIP, "P-Preferred-Identity"),)),
    *calls("asserted twice, the second known", FORWARDED, FORWARDED, headers=(asserted(STRANGER), asserted(VIP))),
    *calls("asserted twice in a line", FORWARDED, FORWARDED, headers=(f"{asserted(STRANGER)}, <tel:{VIP}>",)),
    *calls("asserted by tel", PASSED, PASSED, headers=(f"P-Asserted-Identity: <tel:{VIP}>",)),
    *calls("asserted, a name that looks so", FORWARDED, FORWARDED,
           headers=(f'P-Asserted-Identity: "<sip:{VIP}@x>" <sip:{STRANGER}@x>',)),
    *calls("asserted, a parameter that looks so", FORWARDED, FORWARDED, headers=(f"{asserted(STRANGER)};user={VIP};id={VIP}",)),
    *calls("asserted by a name without a number", FORWARDED, FORWARDED, f"<sip:{VIP}@x>", ("P-Asserted-Identity: <sip:alice@x>",)),
    *calls("asserted anonymous, preferred known", REJECTED, REJECTED, ANONYMOUS,
           ("P-Asserted-Identity: <sip:anonymous@anonymous.invalid>", asserted(VIP, "P-Preferred-Identity"))),
    *calls("asserted anonymous against a known From", REJECTED, REJECTED, f"<sip:{VIP}@x>",
           ("P-Asserted-Identity: <sip:anonymous@anonymous.invalid>",)),
    *calls("asserted against Remote-Party-ID", FORWARDED, FORWARDED, headers=(asserted(STRANGER), asserted(VIP, "Remote-Party-ID"))),
    *calls("preferred against Remote-Party-ID", FORWARDED, FORWARDED,
           headers=(asserted(STRANGER, "Remote-Party-ID"), asserted(VIP, "P-Preferred-Identity"))),
    *calls("preferred twice", FORWARDED, FORWARDED,
           headers=(asserted(VIP, "P-Preferred-Identity"), asserted(VIP, "P-Preferred-Identity"))),
    *calls("preferred in small letters", FORWARDED, FORWARDED, headers=(asserted(STRANGER), asserted(VIP, "p-preferred-identity"))),
    *calls("preferred by tel", FORWARDED, FORWARDED, headers=(f"P-Preferred-Identity: <tel:{VIP}>",)),
    *calls("headers that only look so", FORWARDED, FORWARDED, headers=(asserted(VIP, "X-P-Asserted-Identity"),
           asserted(VIP, "P-Asserted-Identity-Number"), asserted(VIP, "Identity"), asserted(VIP, "Reply-To"))),
    *calls("asserted", PASSED, PASSED, headers=(asserted(VIP),)),
    *calls("Privacy: user", PASSED, REJECTED, headers=(asserted(VIP), "Privacy: user")),
    *calls("Privacy: header;critical", PASSED, REJECTED, headers=(asserted(VIP), "Privacy: header;critical")),
    *calls("Privacy: id", PASSED, REJECTED, ANONYMOUS, (asserted(VIP), "Privacy: id")),
    *calls("Privacy: none", PASSED, PASSED, headers=(asserted(VIP), "Privacy: none")),
    *calls("anonymous From", PASSED, REJECTED, ANONYMOUS, (asserted(VIP),)),
    *calls("Remote-Party-ID, full", PASSED, REJECTED, headers=(asserted(VIP, "Remote-Party-ID") + ";privacy=full",)),
    *calls("Remote-Party-ID, uri", PASSED, REJECTED, headers=(asserted(VIP, "Remote-Party-ID") + ";privacy=uri",)),
    *calls("Remote-Party-ID, off", PASSED, PASSED, headers=(asserted(VIP, "Remote-Party-ID") + ";privacy=off",)),
    *calls("Remote-Party-ID, quoted", PASSED, REJECTED, headers=(asserted(VIP, "Remote-Party-ID") + ';privacy="full"',)),
    *calls("Remote-Party-ID of the called", FORWARDED, FORWARDED, headers=(asserted(VIP, "Remote-Party-ID") + ";party=called",)),
    *calls("a parameter of From", FORWARDED, FORWARDED, f"<sip:{STRANGER}@tel.example>;user={VIP}"),
    *calls("a parameter of From, preferred", FORWARDED, FORWARDED, f"<sip:{STRANGER}@tel.example>;user={VIP}",
           (asserted(VIP, "P-Preferred-Identity"),)),
    *calls("tel", PASSED, PASSED, "<tel:+49-176-12345678>"),
    *calls("tel in its context", PASSED, PASSED, "<tel:017612345678;phone-context=+49>"),
    *calls("tel in another context", FORWARDED, FORWARDED, "<tel:017612345678;phone-context=+41>"),
    *calls("zeros", REJECTED, REJECTED, "<sip:0000000000@tel.example>"),
    *calls("ANONYMOUS on a keypad", REJECTED, REJECTED, "<sip:+266696687@tel.example>"),
    *calls("unavailable", REJECTED, REJECTED, "<sip:unavailable@unknown.invalid>"),
]  # fmt: skip
CALLED = [
    Scenario("npdi and rn", "+4970222797812;npdi;rn=+4919912345", PASSED, caller=VIP),
    Scenario("tgrp", "+4970222797812;tgrp=tg1;trunk-context=ex.com", PASSED, caller=VIP),
    Scenario("isub, by a stranger", "+4970222797812;isub=12", FORWARDED, caller=STRANGER),
    Scenario("a gateway's account", "gw+plain", "404", caller=STRANGER, receiver="<sip:+4970222797812@trunk.example>"),
    Scenario("auto_to_user", "gw+to", FORWARDED, caller=STRANGER, receiver="<sip:+4970222797812@trunk.example>"),
    Scenario("an account with an @", "KXXXabcd@trunk.example", "404", caller=VIP),
]


VERBATIM = [
    Scenario(name, "7000", story, headers=(f"P-Asserted-Identity: {asserted}",), port=INSIDE)
    for name, story, asserted in (
        ("verbatim", PASSED, f'"V. Ip" <sip:{VIP}@tel.example;user=phone>'),
        ("verbatim, tel in its context", PASSED, "<tel:017612345678;phone-context=+49>"),
        ("verbatim, tel in another context", FORWARDED, "<tel:017612345678;phone-context=+41>"),
        ("verbatim, with verstat", PASSED, f"<sip:{VIP};verstat=TN-Validation-Passed@tel.example>"),
    )
]
PARSED = [Scenario("npdi, parsed", "+4970222797812;npdi;rn=+4919912345", PASSED, caller=VIP, port=INSIDE)]


@pytest.mark.parametrize("scenario", VERBATIM + PARSED, ids=str)
def test_with_the_settings_of_the_manual(scenario, experience):
    assert experience.story == scenario.story


@pytest.mark.parametrize("scenario", CALLERS, ids=str)
def test_caller(scenario, experience):
    assert experience.story == scenario.story


@pytest.mark.parametrize("scenario", CALLED, ids=str)
def test_called(scenario, experience):
    assert experience.story == scenario.story


def test_a_hidden_number_is_in_no_line_and_no_record(left, gate):
    called = [line for line in gate.lines("decision") if line.get("gate") == "hidden"]
    assert {line["caller"] for line in called if line.get("restricted")} == {"withheld"}
    assert sum(line.get("restricted", False) for line in called) == 7
    uuids = {line["call"] for line in called if line.get("restricted")}
    assert {record["caller"] for record in gate.records() if record["uuid"] in uuids} == {""}
    assert not [line for line in gate.log().splitlines() if VIP[1:] in line and any(uuid in line for uuid in uuids)]


def test_which_header_was_believed(left, gate):
    sources = {line["caller_from"] for line in gate.lines("decision")}
    assert sources == {"P-Asserted-Identity", "Remote-Party-ID", "From"}


def test_an_account_is_told_in_the_switchs_log(left, switch):
    assert "VIPgate: refused, this is no number (a trunk's account? see auto_to_user)" in switch.log()


COMPARED = (
    *("Caller-Caller-ID-Number", "Caller-Caller-ID-Name", "Caller-Username", "Caller-Orig-Caller-ID-Number"),
    *("Caller-Privacy-Hide-Name", "Caller-Privacy-Hide-Number", "variable_sip_Privacy", "variable_sip_cid_type"),
    *("variable_sip_P-Asserted-Identity", "variable_sip_P-Preferred-Identity", "variable_sip_Remote-Party-ID"),
    *("variable_sip_from_user", "variable_sip_from_host", "variable_sip_from_uri", "variable_sip_from_params"),
    *("variable_sip_from_user_stripped", "variable_sip_name_params", "variable_sip_to_user", "variable_sip_to_params"),
    *("variable_sip_h_P-Called-Party-ID", "variable_sip_h_Diversion", "variable_sip_req_user"),
)
"""What the facts, and steps that ask for variables, could go by."""
WHO = f'"V. Ip" <sip:{VIP}@tel.example;user=phone>'
COMBINATIONS = [
    (sender, headers)
    for sender in (
        f"<sip:{STRANGER}@tel.example>",
        ANONYMOUS,
        "<sip:tel.example>",
        "<tel:+49-176-12345678>",
        "<tel:0791234567;phone-context=+41>",
        "<sip:0791234567;phone-context=+41@tel.example;user=phone>",
        f"sip:{STRANGER}@tel.example",
        f"<sip:{STRANGER}@tel.example>;user={VIP};params=x;name_params=y;uri=z;user_stripped=1",
        f'"<sip:{VIP}@x>" <sip:%2B4971155512@tel.example>',
        f"<sip:{STRANGER}:secret@tel.example>",
        "<sip:alice%40example.com@tel.example>",
    )
    for headers in (
        {},
        {"P-Asserted-Identity": WHO},
        {"P-Asserted-Identity": WHO, "P-Preferred-Identity": "<sip:+49301@x>"},
        {"P-Preferred-Identity": WHO, "Privacy": "user; id"},
        {"P-Asserted-Identity": "<tel:0791234567;phone-context=+41>", "Privacy": "header"},
        {"P-Asserted-Identity": "<sip:0791234567;phone-context=+41@x>", "Privacy": "id, critical"},
        {"P-Asserted-Identity": "<sip:x>", "Privacy": "ID"},
        {"P-Asserted-Identity": f"tel:{VIP}", "Privacy": "user id"},
        {"Remote-Party-ID": f"{WHO};party=calling;privacy=full;screen=yes"},
        {"Remote-Party-ID": f'{WHO};privacy="full"'},
        {"Remote-Party-ID": f"{WHO};privacy=NUMBER", "P-Asserted-Identity": "<sip:+49301@x>"},
        {"Remote-Party-ID": f"{WHO};privacy=off", "Privacy": "none"},
        {"P-Called-Party-ID": WHO, "Diversion": f"{WHO};reason=unconditional"},
        {"To": f"<sip:+4970222797812@trunk.example;user=phone>;user={VIP};params=x"},
    )
]


@pytest.fixture(scope="module")
def seen(switch, gate, phones):
    """What the switch says of each combination, by its place in the list."""
    said = {}

    def event(text):
        values = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        if values["Event-Name"] == "CHANNEL_HANGUP_COMPLETE" and "variable_sip_h_X-Turn" in values:
            said[int(values["variable_sip_h_X-Turn"])] = values

    listener = Listener(event)
    for turn, (sender, headers) in enumerate(COMBINATIONS):
        more = tuple(f"{name}: {value}" for name, value in headers.items() if name != "To")
        scenario = Scenario(str(turn), "7999", "", "200 hangup", sender=sender, headers=(*more, f"X-Turn: {turn}"))
        placed = phones.place(replace(scenario, receiver=headers.get("To", "")))
    placed.result()
    wait_until(lambda: len(said) == len(COMBINATIONS), 60)
    listener.close()
    return said


@pytest.mark.parametrize("turn", range(len(COMBINATIONS)))
def test_the_simulator_agrees(turn, seen):
    sender, headers = COMBINATIONS[turn]
    invite = Invite.of(Caller(sip_from=sender, headers=headers), "7999", 1, 1)
    variables = {f"variable_{name}": value for name, value in invite.variables.items()}
    simulated = dict(invite.profile.headers("Caller")) | variables
    real = {name: unquote(value) for name in COMPARED if (value := seen[turn].get(name)) is not None}
    assert {name: simulated[name] for name in COMPARED if name in simulated} == real
