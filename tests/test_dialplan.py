"""freeswitch-dialplan.xml: what mod_dialplan_xml makes of it, and that nobody gets past the gate by it."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from vipgate_fs.gate import dialable
from vipgate_fs.gate.gate import Route, Timing

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "freeswitch-dialplan.xml").read_text(encoding="utf-8")
DIALPLAN = ET.fromstring(TEXT)
IN_THE_DOCS = re.findall(r"```xml\n(.*?)```", (ROOT / "docs" / "freeswitch.md").read_text(encoding="utf-8"), re.DOTALL)
CONTEXTS = {context.get("name"): context for context in DIALPLAN.iter("context")}
SCHEMA = json.loads((ROOT / "schemas" / "vipgate.schema.json").read_text(encoding="utf-8"))
COMMENTS = re.findall(r"<!--(.*?)-->", TEXT, re.DOTALL)
DIALABLE = f"^{dialable.PATTERN}$"
LONGEST_PROMPT = 8.0
ATTEMPTS = 3


def extension(name):
    (found,) = (element for element in DIALPLAN.iter("extension") if element.get("name") == name)
    return found


def actions(element):
    return [(action.get("application"), action.get("data")) for action in element.iter("action")]


def around_socket():
    """The actions of the gate's extension before, at and after `socket`."""
    every = actions(extension("vipgate-gate"))
    (index,) = (index for index, (application, _) in enumerate(every) if application == "socket")
    return every[:index], every[index][1], every[index + 1 :]


def passed_condition(called, before):
    """Whether vipgate-called-number takes a call that was transferred from number `before` to `called`."""
    condition = extension("vipgate-called-number").find("condition")
    assert condition.get("field") == "${destination_number}|${rdnis}"
    return re.search(condition.get("expression"), f"{called}|{before}") is not None


def test_own_contexts_and_no_public_which_would_hide_the_sites_own():
    assert [context.get("name") for context in DIALPLAN] == ["vipgate", "vipgate-no-gate", "vipgate-passed"]


def test_the_extensions_in_their_order():
    assert [element.get("name") for element in DIALPLAN.iter("extension")] == [
        "vipgate-number-only",
        "vipgate-gate",
        "vipgate-round",
        "vipgate-not-dialable",
        "vipgate-no-gate",
        "vipgate-marks",
        "vipgate-called-number",
        "vipgate-other-target",
    ]


@pytest.mark.parametrize("comment", COMMENTS)
def test_comments_survive_the_preprocessor(comment):
    """It drops whole lines with these words and obeys its tags inside comments (switch_xml.c, preprocess)."""
    assert not re.search(r"X-PRE-PROCESS|</?include>|<\?|<!--#|\$\$\{", comment, re.IGNORECASE)
    assert not comment.startswith("#")


@pytest.mark.parametrize("tag", ["<?xml", "<include>", "</include>"])
def test_what_the_preprocessor_drops_stands_on_a_line_of_its_own(tag):
    (line,) = (line for line in TEXT.splitlines() if tag in line)
    assert re.fullmatch(r"<[^<>]*>", line)


class TestGate:
    def test_socket_names_hosts_with_ports_and_is_async_and_full(self):
        _, data, _ = around_socket()
        hosts, *words = data.split()
        assert words == ["async", "full"]
        assert len(hosts.split("|")) > 1
        assert all(re.fullmatch(r"[\w.]+:\d+", host) for host in hosts.split("|"))
        assert hosts.split("|")[0] == SCHEMA["properties"]["server"]["properties"]["listen"]["default"]

    def test_a_call_does_not_hang_for_ever_and_a_dialogue_can_end(self):
        before, _, _ = around_socket()
        (timeout,) = (data for application, data in before if application == "set" and data.startswith("park_timeout="))
        seconds, cause = timeout.partition("=")[2].split(":")
        timing = Timing()
        entry = LONGEST_PROMPT + timing.first_digit + 19 * timing.next_digit
        assert int(seconds) > ATTEMPTS * 2 * entry
        assert f"{ATTEMPTS * 2 * entry:.0f} s" in TEXT
        assert cause == "SUBSCRIBER_ABSENT"

    def test_digits_stay_out_of_the_log(self):
        before, _, _ = around_socket()
        assert ("set", "sensitive_dtmf=true") in before

    def test_a_gate_that_does_not_take_the_call_in_time_is_no_gate(self):
        before, _, after = around_socket()
        assert before[-2:] == [
            ("sched_transfer", "+10 ${destination_number} XML vipgate-no-gate"),
            ("set", "vipgate_untaken=${last_sched_id}"),
        ]
        assert after == [("transfer", "${destination_number} XML vipgate-no-gate")]

    def test_a_gate_that_dies_keeps_nobody_waiting_and_what_has_passed_is_not_broken_off(self):
        before, _, _ = around_socket()
        assert ("set", "socket_resume=true") in before
        assert "socket_resume" in dict(actions(extension("vipgate-marks")))["multiunset"].split()

    def test_without_a_gate_the_caller_is_refused(self):
        every = actions(extension("vipgate-no-gate"))
        assert [application for application, _ in every] == ["log", "hangup"]
        assert every[-1] == ("hangup", "SUBSCRIBER_ABSENT")

    def test_a_site_that_fails_open_finds_two_actions_to_put_in_the_place_of_the_two(self):
        (offered,) = [comment for comment in COMMENTS if "<action" in comment]
        (cancel, lead_on) = actions(ET.fromstring(f"<offered>{offered}</offered>"))
        assert cancel == ("sched_cancel", "${vipgate_untaken}")
        assert lead_on[0] == "transfer"
        assert "hangup inline : ${destination_number} XML vipgate-passed" in lead_on[1]
        before = TEXT[TEXT.index('<extension name="vipgate-no-gate">') : TEXT.index(offered)]
        assert before.count("<action") == 2

    def test_a_call_that_has_passed_is_not_sent_there_again(self):
        guard, _, _ = extension("vipgate-gate").findall("condition")
        assert (guard.get("field"), guard.get("expression")) == ("${vipgate_passed}", "^$")
        assert guard.get("break") is None
        assert ("export", "vipgate_passed=true") in actions(extension("vipgate-marks"))
        assert extension("vipgate-marks").get("continue") == "true"

    @pytest.mark.parametrize("name", ["vipgate-gate", "vipgate-round"])
    def test_only_dialable_numbers_get_anywhere(self, name):
        assert DIALABLE in [condition.get("expression") for condition in extension(name).iter("condition")]

    def test_no_other_extension_leads_on_from_there(self):
        leading = {element.get("name"): dict(actions(element)).get("transfer") for element in CONTEXTS["vipgate"]}
        assert leading == {
            "vipgate-number-only": "$1 XML vipgate",
            "vipgate-not-dialable": None,
            "vipgate-gate": "${destination_number} XML vipgate-no-gate",
            "vipgate-round": "${destination_number} XML vipgate-passed",
        }

    @pytest.mark.parametrize(
        ("called", "number"),
        [
            ("+4970222797812;npdi;rn=+4919912345", "+4970222797812"),
            ("+4970222797812;bla=ble;more", "+4970222797812"),
            ("7000;tgrp=tg1;trunk-context=ex.com", "7000"),
            ("7000;isub=12", "7000"),
            ("7000;", "7000"),
            ("7000;a b", "7000"),
            ("7000", None),
            (";npdi", None),
            ("100 XML default;npdi", None),
            ("${evil};npdi", None),
        ],
    )
    def test_the_parameters_of_a_number_are_cut_off(self, called, number):
        (condition,) = extension("vipgate-number-only").findall("condition")
        match = re.search(condition.get("expression"), called)
        assert (match[1] if match else None) == number
        assert number is None or re.search(DIALABLE, number)

    def test_every_number_goes_through_it_unless_the_site_says_otherwise(self):
        assert extension("vipgate-gate").findall("condition")[-1].get("expression") == "^.+$"


