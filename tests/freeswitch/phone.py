"""A telephone that calls, listens, keys in digits and hangs up as a scenario says, and tells what it experienced."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import struct
import threading
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count

from freeswitch.audio import PACKET_SECONDS, PCMU, PROMPTS, TONES, UNKNOWN, Codec, ear
from freeswitch.sip import Dialog, Message, user_part
from freeswitch.watch import Watch

HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds after which a caller gives up, and with them the scenario."""
AT_ONCE = 24
"""Calls at the same time: as many as two shared processors play without gaps."""
TARGETS = frozenset(TONES) - {"tone"}
_STRANGERS = (f"+4971155{number}" for number in count(50000))
_PAUSE = 0.5
"""Seconds; after a longer silence the same sound is another one."""
_EVENTS = "0123456789*#"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a caller does and what they should experience.

    Attributes:
        name: of the scenario.
        to: the number they call.
        story: what they experience, see `Experience.story`.
        does: what they do, one word after the other: a prompt's name waits until it is heard, `end` until it is over,
            `180`, `183` or `200` until the switch says so, `2s` two seconds; `hangup` hangs up; `info:DIGITS` keys in by SIP INFO, `refer:USER` asks the switch to call USER
            instead, `sendonly` holds, `sendrecv` listens again, `asserts:NUMBER` invites again in another's name;
            `api` lets somebody type `command`; anything else is keyed in. After the last word they wait for somebody to speak, listen for a moment, and hang up.
        caller: their number; "": one that nobody else in the run has, because failed attempts count for callers.
        sender: the From header, when the number alone does not make it.
        headers: further headers of their INVITE.
        receiver: the To header, if it is not the number they call.
        codec: the only one they offer.
        port: of the switch's SIP profile; 0: the trunk's.
        limits: the least and the most seconds that they may wait.
        command: of the switch's API, or several with `;` between them; `{call}` is the call's channel, `{other}` a new one's name.
    """

    name: str
    to: str
    story: str
    does: str = ""
    caller: str = ""
    sender: str = ""
    headers: tuple[str, ...] = ()
    receiver: str = ""
    codec: Codec = PCMU
    port: int = 0
    limits: tuple[float, float] = (0.0, PATIENCE)
    command: str = ""

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True)
class Experience:
    """What a caller experienced.

    Attributes:
        words: (seconds since the INVITE, what): SIP responses, sounds, and `BYE` when the other side hung up.
        waited: seconds until somebody spoke to them, or until the call was over.
        cause: the Q.850 cause that the switch gave at the end.
        silent: seconds between the last sound and the end of the call.
    """

    words: list[tuple[float, str]] = field(default_factory=list)
    waited: float = 0.0
    cause: int | None = None
    silent: float = 0.0

    @property
    def story(self) -> str:
        """All words in their order; prompts without their language."""
        return " ".join(word.rpartition("/")[2] for _, word in self.words)

    @property
    def full_story(self) -> str:
        """All words in their order; prompts as LANGUAGE/NAME."""
        return " ".join(word for _, word in self.words)


class Phones:
    """Places calls in a thread of its own.

    Args:
        port: of the switch's SIP profile, for scenarios that name none.
        watch: told what they key in.
        api: of the switch, for scenarios with a command.
    """

    def __init__(self, port: int, watch: Watch, api: Callable[[str], str] = str) -> None:
        self._port = port
        self._api = api
        self._watch = watch
        self._loop = asyncio.new_event_loop()
        self._lines = asyncio.Semaphore(AT_ONCE)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def place(self, scenario: Scenario) -> Future[Experience]:
        """Begin a call as soon as a line is free."""
        self._watch.keyed_in(scenario.does)
        return asyncio.run_coroutine_threadsafe(self._call(scenario), self._loop)

    def close(self) -> None:
        """Give up what is still going on, and stop."""
        asyncio.run_coroutine_threadsafe(self._give_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _give_up(self) -> None:
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _call(self, scenario: Scenario) -> Experience:
        async with self._lines:
            return await _Call(scenario, self._api).run(scenario.port or self._port)


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, received) -> None:
        self._received = received

    def datagram_received(self, data, addr) -> None:
        self._received(data)


class _Call:
    def __init__(self, scenario: Scenario, api: Callable[[str], str]) -> None:
        self.scenario = scenario
        self._api = api
        self.experience = Experience()
        self._loop = asyncio.get_running_loop()
        self._answered = self._over = self._hung_up = False
        self._heard: list[str] = []
        self._sound: tuple[str, int, float] = ("", 0, 0.0)
        self._packets = 0
        self._keys: deque[tuple[bytes, ...]] = deque()
        self._media: tuple[str, int] | None = None
        self._event_type = 101
        self._requests = count(2)

    async def run(self, port: int) -> Experience:
        signalling, _ = await self._loop.create_datagram_endpoint(
            lambda: _Socket(self._signalled), (HOST, 0), (HOST, port)
        )
        media, _ = await self._loop.create_datagram_endpoint(lambda: _Socket(self._listened), (HOST, 0))
        self._signalling = signalling
        scenario = self.scenario
        self._dialog = Dialog(
            signalling.get_extra_info("sockname"),
            (HOST, port),
            scenario.to,
            scenario.sender or f"<sip:{user_part(scenario.caller or next(_STRANGERS))}@{HOST}>",
            scenario.headers,
            self._offer(media.get_extra_info("sockname")[1]),
            scenario.receiver,
        )
        self._began = self._loop.time()
        signalling.sendto(self._dialog.invite())
        tasks = [asyncio.ensure_future(self._act()), asyncio.ensure_future(self._speak(media))]
        try:
            await asyncio.wait_for(self._until(lambda: self._over), PATIENCE)
            await asyncio.sleep(0.1)  # the other side may repeat itself
        except TimeoutError:
            self._tell("timeout")
            self._hang_up()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            signalling.close()
            media.close()
        return self.experience

    @property
    def _now(self) -> float:
        return self._loop.time() - self._began

    def _tell(self, word: str) -> None:
        if not self._over:
            self.experience.words.append((round(self._now, 2), word))

    def _end(self, message: Message) -> None:
        if not self._over:
            experience = self.experience
            experience.cause = message.cause
            experience.waited = experience.waited or self._now
            experience.silent = self._loop.time() - self._sound[2] if self._sound[0] else self._now
            self._over = True

    def _offer(self, port: int) -> str:
        codec = self.scenario.codec
        lines = [
            "v=0",
            f"o=caller 1 1 IN IP4 {HOST}",
            "s=-",
            f"c=IN IP4 {HOST}",
            "t=0 0",
            f"m=audio {port} RTP/AVP {codec.payload_type} 101",
            f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.rate}",
            f"a=rtpmap:101 telephone-event/{codec.rate}",
            "a=fmtp:101 0-15",
            "a=ptime:20",
        ]
        return "".join(f"{line}\r\n" for line in lines)

    # What comes.

    def _signalled(self, data: bytes) -> None:
        message = Message.parse(data)
        if message.method == "BYE" and not message.status:
            self._signalling.sendto(self._dialog.ok(message))
            self._tell("BYE")
            self._end(message)
        elif message.method == "BYE":
            self._end(message)
        elif message.method in {"NOTIFY", "INVITE"} and not message.status:
            self._signalling.sendto(self._dialog.ok(message))
        elif message.method == "INVITE" and message.status:
            self._responded(message)

    def _responded(self, message: Message) -> None:
        found = re.search(r"^m=audio (\d+)", message.body, re.MULTILINE)
        if found:
            self._media = (HOST, int(found[1]))
        if message.status > 100 and not self._answered:
            self._tell(str(message.status))
            words = self.experience.words
            if not any(
                word == "183" for _, word in words
            ):  # nobody speaks before: a busy machine takes the sound up first
                words.sort(key=lambda word: not word[1].isdigit())
        if message.status < 200:
            return
        self._signalling.sendto(self._dialog.acknowledge(message))
        self._answered = True
        if message.status >= 300:
            self._end(message)
        elif self._hung_up:  # the answer and the CANCEL have crossed
            self._signalling.sendto(self._dialog.bye())

    def _listened(self, packet: bytes) -> None:
        if packet[1] & 0x7F != self.scenario.codec.payload_type or self._over:
            return
        heard = ear(self.scenario.codec).hears(packet[12:], self._sound[:2])
        if heard is None:
            return
        (name, position), now = heard, self._loop.time()
        last, last_position, last_time = self._sound
        goes_on = name == last and now - last_time < _PAUSE and position >= last_position
        self._packets = self._packets + 1 if goes_on else 1
        self._sound = (name, position, now)
        if self._packets == 3:  # a click between two sounds is none
            self._heard.append(name.rpartition("/")[2])
            self._tell(name)
            if name in TARGETS:
                self.experience.waited = self._now

    # What goes.

    async def _act(self) -> None:
        for word in self.scenario.does.split():
            if word in PROMPTS or word in TONES or word == UNKNOWN:
                await self._until(lambda word=word: word in self._heard)
                del self._heard[: self._heard.index(word) + 1]
            elif word == "end":
                await self._until(lambda: self._loop.time() - self._sound[2] > _PAUSE)
            elif re.fullmatch(r"180|183|200", word):
                await self._until(lambda word=word: any(heard == word for _, heard in self.experience.words))
            elif re.fullmatch(r"[\d.]+s", word):
                await asyncio.sleep(float(word[:-1]))
            elif word == "hangup":
                self._hang_up()
            elif word == "api":
                await asyncio.to_thread(self._command)
            elif re.match("[a-z]", word):
                await self._ask(*word.partition(":")[::2])
            else:
                await self._key(word)
        await self._until(lambda: TARGETS.intersection(self._heard))
        await asyncio.sleep(0.2)
        self._hang_up()

    async def _ask(self, word: str, what: str) -> None:
        """Send one of the requests that a dialogue may have besides its beginning and its end."""
        dialog, number = self._dialog, next(self._requests)
        if word == "info":
            for digit in what:
                self._signalling.sendto(dialog.info(number, digit))
                await asyncio.sleep(0.1)
                number = next(self._requests)
        elif word == "refer":
            self._signalling.sendto(dialog.refer(number, what))
        elif word == "asserts":
            asserted = f"P-Asserted-Identity: <sip:{what}@{HOST}>"
            self._signalling.sendto(dialog.invite_again(number, "sendrecv", asserted))
        else:
            self._signalling.sendto(dialog.invite_again(number, word))

    def _command(self) -> None:
        """Type the scenario's command, as an operator or another program does who sees the call."""
        rows = json.loads(self._api("show channels as json")).get("rows", [])
        call = next(row["uuid"] for row in rows if row["cid_num"] == self.scenario.caller)
        for command in self.scenario.command.format(call=call, other=uuid.uuid4()).split(";"):
            answer = self._api(command)
            if not answer.startswith("+OK"):
                self._tell(answer)

    async def _until(self, condition) -> None:
        while not condition():  # noqa: ASYNC110 - what is waited for is many things
            await asyncio.sleep(PACKET_SECONDS)

    async def _key(self, digits: str) -> None:
        """Key in: for each digit 80 ms and a gap of 60 ms (RFC 4733)."""
        step = self.scenario.codec.samples
        for digit in digits:
            event = _EVENTS.index(digit)
            pressed = [struct.pack("!BBH", event, 10, step * count) for count in (1, 2, 3)]
            released = struct.pack("!BBH", event, 0x80 | 10, step * 4)
            self._keys.extend([*((packet,) for packet in pressed), (released,) * 3, (), (), ()])
        await self._until(lambda: not self._keys)

    def _hang_up(self) -> None:
        if not self._over and not self._hung_up:
            self._hung_up = True
            self._signalling.sendto(self._dialog.bye() if self._answered else self._dialog.cancel())

    async def _speak(self, media: asyncio.DatagramTransport) -> None:
        """A packet every 20 ms: silence, or what is keyed in."""
        codec, source = self.scenario.codec, secrets.randbits(32)
        sequence = stamp = 0
        pressed = 0  # the time stamp at which the key went down; all packets of a digit carry it
        due = self._loop.time()
        await self._until(lambda: self._media is not None)
        due = self._loop.time()
        while True:
            keyed = self._keys.popleft() if self._keys else ()
            if not keyed:
                pressed = 0
            pressed = pressed or stamp
            for payload in keyed or (codec.silence,):
                kind = self._event_type if keyed else codec.payload_type
                header = struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, pressed if keyed else stamp, source)
                media.sendto(header + payload, self._media)
                sequence += 1
            stamp += codec.samples
            due += PACKET_SECONDS
            await asyncio.sleep(max(0.0, due - self._loop.time()))
