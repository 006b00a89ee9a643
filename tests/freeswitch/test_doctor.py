"""`vipgate doctor` on a real switch: nothing on a good site, and each planted mistake by its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from doctor import recorded
from freeswitch import site
from freeswitch.gate import wait_until
from freeswitch.site import CARRIER, EXTERNAL, INTERNAL, LOGS, MODULES, PUBLIC, SETTINGS, USERS, VIPGATE
from freeswitch.switch import Control, Switch
from ports import free_port

from vipgate_fs import config
from vipgate_fs.doctor.switch import ask_switch

PASSWORD = "only-for-this-test"
REGISTERS_WITHIN = 90.0
"""Seconds. A switch that has just started refuses its own trunk with 503; when that answer overtakes sofia's own note that it
waits for one (seen on a busy machine), it waits for its time-out of 60 s and tries again 6 s later."""
RELOADED = ("dialplan/", "directory/")
"""Files that a switch takes over by `reloadxml`."""

PASSED = '<action application="transfer" data="${destination_number} XML public"/>'
ABOVE = """<extension name="above">
  <condition field="%s" expression="%s"><action application="bridge" data="user/1000"/></condition>
</extension>
"""
NUMBER = 'field="destination_number" expression="^(?:\\+|00)?49711555(00)$"'
CONTEXT = '<param name="context" value="vipgate"/>'
DTMF = '<param name="dtmf-type" value="rfc2833"/>'
SETTING = '<param name="%s" value="%s"/>'
GATEWAY = """  <gateways><gateway name="outgoing">
    <param name="username" value="x"/><param name="password" value="x"/><param name="proxy" value="127.0.0.1:9"/>
    <param name="register" value="false"/><param name="context" value="default"/>
  </gateway></gateways>
