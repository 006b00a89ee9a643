"""Who the gate takes a caller for, and what callers write into the fields that are theirs: it gains them nothing."""

from itertools import product

import pytest
from freeswitch.configuration import INSIDE
from freeswitch.gate import VIP, VIP_PIN
from freeswitch.phone import Scenario

GATES = f"""
  vips: {{protects: {{numbers: ["7000"]}}, identify: [{{caller_pin: {{pins: {{"{VIP}": "{VIP_PIN}"}}}}}}]}}
"""
STRANGER = "+4971155512"
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
NUMBER_HEADER = f"Caller-Caller-ID-Number: {VIP}"
AS_VIP, AS_STRANGER = "200 welcome called", "486"
KEYS = f"welcome {VIP_PIN}#"


def named(name, number):
    return f'"{name}" <sip:{number}@127.0.0.1>'


def asserted(number, header="P-Asserted-Identity"):
    return f"{header}: <sip:{number}@127.0.0.1>"


IDENTITIES = [
    Scenario("anonymous", "7000", AS_STRANGER, sender=ANONYMOUS),
    Scenario("no number", "7000", AS_STRANGER, sender="<sip:127.0.0.1>"),
    Scenario("a name for a number", "7000", AS_STRANGER, caller="alice"),
    Scenario("asserted", "7000", AS_VIP, KEYS, headers=(asserted(VIP),)),
    Scenario(
        "asserted, with a name", "7000", AS_VIP, KEYS, headers=(f'P-Asserted-Identity: "V. Ip" <sip:{VIP}@127.0.0.1>',)
    ),
    Scenario("asserted, by tel", "7000", AS_VIP, KEYS, headers=(f"P-Asserted-Identity: <tel:{VIP}>",)),
    Scenario("asserted, with privacy", "7000", AS_VIP, KEYS, sender=ANONYMOUS, headers=(asserted(VIP), "Privacy: id")),
    Scenario("asserted, somebody else", "7000", AS_STRANGER, caller=VIP, headers=(asserted(STRANGER),)),
    Scenario("Remote-Party-ID", "7000", AS_VIP, KEYS, headers=(asserted(VIP, "Remote-Party-ID"),)),
    Scenario(
        "Remote-Party-ID, with privacy",
        "7000",
        AS_VIP,
        KEYS,
        sender=ANONYMOUS,
        headers=(asserted(VIP, "Remote-Party-ID") + ";party=calling;privacy=full",),
    ),
]
NAMES = {
    "quotes": r"V. \"The\" Ip",
    "umlauts": "Jürgen Groß",
    "Latin-1": b"J\xfcrgen Gro\xdf".decode("utf-8", "surrogateescape"),
    "percent": "100%",
    "percent-encoded": "%41%4a%zz%",
    "U+2028": "V\u2028Ip",
    "1,000 characters": "V" * 1000,
    "control characters": "V\x01\x1b[31mIp\x7f",
    "an expression": "${system(touch MARKER)}",
    "a folded line": "V.\r\n Ip",
    "a line end": f"V.%0A{NUMBER_HEADER}%0A%0A",
    "a whole frame": f"V.%0A%0AContent-Type: command/reply%0AReply-Text: +OK%0A{NUMBER_HEADER}%0A%0A",
    "carriage returns": f"V.%0D%0A{NUMBER_HEADER}%0D%0A",
}
"""Display names, by what is special about them."""
NAMED = [
    Scenario(f"{what}, {who}", "7000", story, does, sender=named(name, number))
    for (what, name), (who, number, story, does) in product(
        NAMES.items(), [("VIP", VIP, AS_VIP, KEYS), ("stranger", STRANGER, AS_STRANGER, "")]
    )
]
HEADERS = {
    "vipgate_passed": ("vipgate_passed: true", "X-vipgate_passed: true", "P-vipgate_passed: true"),
    "a verdict": ("X-vipgate_verdict: pass", "vipgate_verdict: pass"),
    "variables of the invitation": ("Alert-Info: vipgate_passed=true", "Call-Info: <sip:x>;vipgate_passed=true"),
    "diverted": (
        f"Diversion: <sip:{VIP}@127.0.0.1>;reason=unconditional",
        f"History-Info: <sip:{VIP}@127.0.0.1>;index=1",
    ),
    "a line in a value": (f"X-Foo: a%0A{NUMBER_HEADER}%0A", f"Subject: a%0A%0A{NUMBER_HEADER}"),
}
WITH_HEADERS = [Scenario(name, "7000", AS_STRANGER, headers=headers) for name, headers in HEADERS.items()]
HOSTILE = {
    "an expression": "${system(touch MARKER)}",
    "an expression behind a number": "7000${system(touch MARKER)}",
    "an application": "'system:touch MARKER' inline",
    "quotes": "7000'\"`",
    "braces": "{system=touch MARKER}7000",
    "another context": "100 XML default",
    "a space": "7000 100",
    "a comma": "7000,100",
    "a line end": f"7000\n{NUMBER_HEADER}",
    "an option of transfer": "-bleg 7000",
    "65 digits": "7" * 65,
}
"""Numbers, by what is special about them: `MARKER` becomes the path of a file that must not come to be."""
CALLED = [Scenario(f"{name} called", number, "404") for name, number in HOSTILE.items()]
BY_ANOTHER_CONTEXT = [
    Scenario("called from a context that stays", "7000", AS_STRANGER, port=INSIDE),
    Scenario("a space called from a context that stays", "100 XML default", "484", port=INSIDE),
]
CALLING = [Scenario(f"{name} calling", "7000", AS_STRANGER, caller=number) for name, number in HOSTILE.items()]


@pytest.mark.parametrize("scenario", IDENTITIES, ids=str)
def test_identity(scenario, experience):
    assert experience.story == scenario.story


@pytest.mark.parametrize("scenario", NAMED, ids=str)
def test_display_name(scenario, experience):
    assert experience.story == scenario.story


@pytest.mark.parametrize("scenario", WITH_HEADERS, ids=str)
def test_header(scenario, experience):
    assert experience.story == scenario.story


@pytest.mark.parametrize("scenario", CALLED + CALLING + BY_ANOTHER_CONTEXT, ids=str)
def test_nothing_runs_on_the_switch(scenario, experience, switch):
    assert experience.story == scenario.story
    assert not list(switch.folder.rglob("MARKER"))


def test_a_command_in_the_dialplan_would_have_left_its_mark(switch):
    switch.api("expand echo ${system(touch MARKER2)}")
    assert (switch.folder / "MARKER2").exists()


def test_nothing_is_left(left):
    assert left == (0, 0)
