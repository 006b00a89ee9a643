"""What sofia makes of an INVITE's headers about the caller (read in sofia.c; the commented ones were measured)."""

from __future__ import annotations

import pytest

from vipgate_fs.simulator import Caller
from vipgate_fs.simulator.address import Address
from vipgate_fs.simulator.invite import Invite

ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
VIP = "<sip:+4917612345678@tel.example;user=phone>"


def invite(to="7001", **caller):
    return Invite.of(Caller(**caller), to, 1, 1)


@pytest.mark.parametrize(
    ("privacy", "hidden"),
    [
        ("id", True),  # measured
        ("ID", True),
        ("user;id", True),  # measured
        ("id;header;user", True),  # measured
        ("id; critical", True),  # measured
        ("user, id", True),
        ("user id", False),  # measured
        ("header", False),  # measured
        ("user", False),  # measured
        ("identity", False),
        ("none", False),
        ("(id)", False),
        ("", False),
    ],
)
def test_of_privacy_only_id_hides_the_number(privacy, hidden):
    profile = invite(sip_from=ANONYMOUS, headers={"P-Asserted-Identity": VIP, "Privacy": privacy}).profile
    assert (profile.number, profile.hide_number, profile.hide_name) == ("+4917612345678", hidden, hidden)


@pytest.mark.parametrize(
    ("privacy", "hides_name", "hides_number"),
    [
        ("full", True, True),  # measured
        ("FULL", True, True),
        ("yes", True, True),
        ("name", True, False),
        ("number", False, True),
        ("uri", False, False),
        ("off", False, False),
        ('"full"', False, False),
    ],
)
def test_privacy_of_remote_party_id_is_four_words(privacy, hides_name, hides_number):
    profile = invite(headers={"remote-party-id": f"{VIP};party=calling;privacy={privacy};screen=yes"}).profile
    assert (profile.hide_name, profile.hide_number) == (hides_name, hides_number)


@pytest.mark.parametrize(
    ("headers", "number"),
    [
        ({}, "1"),
        ({"Remote-Party-ID": "<sip:2@x>"}, "2"),
        ({"Remote-Party-ID": "<sip:2@x>", "P-Asserted-Identity": "<sip:3@x>"}, "3"),
        ({"P-Asserted-Identity": "<sip:3@x>, <tel:+493>"}, "3"),
        ({"P-Asserted-Identity": "<sip:3@x>", "P-Preferred-Identity": "<sip:4@x>"}, "4"),  # measured
        ({"P-Asserted-Identity": "<sip:x>", "Remote-Party-ID": "<sip:2@x>"}, "2"),
        ({"P-Asserted-Identity": "<sip:03;phone-context=+49@x;user=phone>"}, "03"),
        ({"P-Asserted-Identity": "<tel:03;phone-context=+49>"}, "03"),
        ({"P-Asserted-Identity": "tel:+493"}, "+493"),
        ({"P-Asserted-Identity": "<sip:%2B493:secret@x>"}, "+493"),
    ],
)
def test_the_last_of_the_identities_is_the_callers_number_even_the_preferred_one(headers, number):
    assert invite(number="1", headers=headers).profile.number == number


def test_what_is_in_the_variables():
    headers = {
        "P-Asserted-Identity": "<sip:03;phone-context=+49@x>",
        "P-Preferred-Identity": VIP,
        "Privacy": "id, user",
        "P-Called-Party-ID": "<sip:+4970222797812@x>",
        "To": "<sip:+4970222797812@x>",
    }
    variables = invite("account", sip_from="<tel:+491;ext=2>", headers=headers).variables
    wanted = {
        "sip_P-Asserted-Identity": "03;phone-context=+49",
        "sip_P-Preferred-Identity": VIP,
        "sip_Privacy": "id;user",
        "sip_cid_type": "pid",
        "sip_h_P-Called-Party-ID": "<sip:+4970222797812@x>",
        "sip_to_user": "+4970222797812",
        "sip_req_user": "account",
        "sip_from_user": "+491",
        "sip_from_params": "ext=2",
        "sip_from_uri": "+491@nowhere",  # measured
        "sip_h_P-Asserted-Identity": None,
    }
    assert {name: variables.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:+4917612345678@tel.example", "+4917612345678", "tel.example", ""),
        ("<sips:7001@[::1]:5061;transport=tls>;tag=1", "7001", "[::1]", "5061"),
        ("<sip:tel.example>", "", "tel.example", ""),
        ('"A <b>" <sip:a%40b@x>', "a@b", "x", ""),
        ("<tel:+49-176-1>", "+49-176-1", "", ""),
    ],
)
def test_an_address_is_read_as_sofia_reads_it(text, user, host, port):
    address = Address.parse(text)
    assert (address.user, address.host, address.port) == (user, host, port)


@pytest.mark.parametrize("text", ["", "7001", "<7001>", '"x" sip:1@x', "<mailto:a@x>"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="not a SIP address"):
        Address.parse(text)
