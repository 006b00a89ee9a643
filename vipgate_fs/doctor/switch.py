"""What the switch says of itself: asked once, looked at by every check."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.doctor.numbers import names_of
from vipgate_fs.simulator.arguments import is_true

Ask = Callable[[str], str]
"""Gives the answer to one of the switch's API commands, as `fs_cli -x` prints it."""

NEEDED: Final = (
    "mod_sofia",
    "mod_dialplan_xml",
    "mod_dptools",
    "mod_event_socket",
    "mod_commands",
    "mod_sndfile",
)
"""Modules without which no call gets through a gate."""
OTHERS: Final = ("mod_lua", "mod_xml_curl", "mod_verto")
"""Modules that make a difference: dialplans that stand in no file, and another way in."""
LIVE: Final = {"context": "context", "dtmf-type": "dtmf-mode", "inbound-codec-prefs": "inbound-codecs"}
"""Parameters of a profile, and where `sofia xmlstatus` shows what is in force."""
_NO_ANSWER: Final = ("-ERR", "-USAGE", "can't find anything", "Invalid", "false")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A trunk that sofia knows by name.

    Attributes:
        context, extension: in force: where its calls come to, and the number that they get.
        username: the account.
        state: of its registration, such as REGED or FAIL_WAIT; NOREG when it is not to register.
    """

    name: str
    profile: str
    context: str
    extension: str
    username: str
    state: str

    @property
    def registers(self) -> bool:
        """Whether it is to register at the other side."""
        return self.state != "NOREG"


@dataclass(frozen=True, slots=True)
class Profile:
    """A SIP profile.

    Attributes:
        settings: its parameters as they are written, the last one of a name.
        lists: each `apply-inbound-acl`.
        live: those of LIVE that are in force, by the parameter's name; empty when it does not run.
        runs: whether it is up.
    """

    name: str
    settings: Mapping[str, str]
    lists: tuple[str, ...] = ()
    live: Mapping[str, str] = field(default_factory=dict)
    runs: bool = True

    def get(self, name: str, default: str = "") -> str:
        """A parameter: as it is in force where that is known, else as it is written."""
        return self.live.get(name) or self.settings.get(name, default)

    def has(self, name: str) -> bool:
        """Whether a parameter says yes, in one of the words that FreeSWITCH takes for it (switch_true)."""
        return is_true(self.settings.get(name, ""))


@dataclass(frozen=True, slots=True)
class AccessList:
    """A list of addresses (acl.conf).

    Attributes:
        allows: whether an address that stands nowhere in it is allowed.
        networks: addresses that it allows. Those of the directory's users (`domain`) are not among them.
    """

    allows: bool
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """What the switch said.

    Attributes:
        version: such as 1.10.12.
        modules: those of NEEDED and OTHERS that are loaded.
        dialplan: its section of the configuration, as it is in force; empty where modules answer in its place.
        bindings: modules that answer for the dialplan in place of that section: mod_lua, mod_xml_curl.
        event_socket: settings of event_socket.conf.
        variables: global ones.
        ahead: seconds by which its clock is ahead of ours.
        log_levels: by the profile of logfile.conf: what goes into the file.
        files: prompts, by path: whether the switch finds them.
        users, groups: of the directory, by name: whether they are there.
        verto_contexts: that verto's users begin in.
        unreadable: questions whose answers are no XML, though they should be.
    """

    version: str
    modules: frozenset[str]
    dialplan: ET.Element
    bindings: tuple[str, ...]
    profiles: tuple[Profile, ...]
    gateways: tuple[Gateway, ...]
    access: Mapping[str, AccessList]
    event_socket: Mapping[str, str]
    variables: Mapping[str, str]
    ahead: float | None
    log_levels: Mapping[str, frozenset[str]]
    files: Mapping[str, bool]
    users: Mapping[str, bool]
    groups: Mapping[str, bool]
    verto_contexts: tuple[str, ...]
    unreadable: tuple[str, ...] = ()


def ask_switch(ask: Ask, configuration: Configuration | None, now: Callable[[], float] = time.time) -> Switch:
    """Everything that the checks want to know. Raises what `ask` raises."""
    read = _Reader(ask)
    before = now()
    clock = ask("strepoch")
    variables = _variables(ask("global_getvar"))
    domain = (configuration.site.domain if configuration else None) or variables.get("domain", "")
    users, groups, prompts = names_of(configuration)
    loaded = frozenset(name for name in (*NEEDED, *OTHERS) if ask(f"module_exists {name}").strip() == "true")
    bindings = tuple(_bindings(read, loaded))
    return Switch(
        version=ask("version short").strip(),
        modules=loaded,
        # FusionPBX's handler can't answer without a call: it would write an error into the switch's log.
        dialplan=ET.Element("nothing") if bindings else read("xml_locate dialplan"),
        bindings=bindings,
        profiles=tuple(_profiles(read)),
        gateways=tuple(_gateways(read("sofia xmlstatus gateway"))),
        access=_access(read.configuration("acl")),
        event_socket=_settings(read.configuration("event_socket")),
        variables=variables,
        ahead=float(clock) - before if clock.strip().isdigit() else None,
        log_levels=_log_levels(read.configuration("logfile")),
        files={path: ask(f"file_exists {path}").strip() == "true" for path in prompts},
        users={name: _is_user(ask, *where) for name in users if (where := _in_domain(name, domain))},
        groups={name: _is_group(ask, *where) for name in groups if (where := _in_domain(name, domain))},
        verto_contexts=tuple(_verto_contexts(read.configuration("verto"))) if "mod_verto" in loaded else (),
        unreadable=tuple(read.unreadable),
    )


class _Reader:
    """Asks for XML. What is not there is an empty element; what can't be read as well, and is remembered."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.unreadable: list[str] = []

    def __call__(self, question: str) -> ET.Element:
        """The answer."""
        answer = self._ask(question)
        if not answer.startswith(_NO_ANSWER):
            try:
                return ET.fromstring(answer)  # noqa: S314 - the switch's own, which is trusted with every call
            except ET.ParseError:
                self.unreadable.append(question)
        return ET.Element("nothing")

    def configuration(self, name: str) -> ET.Element:
        """The configuration of a module as it is in force."""
        return self(f"xml_locate configuration configuration name {name}.conf")


