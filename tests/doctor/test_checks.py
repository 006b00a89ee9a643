"""Each mistake is found by its name in what a real switch answered, once it is spoilt; the good site has none."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from doctor.recorded import CONFIGURATION, NOW, SERVES, STATUS, Site

from vipgate_fs.doctor import CHECKS, examine, verdict
from vipgate_fs.doctor.finding import Severity, mistakes_of
from vipgate_fs.doctor.machine import Peer
from vipgate_fs.exposure import exposure
from vipgate_fs.resources import resource

SOFIA = "xml_locate configuration configuration name sofia.conf"
DIALPLAN = "xml_locate dialplan"
DAY = 86400.0

MISTAKES = [mistake for module in CHECKS for mistake in mistakes_of(module)]


@pytest.fixture
def site():
    return Site()


def test_a_good_site_has_nothing(site):
    assert site.findings() == []
    assert verdict([]) is Severity.OK


SPOILT = [
    ("module-missing", "module_exists mod_sndfile", "true", "false"),
    ("switch-old", "version short", "1.11.3-dev", "1.8.7"),
    ("pins-logged", "xml_locate configuration configuration name logfile.conf", "info,", "debug,info,"),
    ("clocks-apart", "strepoch", str(int(NOW)), str(int(NOW) + 90)),
    ("dtmf-type", "sofia xmlstatus profile external", "rfc2833", "info"),
    ("dtmf-info-logged", SOFIA, 'name="liberal-dtmf" value="true"', 'name="liberal-dtmf" value="false"'),
    ("gateway-account", "sofia xmlstatus gateway", "auto_to_user", "trunk"),
    ("gateway-down", "sofia xmlstatus gateway", "REGED", "FAIL_WAIT"),
    ("blind-auth", SOFIA, 'name="dtmf-type"', 'name="accept-blind-auth" value="true"/><param name="dtmf-type"'),
    ("media-bypassed", SOFIA, 'name="dtmf-type"', 'name="inbound-bypass-media" value="true"/><param name="dtmf-type"'),
    ("profile-not-running", "sofia xmlstatus", "<name>external</name>", "<name>other</name>"),
    ("profile-not-restarted", "sofia xmlstatus profile external", "<context>vipgate", "<context>default"),
    ("context-missing", "sofia xmlstatus gateway", "<context>vipgate", "<context>vipgat"),
    (
        "context-twice",
        DIALPLAN,
        '<context name="default">',
        '<context name="public"></context><context name="default">',
    ),
    ("dialplan-missing", DIALPLAN, '<context name="vipgate-passed">', '<context name="vipgate-let-in">'),
    ("passed-nowhere", DIALPLAN, "49711555(00)$", "49711555(01)$"),
    ("gate-again", DIALPLAN, "${destination_number} XML public", "${destination_number} XML vipgate"),
    ("another-number-leads-there", DIALPLAN, "^(?:\\+|00)?49711555(00)$", "49711555(00)$"),
    (
        "another-header-decides",
        DIALPLAN,
        'field="destination_number" expression="^(?:',
        'field="${sip_to_user}" expression="^(?:',
    ),
    ("gate-bypassed", "sofia xmlstatus profile external", "<context>vipgate", "<context>public"),
    ("number-parameters", DIALPLAN, "$1 XML vipgate", "${x} XML vipgate"),
    ("socket-elsewhere", DIALPLAN, "127.0.0.1:8084|127.0.0.1:8086", "127.0.0.1:8094"),
    ("socket-port", DIALPLAN, "127.0.0.1:8084|127.0.0.1:8086", "127.0.0.1:8084|127.0.0.1"),
    ("socket-not-full", DIALPLAN, "async full", "async"),
    ("socket-not-async", DIALPLAN, "async full", "full"),
    ("sensitive-dtmf", DIALPLAN, "sensitive_dtmf=true", "sensitive=true"),
    ("park-timeout", DIALPLAN, "park_timeout=900", "park=900"),
    ("park-timeout-short", DIALPLAN, "park_timeout=900", "park_timeout=90"),
    ("socket-resume", DIALPLAN, "socket_resume=true", "resume=true"),
    ("gate-untaken", DIALPLAN, "vipgate_untaken=${last_sched_id}", "vipgate=1"),
    ("transfers-allowed", SOFIA, 'name="disable-transfer" value="true"', 'name="disable-transfer" value="false"'),
    ("rtp-timer", SOFIA, 'name="rtp-timer-name" value="soft"', 'name="rtp-timer-name" value="none"'),
    ("gate-unreached", DIALPLAN, 'application="socket"', 'application="log"'),
    ("dialplan-differs", DIALPLAN, "SUBSCRIBER_ABSENT", "USER_BUSY"),
    ("prompt-rate", "file_exists {sounds}/de/16000/vipgate-welcome.wav", "true", "false"),
    ("user-unknown", "user_exists id 1007 127.0.0.1", "true", "false"),
    ("group-unknown", "group_call staff@127.0.0.1", "error/user_not_registered", "error/NO_ROUTE_DESTINATION"),
]


@pytest.mark.parametrize(("mistake", "command", "old", "new"), SPOILT, ids=[line[0] for line in SPOILT])
def test_a_mistake_is_found_by_its_name(site, mistake, command, old, new):
    site.spoil(command.replace("{sounds}", str(resource("sounds"))), old, new)
    found = {one.mistake: one for one in site.findings()}
    assert mistake in found
    assert not any(
        "{" in re.sub(r"\$\{\w+\}|: \{domain", "", text)
        for one in found.values()
        for text in (one.what, one.why, one.do)
    )


def test_without_mod_commands_nothing_else_is_said_of_the_switch(site):
    site.answers = {}
    assert site.mistakes() == ["module-missing"]
    assert "mod_commands" in site.findings()[0].what


def test_an_answer_that_can_not_be_read_is_unknown_and_not_nothing(site):
    site.answers["sofia xmlstatus gateway"] = "<gateways><gateway><name>A&B</name></gateway></gateways>"
    assert site.mistakes() == ["answer-unreadable"]


@pytest.mark.parametrize(("module", "name"), [("mod_lua", "xml-handler-bindings"), ("mod_xml_curl", "gateway-url")])
def test_a_dialplan_that_is_made_for_each_call_is_unknown(site, module, name):
    site.answers[f"module_exists {module}"] = "true"
    site.answers[f"xml_locate configuration configuration name {module[4:]}.conf"] = (
        f'<configuration><settings><param name="{name}" value="dialplan" bindings="dialplan"/></settings></configuration>'
    )
    site.answers[DIALPLAN] = "nobody asks for it: a handler can't answer without a call, and writes that into its log"
    assert site.mistakes() == ["dialplan-elsewhere"]


def test_a_prompt_that_the_switch_does_not_find_in_any_rate(site):
    for command in [command for command in site.answers if command.endswith("vipgate-wrong-pin.wav")]:
        site.answers[command] = "false"
    assert site.mistakes() == ["prompt-missing"]


def test_whoever_reaches_a_profile_without_a_list_chooses_their_number(site):
    site.spoil(SOFIA, 'name="apply-inbound-acl" value="carrier"', 'name="x" value="y"')
    site.spoil(SOFIA, 'name="sip-ip" value="127.0.0.1"', 'name="sip-ip" value="192.0.2.1"')
    assert site.mistakes() == []  # a static PIN is asked of everybody
    site.configuration = site.configuration.replace(
        "static_pin: {pin:", 'caller_pin: {pins: {"+491711234567":'
    ).replace('"081547293"}', '"081547293"}}')
    assert site.mistakes() == ["caller-unproven"]


def test_a_switch_on_another_machine_must_be_allowed(site):
    site.spoil(DIALPLAN, "127.0.0.1:8084", "192.0.2.5:8084")
    site.answers["global_getvar"] = "domain=127.0.0.1\nlocal_ip_v4=192.0.2.9"
    site.configuration += 'server: {listen: "192.0.2.5:8084", allow: [127.0.0.0/8, 192.0.2.0/30]}\n'
    assert site.mistakes() == ["server-allow"]
    site.configuration = site.configuration.replace("192.0.2.0/30", "192.0.2.0/24")
    assert site.mistakes() == []


def test_where_a_gate_sends_calls_there_must_be_somebody(site):
    site.configuration = site.configuration.replace("otherwise: {reject: true}", 'otherwise: {forward: "2222"}')
    site.spoil(DIALPLAN, "49711555(00)", "49711555(0[02])")
    assert site.mistakes() == ["forwarded-nowhere"]
    site.configuration = site.configuration.replace("2222", "1007")
    assert site.mistakes() == []


def test_without_a_domain_nobody_can_be_looked_up(site):
    site.configuration = site.configuration.replace(", domain: 127.0.0.1", "")
    assert site.mistakes() == []
    site.answers["global_getvar"] = ""
    assert site.mistakes() == ["domain-unknown"]


def test_an_older_dialplan_is_told_from_an_edited_one(site):
    site.spoil(DIALPLAN, "SUBSCRIBER_ABSENT", "USER_BUSY")
    site.spoil(DIALPLAN, ' revision="1"', "")
    assert site.mistakes() == ["dialplan-outdated"]


def test_a_pin_that_a_dialplan_sets_is_in_no_finding(site):
    action = '<action application="set" data="sensitive_dtmf=true"'
    site.spoil(DIALPLAN, action, f'<action application="set" data="vipgate_verdict=pin:1357"/>{action}')
    (finding,) = site.findings()
    assert "vipgate_verdict=pin:…" in finding.what
    assert "1357" not in repr(finding)


def test_a_fusionpbx_that_can_not_be_asked_is_unknown(site):
    facts = replace(site.facts(), why_no_fusionpbx="its database: connection refused")
    assert [one.mistake for one in examine(facts)] == ["fusionpbx-not-asked"]


def test_a_user_of_another_domain_is_asked_for_there(site):
    site.configuration = site.configuration.replace('"1007"', '"1007@other.example"')
    assert site.mistakes() == ["user-unknown"]
    site.answers["user_exists id 1007 other.example"] = "true"
    assert site.mistakes() == []


def above_the_gate(site, condition):
    text = f'<extension name="above">{condition}<action application="bridge" data="user/1"/></condition></extension>'
    site.spoil(DIALPLAN, '<context name="vipgate" revision="1">', f'<context name="vipgate" revision="1">{text}')
    return [one for one in site.findings() if one.mistake.startswith("gate-bypassed")]


def test_one_extension_above_the_gate_is_one_finding_for_a_gate_however_the_number_is_written(site):
    found = above_the_gate(site, '<condition field="destination_number" expression="7115550">')
    assert [(one.mistake, "support" in one.why) for one in found] == [
        ("gate-bypassed", True),
        ("gate-bypassed", False),
    ] * 2  # gates support and closed, by way of the profile and of the gateway


def test_what_need_not_be_so_for_a_bypass_is_not_named(site):
    site.configuration = site.configuration.replace('"+49 711 55502"', '"12345"')
    at_noon = '<extension name="noon" continue="true"><condition hour="12"><action application="set" data="a=b"/></condition></extension>'
    site.spoil(DIALPLAN, '<context name="vipgate" revision="1">', f'<context name="vipgate" revision="1">{at_noon}')
    found = above_the_gate(site, '<condition field="${sip_from_user}" expression="^boss$">')
    assert {(one.mistake, one.what.split("gate, when ")[1].split(":")[0]) for one in found} == {
        ("gate-bypassed-sometimes", "${sip_from_user} matches ^boss$")
    }


def test_an_extension_that_goes_by_another_header_is_found_beside_one_of_the_same_name(site):
    by_header = '<extension name="support"><condition field="${sip_to_user}" expression="^.*55500$"><action application="bridge" data="user/1000"/></condition></extension>'
    site.spoil(DIALPLAN, '<extension name="support">', f'{by_header}<extension name="support">')
    assert "another-header-decides" in site.mistakes()


def test_a_transfer_to_what_a_header_says_is_found(site):
    """`destination_number` decides whether, the header where."""
    by_header = """<extension name="all"><condition field="destination_number" expression="^\\d+$">
      <action application="transfer" data="${sip_req_user} XML numbers"/></condition></extension></context>
      <context name="numbers"><extension name="any"><condition field="destination_number" expression="^.*(\\d\\d)$">
      <action application="bridge" data="user/10$1"/></condition></extension>"""
    public = '<context name="public">'
    site.spoil(DIALPLAN, public, f"{public}{by_header}</context><context name='rest'>")
    assert "another-header-decides" in site.mistakes()


@pytest.mark.parametrize(
    "condition",
    [
        '<condition field="${sip_h_Call-Info}" expression="answer-after=0"><action application="export" data="a=b"/>',
        '<condition field="${sip_to_user}" expression="^[0-9+]+$"><action application="set" data="dialled=${sip_to_user}"/>',
        """<condition field="destination_number" expression="^[*]8$"/><condition field="${sip_h_X-For}" expression="(.+)">
        <action application="bridge" data="user/$1"/>""",
    ],
)
def test_a_header_that_leads_nobody_to_a_protected_number_is_no_mistake(site, condition):
    extension = f'<extension name="by-header" continue="true">{condition}</condition></extension>'
    site.spoil(DIALPLAN, '<context name="public">', f'<context name="public">{extension}')
    assert "another-header-decides" not in site.mistakes()


@pytest.mark.parametrize("application", ["mkdir", "bgsystem", "read", "phrase", "cidlookup", "unbind_meta_app"])
def test_what_prepares_a_call_above_the_gate_leads_nobody_round_it(site, application):
    action = f'<action application="{application}" data="x"/>'
    extension = f'<extension name="prepare" continue="true"><condition>{action}</condition></extension>'
    head = '<context name="vipgate" revision="1">'
    site.spoil(DIALPLAN, head, head + extension)
    assert not {"gate-bypassed", "gate-bypassed-sometimes"} & set(site.mistakes())


def test_a_script_that_takes_the_call_can_not_be_followed(site):
    site.spoil(DIALPLAN, 'application="socket"', 'application="lua"')
    assert "way-unknown" in site.mistakes()


@pytest.mark.parametrize("trunks", [("nobody",), ()])
def test_a_trunk_that_is_not_there_is_unknown(site, trunks):
    site.trunks = trunks
    if not trunks:
        site.spoil(SOFIA, 'name="auth-calls" value="false"', 'name="auth-calls" value="true"')
        site.spoil(SOFIA, '"carrier"', '"domains"')
        site.answers["sofia xmlstatus gateway"] = "<gateways/>"
    assert site.mistakes() == ["trunk-unknown"]


def found(site, **machine):
    site.machine = replace(SERVES, **machine)
    return site.mistakes()


@pytest.mark.parametrize(
    ("mistake", "machine"),
    [
        ("service-down", {"service": None, "is_listening": False, "why_no_service": "no service runs"}),
        ("service-hidden", {"service": None, "is_listening": True, "why_no_service": "no service runs"}),
        ("service-degraded", {"service": replace(STATUS, workers=1)}),
        ("service-outdated", {"is_changed": True}),
        ("service-other-version", {"service": replace(STATUS, version="0.1.0")}),
        ("store-unavailable", {"store": "disk full"}),
        (
            "file-exposed",
            {"exposed": (("vipgate.yaml", exposure(Path("vipgate.yaml"), 0o100644, holds_secrets=True)),)},
        ),
        ("peer-unreachable", {"peers": (Peer("webservice of gate a (line 7)", "crm:443", "no connection"),)}),
        ("certificate-ends", {"peers": (Peer("webservice", "crm:443", "", NOW + 9 * DAY),)}),
        ("certificate-ended", {"certificates": {"ca.pem": NOW - DAY}}),
        ("time-zones-old", {"rules": "2024a"}),
        ("prompt-unreadable", {"hidden": ("/sounds/de/8000/vipgate-welcome.wav",)}),
    ],
)
def test_a_mistake_of_the_machine_is_found(site, mistake, machine):
    assert found(site, **machine) == [mistake]


def test_a_configuration_that_is_invalid_or_doubtful(site):
    site.configuration = "version: 2\n"
    assert site.mistakes() == ["configuration-invalid"]
    site.configuration = CONFIGURATION + 'server: {listen: "0.0.0.0:8084"}\n'
    assert "configuration-doubtful" in site.mistakes()


def test_a_switch_that_can_not_be_asked_is_unknown(site):
    facts = replace(site.facts(), switch=None, why_no_switch="connection refused")
    findings = list(examine(facts))
    assert [finding.mistake for finding in findings] == ["switch-not-asked"]
    assert verdict(findings) is Severity.UNKNOWN


@pytest.mark.parametrize(
    ("severities", "worst"),
    [((1, 3), 3), ((3, 2, 1), 2), ((1, 1), 1)],
)
def test_what_is_known_to_be_broken_comes_before_what_is_unknown(site, severities, worst):
    finding = MISTAKES[0](finding="")
    assert verdict([replace(finding, severity=Severity(each)) for each in severities]) == worst


def test_names_of_mistakes_are_unique_and_each_says_what_to_do():
    names = [mistake.name for mistake in MISTAKES]
    assert len(set(names)) == len(names) >= 30
    assert all(mistake.what and mistake.why and mistake.do for mistake in MISTAKES)


def test_every_mistake_has_a_test():
    tests = "".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    assert [mistake.name for mistake in MISTAKES if f'"{mistake.name}"' not in tests] == []


def test_no_password_of_the_switch_is_in_a_finding(site):
    site.spoil("xml_locate configuration configuration name event_socket.conf", 'value="127.0.0.1"', 'value="0.0.0.0"')
    site.spoil("xml_locate configuration configuration name event_socket.conf", "only-for-this-test", "ClueCon")
    assert site.mistakes() == ["event-socket-open"]
    assert "ClueCon" not in repr(site.findings())
