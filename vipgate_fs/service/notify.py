"""Report the state of the service to systemd by the datagrams of sd_notify(3). Without systemd, do nothing."""

from __future__ import annotations

import os
import socket as stdlib_socket
from contextlib import suppress

from vipgate_fs.service import plain


def notify(*assignments: str) -> None:
    """Send assignments such as `READY=1` to $NOTIFY_SOCKET; one that does not listen loses them."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        if address.startswith("@"):
            address = "\0" + address[1:]
        with suppress(OSError), plain.socket(stdlib_socket.AF_UNIX, stdlib_socket.SOCK_DGRAM) as sock:
            sock.settimeout(0)
            sock.sendto("\n".join(assignments).encode(), address)
