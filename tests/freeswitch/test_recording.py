"""`vipgate prompts record`: somebody whom the switch calls speaks, hears it, and keeps it, or not."""

from __future__ import annotations

import array
import itertools
import subprocess
import sys
import wave

import pytest
from freeswitch.configuration import CONTROL, DIALPLAN, HOST, PASSWORD

VOICE = 600
"""Hz: who speaks says nothing else."""
SPEAKS = f"""<action application="answer"/><action application="sleep" data="1500"/>
<action application="playback" data="tone_stream://%(2000,0,{VOICE})"/><action application="send_dtmf" data="#"/>"""
PRESSES = '<action application="sleep" data="1000"/><action application="send_dtmf" data="%s"/>'
SPEAKERS = {
    "1701": SPEAKS + 20 * (PRESSES % "1"),
    "1702": SPEAKS + 8 * (PRESSES % "2") + SPEAKS.partition("/>")[2] + 20 * (PRESSES % "1"),
    "1703": '<action application="answer"/><action application="hangup"/>',
}
CONTEXT = "".join(
    f'<extension name="{number}"><condition field="destination_number" expression="^{number}$">{actions}</condition></extension>'
    for number, actions in SPEAKERS.items()
)


@pytest.fixture
def record(switch, tmp_path):
    """Runs the command; how it ends, and the folder of the recordings."""
    config, password = tmp_path / "vipgate.yaml", tmp_path / "password"
    config.write_text(
        'version: 1\nsite: {country: DE}\ngates: {a: {protects: {numbers: ["7000"]}, otherwise: {reject: true}}}\n'
    )
    password.write_text(PASSWORD)
    switch.dialplan(DIALPLAN.read_text("utf-8") + f'<include>\n<context name="studio">{CONTEXT}</context>\n</include>')

    def record(number, *options):
        command = [sys.executable, "-m", "vipgate_fs", "prompts", "record", "welcome", "--config", str(config)]
        where = ["--switch", f"{HOST}:{CONTROL}", "--password-file", str(password), "--context", "studio"]
        return subprocess.run(
            [*command, *where, "--call", number, *options], capture_output=True, text=True, timeout=120, check=False
        )

    yield record
    switch.dialplan(DIALPLAN.read_text("utf-8"))


def tone(file):
    """Seconds of a recording in which the voice is heard, and its Hz."""
    with wave.open(str(file), "rb") as recorded:
        samples = array.array("h", recorded.readframes(recorded.getnframes()))
        rate = recorded.getframerate()
    pieces = [samples[start : start + rate // 10] for start in range(0, len(samples), rate // 10)]
    loud = [piece for piece in pieces if max(map(abs, piece)) > 1000]
    turns = [sum(a < 0 <= b for a, b in itertools.pairwise(piece)) * 10 for piece in loud[1:-1]]
    return len(loud) / 10, sorted(turns)[len(turns) // 2]


@pytest.mark.parametrize(("number", "times"), [("1701", 1), ("1702", 2)])
def test_what_somebody_says_and_keeps_becomes_a_prompt(record, switch, tmp_path, number, times):
    done = record(number)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Recorded: listen") == times
    [line] = [line for line in done.stdout.splitlines() if "prompts: {welcome: " in line]
    assert str(tmp_path) in line or "/var/lib/vipgate" in line
    folder, _, name = line.split('"')[1].rpartition("/")
    for rate in ("8000", "16000"):
        seconds, pitch = tone(f"{folder}/{rate}/{name}")
        assert 1.0 < seconds < 3.0
        assert abs(pitch - VOICE) <= 20
    assert switch.api("show channels count").startswith("0 total")


@pytest.mark.parametrize(("number", "why"), [("1703", "NORMAL_CLEARING"), ("1799", "NO_ROUTE_DESTINATION")])
def test_whoever_hangs_up_or_is_not_there_keeps_nothing(record, switch, tmp_path, number, why):
    done = record(number)
    assert done.returncode == 1
    assert why in done.stderr
    assert not list(tmp_path.rglob("*.wav"))


def test_a_number_that_can_not_be_dialled_is_refused(record):
    done = record("17 01 &park()")
    assert (done.returncode, "can't be dialled" in done.stderr) == (2, True)
