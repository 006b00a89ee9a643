"""What sofia makes of an incoming INVITE: the caller profile and the channel's first variables.

Measured: the connect replies of the caller-ID traces (facts: "Caller ID").
"""

from __future__ import annotations

import random
import string
import uuid
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from vipgate_fs.simulator.address import Address
from vipgate_fs.simulator.caller import Caller
from vipgate_fs.simulator.identity import Identity

LOCAL: Final = "127.0.0.1"
SIP_PORT: Final = 5080
_PROFILE: Final = "test"


@dataclass(frozen=True, slots=True)
class Times:
    """When things happened to a channel: microseconds since 1970, 0 for not yet."""

    profile_created: int = 0
    created: int = 0
    answered: int = 0
    progress: int = 0
    progress_media: int = 0
    hung_up: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """A caller profile; a transfer makes a new one of it (switch_caller.c)."""

    number: str
    name: str
    username: str
    destination: str
    uuid: str
    channel_name: str
    context: str = "public"
    dialplan: str = "XML"
    source: str = "mod_sofia"
    hide_name: bool = False
    hide_number: bool = False
    index: int = 1
    rdnis: str = ""
    transfer_source: str = ""
    times: Times = field(default_factory=Times)

    def at(self, **times: int) -> Profile:
        """The profile with some of its times set."""
        return replace(self, times=replace(self.times, **times))

    def headers(self, prefix: str) -> list[tuple[str, str]]:
        """Event headers, `Caller-…` or `Channel-…`; the empty ones are left out, as FreeSWITCH does."""
        times = self.times
        values = (
            ("Direction", "inbound"),
            ("Logical-Direction", "inbound"),
            ("Username", self.username),
            ("Dialplan", self.dialplan),
            ("Caller-ID-Name", self.name),
            ("Caller-ID-Number", self.number),
            ("Orig-Caller-ID-Name", self.name),
            ("Orig-Caller-ID-Number", self.number),
            ("Network-Addr", LOCAL),
            ("ANI", self.username),
            ("Destination-Number", self.destination),
            ("Unique-ID", self.uuid),
            ("Source", self.source),
            ("Transfer-Source", self.transfer_source),
            ("Context", self.context),
            ("RDNIS", self.rdnis),
            ("Channel-Name", self.channel_name),
            ("Profile-Index", str(self.index)),
            ("Profile-Created-Time", str(times.profile_created)),
            ("Channel-Created-Time", str(times.created)),
            ("Channel-Answered-Time", str(times.answered)),
            ("Channel-Progress-Time", str(times.progress)),
            ("Channel-Progress-Media-Time", str(times.progress_media)),
            ("Channel-Hangup-Time", str(times.hung_up)),
            ("Channel-Transfer-Time", "0"),
            ("Channel-Resurrect-Time", "0"),
            ("Channel-Bridged-Time", "0"),
            ("Channel-Last-Hold", "0"),
            ("Channel-Hold-Accum", "0"),
            ("Screen-Bit", "true"),
            ("Privacy-Hide-Name", str(self.hide_name).lower()),
            ("Privacy-Hide-Number", str(self.hide_number).lower()),
        )
        return [(f"{prefix}-{name}", value) for name, value in values if value]


