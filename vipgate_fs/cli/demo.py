"""`vipgate demo`: simulated calls against the example configurations, and what their callers experienced."""

from __future__ import annotations

import datetime as dt
import http.server
import itertools
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import parse_qs, urlsplit

import click
import gevent

from vipgate_fs import config
from vipgate_fs.cli import output
from vipgate_fs.config.model import Configuration
from vipgate_fs.resources import resource
from vipgate_fs.sentences import Sentence, joined, say
from vipgate_fs.service.embedded import embedded_gate
from vipgate_fs.simulator import Call, Caller, Dialplan, Experience, Extension, Simulator, What

_EVENING: Final = "2026-11-24T20:00"
_NOON: Final = "2026-11-24T12:00"
_HOTLINE: Final = "+4970222797830"
_VIP: Final = "004917612345678"
_SWISS: Final = "0041556631019"
_STRANGER: Final = "004930123456"
_COLUMNS: Final = (say("caller"), say("calls"), say("at"), say("experienced"), say("the end"))
_SPEED: Final = 20.0
_ANSWERS: Final = {
    "7301": '{askForPin: {expectedPIN: "1234", forwardCorrectPIN: "100", forwardIncorrectPIN: "120", maxRetries: 3}}',
    "7302": "{ reject: true }",
    "7303": "{ reject: false }",
    "7304": '{ forward: "123" }',
}
"""What the web service of the demonstration answers, by the number that is called."""


@dataclass(frozen=True, slots=True)
class Row:
    """One call of the demonstration, and how it has to end."""

    who: str
    number: str
    to: str
    ends: str
    keys: tuple[str, ...] = ()
    at: str = _EVENING
    hangs_up: bool = False


def _through(target: str) -> Sentence:
    return say("through to {target}", target=target)


def _hung_up_on(cause: str) -> Sentence:
    return say("hung up on ({cause})", cause=cause)


_HUNG_UP: Final = say("hung up")
EXAMPLES: Final = {
    "vipgate.yaml": (
        Row(say("anybody, business hours"), _STRANGER, _HOTLINE, _through(_HOTLINE), at=_NOON),
        Row(say("right PIN"), _STRANGER, _HOTLINE, _through(_HOTLINE), ("081547#",)),
        Row(say("wrong PIN, then the right one"), _STRANGER, _HOTLINE, _through(_HOTLINE), ("4711#", "081547#")),
        Row(say("wrong PIN three times"), _STRANGER, _HOTLINE, _hung_up_on("USER_BUSY"), ("1#", "2#", "3#")),
        Row(say("hangs up in the prompt"), _STRANGER, _HOTLINE, _HUNG_UP, hangs_up=True),
        Row(say("VIP, own PIN"), _VIP, "7001", _through("7001"), ("081512345#",)),
        Row(say("unknown caller"), _STRANGER, "7001", "486 Busy Here"),
        Row(say("withheld number"), "anonymous", "7001", "486 Busy Here"),
        Row(say("customer number and PIN"), _STRANGER, "7100", _through("7100"), ("10027#", "739164#")),
        Row(say("a number without a gate"), _STRANGER, "8000", _through("8000")),
    ),
    "every-step.yaml": (
        Row(say("webservice: right PIN"), _STRANGER, "7301", _through("100"), ("1234#",)),
        Row(say("webservice: wrong PINs"), _STRANGER, "7301", _through("120"), ("1#", "2#", "3#", "4#")),
        Row(say("webservice: reject"), _STRANGER, "7302", "486 Busy Here"),
        Row(say("webservice: pass"), _STRANGER, "7303", _through("7303")),
        Row(say("webservice: forward"), _STRANGER, "7304", _through("123")),
        Row(say("webservice down: on_failure"), _STRANGER, "7309", _through("7309"), ("081547#",)),
        Row(say("database: own PIN"), _VIP, "7310", _through("7310"), ("081512345#",)),
        Row(say("database: forward"), _SWISS, "7310", _through("100")),
        Row(say("database: not in it"), _STRANGER, "7310", "486 Busy Here"),
        Row(say("plug-in: forward"), _STRANGER, "7320", _through("300")),
        Row(say("dialplan's variable: forward"), _STRANGER, "7330", _through("123")),
        Row(say("list: pass"), _VIP, "7340", _through("7340")),
        Row(say("list: reject"), _STRANGER, "7340", "486 Busy Here"),
        Row(say("list: not in it, PIN"), _SWISS, "7340", _through("7340"), ("739164#",)),
    ),
}


