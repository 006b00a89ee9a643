"""Options that say where the switch's event socket is, and what its password is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from vipgate_fs.config.addresses import host_and_port
from vipgate_fs.doctor.asking import PASSWORD
from vipgate_fs.sentences import say

T = TypeVar("T", bound=Callable[..., Any])


class Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT; IPv6 in brackets."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Host, without brackets, and port."""
        if isinstance(value, tuple):
            return value
        if (found := host_and_port(str(value))) is None:
            self.fail(say("found {value}; allowed: HOST:PORT, such as 127.0.0.1:8021", value=value), param, ctx)
        return found


_OPTIONS: Final = (
    click.option(
        "--switch", "place", type=Address(), help="The switch's event socket; default: what its own file says."
    ),
    click.option(
        "--password-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"Holds the event socket's password and nothing else; default: ${PASSWORD}, then the switch's own file.",
    ),
    click.option(
        "--event-socket-conf",
        "settings",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The switch's event_socket.conf.xml, where it is in no usual place.",
    ),
)


def switch_options(command: T) -> T:
    """Give a command `place`, `password_file` and `settings`, as `vipgate_fs.doctor.asking.find_socket` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
