"""A site as docs/freeswitch.md makes it: the files of FreeSWITCH's configuration, each small, for somebody to spoil one."""

from __future__ import annotations

import shutil
from pathlib import Path

from freeswitch.configuration import DIALPLAN, HOST

_LOADED = ("console", "logfile", "event_socket", "commands", "dptools", "dialplan_xml", "sofia", "sndfile", "loopback")
SETTINGS = "autoload_configs/event_socket.conf.xml"
EXTERNAL, INTERNAL = "sip_profiles/external.xml", "sip_profiles/internal.xml"
CARRIER = "sip_profiles/external/carrier.xml"
LOGS, LISTS, MODULES = (f"autoload_configs/{name}.conf.xml" for name in ("logfile", "acl", "modules"))
USERS = "directory/default.xml"
VARIABLES = "vars.xml"
VIPGATE, PUBLIC, DEFAULT = "dialplan/vipgate.xml", "dialplan/public.xml", "dialplan/default.xml"
NUMBER = "+4971155500"


def files(control: int, external: int, internal: int, gates: tuple[int, int]) -> dict[str, str]:
    """The files by their names.

    Args:
        control: port of the event socket.
        external, internal: ports of the SIP profiles: the trunk's, and the telephones'.
        gates: ports of the gates that the dialplan names.
    """
    dialplan = DIALPLAN.read_text("utf-8").replace("8084|127.0.0.1:8086", f"{gates[0]}|127.0.0.1:{gates[1]}")
    return {
        "freeswitch.xml": """<?xml version="1.0"?>
<document type="freeswitch/xml">
  <X-PRE-PROCESS cmd="include" data="vars.xml"/>
  <section name="configuration">
    <X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/>
  </section>
  <section name="dialplan">
    <X-PRE-PROCESS cmd="include" data="dialplan/*.xml"/>
  </section>
  <section name="directory">
    <X-PRE-PROCESS cmd="include" data="directory/*.xml"/>
  </section>
</document>
""",
        VARIABLES: f"""<include>
  <X-PRE-PROCESS cmd="set" data="domain={HOST}"/>
  <X-PRE-PROCESS cmd="set" data="esl_password=only-for-this-test"/>
</include>
""",
        SETTINGS: f"""<configuration name="event_socket.conf"><settings>
  <param name="listen-ip" value="{HOST}"/>
  <param name="listen-port" value="{control}"/>
  <param name="password" value="$${{esl_password}}"/>
</settings></configuration>
""",
        MODULES: '<configuration name="modules.conf"><modules>\n'
        + "".join(f'  <load module="mod_{name}"/>\n' for name in _LOADED)
        + "</modules></configuration>\n",
        "autoload_configs/switch.conf.xml": """<configuration name="switch.conf"><settings>
  <param name="loglevel" value="debug"/>
</settings></configuration>
""",
        LOGS: """<configuration name="logfile.conf"><settings/><profiles><profile name="default">
  <mappings>
    <map name="all" value="info,notice,warning,err,crit,alert"/>
  </mappings>
</profile></profiles></configuration>
""",
        LISTS: f"""<configuration name="acl.conf"><network-lists>
  <list name="carrier" default="deny">
    <node type="allow" cidr="{HOST}/32"/>
  </list>
  <list name="domains" default="deny">
    <node type="allow" domain="$${{domain}}"/>
  </list>
</network-lists></configuration>
""",
        "autoload_configs/sofia.conf.xml": """<configuration name="sofia.conf"><global_settings/><profiles>
  <X-PRE-PROCESS cmd="include" data="../sip_profiles/*.xml"/>
</profiles></configuration>
""",
        EXTERNAL: f"""<profile name="external">
  <gateways>
    <X-PRE-PROCESS cmd="include" data="external/*.xml"/>
  </gateways>
  <settings>
    <param name="context" value="vipgate"/>
    <param name="sip-ip" value="{HOST}"/>
    <param name="rtp-ip" value="{HOST}"/>
    <param name="sip-port" value="{external}"/>
    <param name="auth-calls" value="false"/>
    <param name="apply-inbound-acl" value="carrier"/>
    <param name="inbound-codec-prefs" value="PCMA,PCMU,L16@16000h"/>
    <param name="outbound-codec-prefs" value="PCMA,PCMU"/>
    <param name="dtmf-type" value="rfc2833"/>
    <param name="liberal-dtmf" value="true"/>
    <param name="rtp-timer-name" value="soft"/>
    <param name="disable-transfer" value="true"/>
  </settings>
</profile>
""",
        CARRIER: f"""<include>
<gateway name="carrier">
  <param name="username" value="trunk"/>
  <param name="password" value="of-the-trunk"/>
  <param name="realm" value="{HOST}"/>
  <param name="proxy" value="{HOST}:{internal}"/>
  <param name="register" value="true"/>
  <param name="retry-seconds" value="5"/>
  <param name="extension" value="auto_to_user"/>
</gateway>
</include>
""",
        INTERNAL: f"""<profile name="internal">
  <settings>
    <param name="context" value="public"/>
    <param name="sip-ip" value="{HOST}"/>
    <param name="rtp-ip" value="{HOST}"/>
    <param name="sip-port" value="{internal}"/>
    <param name="auth-calls" value="true"/>
    <param name="apply-inbound-acl" value="domains"/>
    <param name="inbound-codec-prefs" value="PCMA,PCMU"/>
    <param name="outbound-codec-prefs" value="PCMA,PCMU"/>
    <param name="rtp-timer-name" value="soft"/>
  </settings>
</profile>
""",
        VIPGATE: dialplan,
        PUBLIC: """<include>
<context name="public">
  <extension name="unloop"><condition field="${unroll_loops}" expression="^true$"/>
    <condition field="${sip_looped_call}" expression="^true$">
      <action application="deflect" data="${destination_number}"/>
    </condition>
  </extension>
  <extension name="support">
    <condition field="destination_number" expression="^(?:\\+|00)?49711555(00)$">
      <action application="set" data="domain_name=$${domain}"/>
      <action application="transfer" data="10$1 XML default"/>
    </condition>
  </extension>
</context>
</include>
""",
        DEFAULT: """<include>
<context name="default">
  <extension name="telephones">
    <condition field="destination_number" expression="^(10\\d\\d)$">
      <action application="bridge" data="user/$1@${domain_name}"/>
    </condition>
  </extension>
</context>
</include>
""",
        USERS: f"""<include>
<domain name="{HOST}">
  <params><param name="dial-string" value="${{sofia_contact(*/${{dialed_user}}@${{dialed_domain}})}}"/></params>
  <groups><group name="staff"><users>
    <user id="1000"><params><param name="password" value="of-1000"/></params></user>
    <user id="1007"><params><param name="password" value="of-1007"/></params></user>
    <user id="trunk"><params><param name="password" value="of-the-trunk"/></params></user>
  </users></group></groups>
</domain>
</include>
""",
    }


def write(folder: Path, texts: dict[str, str]) -> None:
    """Write the files, in place of those that are there."""
    for name in ("dialplan", "sip_profiles", "autoload_configs", "directory"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("log", "db", "run", "scripts", "temp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
