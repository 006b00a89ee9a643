"""The simulator against a real FreeSWITCH: each trace's commands, played to it, must give the trace's frames.

Compared are the kind and order of all frames, the names and order of all their headers, all values but those that differ
from call to call (VOLATILE), and the end of the call for the caller. Where the switch itself races, and only there, order
or presence is left open: `comparable` says where and why.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterable

import pytest
from simulator.recording import DEAD_PORT, TRACES, Frame, Recording, Replay, is_optional, laboratory, load, replay

from vipgate_fs.simulator import Caller, Experience, Simulator
from vipgate_fs.simulator.causes import Q850

NAMES = sorted(path.name.partition(".log")[0] for path in TRACES.glob("*.log*"))
NOBODY_LISTENS = sorted({path.name.partition(".")[0] for path in TRACES.glob("*.call.json")} - set(NAMES))
VOLATILE = re.compile(
    r"""Core-UUID | FreeSWITCH-.* | Event-Date-.* | Event-Sequence | .*-Time | Caller-Transfer-Source | variable_(
        .*(stamp|epoch|sec|duration|_port|ssrc) | session_id | switch_r_sdp | rtp_local_sdp_str | rtp_audio_.* | playback_.*
        | sip_(call_id|contact_uri|from_tag|to_tag|full_.*|user_agent|via_r?port) | transfer_(history|source) )""",
    re.VERBOSE,
)
"""Headers whose values are of one call or one machine: times, ports, tags, statistics, the time that a caller took."""
ACKNOWLEDGED = re.compile(r"variable_sip_(to_tag|from_tag|cseq|call_id|full_via|full_from|full_to)")
_GENERATED = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TAG = re.compile(r";tag=\w+")


def comparable(frames: Iterable[Frame], recording: Recording) -> list[tuple]:
    """What must be equal on both sides."""
    found, started = [], False
    for frame in frames:
        fields = frame.fields
        started = started or fields.get("Application", "socket") != "socket" or "Hangup-Cause" in fields
        # Events that were fired before `myevents` may still come or not (facts: "Event order").
        if is_optional(frame.key) and not started:
            continue
        # The linger notice may overtake the last events (facts: "Hangup, linger"): compared by `notices`.
        if fields.get("Content-Disposition") == "linger":
            continue
        # A sync socket loses the events after a hang-up, some or all of them (facts: "App closes"; k1, k2).
        if recording.is_sync and fields.get("Answer-State") == "hangup":
            continue
        found.append((frame.kind, headers(frame, recording), frame.body))
    if recording.is_sync:
        # Its events come between commands, before or after their replies as it happens (k1, k2).
        found.sort(key=lambda frame: frame[0] != "command/reply")
    return found


def headers(frame: Frame, recording: Recording) -> list[tuple[str, str]]:
    found = [(name, "*" if VOLATILE.fullmatch(name) else _TAG.sub("", value)) for name, value in frame.headers]
    found = [
        (name, "*" if name == "Application-UUID" and _GENERATED.fullmatch(value) else value) for name, value in found
    ]
    if recording.is_sync:
        # The next application may run before the caller's ACK has come.
        found = [(name, value) for name, value in found if not ACKNOWLEDGED.fullmatch(name)]
    return found


def notices(frames: Iterable[Frame]) -> list[Frame]:
    return [frame for frame in frames if frame.fields.get("Content-Disposition") == "linger"]


def difference(recording: Recording, result: Replay) -> tuple[list[tuple], list[tuple]] | None:
    expected, got = comparable(recording.frames, recording), comparable(result.frames, recording)
    if recording.is_cut:
        # Its application closed the connection without having read all that had been sent.
        got = got[: len(expected)]
    return None if expected == got else (expected, got)


@functools.cache
def replayed(name):
    """A recording, and what the simulator makes of it."""
    recording = load(name)
    return recording, replay(recording)


@pytest.mark.parametrize("name", NAMES)
def test_the_switch_sends_the_same_frames(name):
    recording, result = replayed(name)

    found = difference(recording, result)

    assert found is None or found[1] == found[0]
    if not recording.is_cut:
        assert notices(result.frames) == notices(recording.frames)


@pytest.mark.parametrize("name", NAMES)
def test_the_caller_sees_the_same_end(name):
    recording, result = replayed(name)

    assert_same_end(result.experience, recording.end)
    assert result.experience.parked_for_ever == (name.partition("-")[0] in {"h4", "h11", "h12", "h12b", "h13", "h13b"})


@pytest.mark.parametrize("name", NOBODY_LISTENS)
def test_the_caller_sees_the_same_end_where_nobody_listens(name):
    end = json.loads((TRACES / f"{name}.call.json").read_text())

    assert_same_end(Simulator(speed=math.inf, dialplan=laboratory(DEAD_PORT)).call(Caller(), end["to"]), end)


def assert_same_end(experience: Experience, end: dict) -> None:
    assert (experience.status, experience.phrase) == (end["final_status"], end["reason_phrase"])
    assert experience.provisional == end["provisional"]
    assert experience.hung_up_by == ("switch" if end["hung_up_by"] == "freeswitch" else "caller")
    if end["bye_reason_header"]:
        assert f'Q.850;cause={Q850[experience.cause]};text="{experience.cause}"' == end["bye_reason_header"]


def test_all_traces_are_replayed():
    assert (len(NAMES), len(NOBODY_LISTENS)) == (99, 3)
