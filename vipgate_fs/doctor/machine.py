"""What this machine says: the service, the files, the store, and whoever a call depends on."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from vipgate_fs.config.addresses import nearest
from vipgate_fs.config.model import Configuration
from vipgate_fs.doctor.certificates import end_of
from vipgate_fs.doctor.numbers import names_of
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import parse
from vipgate_fs.document.sources import read_file
from vipgate_fs.exposure import exposure, may_read
from vipgate_fs.gate.step import Step, StepFailed
from vipgate_fs.identify.database import Database as DatabaseStep
from vipgate_fs.identify.webservice import Webservice
from vipgate_fs.sentences import Sentence, say
from vipgate_fs.service.answers import NoService
from vipgate_fs.service.control import ask_for_status
from vipgate_fs.service.status import Status
from vipgate_fs.store.database import Database
from vipgate_fs.store.owner import OwnerUnknown, act_as_owner
from vipgate_fs.store.schema import expect
from vipgate_fs.timezones import rules_version

_PATIENCE: Final = 3.0
"""Seconds to find out whether somebody listens on a port of this machine's."""
_PEM_KEYS: Final = frozenset(("ca_file", "file"))
"""Settings that may name certificates."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody whom a step asks.

    Attributes:
        step: in words, with its gate and line.
        name: host and port, or the kind of database.
        error: why it can't be reached; "": it can.
        certificate_end: Unix time at which the certificate ends that it shows; None: it shows none.
    """

    step: str
    name: str
    error: str = ""
    certificate_end: float | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine says.

    Attributes:
        service: its status; None when none answers.
        is_changed: whether the file differs from what the service has applied.
        why_no_service: why none does.
        is_listening: whether somebody accepts connections where the gate is to listen.
        exposed: files that others can change or read but should not, and what `exposure` says of them.
        store: what is wrong with it; "" when it answers, or is yet to be made.
        peers: whom steps ask.
        certificates: files that the configuration names, with the Unix time at which the first one in them ends.
        rules: version of the time zone data in use, such as 2025b.
        hidden: prompts here that the user of the switch's process can't read, if that runs here.
    """

    service: Status | None = None
    is_changed: bool = False
    why_no_service: str = ""
    is_listening: bool = True
    exposed: tuple[tuple[str, Sentence], ...] = ()
    store: str = ""
    peers: tuple[Peer, ...] = ()
    certificates: Mapping[str, float] = field(default_factory=dict)
    rules: str = ""
    hidden: tuple[str, ...] = ()


def ask_service(path: Path) -> tuple[Status | None, str]:
    """The status of the service that runs for a configuration, or why there is none."""
    try:
        return ask_for_status(path), ""
    except (NoService, OSError) as error:
        return None, str(error)


def ask_machine(configuration: Configuration, *, holds_secrets: bool) -> Machine:
    """Everything that the checks want to know.

    Ends with the rights of the store's owner, where root asks: whoever owns a folder decides what is in it.
    """
    path = configuration.path
    status, why = ask_service(path)
    server = configuration.server
    user = find_switch_user()
    return Machine(
        service=status,
        is_changed=status is not None and status.is_changed(),
        why_no_service=why,
        is_listening=is_listening(server.host, server.port),
        exposed=tuple(_exposed(configuration, holds_secrets=holds_secrets)),
        peers=tuple(_peers(configuration)),
        certificates=dict(_certificates(path)),
        rules=rules_version(),
        hidden=tuple(_hidden(configuration, *user)) if user else (),
        store=_ask_store(configuration),  # the last one: see above
    )


def is_listening(host: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    near = nearest(host)
    try:
        socket.create_connection((near, port), _PATIENCE).close()
    except OSError:
        return False
    return True


def _exposed(configuration: Configuration, *, holds_secrets: bool) -> Iterator[tuple[str, Sentence]]:
    with suppress(OSError):
        if why := exposure(configuration.path, configuration.path.stat().st_mode, holds_secrets=holds_secrets):
            yield str(configuration.path), why
    key = configuration.store.key_file
    with suppress(OSError):
        if why := exposure(key, key.stat().st_mode, holds_secrets=True):
            yield str(key), why


def _steps(configuration: Configuration) -> Iterator[tuple[str, Step]]:
    for gate in configuration.gates:
        for step in gate.steps if gate.enabled else ():
            yield say("{kind} of gate {gate} (line {line})", kind=step.kind, gate=gate.name, line=step.line), step


def _peers(configuration: Configuration) -> Iterator[Peer]:
    for name, step in _steps(configuration):
        if isinstance(step, Webservice):
            for url in filter(None, (step.url, step.fallback_url)):
                yield _reach(name, step, url)
        elif isinstance(step, DatabaseStep):
            try:
                step.source.reach()
            except StepFailed as failure:
                yield Peer(name, say("the database"), str(failure))
            else:
                yield Peer(name, say("the database"))


def _reach(name: str, step: Webservice, url: str) -> Peer:
    host = url.split("/")[2]  # a placeholder can't be in it: the configuration was checked
    try:
        return Peer(name, host, "", step.fetcher.reach(url))
    except StepFailed as failure:
        return Peer(name, host, str(failure))


def _certificates(path: Path) -> Iterator[tuple[str, float]]:
    """Of the files that the configuration names. A setting of another meaning with the same name has none in it."""
    with suppress(OSError):
        root = parse(read_file(path).data, Report(str(path)))
        for name in dict.fromkeys(_named_files(root.value if root else None)):
            with suppress(OSError, ValueError):
                if (end := end_of(path.parent / name)) is not None:
                    yield name, end


def _named_files(value: Any) -> Iterator[str]:
    """Values of _PEM_KEYS, however deep."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        if key in _PEM_KEYS and isinstance(each, str):
            yield each
        yield from _named_files(each)


def find_switch_user() -> tuple[int, frozenset[int]] | None:
    """User and groups of the one FreeSWITCH that runs here; None: there is none, or more than one user runs one."""
    users: dict[int, frozenset[int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, StopIteration):
            if (process / "comm").read_text() == "freeswitch\n":
                lines = (process / "status").read_text().splitlines()
                ids = {
                    line.split(":")[0]: line.split()[1:] for line in lines if line.startswith(("Uid", "Gid", "Groups"))
                }
                users[int(ids["Uid"][1])] = frozenset(map(int, (ids["Gid"][1], *ids["Groups"])))
    return next(iter(users.items())) if len(users) == 1 else None


def _hidden(configuration: Configuration, user: int, groups: frozenset[int]) -> Iterator[str]:
    for prompt in names_of(configuration)[2]:
        with suppress(OSError):
            if Path(prompt).is_file() and not may_read(Path(prompt), user, groups):
                yield prompt


def _ask_store(configuration: Configuration) -> str:
    url = configuration.store.url
    if url is None:
        return ""
    file = url.reveal().removeprefix("sqlite:///")
    try:
        if file != url.reveal():
            if not Path(file).exists():  # the service makes it when it is first started
                return ""
            act_as_owner(Path(file))
    except (OSError, OwnerUnknown) as error:
        return str(error)
    database = Database(url, expect)
    try:
        database.transact(lambda connection: connection.execute(text("SELECT 1")), reads=True)
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        return database.describe(error)
    finally:
        database.close()
    return database.find_obstacle() or ""