@click.command()
@output.format_option
def command(style: str) -> None:
    """Place simulated calls against the files in examples/; exit 1 when one does not end as it should."""
    results: dict[Row, Experience] = {}
    with tempfile.TemporaryDirectory() as folder, _webservice() as address:
        for name, rows in EXAMPLES.items():
            results |= _place(rows, _configuration(name, Path(folder), address))
    lines = [(row.who, row.to, row.at[-5:], _heard(seen), _end(seen)) for row, seen in results.items()]
    if style == "json":
        output.show_json([dict(zip(_COLUMNS, line, strict=True)) for line in lines])
    else:
        output.show_table(_COLUMNS, lines)
    wrong = [row for row, seen in results.items() if _end(seen) != row.ends]
    for row in wrong:
        output.fail(say("{who}: should have been {ends}", who=row.who, ends=row.ends))
    sys.exit(1 if wrong else 0)


@contextmanager
def _webservice() -> Iterator[str]:
    """A web service as VIPgate's documentation describes one; gives HOST:PORT."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called = parse_qs(urlsplit(self.path).query)["called"][0]
            answer = _ANSWERS[called].encode()
            self.send_response(http.HTTPStatus.OK)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """The table says enough."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def _configuration(name: str, folder: Path, webservice: str) -> Configuration:
    """An example, in a folder with what it needs beside it."""
    examples = resource("examples")
    shutil.copy(examples / "plugin.py", folder)
    with closing(sqlite3.connect(folder / "callers.db")) as database:
        database.executescript("DROP TABLE IF EXISTS vipgate_callers;" + (examples / "database/schema.sql").read_text())
    text = (examples / name).read_text(encoding="utf-8").replace("127.0.0.1:8095", webservice)
    loaded = config.load_text(text, folder / name)
    if loaded.configuration is None:
        raise click.ClickException("\n".join(map(str, loaded.findings)))
    return loaded.configuration


def _place(rows: tuple[Row, ...], configuration: Configuration) -> dict[Row, Experience]:
    """All calls of one time of day at once; their order is kept."""
    now = [dt.datetime.now(dt.UTC)]
    seen: dict[Row, Experience] = {}
    with embedded_gate(configuration, lambda: now[0], "error") as dial:
        socket = ("socket", "gate async full")
        decided = Extension((("set", "vipgate_verdict=forward:123"), socket), matches=True)
        dialplan = Dialplan(Extension((socket,), matches=True), {"7330": decided})
        for at in dict.fromkeys(row.at for row in rows):
            now[0] = dt.datetime.fromisoformat(at).replace(tzinfo=configuration.site.calendar.timezone)
            simulator = Simulator(speed=_SPEED, dialplan=dialplan, dial=dial)
            calls = {row: _start(simulator, row) for row in rows if row.at == at}
            seen |= {row: call.wait() for row, call in calls.items()}
    return {row: seen[row] for row in rows}


def _start(simulator: Simulator, row: Row) -> Call:
    call = simulator.start(Caller(row.number, dial=row.keys), row.to)
    if row.hangs_up:
        gevent.spawn(_hang_up_after_the_prompt, call)
    return call


def _hang_up_after_the_prompt(call: Call) -> None:
    """By what is heard, and not by a time: on a busy machine a call may take its time."""
    while not any(moment.what is What.HEARD for moment in call.experience.moments):
        gevent.sleep(0.005)
    call.hang_up()


def _heard(experience: Experience) -> str:
    """What the caller heard of the gate, in short, without ringing, which only depends on how busy this machine is."""
    states = {What.EARLY_MEDIA: say("unanswered:"), What.ANSWERED: say("answered:")}
    words: list[str] = []
    for moment in itertools.takewhile(lambda moment: moment.what != What.TRANSFERRED, experience.moments):
        if moment.what in (What.HEARD, What.HEARD_PART):
            words.append(PurePath(moment.detail).stem.removeprefix("vipgate-"))
        elif moment.what in states:
            words.append(states[moment.what])
    return joined(" ", words) or "-"


def _end(experience: Experience) -> str:
    if experience.transferred_to:
        return _through(experience.transferred_to.extension)
    if not experience.answered:
        return f"{experience.status} {experience.phrase}"
    return _HUNG_UP if experience.hung_up_by == "caller" else _hung_up_on(experience.cause)
