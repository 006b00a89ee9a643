"""The smallest FreeSWITCH that a site with a trunk and VIPgate could have: the files of its configuration."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from freeswitch.audio import TONES

HOST = "127.0.0.1"
TRUNK, INSIDE, LIBERAL, CONTROL = 15060, 15062, 15064, 18021
"""Ports: the trunk's SIP profile (context `vipgate`), another one (context `inside`), the trunk's once more with `liberal-dtmf`,
the event socket."""
WEBSERVICE, SILENT = 18090, 18091
"""Ports of webservices: one that answers, and one that does not."""
RTP = (20000, 29998)
PASSWORD = "of-the-test"
DIALPLAN_PIN = "1357"
"""A PIN that the dialplan sets; FreeSWITCH logs it, of course."""
DIALPLAN = Path(__file__).resolve().parents[2] / "freeswitch-dialplan.xml"
DOCUMENTATION = DIALPLAN.parent / "docs" / "freeswitch.md"
"""Has an extension for a context that must stay; the context `inside` has it."""
_MODULES = (
    "logfile",
    "cdr_csv",
    "event_socket",
    "commands",
    "dptools",
    "dialplan_xml",
    "sofia",
    "sndfile",
    "tone_stream",
    "loopback",
)
_RECORDED = ("caller_id_number", "destination_number", "hangup_cause", "last_arg", "vipgate_digits", "digits_dialed")
"""Columns of the call detail records; the last three are where a PIN might be found."""


ACCOUNT = "KXXXabcd@trunk.example"
ACCOUNTS = {"plain": "", "to": "auto_to_user"}
"""Gateways of the trunk, with their setting `extension`."""


def write(folder: Path) -> None:
    """Write it. The dialplan that VIPgate ships becomes `dialplan/vipgate.xml`, byte for byte."""
    for name in ("dialplan", "log", "db", "run", "scripts", "temp", "cdr"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DIALPLAN, folder / "dialplan" / "vipgate.xml")
    (folder / "dialplan" / "site.xml").write_text(_site(), "utf-8")
    (folder / "freeswitch.xml").write_text(_main(folder), "utf-8")


def _main(folder: Path) -> str:
    modules = "".join(f'<load module="mod_{name}"/>' for name in _MODULES)
    columns = ",".join(f"${{{name}}}" for name in _RECORDED)
    return f"""<?xml version="1.0"?>
<document type="freeswitch/xml">
  <X-PRE-PROCESS cmd="set" data="domain={HOST}"/>
  <section name="configuration">
    {
        _settings(
            "switch",
            {
                "max-sessions": 3000,
                "sessions-per-second": 500,
                "loglevel": "debug",
                "rtp-start-port": RTP[0],
                "rtp-end-port": RTP[1],
            },
        )
    }
    {_settings("event_socket", {"listen-ip": HOST, "listen-port": CONTROL, "password": PASSWORD})}
    <configuration name="modules.conf"><modules>{modules}</modules></configuration>
    <configuration name="acl.conf"><network-lists/></configuration>
    <configuration name="logfile.conf"><settings/><profiles><profile name="all">
      <settings>{_params({"logfile": folder / "log/freeswitch.log"})}</settings>
      <mappings><map name="all" value="debug,info,notice,warning,err,crit,alert"/></mappings>
    </profile></profiles></configuration>
    <configuration name="cdr_csv.conf">
      <settings>{_params({"log-base": folder / "cdr", "default-template": "all", "legs": "ab"})}</settings>
      <templates><template name="all">{columns}</template></templates>
    </configuration>
    <configuration name="sofia.conf"><global_settings/>
      <profiles>{_profile("trunk", TRUNK, "vipgate")}{_profile("inside", INSIDE, "inside")}{
        _profile("liberal", LIBERAL, "vipgate")
    }</profiles>
    </configuration>
  </section>
  <section name="dialplan">
    <X-PRE-PROCESS cmd="include" data="dialplan/*.xml"/>
  </section>
  <section name="directory"><domain name="{HOST}"><groups>
    <group name="staff"><users>{_user("7001", "alice")}{_user("7002", "bob")}{_user("7003", "carol")}</users></group>
    <group name="support"><users><user id="7002" type="pointer"/></users></group>
  </groups></domain></section>
