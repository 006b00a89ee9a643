"""The call record: the variables that a channel gains before CHANNEL_HANGUP_COMPLETE (switch_channel.c)."""

from __future__ import annotations

import time
from typing import Final

from vipgate_fs.simulator.causes import Q850
from vipgate_fs.simulator.channel import Channel

_PACKETS: Final = 50
"""RTP packets a second: 20 ms each."""


def report(channel: Channel, last_application: tuple[str, str]) -> None:
    """Set the variables of the call record."""
    times, cause = channel.profile.times, channel.cause or "NONE"
    ended = times.hung_up
    marks = {
        "start": times.created,
        "profile_start": times.profile_created,
        "answer": times.answered,
        "progress": times.progress,
        "progress_media": times.progress_media,
        "end": ended,
    }
    channel.set("hangup_cause", cause)
    channel.set("hangup_cause_q850", str(Q850[cause] if cause != "ORIGINATOR_CANCEL" else Q850["NORMAL_CLEARING"]))
    channel.set("digits_dialed", channel.dialled or "none")
    for name, micros in marks.items():
        if micros:
            channel.set(f"{name}_stamp", time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(micros // 1_000_000)))
    for name in ("start", "profile_start", "answer", "bridge", "last_hold"):
        _set_epoch(channel, name, marks.get(name, 0))
    for unit in ("seconds", "usec", "ms"):
        channel.set(f"hold_accum_{unit}", "0")
    for name in ("resurrect", "progress", "progress_media", "end"):
        _set_epoch(channel, name, marks.get(name, 0))
    application, argument = last_application
    channel.set("last_app", application)
    channel.set("last_arg", argument)
    profile = channel.profile
    channel.set("caller_id", f'"{profile.name}" <{profile.number}>' if profile.name else profile.number)
    spans = {
        "bill": (times.answered, ended),
        "progress": (times.created, times.progress),
        "answer": (times.created, times.answered),
        "wait": (0, 0),
        "progress_media": (times.created, times.progress_media),
        "flow_bill": (times.created, ended if times.answered else 0),
    }
    for unit, size, whole in (("sec", 1_000_000, "duration"), ("msec", 1000, "mduration"), ("usec", 1, "uduration")):
        channel.set(whole, _span(times.created, ended, size))
        for name, (since, until) in spans.items():
            channel.set(f"{name}{unit}", _span(since, until, size))
    if "sip_hangup_disposition" not in channel.variables:
        channel.set("sip_hangup_disposition", "send_bye" if times.answered else "send_refuse")
    if channel.has_media:
        _report_media(channel, (ended - times.progress_media) / 1_000_000)


def _span(since: int, until: int, size: int) -> str:
    """A difference in units of so many microseconds; whole seconds are subtracted as such, as FreeSWITCH does."""
    if not since or not until:
        return "0"
    return str(until // size - since // size if size > 1000 else (until - since) // size)  # noqa: PLR2004


def _set_epoch(channel: Channel, name: str, micros: int) -> None:
    channel.set(f"{name}_epoch", str(micros // 1_000_000))
    channel.set(f"{name}_uepoch", str(micros))


def _report_media(channel: Channel, seconds: float) -> None:
    packets = max(int(seconds * _PACKETS), 1)
    statistics = {
        "in_raw_bytes": packets * 172,
        "in_media_bytes": packets * 172,
        "in_packet_count": packets,
        "in_media_packet_count": packets,
        "in_skip_packet_count": 3,
        "in_jitter_packet_count": 0,
        "in_dtmf_packet_count": len(channel.dialled) * 8,
        "in_cng_packet_count": 0,
        "in_flush_packet_count": 1,
        "in_largest_jb_size": 0,
        "in_jitter_min_variance": "0.25",
        "in_jitter_max_variance": "156.33",
        "in_jitter_loss_rate": "0.00",
        "in_jitter_burst_rate": "0.00",
        "in_mean_interval": "19.99",
        "in_flaw_total": 0,
        "in_quality_percentage": "100.00",
        "in_mos": "4.50",
        "out_raw_bytes": packets * 172,
        "out_media_bytes": packets * 172,
        "out_packet_count": packets,
        "out_media_packet_count": packets,
        "out_skip_packet_count": 0,
        "out_dtmf_packet_count": 0,
        "out_cng_packet_count": 0,
        "rtcp_packet_count": 0,
        "rtcp_octet_count": 0,
    }
    for name, value in statistics.items():
        channel.set(f"rtp_audio_{name}", str(value))