@dataclass(frozen=True, slots=True)
class Invite:
    """One INVITE: what it says about the caller and the call."""

    profile: Profile
    variables: dict[str, str]
    call_id: str
    caller_port: int
    from_tag: str
    full_from: str

    @classmethod
    def of(cls, caller: Caller, to: str, session_id: int, micros: int) -> Invite:
        """The INVITE of a caller to a number.

        Args:
            caller: who calls.
            to: the number they dial.
            session_id: the switch's count of calls.
            micros: when, microseconds since 1970.

        Raises:
            ValueError: for a header with an address (From, To, P-Asserted-Identity, …) that has none.
        """
        port, rtp_port = random.randrange(32768, 60000), random.randrange(16384, 32768, 2)  # noqa: S311
        channel_uuid, tag = str(uuid.uuid4()), f"sim{session_id}"
        sender = Address.parse(_from_header(caller, port))
        target, contact = f"{to}@{LOCAL}:{SIP_PORT}", f"caller@{LOCAL}:{port}"
        identity = Identity.of(caller.headers, sender)
        channel_name = f"sofia/{_PROFILE}/{sender.user if sender.user_params else sender.uri}"
        if not caller.sip:
            channel_name = f"loopback/{to}-b"
        profile = Profile(
            number=identity.user,
            name=identity.name,
            username=identity.user,
            destination=unquote(to, errors="surrogateescape"),
            uuid=channel_uuid,
            channel_name=channel_name,
            source="mod_sofia" if caller.sip else "mod_loopback",
            hide_name=identity.hides_name,
            hide_number=identity.hides_number,
            times=Times(profile_created=micros, created=micros),
        )
        display = "" if sender.display is None else f'"{sender.display}" '
        params = f";{sender.params}" if sender.params else ""
        if sender.host:
            user = f"{sender.user}@" if sender.user else ""
            full_from = f"{display}<sip:{user}{sender.host_port}{params}>;tag={tag}"
        else:
            full_from = f"{display}<tel:{sender.user}{params}>;tag={tag}"
        if sender.header_params:
            full_from = f"{full_from};{sender.header_params}"
        call_id = f"{session_id}-{port}@{LOCAL}"
        full_to = next((value for name, value in caller.headers.items() if name.lower() == "to"), f"<sip:{target}>")
        receiver = Address.parse(full_to)
        variables = {
            "direction": "inbound",
            "uuid": channel_uuid,
            "session_id": str(session_id),
            **sender.variables("sip_from"),
            "video_media_flow": "disabled",
            "audio_media_flow": "disabled",
            "text_media_flow": "disabled",
            "channel_name": channel_name,
            "sip_call_id": call_id,
            "sip_local_network_addr": LOCAL,
            "sip_network_ip": LOCAL,
            "sip_network_port": str(port),
            "sip_invite_stamp": str(micros),
            "sip_received_ip": LOCAL,
            "sip_received_port": str(port),
            "sip_via_protocol": "udp",
            "sip_from_user_stripped": sender.whole_user.removeprefix("+"),
            **sender.header_variables("sip_from"),
            "sip_from_tag": tag,
            "sofia_profile_name": _PROFILE,
            "sofia_profile_url": f"sip:mod_sofia@{LOCAL}:{SIP_PORT}",
            "recovery_profile_name": _PROFILE,
            **identity.variables,
            "sip_full_via": f"SIP/2.0/UDP {LOCAL}:{port};rport={port};branch=z9hG4bK-{session_id}-{port}-inv",
            "sip_from_display": sender.display or "",
            "sip_full_from": full_from,
            "sip_full_to": full_to,
            "sip_allow": "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO",
            "sip_req_user": to,
            "sip_req_port": str(SIP_PORT),
            "sip_req_uri": target,
            "sip_req_host": LOCAL,
            **receiver.variables("sip_to"),
            **receiver.header_variables("sip_to"),
            "sip_contact_user": "caller",
            "sip_contact_port": str(port),
            "sip_contact_uri": contact,
            "sip_contact_host": LOCAL,
            "rtp_use_codec_string": "PCMA,PCMU",
            "sip_user_agent": "vipgate simulator",
            "sip_via_host": LOCAL,
            "sip_via_port": str(port),
            "sip_via_rport": str(port),
            "max_forwards": "70",
            **identity.privacy,
            **_passed_on(caller),
            "switch_r_sdp": _sdp("caller 1 1", "-", rtp_port),
            "ep_codec_string": "CORE_PCM_MODULE.PCMA@8000h@20i@64000b",
            "endpoint_disposition": "DELAYED NEGOTIATION",
        }
        given = {name: value for name, value in variables.items() if value}
        return cls(profile, given, call_id, port, tag, full_from)

    def media_variables(self) -> dict[str, str]:
        """What is set when the channel gets media: at the first early media or answer."""
        return {
            "rtp_use_codec_string": "PCMA,PCMU",
            "remote_video_media_flow": "inactive",
            "remote_text_media_flow": "inactive",
            "remote_audio_media_flow": "sendrecv",
            "audio_media_flow": "sendrecv",
            "rtp_audio_recv_pt": "8",
            "rtp_use_codec_name": "PCMA",
            "rtp_use_codec_rate": "8000",
            "rtp_use_codec_ptime": "20",
            "rtp_use_codec_channels": "1",
            "rtp_last_audio_codec_string": "PCMA@8000h@20i@1c",
            "read_codec": "PCMA",
            "original_read_codec": "PCMA",
            "read_rate": "8000",
            "original_read_rate": "8000",
            "write_codec": "PCMA",
            "write_rate": "8000",
            "dtmf_type": "rfc2833",
            "local_media_ip": LOCAL,
            "local_media_port": "20734",
            "advertised_media_ip": LOCAL,
            "rtp_use_timer_name": "soft",
            "rtp_use_pt": "8",
            "rtp_use_ssrc": str(random.getrandbits(32)),
            "rtp_2833_send_payload": "101",
            "rtp_2833_recv_payload": "101",
            "remote_media_ip": LOCAL,
            "remote_media_port": str(self.caller_port + 1),
            "endpoint_disposition": "EARLY MEDIA",
        }

    def answer_variables(self) -> dict[str, str]:
        """What is set when the channel is answered."""
        return {"rtp_local_sdp_str": _sdp("FreeSWITCH 1 2", "FreeSWITCH", 20734) + "a=sendrecv\r\n"}

    def ack_variables(self, to: str) -> dict[str, str]:
        """What is set when the caller's ACK to the 200 has come."""
        tag = "".join(random.choices(string.ascii_letters + string.digits, k=13))  # noqa: S311
        return {
            "sip_to_tag": tag,
            "sip_from_tag": self.from_tag,
            "sip_cseq": "1",
            "sip_call_id": self.call_id,
            "sip_full_via": f"SIP/2.0/UDP {LOCAL}:{self.caller_port};rport={self.caller_port};branch=z9hG4bK-ack",
            "sip_full_from": self.full_from,
            "sip_full_to": f"<sip:{to}@{LOCAL}:{SIP_PORT}>;tag={tag}",
        }


