"""The `api` commands that an event socket may send (mod_commands; facts: "Directory")."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from vipgate_fs.simulator import causes
from vipgate_fs.simulator.session import Session

OK: Final = "+OK\n"
_NO_CHANNEL: Final = "-ERR No such channel!\n"


@dataclass(frozen=True, slots=True)
class Directory:
    """The switch's users and groups.

    Attributes:
        domain: their domain; also the global variable `domain`.
        users: user id → number-alias, "" for none.
        groups: group → ids of its users.
        knows_all: whether every other name is the id of somebody, too, and every other group has somebody in it.
    """

    domain: str = "pbx.example"
    users: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    knows_all: bool = False

    def find(self, name: str, domain: str) -> str | None:
        """The id of the user with that id or number-alias, in upper or lower case (switch_xml_find_child_multi)."""
        if domain.lower() != self.domain.lower():
            return None
        others = name if self.knows_all else None
        named = ((user, name_) for user, alias in self.users.items() for name_ in (user, alias))
        return next((user for user, name_ in named if name_.lower() == name.lower()), others)

    def members(self, group: str, domain: str) -> Sequence[str]:
        """The ids of a group's users."""
        if domain.lower() != self.domain.lower():
            return ()
        found = (users for name, users in self.groups.items() if name.lower() == group.lower())
        return next(found, ("somebody",) if self.knows_all else ())


class Api:
    """Answers api commands.

    Args:
        sessions: the calls of the switch by their Unique-ID.
        directory: its users and groups.
        variables: its global variables.
        modules: the modules that are loaded.
    """

    def __init__(
        self,
        sessions: Mapping[str, Session],
        directory: Directory,
        variables: Mapping[str, str],
        modules: Sequence[str] = ("mod_sofia", "mod_dptools", "mod_sndfile", "mod_tone_stream", "mod_event_socket"),
    ) -> None:
        self._sessions = sessions
        self._directory = directory
        self._variables = {"domain": directory.domain, **variables}
        self._modules = modules

    def run(self, text: str) -> str:
        """The answer to a command with its arguments; for one that gives none, FreeSWITCH's `-ERR no reply`."""
        command, _, argument = text.partition(" ")
        answer = getattr(self, f"_do_{command}", None)
        if answer is None:
            return f"-ERR {command} Command not found!\n"
        return str(answer(*argument.split(" "))) or "-ERR no reply\n"

    def run_in_background(self, text: str, job: str | None) -> tuple[str, str]:
        """A command for `bgapi`: the job's id and the answer."""
        return job or str(uuid.uuid4()), self.run(text)

    def _do_status(self, *_: str) -> str:
        return f"UP 0 years, 0 days\nFreeSWITCH (simulated) is ready\n{len(self._sessions)} session(s) since startup\n"

    def _do_global_getvar(self, name: str = "", *_: str) -> str:
        return self._variables.get(name, "")

    def _do_module_exists(self, name: str = "", *_: str) -> str:
        return str(name in self._modules).lower()

    def _do_user_exists(self, key: str = "", name: str = "", domain: str = "", *_: str) -> str:
        return str(key == "id" and self._directory.find(name, domain) is not None).lower()

    def _do_user_data(self, address: str = "", kind: str = "", name: str = "", *_: str) -> str:
        user = self._directory.find(*_split(address))
        if user is None or kind != "attr":
            return ""
        return {"id": user, "number-alias": self._directory.users.get(user, "")}.get(name, "")

    def _do_in_group(self, question: str = "", *_: str) -> str:
        """Parted by a comma, as mod_commands.c does it; its usage text has a space, with which nobody is a member."""
        address, _comma, group = question.partition(",")
        user, domain = self._directory.find(*_split(address)), _split(address)[1]
        return str(user in self._directory.members(group, domain)).lower()

    def _do_group_call(self, address: str = "", *_: str) -> str:
        group, domain = _split(address)
        members = self._directory.members(group, domain)
        return ",".join(f"user/{member}@{domain}" for member in members) or "error/NO_ROUTE_DESTINATION"

    def _do_uuid_exists(self, channel: str = "", *_: str) -> str:
        return str(self._find(channel) is not None).lower()

    def _do_uuid_getvar(self, channel: str = "", name: str = "", *_: str) -> str:
        session = self._find(channel)
        return _NO_CHANNEL if session is None else session.channel.get(name) or "_undef_"

    def _do_uuid_setvar(self, channel: str = "", name: str = "", *value: str) -> str:
        session = self._find(channel)
        if session is None:
            return _NO_CHANNEL
        session.channel.set(name, " ".join(value))
        return OK

    def _do_uuid_transfer(
        self, channel: str = "", extension: str = "", dialplan: str = "", context: str = "", *_: str
    ) -> str:
        session = self._find(channel)
        if session is None:
            return _NO_CHANNEL
        session.channel.transfer(extension, dialplan or None, context or None)
        return OK

    def _do_uuid_park(self, channel: str = "", *_: str) -> str:
        session = self._find(channel)
        if session is None:
            return _NO_CHANNEL
        session.channel.leave_to_park()
        return OK

    def _do_uuid_break(self, channel: str = "", *_: str) -> str:
        session = self._find(channel)
        if session is None:
            return _NO_CHANNEL
        session.stopped = True
        session.channel.changed.set()
        return OK

    def _do_uuid_kill(self, channel: str = "", cause: str = "", *_: str) -> str:
        session = self._find(channel)
        if session is None:
            return _NO_CHANNEL
        session.channel.hang_up(causes.known(cause))
        return OK

    def _find(self, channel: str) -> Session | None:
        session = self._sessions.get(channel)
        return session if session is not None and session.channel.cause is None else None


def _split(address: str) -> tuple[str, str]:
    name, _, domain = address.partition("@")
    return name, domain
