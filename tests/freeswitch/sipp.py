"""A second caller, who shares no code with the first: sipp, with scenarios and DTMF made here.

The scenario language: https://sipp.readthedocs.io/en/latest/scenarios/ownscenarios.html
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from freeswitch.configuration import HOST, TRUNK

_FLAGS = ("-timeout_error", "-nostdin", "-trace_msg", "-trace_err")
_MEDIA = count(40000, 10)
_EVENTS = "0123456789*#"
_SAMPLES = 160
_KEPT = "[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
_SDP = """v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
"""


class Call:
    """A call by a sipp of its own, which has begun.

    Args:
        folder: for its files.
        to: the number that is called.
        caller: their number.
        words: what happens, in order: `INVITE`, `ACK`, `BYE` and `CANCEL` are sent; `180`, `183`, `200`, … must come, and so
            must `<BYE`, which is answered; `2s` waits two seconds; `#DIGITS` keys in.
    """

    def __init__(self, folder: Path, to: str, caller: str, words: str) -> None:
        folder.mkdir()
        self._messages = folder / "messages"
        steps = "".join(_steps(folder, words.split()))
        (folder / "scenario.xml").write_text(
            f'<?xml version="1.0"?>\n<scenario name="call">{steps}</scenario>', "ascii"
        )
        options = {"sf": "scenario.xml", "s": to, "i": HOST, "m": 1, "mp": next(_MEDIA), "timeout": "60s"}
        traces = {"message_file": self._messages, "error_file": folder / "errors"}
        listed = [text for name, value in (options | traces).items() for text in (f"-{name}", str(value))]
        self._process = subprocess.Popen(
            ["sipp", f"{HOST}:{TRUNK}", *listed, "-key", "caller", caller, *_FLAGS],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ended(self) -> tuple[int, str]:
        """sipp's exit code (0: all came as the scenario says), and what it received: status codes and methods."""
        status = self._process.wait(90)
        received = re.findall(r"message received \[\d+\] bytes ?:\s+(?:SIP/2.0 )?(\w+)", self._messages.read_text())
        return status, " ".join(received)


def _steps(folder: Path, words: list[str]) -> Iterator[str]:
    for index, word in enumerate(words):
        if word in {"INVITE", "ACK", "BYE", "CANCEL"}:
            repeats = "" if word == "ACK" else ' retrans="500"'
            yield f"<send{repeats}><![CDATA[{_request(word, words, index)}]]></send>"
        elif word == "<BYE":
            yield '<recv request="BYE"/>'
            yield f"<send><![CDATA[SIP/2.0 200 OK\n{_KEPT}Content-Length: 0\n\n]]></send>"
        elif word.startswith("#"):
            (folder / f"{index}.pcap").write_bytes(dtmf(word[1:], 500 * index))
            yield f'<nop><action><exec play_pcap_audio="{index}.pcap"/></action></nop>'
        elif word.endswith("s"):
            yield f'<pause milliseconds="{round(float(word[:-1]) * 1000)}"/>'
        else:
            begins_dialog = words[index : index + 2] == ["200", "ACK"]
            yield f'<recv response="{word}" rrs="{str(begins_dialog).lower()}"/>'


def _request(method: str, words: list[str], index: int) -> str:
    """A request of the dialog; CANCEL and the ACK of a rejection belong to the transaction of the INVITE (RFC 3261, 17.1.1.3, 9.1)."""
    final = next((word for word in words if re.fullmatch("[2-6]..", word)), "")
    is_in_dialog = method == "BYE" or (method == "ACK" and final == "200")
    offset = "" if is_in_dialog or method == "INVITE" else f"-{index}"
    number = 2 if method == "BYE" else 1
    tag = "" if method in {"INVITE", "CANCEL"} else "[peer_tag_param]"
    own = f"sip:[service]@{HOST}:{TRUNK}"
    lines = [
        f"{method} {'[next_url]' if is_in_dialog else own} SIP/2.0",
        f"Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch{offset}]",
        "Max-Forwards: 70",
        f"From: <sip:[caller]@{HOST}>;tag=[pid]-[call_number]",
        f"To: <{own}>{tag}",
        "Call-ID: [call_id]",
        f"CSeq: {number} {method}",
        *(
            ("Contact: <sip:sipp@[local_ip]:[local_port]>", "Content-Type: application/sdp")
            if method == "INVITE"
            else ()
        ),
        "Content-Length: [len]",
        "",
        _SDP if method == "INVITE" else "",
    ]
    return "\n".join(lines)


def dtmf(digits: str, after: int = 0) -> bytes:
    """A capture (libpcap's format, Ethernet) of telephone events (RFC 4733): for each digit 80 ms and a gap of 60 ms.

    Args:
        digits: also * and #.
        after: packets of 20 ms that the stream has had: FreeSWITCH ignores what is older than what it knows.
    """
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    captured = [head]
    for place, digit in enumerate(digits):
        began = 7 * place  # in packets
        for number, (length, end) in enumerate([(1, 0), (2, 0), (3, 0), (4, 0x80), (4, 0x80), (4, 0x80)]):
            kind = 101 if number else 101 | 0x80  # the first is marked
            sequence, stamp = after + began + number, _SAMPLES * (after + began)
            event = struct.pack("!BBH", _EVENTS.index(digit), end | 10, _SAMPLES * length)
            captured.append(
                _captured(began + number, struct.pack("!BBHII", 0x80, kind, sequence, stamp, 0x51BB) + event)
            )
    return b"".join(captured)


def _captured(packets: int, rtp: bytes) -> bytes:
    """A packet and when it was sent."""
    udp = struct.pack("!HHHH", 40000, 40000, 8 + len(rtp), 0) + rtp
    address = bytes([127, 0, 0, 1])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + address * 2 + udp
    frame = bytes(12) + b"\x08\x00" + ip
    return struct.pack("<IIII", 0, packets * 20_000, len(frame), len(frame)) + frame