def _from_header(caller: Caller, port: int) -> str:
    if caller.sip_from is not None:
        return caller.sip_from
    if caller.number == "anonymous":
        return '"Anonymous" <sip:anonymous@anonymous.invalid>'
    quoted = caller.name.replace("\\", "\\\\").replace('"', '\\"') if caller.name is not None else None
    display = f'"{quoted}" ' if quoted is not None else ""
    user = f"{caller.number}@" if caller.number else ""
    return f"{display}<sip:{user}{LOCAL}:{port}>"


def _passed_on(caller: Caller) -> dict[str, str]:
    """Headers that sofia knows nothing of become variables, if their names begin as these do."""
    known = ("P-ASSERTED-IDENTITY", "P-PREFERRED-IDENTITY")
    passed = {
        name: f"sip_h_{name}"
        for name in caller.headers
        if name.upper().startswith(("X-", "P-", "K-", "ON", "DIVERSION", "USER-TO-USER")) and name.upper() not in known
    }
    passed["History-Info"] = "sip_history_info"
    return {variable: caller.headers[name] for name, variable in passed.items() if caller.headers.get(name)}


def _sdp(origin: str, session: str, port: int) -> str:
    return "".join(
        f"{line}\r\n"
        for line in (
            "v=0",
            f"o={origin} IN IP4 {LOCAL}",
            f"s={session}",
            f"c=IN IP4 {LOCAL}",
            "t=0 0",
            f"m=audio {port} RTP/AVP 8 101",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-15",
            "a=ptime:20",
        )
    )
