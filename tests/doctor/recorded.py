"""What a real FreeSWITCH answered on a good site: tests/freeswitch/test_doctor.py records it and compares it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from well import WELL

from vipgate_fs import config
from vipgate_fs.doctor import examine
from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.machine import Machine
from vipgate_fs.doctor.switch import ask_switch
from vipgate_fs.resources import resource
from vipgate_fs.service.status import VERSION

FILE = Path(__file__).parent / "answers.json"
NOW = 1_795_762_000.0
CONFIGURATION = """version: 1
site: {country: DE, domain: 127.0.0.1}
gates:
  support:
    protects: {numbers: ["+49 711 55500"], users: ["1007"], groups: [staff]}
    identify:
      - static_pin: {pin: "081547293"}
  closed:
    protects: {numbers: ["+49 711 55502"]}
    otherwise: {reject: true}
"""
STATUS = replace(WELL, version=VERSION, taken_over=NOW)
SERVES = Machine(service=STATUS, rules="2026a")
"""A machine without a mistake."""


def answers():
    """Command → answer."""
    text = FILE.read_text("utf-8").replace("{sounds}", str(resource("sounds")))
    return json.loads(text)


def settled(recorded, ports, folder):
    """Recorded answers without what differs from one run, or one machine, to the next."""
    text = json.dumps(recorded, indent=1, sort_keys=True, ensure_ascii=False)
    for name, port in ports.items():
        text = re.sub(rf"\b{port}\b", name, text)
    text = text.replace(str(resource("sounds")), "{sounds}").replace(str(folder), "{folder}")
    changes = json.loads(text)
    kept = [line for line in changes["global_getvar"].splitlines() if line.startswith(("domain=", "local_ip_v4="))]
    changes |= {"global_getvar": "\n".join(kept), "strepoch": str(int(NOW)), "version short": "1.11.3-dev"}
    gateways = changes["sofia xmlstatus gateway"]
    changes["sofia xmlstatus gateway"] = re.sub(
        r"\n *<(?!/?gateway)(?!(name|profile|exten|context|username|state)>).*", "", gateways
    )
    for name in ("internal", "external"):
        profile = changes[f"sofia xmlstatus profile {name}"]
        kept = re.sub(r"\n *<(?!/?profile)(?!(name|context|dtmf-mode|inbound-codecs)>).*", "", profile)
        changes[f"sofia xmlstatus profile {name}"] = kept
    return changes


class Site:
    """A site that somebody may spoil before it is examined."""

    def __init__(self):
        self.answers = answers()
        self.configuration = CONFIGURATION
        self.machine = SERVES
        self.trunks = ()
        self.fusionpbx = None

    def spoil(self, command, old, new):
        """Change an answer of the switch's."""
        assert old in self.answers[command]
        self.answers[command] = self.answers[command].replace(old, new)

    def facts(self):
        loaded = config.load_text(self.configuration)
        switch = ask_switch(lambda command: self.answers.get(command, "false"), loaded.configuration, lambda: NOW)
        return Facts(
            Path("vipgate.yaml"),
            loaded.configuration,
            loaded.findings,
            self.machine,
            switch,
            fusionpbx=self.fusionpbx,
            trunks=self.trunks,
            now=NOW,
        )

    def findings(self):
        return list(examine(self.facts()))

    def mistakes(self):
        """The names of what is found, in order, without doubles."""
        return list(dict.fromkeys(finding.mistake for finding in self.findings()))