</document>
"""


def _site() -> str:
    """The site's own contexts. `public` is the number that was called, `default` are its extensions."""
    return f"""<include>
  <context name="public">{_extension("called", ".+")}</context>
  <context name="default">
    <extension name="back"><condition field="destination_number" expression="^140$">
      <action application="transfer" data="7105 XML vipgate"/>
    </condition></extension>
    {_extension("vip", "100")}{_extension("forward", "123")}{_extension("other", ".+")}
  </context>
  <context name="inside">
    {_decided("pass")}{_decided("reject")}{_decided("forward:123")}{_decided("pin:" + DIALPLAN_PIN)}{_decided("junk")}
    {re.search('<extension name="vipgate">.*?</extension>', DOCUMENTATION.read_text("utf-8"), re.DOTALL)[0]}
  </context>
</include>
"""


def _extension(speaker: str, numbers: str) -> str:
    """An extension that answers with a tone of its own."""
    return f"""<extension name="{speaker}"><condition field="destination_number" expression="^{numbers}$">
      <action application="answer"/>
      <action application="playback" data="tone_stream://%(3000,0,{TONES[speaker]})"/>
      <action application="hangup" data="NORMAL_CLEARING"/>
    </condition></extension>"""


def _decided(verdict: str) -> str:
    """The dialplan decides on calls to VERDICT-NUMBER."""
    return f"""<extension name="decided">
      <condition field="destination_number" expression="^{verdict.partition(":")[0]}-(.+)$">
        <action application="set" data="vipgate_verdict={verdict}"/>
        <action application="transfer" data="$1 XML vipgate"/>
      </condition></extension>"""


def _profile(name: str, port: int, context: str) -> str:
    codecs = "PCMU,PCMA,L16@16000h"
    settings = {
        "context": context,
        "dialplan": "XML",
        "sip-ip": HOST,
        "rtp-ip": HOST,
        "sip-port": port,
        "auth-calls": "false",
        "inbound-codec-prefs": codecs,
        "outbound-codec-prefs": codecs,
        "inbound-codec-negotiation": "generous",
        "dtmf-type": "rfc2833",
        "rtp-timer-name": "soft",  # as FreeSWITCH's own profiles: without it a prompt waits for the caller's packets
        "manage-presence": "false",
        "disable-srv": "true",
        "disable-naptr": "true",
        "bind-params": "transport=udp,tcp" if name == "liberal" else "transport=udp",
        "liberal-dtmf": str(name == "liberal").lower(),
    }
    if name == "inside":  # what docs/freeswitch.md says of these two
        settings |= {"p-asserted-id-parse": "verbatim", "parse-invite-tel-params": "true"}
    gateways = "".join(_gateway(*account) for account in ACCOUNTS.items()) if name == "trunk" else ""
    return f'<profile name="{name}"><gateways>{gateways}</gateways><settings>{_params(settings)}</settings></profile>'


def _gateway(name: str, extension: str) -> str:
    """A trunk that registers, as far as it matters for the calls that come from it."""
    settings = {"username": ACCOUNT, "password": "x", "proxy": HOST, "register": "false", "context": "vipgate"}
    return f'<gateway name="{name}">{_params(settings | ({"extension": extension} if extension else {}))}</gateway>'


def _user(number: str, alias: str) -> str:
    return f'<user id="{number}" number-alias="{alias}"/>'


def _settings(name: str, values: dict) -> str:
    return f'<configuration name="{name}.conf"><settings>{_params(values)}</settings></configuration>'


def _params(values: dict) -> str:
    return "".join(f'<param name="{name}" value="{value}"/>' for name, value in values.items())
