"""What the dialplan of one configuration needs to know: where its gates are, and how long a call may take there."""

from __future__ import annotations

import math
import os
import re
import wave
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from vipgate_fs.config.addresses import MOST_PORT, host_and_port, nearest
from vipgate_fs.config.model import Configuration
from vipgate_fs.config.sounds import places
from vipgate_fs.gate.gate import Gate, Route
from vipgate_fs.gate.numbers import folded
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.sentences import say

OWN: Final = "vipgate"
"""What the names of VIPgate's own contexts begin with; all others are the site's."""
CONTEXT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*", re.ASCII)
"""What may be the name of a context here. One with @ has only its own rows in FusionPBX 5."""
SECOND: Final = 2
"""So many ports above the first gate of a machine listens the second."""
TAKEN_WITHIN: Final = 10
"""Seconds that a gate has to take a call, which it does before anything else."""
USUAL_LONGEST: Final = 552
"""Seconds that the longest PIN dialogue takes with VIPgate's defaults."""
_PROMPT: Final = 8.0
"""Seconds of the longest of VIPgate's own prompts."""
_MOST_DIGITS: Final = 20
_MOST_ATTEMPTS: Final = 10
_LONGEST_STEP: Final = 60
"""Seconds, the most that `timeouts` allows a step that asks elsewhere."""
_SPARE: Final = 1.5
_ROUNDED: Final = 300


class Longest(NamedTuple):
    """The longest that a call may be in a gate, in seconds, and the gate."""

    seconds: int
    gate: str


@dataclass(frozen=True, slots=True)
class Layout:
    """What the dialplan of one configuration looks like.

    Attributes:
        gates: `host:port` in the order in which FreeSWITCH tries them; IPv6 without brackets.
        park_timeout: seconds after which FreeSWITCH ends a call that hangs in a gate.
        longest: what that was computed from.
        passed: the contexts of passed calls that are VIPgate's own, each with the site's context of other targets.
        foreign: the gates whose passed calls go to a context of the site's own, and that context.
        entry: the context that the trunk's calls begin in.
        called: the site's context of the numbers that callers choose.
        only: an expression for the numbers that go through a gate; None: all do.
        fails_open: whether callers get through while no gate can be reached.
    """

    gates: tuple[str, ...]
    park_timeout: int = 900
    longest: Longest = Longest(USUAL_LONGEST, "")
    passed: Mapping[str, str] = field(default_factory=lambda: {Route().context: "default"})
    foreign: Mapping[str, str] = field(default_factory=dict)
    entry: str = OWN
    called: str = "public"
    only: str | None = None
    fails_open: bool = False

    @property
    def no_gate(self) -> str:
        """The context of calls that no gate took."""
        return f"{self.entry}-no-gate"


def layout(  # noqa: PLR0913 - one for each option of the command
    configuration: Configuration,
    *,
    gates: Iterable[str] = (),
    entry: str = OWN,
    called: str = "public",
    others: str = "default",
    others_of: Mapping[str, str] | None = None,
    only: str | None = None,
    fails_open: bool = False,
) -> Layout:
    """What the dialplan of a configuration looks like.

    Args:
        configuration: the one that the gates run with.
        gates: where FreeSWITCH reaches them, each `host:port` or `[IPv6]:port`; none: `server.listen`, and the second
            gate of the same machine, two ports above.
        entry: see Layout.
        called: see Layout.
        others: the site's context of targets that the configuration chooses.
        others_of: the same for a context of passed calls (`route.context`).
        only: see Layout.
        fails_open: see Layout.

    Raises:
        ValueError: a sentence that says which name or address is wrong, and what is allowed.
    """
    server = configuration.server
    given = tuple(map(address, gates))
    if not given and server.port == 0:
        raise ValueError(
            say("server.listen lets the system choose the port; say where the gates are: --gate HOST:PORT")
        )
    host = nearest(server.host)
    ports = (port for port in (server.port, server.port + SECOND) if port <= MOST_PORT)
    routes: dict[str, tuple[str, str]] = {}
    for gate in configuration.gates:
        if gate.route.is_xml:
            routes.setdefault(folded(gate.route.context), (gate.route.context, gate.name))
    mine = [context for name, (context, _) in routes.items() if name.startswith(OWN)] or [Route().context]
    chosen = {folded(context): other for context, other in (others_of or {}).items()}
    unknown = [context for context in others_of or {} if folded(context) not in map(folded, mine)]
    if unknown:
        raise ValueError(
            say(
                "no gate has a route.context {context} that begins with {own}; allowed: {mine}",
                context=unknown[0],
                own=OWN,
                mine=", ".join(mine),
            )
        )
    passed = {context: chosen.get(folded(context), others) for context in mine}
    foreign = {gate: context for name, (context, gate) in routes.items() if not name.startswith(OWN)}
    made = Layout(
        gates=given or tuple(f"{host}:{port}" for port in ports),
        passed=passed,
        foreign=foreign,
        entry=entry,
        called=called,
        only=only,
        fails_open=fails_open,
        longest=longest(configuration.gates),
        park_timeout=park_timeout(longest(configuration.gates).seconds),
    )
    _check_names(made)
    return made