class TestPassed:
    def test_is_the_context_that_gates_send_calls_to(self):
        assert Route().context == "vipgate-passed"
        assert SCHEMA["$defs"]["gate"]["properties"]["route"]["properties"]["context"]["default"] == "vipgate-passed"

    def test_does_not_lead_back_to_a_gate(self):
        every = actions(CONTEXTS["vipgate-passed"])
        assert "socket" not in dict(every)
        assert [data for application, data in every if application == "transfer"] == [
            "${destination_number} XML public",
            "${destination_number} XML default",
        ]

    def test_leaves_nothing_of_the_gate_on_the_channel(self):
        before, _, _ = around_socket()
        names = {data.partition("=")[0] for application, data in before if application == "set"}
        assert names <= set(dict(actions(extension("vipgate-marks")))["multiunset"].split())

    @pytest.mark.parametrize(
        ("target", "called", "is_the_called_number"),
        [
            ("4970229780", "4970229780", True),
            ("+4970229780", "+4970229780", True),
            ("*98#", "*98#", True),
            ("a.b-c_d", "a.b-c_d", True),
            ("100", "4970229780", False),
            ("100", "1001", False),
            ("1001", "100", False),
            ("00", "0", False),
            ("100", "", False),
            ("100", ".*", False),
            ("100", r"\E.*", False),
            ("100", "100|200", False),
            ("100", "200|100", False),
        ],
    )
    def test_only_what_the_site_chose_reaches_its_own_extensions(self, target, called, is_the_called_number):
        assert passed_condition(target, called) is is_the_called_number


def test_the_example_for_failing_open_passes_a_call_only_when_no_gate_took_it():
    (example,) = (example for comment in COMMENTS for example in re.findall(r"<action\b.*", comment, re.DOTALL))
    cancel, action = ET.fromstring(f"<example>{example}</example>")
    assert (cancel.get("application"), cancel.get("data")) == ("sched_cancel", "${vipgate_untaken}")
    assert (action.tag, action.get("application")) == ("action", "transfer")
    cond = re.fullmatch(r"\$\{cond\('\$\{vipgate_untaken\}' == '' \? (.+?) : (.+)\)\}", action.get("data"))
    assert cond.groups() == ("hangup inline", "${destination_number} XML vipgate-passed")


@pytest.mark.parametrize("example", IN_THE_DOCS)
def test_examples_in_the_documentation_are_elements_of_freeswitchs_configuration(example):
    elements = ET.fromstring(f"<example>{example}</example>")
    assert {element.tag for element in elements} <= {"action", "extension", "map", "param", "user"}
    assert len(elements) > 0


def test_the_documented_extension_for_a_context_that_must_stay_leads_to_the_gate_once():
    (example,) = (ET.fromstring(text) for text in IN_THE_DOCS if text.startswith("<extension"))
    guard, number = example.findall("condition")
    assert guard.attrib == extension("vipgate-gate").find("condition").attrib
    assert re.search(number.get("expression"), "12 XML default") is None
    assert actions(example) == [("transfer", "${destination_number} XML vipgate")]
    assert [element.get("application") for element in number.iter("anti-action")] == ["hangup"]
