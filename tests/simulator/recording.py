"""Traces of a real FreeSWITCH: what was recorded, and playing the recorded commands to the simulator."""

from __future__ import annotations

import gzip
import json
import math
import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import gevent
from gevent import socket
from gevent.server import StreamServer

from vipgate_fs.simulator import Caller, Dialplan, Extension, Simulator
from vipgate_fs.simulator.channel import Channel

TRACES = Path(__file__).parent / "traces"
LONGEST = 60.0
"""Seconds that one replay may take."""
_CHUNK = re.compile(rb"=== ([\d.]+) (\w+) (\d+)\n")
_LENGTH = re.compile(rb"^Content-Length: (\d+)$", re.MULTILINE)
DEAD_PORT = 1
"""Where nobody listens."""
NO_UUID = "no uuid in the trace"


@dataclass(frozen=True)
class Frame:
    """One frame from the switch. `headers` are the event's for an event and the connect reply, else the frame's own."""

    kind: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.headers)

    @property
    def key(self) -> tuple[str, ...]:
        """What tells a frame from others before anything is compared."""
        fields = self.fields
        names = ("Event-Name", "Application", "Channel-State", "DTMF-Digit", "Content-Disposition")
        return (self.kind, *(fields.get(name, "") for name in names))


class FrameReader:
    """Cuts the switch's bytes into frames, by the shortest code that does it."""

    def __init__(self):
        self.rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        self.rest += data
        frames = []
        while b"\n\n" in self.rest:
            head, _, rest = self.rest.partition(b"\n\n")
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                break
            frames.append(_frame(head, rest[:size]))
            self.rest = rest[size:]
        return frames


def _frame(head: bytes, body: bytes) -> Frame:
    headers = _headers(head)
    fields = dict(headers)
    if "Event-Name" in fields:
        return Frame("connect", tuple((name, unquote(value)) for name, value in headers))
    match fields.get("Content-Type"):
        case "text/event-plain":
            return Frame("event", tuple((name, _unquote(value)) for name, value in _headers(body)))
        case "text/event-json":
            items = json.loads(body.decode("utf-8", "replace")).items()
            return Frame("event", tuple((name, str(value)) for name, value in items))
        case kind:
            return Frame(str(kind), tuple(headers), body.decode())


def _unquote(value: str) -> str:
    return unquote(value, errors="replace")


def _headers(block: bytes) -> list[tuple[str, str]]:
    lines = block.decode("utf-8", "replace").split("\n")
    return [(line.partition(": ")[0], line.partition(": ")[2]) for line in lines if ": " in line]


@dataclass(frozen=True)
class Step:
    """Something that the recorded application did, after the frames that had come by then and a pause."""

    what: str
    pause: float
    data: bytes = b""
    after: Counter = field(default_factory=Counter)


@dataclass(frozen=True)
class Recording:
    """One trace.

    Attributes:
        frames: what the switch sent.
        steps: what the application did: "send", "close", "reset", "done".
        end: how it ended for the caller.
        uuid: the channel's.
    """

    name: str
    frames: list[Frame]
    steps: list[Step]
    end: dict
    uuid: str

    @property
    def is_cut(self) -> bool:
        """Whether the application closed the connection, perhaps with frames in it that it had not read."""
        return self.steps[-1].what != "done"

    @property
    def is_sync(self) -> bool:
        return any(frame.fields.get("Socket-Mode") == "static" for frame in self.frames)

    def caller(self) -> Caller:
        """The caller as the trace shows them: keys by the DTMF events, the hang-up by its event."""
        events = [frame.fields for frame in self.frames if "Event-Date-Timestamp" in frame.fields]
        start = min((int(event["Event-Date-Timestamp"]) for event in events), default=0)
        seconds = [(int(event["Event-Date-Timestamp"]) - start) / 1e6 for event in events]
        timed = list(zip(seconds, events, strict=True))
        keys = [(at, event["DTMF-Digit"]) for at, event in timed if event["Event-Name"] == "DTMF"]
        hang_up = None
        if self.end["hung_up_by"] != "freeswitch":
            ended = [at for at, event in timed if event["Event-Name"] == "CHANNEL_HANGUP"]
            hang_up = ended[0] if ended else self.end["seconds_to_final"]
        text = self.end["from"]
        if self.name.startswith("j2-"):
            text = text.encode("latin-1").decode("utf-8", "surrogateescape")
        return Caller(sip_from=text, headers=HEADERS.get(self.name, {}), keys=keys, hang_up_after=hang_up)


HEADERS = {
    "j4-anonymous-PAI": {"P-Asserted-Identity": '"Max Muster" <sip:+4917612345678@provider.example>', "Privacy": "id"},
    "j5-PAI-no-privacy": {"P-Asserted-Identity": "<sip:+4917612345678@provider.example>"},
    "j11-remote-party-id": {
        "Remote-Party-ID": '"Max" <sip:+4917612345678@provider.example>;party=calling;privacy=full;screen=yes'
    },
    "j13-diversion-headers": {
        "Diversion": "<sip:+49301112222@provider.example>;reason=unconditional",
        "History-Info": "<sip:+49301112222@provider.example>;index=1",
    },
}
"""SIP headers that call.json does not tell but the trace's variables do."""


