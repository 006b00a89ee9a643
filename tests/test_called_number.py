"""Which number was called, where FreeSWITCH's destination number is an account, or has more than the number in it."""

from __future__ import annotations

import pytest
from whole_call import checked_gate, end

from vipgate_fs.esl.facts import call_facts
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.simulator import Caller
from vipgate_fs.simulator.invite import Invite

STRICT, OPEN, OTHER = "004970222797812", "004970222797899", "004989123456"
ACCOUNT = "KXXXabcd"
CONFIGURATION = """\
version: 1
store: none
site: {{called_number: {setting}}}
server: {{listen: "127.0.0.1:0"}}
gates:
  strict: {{protects: {{numbers: ["+49 7022 2797812"], users: [alice]}}, otherwise: {{reject: true}}}}
  open: {{protects: {{numbers: ["+49 7022 2797899"]}}, otherwise: {{forward: "140"}}}}
"""


def call(to, setting="[Request-URI]", **headers):
    with checked_gate() as gates:
        gate = gates.make(CONFIGURATION.format(setting=setting))
        named = {name.replace("_", "-"): f"<sip:{number}@trunk.example>" for name, number in headers.items()}
        experience = gate.call(to, headers=named)
        gate.settle()
        (decision,) = gate.lines("decision")
    return end(experience), decision.get("gate"), decision["called"]


BUSY = "486 Busy Here"


@pytest.mark.parametrize(
    ("setting", "to", "headers", "ends", "gate"),
    [
        pytest.param("[Request-URI]", ACCOUNT, {"To": STRICT}, f"{ACCOUNT}, not answered before", None, id="not set"),
        pytest.param("[To]", ACCOUNT, {"To": STRICT}, BUSY, "strict", id="To"),
        pytest.param("[P-Called-Party-ID]", ACCOUNT, {"P_Called_Party_ID": STRICT}, BUSY, "strict", id="P-Called-Party-ID"),
        pytest.param("[P-Called-Party-ID]", ACCOUNT, {"p_called_party_id": STRICT}, BUSY, "strict", id="spelled otherwise"),
        pytest.param("[Diversion]", ACCOUNT, {"DIVERSION": STRICT}, BUSY, "strict", id="DIVERSION"),
        pytest.param("[Diversion]", ACCOUNT, {"Diversion": STRICT}, BUSY, "strict", id="Diversion"),
        pytest.param("[P-Called-Party-ID, To]", ACCOUNT, {"To": STRICT}, BUSY, "strict", id="the second, without a first"),
        pytest.param(
            "[P-Called-Party-ID, To]", ACCOUNT, {"P_Called_Party_ID": OTHER, "To": STRICT}, BUSY, "strict",
            id="the second, where no gate protects the first",
        ),
        pytest.param(
            "[P-Called-Party-ID, To]", ACCOUNT, {"P_Called_Party_ID": STRICT, "To": OPEN}, BUSY, "strict",
            id="the first of two that are protected",
        ),
        pytest.param("[To]", ACCOUNT, {"To": OTHER}, f"{ACCOUNT}, not answered before", None, id="none is protected"),
        pytest.param("[To]", STRICT, {"To": OTHER}, BUSY, "strict", id="a To without a gate leads round none"),
        pytest.param("[To]", STRICT, {"To": OPEN}, BUSY, "strict", id="a To with another gate does not either"),
        pytest.param(
            "[P-Called-Party-ID, Request-URI]", OPEN, {"P_Called_Party_ID": STRICT}, BUSY, "strict",
            id="before the Request-URI, if it is said to be",
        ),
        pytest.param("[To]", ACCOUNT, {"To": "7001"}, BUSY, "strict", id="a protected user's number"),
    ],
)  # fmt: skip
def test_the_first_header_counts_that_has_a_protected_number(setting, to, headers, ends, gate):
    assert call(to, setting, **headers)[:2] == (ends, gate)


def test_passing_leads_to_where_the_switch_would_have_gone():
    assert call(ACCOUNT, "[To]", To=OPEN) == ("140, not answered before", "open", "+4970222797899")
    assert call(ACCOUNT, "[To]", To=OTHER) == (f"{ACCOUNT}, not answered before", None, ACCOUNT)


@pytest.mark.parametrize(
    "params",
    [";npdi;rn=+4919912345", ";bla=ble;more", ";tgrp=tg1;trunk-context=ex.com", ";isub=12", ";phone-context=+49", ";"],
)
def test_parameters_of_a_number_are_not_the_number(params):
    assert call(f"{STRICT}{params}")[:2] == (BUSY, "strict")
    assert call(f"{OTHER}{params}")[:2] == (f"{OTHER}, not answered before", None)


@pytest.mark.parametrize(
    "header",
    [
        "<sip:{}@x>;user=7000",
        "<sip:{};user=7000@x>;uri=7000",
        '"<sip:7000@x>" <sip:{}@x>',
        "<tel:{}>;tag=7000",
        "<sip:{};npdi;rn=7000@x;user=phone>",
        "sip:{}@x;user=7000",
    ],
)
def test_what_a_header_says_is_its_address_and_nothing_beside_it(header):
    names = ("To", "P-Called-Party-ID", "Diversion")
    invite = Invite.of(Caller(headers={name: header.format(STRICT) for name in names}), ACCOUNT, 1, 1)
    variables = {f"variable_{name}": value for name, value in invite.variables.items()}
    facts = call_facts(dict(invite.profile.headers("Caller")) | variables | {"Unique-ID": "1"}, NumberPlan("DE"))
    assert facts.called_in == {"Request-URI": ACCOUNT} | dict.fromkeys(names, "+4970222797812")
