"""FusionPBX's own Lua handler routes calls from its own schema, and `vipgate dialplan`'s rows send them to the gate."""

from __future__ import annotations

import json

import pytest
from freeswitch import fusionpbx
from freeswitch.booted import booted, files
from freeswitch.fusionpbx import CACHE, DOMAIN, DOMAIN_UUID
from freeswitch.gate import PIN, WRONG_PIN, wait_until
from freeswitch.phone import Scenario

PROTECTED, ONWARD, OTHER = "4971155500", "4971155510", "4971155520"
CONFIGURATION = f"""version: 1
site: {{country: DE, language: en, domain: {DOMAIN}}}
gates:
  pin:
    protects: {{numbers: ["+{PROTECTED}"]}}
    identify: [{{static_pin: {{pin: "{PIN}"}}}}]
    timing: {{first_digit: 2s, next_digit: 1s}}
  onward: {{protects: {{numbers: ["+{ONWARD}"]}}, otherwise: {{forward: "1002"}}}}
"""
W = f"{WRONG_PIN}#"
RIGHT = Scenario("right PIN", f"+{PROTECTED}", "200 welcome called", f"welcome {PIN}#")
SCENARIOS = [
    RIGHT,
    Scenario("without a plus", PROTECTED, RIGHT.story, RIGHT.does),
    Scenario("wrong, then right", f"+{PROTECTED}", "200 welcome wrong-pin called", f"welcome {W} wrong-pin {PIN}#"),
    Scenario(
        "wrong", f"+{PROTECTED}", "200 welcome wrong-pin wrong-pin BYE", f"welcome {W} wrong-pin {W} wrong-pin {W}"
    ),
    Scenario("forward", f"+{ONWARD}", "200 forward"),
    Scenario("unprotected", f"+{OTHER}", "200 called"),
    Scenario("unknown", "+4971155599", "404"),
    Scenario("extension from outside", "1001", "404"),
    Scenario("feature code from outside", "*9196", "404"),
]
AROUND = Scenario("round the gate", f"+{PROTECTED}", "200 called")


class Site:
    """A FusionPBX with the package installed, and somebody who calls."""

    def __init__(self, pbx, machine, phones) -> None:
        self.pbx, self.phones = pbx, phones
        self._machine = machine

    def type(self, command):
        """What a command prints; it must succeed."""
        done = self._machine.run(command, 180, LC_ALL="C.UTF-8", **self.pbx.environment)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def mistakes(self):
        """What doctor finds, by name, without doubles."""
        done = self._machine.run("vipgate doctor --format json", 180, LC_ALL="C.UTF-8")
        return list(dict.fromkeys(finding["mistake"] for finding in json.loads(done.stdout)["findings"]))

    def protect(self, *options):
        """Import the rows, as docs/fusionpbx.md has it."""
        self.type(f"vipgate dialplan --format fusionpbx {' '.join(options)} > /root/vipgate.sql")
        self.type("psql --set ON_ERROR_STOP=1 --host 127.0.0.1 --username fusionpbx fusionpbx < /root/vipgate.sql")
        self.type(f"rm -f {CACHE}/dialplan.*")

    def stories(self, *scenarios):
        """What the callers experience, by scenario; they call at the same time."""
        ends = {scenario.name: self.phones.place(scenario) for scenario in scenarios}
        return {name: end.result(90).story for name, end in ends.items()}


@pytest.fixture(scope="module")
def installed_site(request, fusionpbx_system, tmp_path_factory):
    pbx, scratch = fusionpbx_system, tmp_path_factory.mktemp("site")
    with booted(request, scratch, fusionpbx.configured(files()), pbx.folders, pbx.programs) as (machine, _, phones):
        site = Site(pbx, machine, phones)
        site.type("dpkg -i vipgate_*.deb")
        site.type(f"cat > /etc/vipgate/vipgate.yaml <<'END'\n{CONFIGURATION}\nEND")
        site.type("systemctl restart vipgate")
        yield site


@pytest.fixture
def fusion(installed_site, pbx):
    """The site without VIPgate's rows, in mode `single`."""
    pbx.destination(ONWARD, "1001")
    pbx.destination(OTHER, "1001")
    return installed_site


@pytest.mark.parametrize("mode", ["single", "multiple"])
def test_calls_go_as_the_gate_says(fusion, mode):
    fusion.pbx.mode(mode)
    fusion.protect()
    assert fusion.stories(*SCENARIOS) == {scenario.name: scenario.story for scenario in SCENARIOS}
    assert fusion.mistakes() == []


def test_what_doctor_calls_a_bypass_is_one(fusion):
    """No rows, rows that are cached, a row with a domain: each time the call goes through, and doctor says so."""
    assert fusion.stories(AROUND)[AROUND.name] == AROUND.story
    assert fusion.mistakes() == ["fusionpbx-row-missing", "gate-bypassed"]
    kept = fusion.type(f"cat {CACHE}/dialplan.public.+{PROTECTED}")
    fusion.protect()
    fusion.type(f"cat > {CACHE}/dialplan.public.+{PROTECTED} <<'END'\n{kept}\nEND")
    assert fusion.stories(AROUND)[AROUND.name] == AROUND.story
    assert fusion.mistakes() == ["fusionpbx-cache-stale"]
    fusion.pbx.sql(f"UPDATE v_dialplans SET domain_uuid = '{DOMAIN_UUID}' WHERE dialplan_name = 'vipgate'")
    fusion.pbx.flush()
    assert fusion.stories(AROUND)[AROUND.name] == AROUND.story
    assert fusion.mistakes() == ["fusionpbx-row-domain", "fusionpbx-cache-stale", "gate-bypassed"]


def test_destinations_that_go_by_to(fusion):
    """As the default setting dialplan/destination has it: a caller is judged by one number and put through to another."""
    fusion.protect()
    field = "${sip_to_user}"
    fusion.pbx.sql(
        f"UPDATE v_dialplans SET dialplan_xml = replace(dialplan_xml, 'field=\"destination_number\"', 'field=\"{field}\"')"
        f" WHERE dialplan_name = 'row' AND dialplan_context = 'public'"
    )
    fusion.pbx.goes_by(field)
    around = Scenario("another number", f"+{OTHER}", "200 called", receiver=f"<sip:+{PROTECTED}@127.0.0.1>")
    assert fusion.stories(around)[around.name] == around.story
    assert fusion.mistakes() == ["another-header-decides"]
    fusion.protect("--match-to")
    assert fusion.stories(around)[around.name] != around.story
    assert fusion.stories(RIGHT)[RIGHT.name] == RIGHT.story
    assert fusion.mistakes() == []


def test_without_a_gate_the_caller_is_refused(fusion):
    fusion.protect()
    fusion.type("systemctl stop vipgate")
    try:
        experience = fusion.phones.place(Scenario("no gate", f"+{PROTECTED}", "480")).result(90)
        assert (experience.story, experience.cause) == ("480", 20)
        assert "service-down" in fusion.mistakes()
    finally:
        fusion.type("systemctl start vipgate")
    assert wait_until(lambda: fusion.stories(RIGHT)[RIGHT.name] == RIGHT.story)