def load(name: str) -> Recording:
    path = TRACES / f"{name}.log"
    raw = path.read_bytes() if path.exists() else gzip.decompress((TRACES / f"{name}.log.gz").read_bytes())
    reader, frames, steps, seen, position, last = FrameReader(), [], [], Counter(), 0, 0.0
    while chunk := _CHUNK.match(raw, position):
        at, kind, size = float(chunk[1]), chunk[2], int(chunk[3])
        data = raw[chunk.end() : chunk.end() + size]
        position = chunk.end() + size + 1
        if kind == b"RECV":
            last = at
            for frame in reader.feed(data):
                frames.append(frame)
                seen[frame.key] += 1
        elif kind == b"SENT":
            steps.append(Step("send", at - last, data, seen.copy()))
            last = at
        elif data.startswith(b"listener") and (b" closes" in data or b" resets" in data):
            steps.append(Step("reset" if b"RST" in data else "close", at - last, after=seen.copy()))
        elif data.startswith(b"listener done") and (not steps or steps[-1].what == "send"):
            steps.append(Step("done", 0, after=seen.copy()))
    named = (frame.fields.get("Unique-ID") or frame.fields.get("Controlled-Session-UUID") for frame in frames)
    uuid = next((name for name in named if name), NO_UUID)
    return Recording(name, frames, steps, json.loads((TRACES / f"{name}.call.json").read_text()), uuid)


def laboratory(port: int) -> Dialplan:
    """The dialplan of the machine that the traces were recorded on."""
    here, dead = f"127.0.0.1:{port}", f"127.0.0.1:{DEAD_PORT}"
    onward = ("transfer", "120 XML default")

    def reached(number: str, hertz: int) -> Extension:
        tone = f"tone_stream://%(2000,0,{hertz})"
        actions = (("answer", ""), ("set", f"lab_reached={number}"), ("playback", tone), ("hangup", "NORMAL_CLEARING"))
        return Extension(actions)

    return Dialplan(
        entry=Extension((("socket", f"{here} async full"),), matches=True),
        numbers={
            "801": Extension((("socket", here), onward)),
            "802": Extension((("socket", f"{here} async full"), onward)),
            "803": Extension((("socket", f"{here} full"), onward)),
            "804": Extension((("socket", f"{here} async"), onward)),
            "805": Extension((("socket", f"{dead} async full"), onward)),
            "806": Extension((("socket", f"{dead} async full"),)),
            "807": Extension((("set", "socket_resume=true"), ("socket", f"{here} async full"), onward)),
            "808": Extension((("socket", f"{dead}|{here} async full"),)),
        },
        extensions={"100": reached("100", 440), "120": reached("120", 880), "123": reached("123", 1200)},
        missing=Extension(
            (("log", "NOTICE LAB no such extension: ${destination_number}"), ("respond", "404")), matches=True
        ),
    )


@dataclass
class Replay:
    """What the simulator did when a trace's commands were played to it."""

    frames: list[Frame]
    experience: object


def replay(recording: Recording) -> Replay:
    """Play a trace's commands to the simulator: each after the frames that it came after, and after the same pause."""
    frames: list[Frame] = []
    served = gevent.event.Event()
    calls = []

    def application(sock, _address):
        try:
            _Application(recording, sock, frames, calls[0].channel).run()
        finally:
            served.set()

    server = StreamServer(("127.0.0.1", 0), application)
    server.start()
    simulator = Simulator(speed=math.inf, dialplan=laboratory(server.server_port))
    try:
        with gevent.Timeout(LONGEST):
            calls.append(simulator.start(recording.caller(), recording.end["to"]))
            experience = calls[0].wait()
            served.wait()
    finally:
        server.stop()
        simulator.close()
    normal = [_normal(frame, calls[0].channel.uuid, recording.uuid, server.server_port) for frame in frames]
    return Replay(normal, experience)


class _Application:
    """The recorded application, on one connection."""

    def __init__(self, recording: Recording, sock, frames: list[Frame], channel: Channel) -> None:
        self.recording, self.sock, self.frames = recording, sock, frames
        self.uuid, self.clock = channel.uuid, channel.clock
        self.seen: Counter = Counter()
        self.news = gevent.event.Event()
        self.is_closed = False

    def run(self) -> None:
        reader = gevent.spawn(self.read)
        for step in self.recording.steps:
            if step.what == "done":
                break
            self.wait_for(step.after)
            self.clock.sleep(step.pause)
            if step.what == "send":
                self.sock.sendall(step.data.replace(self.recording.uuid.encode(), self.uuid.encode()))
            else:
                if step.what == "reset":
                    self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                reader.kill()
                self.sock.close()
                return
        everything = Counter(frame.key for frame in self.recording.frames)
        self.wait_for(everything)
        self.clock.sleep(0.5)
        reader.kill()
        self.sock.close()

    def wait_for(self, wanted: Counter) -> None:
        """Until as many frames of each kind have come as had come in the trace; those that may be missing don't count."""
        while not self.is_closed and any(
            self.seen[key] < count for key, count in wanted.items() if not is_optional(key)
        ):
            self.news.clear()
            began = self.clock.now()
            self.clock.wait(self.news, LONGEST)
            if self.clock.now() - began >= LONGEST:
                return

    def read(self) -> None:
        reader = FrameReader()
        try:
            while data := self.sock.recv(65536):
                for frame in reader.feed(data):
                    self.frames.append(frame)
                    self.seen[frame.key] += 1
                self.news.set()
        except OSError:
            pass
        self.is_closed = True
        self.news.set()


def is_optional(key: tuple[str, ...]) -> bool:
    return key[1] in ("CHANNEL_CREATE", "CHANNEL_PARK", "CHANNEL_STATE") or key[1:3] == ("CHANNEL_EXECUTE", "socket")


def _normal(frame: Frame, uuid: str, recorded: str, port: int) -> Frame:
    def swap(text: str) -> str:
        text = text.replace(uuid, recorded).replace(f"127.0.0.1:{DEAD_PORT}|", "127.0.0.1:8999|")
        return text.replace(f"127.0.0.1:{port}", "127.0.0.1:8084")

    return Frame(frame.kind, tuple((name, swap(value)) for name, value in frame.headers), frame.body)