"""
"""Of another profile, for calls out: whoever reaches any profile gets into its context by `;gw=outgoing`."""
PLANTED = [
    # what is wrong; the file; a text in it; what stands in its place; what is found besides
    ("gate-bypassed", EXTERNAL, CONTEXT, CONTEXT.replace("vipgate", "public"), ""),
    (
        "gate-bypassed",
        CARRIER,
        SETTING % ("register", "true"),
        SETTING % ("register", "true") + CONTEXT.replace("vipgate", "public"),
        "",
    ),
    ("gate-bypassed", INTERNAL, SETTING % ("auth-calls", "true"), "", "dtmf-info-logged transfers-allowed"),
    ("gate-bypassed", INTERNAL, '"domains"', '"carrier"', "dtmf-info-logged"),
    (
        "gate-bypassed",
        VIPGATE,
        '<context name="vipgate" revision="1">',
        '<context name="vipgate" revision="1">' + ABOVE % ("destination_number", "55500$"),
        "dialplan-differs",
    ),
    ("gate-bypassed", VIPGATE, 'expression="^.+$">', 'expression="^7.+$">', "dialplan-differs"),
    (
        "gate-bypassed-sometimes",
        VIPGATE,
        '<context name="vipgate" revision="1">',
        '<context name="vipgate" revision="1">' + ABOVE % ("caller_id_number", "^0171"),
        "dialplan-differs",
    ),
    (
        "gate-bypassed-sometimes",
        VIPGATE,
        '<context name="vipgate" revision="1">',
        '<context name="vipgate" revision="1">' + ABOVE % ("${strftime(%H)}", "^1"),
        "dialplan-differs",
    ),
    ("gate-unreached", VIPGATE, '<action application="socket"', '<action application="log"', "dialplan-differs"),
    ("gate-bypassed", INTERNAL, "  <settings>", GATEWAY + "  <settings>", "dtmf-info-logged"),
    ("context-missing", EXTERNAL, CONTEXT, CONTEXT.replace("vipgate", "vipgat"), ""),
    ("context-twice", PUBLIC, "</include>", '<context name="public"></context>\n</include>', ""),
    (
        "dialplan-missing",
        VIPGATE,
        '<context name="vipgate-passed">',
        '<context name="vipgate-let-in">',
        "dialplan-differs",
    ),
    ("dialplan-outdated", VIPGATE, ' revision="1"', "", ""),
    ("passed-nowhere", PUBLIC, "49711555(00)", "49711555(01)", ""),
    ("gate-again", VIPGATE, PASSED, PASSED.replace("public", "vipgate"), "dialplan-differs"),
    ("another-number-leads-there", PUBLIC, "^(?:\\+|00)?49711555(00)$", "49711555(00)$", ""),
    ("another-header-decides", PUBLIC, NUMBER, NUMBER.replace("destination_number", "${sip_to_user}"), ""),
    (
        "number-parameters",
        VIPGATE,
        '<action application="transfer" data="$1 XML vipgate"/>',
        '<action application="hangup"/>',
        "dialplan-differs",
    ),
    ("socket-elsewhere", VIPGATE, "{gates}", "127.0.0.1:9", ""),
    ("socket-port", VIPGATE, "{gates}", "127.0.0.1", "socket-elsewhere"),
    ("socket-not-full", VIPGATE, "async full", "async", "dialplan-differs"),
    ("socket-not-async", VIPGATE, "async full", "full", "dialplan-differs"),
    ("sensitive-dtmf", VIPGATE, "sensitive_dtmf=true", "sensitive_dtmf=false", "dialplan-differs"),
    (
        "park-timeout",
        VIPGATE,
        '<action application="set" data="park_timeout=900:SUBSCRIBER_ABSENT"/>',
        "",
        "dialplan-differs",
    ),
    ("park-timeout-short", VIPGATE, "park_timeout=900", "park_timeout=60", "dialplan-differs"),
    ("socket-resume", VIPGATE, "socket_resume=true", "socket_resume=false", "dialplan-differs"),
    (
        "gate-untaken",
        VIPGATE,
        '<action application="set" data="vipgate_untaken=${last_sched_id}"/>',
        "",
        "dialplan-differs",
    ),
    ("user-unknown", USERS, '<user id="1007">', '<user id="1008">', ""),
    ("group-unknown", USERS, '<group name="staff">', '<group name="stuff">', ""),
    ("domain-unknown", "vars.xml", '<X-PRE-PROCESS cmd="set" data="domain=127.0.0.1"/>', "", "gateway-down"),
    ("dtmf-type", EXTERNAL, DTMF, DTMF.replace("rfc2833", "info"), ""),
    ("dtmf-info-logged", EXTERNAL, SETTING % ("liberal-dtmf", "true"), "", ""),
    ("transfers-allowed", EXTERNAL, SETTING % ("disable-transfer", "true"), "", ""),
    ("rtp-timer", EXTERNAL, SETTING % ("rtp-timer-name", "soft"), "", ""),
    ("media-bypassed", EXTERNAL, DTMF, DTMF + SETTING % ("inbound-bypass-media", "true"), ""),
    ("blind-auth", EXTERNAL, DTMF, DTMF + SETTING % ("accept-blind-auth", "true"), ""),
    ("gateway-account", CARRIER, SETTING % ("extension", "auto_to_user"), "", ""),
    ("gateway-down", CARRIER, "of-the-trunk", "of-somebody-else", ""),
    ("pins-logged", LOGS, 'value="info', 'value="debug,info', ""),
    ("module-missing", MODULES, '<load module="mod_sndfile"/>', "", ""),
    ("event-socket-open", SETTINGS, 'value="127.0.0.1"', 'value="0.0.0.0"', ""),
]


def spoilt(practice, file, old, new):
    """The good files, one of them spoilt."""
    gates = f"127.0.0.1:{practice.gate_port}|127.0.0.1:{practice.spare}"
    old, new = (text.replace("{gates}", gates) for text in (old, new))
    text = practice.good[file]
    assert old in text
    files = dict(practice.good)
    files[file] = text.replace(old, new, 1)
    if 'revision="1"' not in files[VIPGATE]:  # only what differs is old
        files[VIPGATE] = files[VIPGATE].replace(" socket_resume vipgate_untaken", " vipgate_untaken")
    if file == SETTINGS:
        files["vars.xml"] = files["vars.xml"].replace(PASSWORD, "ClueCon")
    return files


def ordered(planted):
    """Those that the switch takes over without being started anew come first."""
    return sorted(planted, key=lambda line: not line[1].startswith(RELOADED))


class Practice:
    """A patient: the site's files, its switch and its gate, and what the doctor says of them."""

    def __init__(self, prefix, folder):
        self._prefix, self._folder = prefix, folder
        self.control, self.external, self.internal, self.gate_port, self.spare = (free_port() for _ in range(5))
        self.good = site.files(self.control, self.external, self.internal, (self.gate_port, self.spare))
        self.config = folder / "vipgate.yaml"
        self.configure()
        self.switch = None
        self._runs_with = {}
        self._gate = None

    def configure(self, old="", new=""):
        """Write the gate's configuration, with a text in the place of another."""
        assert old in recorded.CONFIGURATION
        text = recorded.CONFIGURATION.replace(old, new)
        self.config.write_text(text.replace("gates:", f'server: {{listen: "127.0.0.1:{self.gate_port}"}}\ngates:', 1))
        self.config.chmod(0o600)

    def serve(self):
        """Start the gate."""
        log = self._folder / "gate.log"
        command = [sys.executable, "-m", "vipgate_fs", "serve", "--config", str(self.config)]
        with log.open("wb") as stream:
            self._gate = subprocess.Popen(command, stderr=stream)
        assert wait_until(lambda: "listening" in log.read_text("utf-8")), log.read_text("utf-8")

    def bring(self, files):
        """Let the switch have these files: it is started anew if it would not notice otherwise."""
        lasting = {name: text for name, text in files.items() if not name.startswith(RELOADED)}
        if self.switch is None or lasting != self._runs_with:
            self.stop()
            profiles = 2 if "mod_sofia" in files[MODULES] else 0
            control = (self.control, "ClueCon" if "ClueCon" in files["vars.xml"] else PASSWORD)
            self.switch = Switch(
                self._prefix, self._folder / "fs", lambda folder: site.write(folder, files), profiles, control
            )
            self._runs_with = lasting
        else:
            site.write(self._folder / "fs", files)
            self.switch.api("reloadxml")

    def is_registered(self):
        return ">REGED<" in self.switch.api("sofia xmlstatus gateway carrier")

    def examine(self, *options):
        """The doctor's exit status, and the mistakes that it names."""
        done = self.doctor("--format", "json", *options)
        return done.returncode, [one["mistake"] for one in json.loads(done.stdout)["findings"]]

    def doctor(self, *options):
        """What the doctor says."""
        settings = str(self._folder / "fs" / SETTINGS)
        command = [sys.executable, "-m", "vipgate_fs", "doctor", "--config", str(self.config)]
        done = subprocess.run(
            [*command, "--event-socket-conf", settings, *options],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.stderr == ""
        assert not {PASSWORD, "ClueCon", "of-the-trunk", "081547293"} & set(done.stdout.replace('"', " ").split())
        return done

    def stop(self):
        if self.switch is not None:
            self.switch.stop()
            self.switch = None

    def close(self):
        self.stop()
        if self._gate is not None:
            self._gate.terminate()
            try:
                self._gate.wait(20)
            except subprocess.TimeoutExpired:
                self._gate.kill()
                self._gate.wait(20)


@pytest.fixture(scope="module")
def practice(installed, tmp_path_factory):
    practice = Practice(installed, tmp_path_factory.mktemp("practice"))
    try:
        practice.serve()
        yield practice
    finally:
        practice.close()


@pytest.fixture
def good(practice):
    """The practice with the good site, whose trunk has registered."""
    practice.bring(practice.good)
    assert wait_until(practice.is_registered, REGISTERS_WITHIN)
    return practice


def test_a_good_site_has_nothing(good):
    assert good.examine() == (0, [])


def test_the_recorded_answers_are_those_of_the_switch(good):
    """With VIPGATE_RECORD set they are recorded anew."""
    said = {}
    control = Control(good.control, PASSWORD)

    def ask(command):
        said[command] = control.command(f"api {command}")
        return said[command]

    try:
        ask_switch(ask, config.load_text(recorded.CONFIGURATION).configuration)
    finally:
        control.close()
    names = {"8021": good.control, "5080": good.external, "5060": good.internal}
    names |= {"8084": good.gate_port, "8086": good.spare}
    settled = recorded.settled(said, names, good.config.parent)
    if os.environ.get("VIPGATE_RECORD"):
        recorded.FILE.write_text(json.dumps(settled, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    assert settled == json.loads(recorded.FILE.read_text("utf-8"))


@pytest.mark.parametrize(
    ("number", "status", "steps", "outcome"),
    [
        ("+49 711 55500", 0, "socket play_and_get_digits", "a gate took the call, and asks the caller for digits"),
        (
            "+4971155501",
            0,
            "socket transfer transfer",
            "the gate let the call through: transfer +4971155501 XML public",
        ),
        ("+4971155502", 0, "socket hangup", "the gate rejected the call: hangup USER_BUSY"),
    ],
)
def test_a_call_is_told_step_by_step(good, number, status, steps, outcome):
    done = good.doctor("--call", number, "--format", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["outcome"]) == (status, outcome)
    applications = [word for step in report["steps"] for word in step["text"].split() if word in steps.split()]
    assert applications == steps.split()
    assert wait_until(lambda: good.switch.channels() == 0)


def test_a_call_that_goes_round_the_gate_rings_nobody(good):
    """A telephone of the site's own registers, and no call comes to it."""
    good.bring(spoilt(good, VIPGATE, 'expression="^.+$">', 'expression="^7.+$">'))
    done = good.doctor("--call", "+4971155500")
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1].startswith(
        "CRITICAL: no gate was asked; the call got through: bridge user/1000@"
    )
    assert "Too many" not in good.switch.api("status")
    assert good.switch.api("show calls count").startswith("0 total")


def test_a_call_that_no_gate_takes(good):
    good.bring(spoilt(good, VIPGATE, "{gates}", "127.0.0.1:9"))
    done = good.doctor("--call", "+4971155500")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        2,
        "CRITICAL: no gate took the call: hangup SUBSCRIBER_ABSENT",
    )


@pytest.mark.parametrize(
    ("mistake", "file", "old", "new", "besides"),
    ordered(PLANTED),
    ids=lambda text: text if text.islower() and "/" not in text else "",
)
def test_a_planted_mistake_is_found_and_nothing_else(practice, mistake, file, old, new, besides):
    if mistake == "domain-unknown":
        practice.configure("site: {country: DE, domain: 127.0.0.1}", "site: {country: DE}")
    try:
        practice.bring(spoilt(practice, file, old, new))
        status, found = practice.examine()
    finally:
        practice.configure()
    assert mistake in found
    assert status in (1, 2)
    assert set(found) <= {mistake, *besides.split(), "gateway-down", "service-outdated"}
