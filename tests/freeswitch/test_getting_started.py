"""From a machine without VIPgate to a telephone that is asked for a PIN, by the command line alone: what the manual shows."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from freeswitch import fusionpbx, site
from freeswitch.audio import TONES
from freeswitch.booted import booted, files
from freeswitch.fusionpbx import DOMAIN
from freeswitch.gate import wait_until
from freeswitch.machine import Machine
from freeswitch.phone import Scenario

RINGS = '<action application="bridge" data="user/$1@${domain_name}"/>'
ANSWERS = f"""<action application="answer"/>
      <action application="playback" data="tone_stream://%(3000,0,{TONES["called"]})"/>"""
"""In the place of a telephone that somebody would have to pick up."""
FIRST_THREE = [
    "dpkg -i vipgate_*.deb",
    "vipgate init --numbers '+49 711 55500' --hours never --proof pin --onward called --refused busy",
    "systemctl restart vipgate",
]
COMMANDS = {
    "debian": [
        *FIRST_THREE,
        "vipgate dialplan > /etc/freeswitch/dialplan/vipgate.xml",
        """sed -i 's/name="context" value="public"/name="context" value="vipgate"/' /etc/freeswitch/sip_profiles/external.xml""",
        "fs_cli -x 'sofia profile external restart'",
        "vipgate doctor",
    ],
    "fusionpbx": [
        *FIRST_THREE,
        f"vipgate dialplan --format fusionpbx --others {DOMAIN} > vipgate.sql",
        "psql --set ON_ERROR_STOP=1 --host 127.0.0.1 --username fusionpbx fusionpbx < vipgate.sql",
        "rm -f /var/cache/fusionpbx/dialplan.*",
        "vipgate doctor",
    ],
}
WORDS = {
    "en": ("A call to", "the PIN is keyed in", "a wrong PIN is keyed in three times", "commands", "with both calls"),
    "de": ("Ein Anruf bei", "die PIN wird eingegeben", "dreimal eine falsche PIN", "Befehle", "mit beiden Anrufen"),
}
"""Of the transcript, by the administrator's language."""


class Administrator:
    """Types commands on a machine, and keeps what they print."""

    def __init__(self, machine: Machine, environment: dict[str, str]) -> None:
        self._machine, self._environment = machine, environment
        self.pin = ""
        self.transcript: list[str] = []

    def types(self, command: str) -> None:
        """The command must succeed."""
        began = time.monotonic()
        done = self._machine.run(command, 180, **self._environment)
        took = time.monotonic() - began
        if found := re.search(r"^PIN: (\d+)$", done.stdout, re.MULTILINE):
            self.pin = found[1]
        self.sees(f"# {command}", done.stdout, took)
        assert done.returncode == 0, self.transcript[-1]

    def sees(self, what: str, text: str, took: float) -> None:
        """Add to the transcript, with the PIN out of sight."""
        text = f"{what}\n{text.rstrip()}".rstrip() + f"\n({took:.1f} s)\n"
        self.transcript.append(text.replace(self.pin, "******") if self.pin else text)


@pytest.fixture
def telephones(request, tmp_path, form):
    """A machine, its switch, somebody who calls, and what psql has to know."""
    if form == "debian":
        made = files()
        assert RINGS in made[site.DEFAULT]
        made[site.DEFAULT] = made[site.DEFAULT].replace(RINGS, ANSWERS)
        with booted(request, tmp_path, made, {}, {}) as parts:
            yield *parts, {}
    else:
        pbx = request.getfixturevalue("pbx")
        with booted(request, tmp_path, fusionpbx.configured(files()), pbx.folders, pbx.programs) as parts:
            yield *parts, pbx.environment


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("form", COMMANDS)
def test_from_nothing_to_a_telephone_that_is_asked_for_a_pin(telephones, form, language, request, record_property):
    machine, switch, phones, environment = telephones
    a_call_to, keys_in_the_pin, keys_in_a_wrong_one, commands, with_both_calls = WORDS[language]
    administrator = Administrator(machine, {"LC_ALL": "C.UTF-8", "LANGUAGE": language, **environment})

    def call(keyed: str, does: str) -> str:
        began = time.monotonic()
        experience = phones.place(Scenario(keyed, site.NUMBER, "", does, caller="+4917612345678")).result(90)
        heard = "".join(f"{at:6.1f} s  {word.rpartition('/')[2]}\n" for at, word in experience.words)
        administrator.sees(f"{a_call_to} {site.NUMBER}, {keyed}:", heard, time.monotonic() - began)
        return experience.story

    began = time.monotonic()
    for command in COMMANDS[form]:
        administrator.types(command)
        assert wait_until(switch.is_ready), "whoever types a command gives the SIP profile the time to start again"
    right = administrator.pin
    wrong = f"{(int(right) + 1) % 10 ** len(right):0{len(right)}}"
    stories = (
        call(keys_in_the_pin, f"welcome {right}#"),
        call(keys_in_a_wrong_one, f"welcome {wrong}# wrong-pin {wrong}# wrong-pin {wrong}#"),
    )
    took = time.monotonic() - began
    if folder := request.config.getoption("--transcript", None):
        head = f"FreeSWITCH {switch.version}: {len(COMMANDS[form])} {commands}, {took:.0f} s {with_both_calls}\n"
        Path(folder, f"{form}.{language}.txt").write_text("\n".join([head, *administrator.transcript]), "utf-8")
    record_property("story", " / ".join(stories))
    assert stories == ("200 welcome called", "200 welcome wrong-pin wrong-pin BYE")
    assert len(COMMANDS[form]) <= 8
    assert wait_until(lambda: switch.channels() == 0)