def address(text: str) -> str:
    """Where FreeSWITCH's `socket` reaches a gate: without brackets, the last part is the port. Raises ValueError."""
    found = host_and_port(text)
    if found is None:
        raise ValueError(
            say('found {text}; allowed: host:port, such as 192.0.2.5:8084 or "[2001:db8::5]:8084"', text=text)
        )
    return f"{found[0]}:{found[1]}"


def longest(gates: Iterable[Gate]) -> Longest:
    """The longest that a call may be in one of the gates: all steps that ask elsewhere, then every attempt."""
    found = [Longest(math.ceil(_seconds(gate)), gate.name) for gate in gates]
    return max(found, default=Longest(0, ""))


def park_timeout(seconds: float) -> int:
    """Seconds for FreeSWITCH's `park_timeout`: longer than any call takes, and never shorter than the usual."""
    return math.ceil(max(seconds, USUAL_LONGEST) * _SPARE / _ROUNDED) * _ROUNDED


def _seconds(gate: Gate) -> float:
    verdicts = (gate.otherwise, *(step.on_failure for step in gate.steps))
    own = [verdict.attempts or 0 for verdict in verdicts if isinstance(verdict, AskForPin)]
    asks_elsewhere = sum(step.waits for step in gate.steps)
    attempts = _MOST_ATTEMPTS if asks_elsewhere else max(gate.attempts, *own, 1)
    numbers = 2 if any(step.kind in ("caller_pin", "database", "plugin") for step in gate.steps) else 1
    prompt = max(_prompt(path) for path in (gate.prompts.welcome, gate.prompts.wrong_pin, gate.prompts.customer_number))
    timing = gate.timing
    entry = prompt + timing.first_digit + (_MOST_DIGITS - 1) * timing.next_digit
    return asks_elsewhere * _LONGEST_STEP + attempts * numbers * entry


def _prompt(path: str) -> float:
    """How long a prompt takes, in seconds, never less than VIPgate's own: the file may be on another machine."""
    seconds = _PROMPT
    for place in filter(os.path.isfile, places(path)):
        with suppress(OSError, EOFError, wave.Error, ZeroDivisionError), wave.open(place, "rb") as file:
            seconds = max(seconds, file.getnframes() / file.getframerate())
    return seconds


def _check_names(made: Layout) -> None:
    theirs = tuple(map(folded, (made.called, *made.passed.values())))
    ours = tuple(map(folded, (made.entry, made.no_gate, *made.passed)))
    for name in (made.called, *made.passed.values(), made.entry, *made.passed):
        if not CONTEXT.fullmatch(name):
            raise ValueError(
                say("{name!r} can't be the name of a context; allowed: letters, digits and _ . - @", name=name)
            )
    for name in ours:
        if name in theirs:
            raise ValueError(
                say("{name} is a context of VIPgate's own: calls sent there would come back to the gate", name=name)
            )
        if ours.count(name) > 1:
            raise ValueError(say("{name} would be two contexts: where calls come from, and where they go", name=name))