def _settings(element: ET.Element, path: str = "settings/param") -> dict[str, str]:
    return {each.get("name", ""): each.get("value", "") for each in element.iterfind(path)}


def _variables(answer: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)


def _profiles(read: _Reader) -> Iterable[Profile]:
    states = {
        each.findtext("name", ""): each.findtext("state", "") for each in read("sofia xmlstatus").iterfind("profile")
    }
    for each in read.configuration("sofia").iterfind("profiles/profile"):
        name = each.get("name", "")
        runs = states.get(name, "").startswith("RUNNING")
        info = read(f"sofia xmlstatus profile {name}").find("profile-info") if runs else None
        live = {} if info is None else {parameter: info.findtext(tag) or "" for parameter, tag in LIVE.items()}
        lists = [one.get("value", "") for one in each.iterfind("settings/param[@name='apply-inbound-acl']")]
        yield Profile(name, _settings(each), tuple(lists), live, runs)


def _gateways(element: ET.Element) -> Iterable[Gateway]:
    for each in element.iter("gateway"):
        yield Gateway(
            name=each.findtext("name", ""),
            profile=each.findtext("profile", ""),
            context=each.findtext("context", ""),
            extension=each.findtext("exten", ""),
            username=each.findtext("username", ""),
            state=each.findtext("state", ""),
        )


def _access(element: ET.Element) -> dict[str, AccessList]:
    return {
        each.get("name", ""): AccessList(
            each.get("default") == "allow",
            tuple(
                node.get("cidr") or node.get("host") or ""
                for node in each.iterfind("node")
                if node.get("type") == "allow" and "domain" not in node.attrib
            ),
        )
        for each in element.iterfind("network-lists/list")
    }


def _log_levels(element: ET.Element) -> dict[str, frozenset[str]]:
    return {
        each.get("name", ""): frozenset(
            level.strip().lower()
            for mapping in each.iterfind("mappings/map")
            for level in mapping.get("value", "").split(",")
        )
        for each in element.iterfind("profiles/profile")
    }


def _bindings(read: _Reader, modules: frozenset[str]) -> Iterable[str]:
    if "mod_lua" in modules and "dialplan" in _settings(read.configuration("lua")).get("xml-handler-bindings", ""):
        yield "mod_lua"
    if "mod_xml_curl" in modules and any(
        "dialplan" in each.get("bindings", "") for each in read.configuration("xml_curl").iterfind(".//param")
    ):
        yield "mod_xml_curl"


def _in_domain(name: str, domain: str) -> tuple[str, str] | None:
    """A name and its domain: its own, else that; None when there is neither."""
    user, _, own = name.partition("@")
    return (user, own or domain) if own or domain else None


def _is_group(ask: Ask, name: str, domain: str) -> bool:
    return not ask(f"group_call {name}@{domain}").startswith(("error/NO", "-ERR"))


def _is_user(ask: Ask, name: str, domain: str) -> bool:
    return ask(f"user_exists id {name} {domain}").strip() == "true"


def _verto_contexts(element: ET.Element) -> Iterable[str]:
    for each in element.iterfind("profiles/profile"):
        yield _settings(each, "param").get("context", "")
