"""Who did it: changes that people make go to the system's log, as do those by sudo and su."""

from __future__ import annotations

import os
import pwd
import syslog
from typing import Final

from vipgate_fs.gate.call import storable

IDENT: Final = "vipgate"


def audit(what: str, **values: object) -> None:
    """Write a line with the facility `auth` (syslog(3)): what was done, by whom, and the values that are not None.

    None of them is ever a PIN. A system without a log is no reason not to do it.
    """
    facts = {"user": _name(), "sudo_user": os.environ.get("SUDO_USER"), **values}
    line = " ".join([what, *(f"{name}={storable(str(value))}" for name, value in facts.items() if value is not None)])
    syslog.openlog(IDENT, 0, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_NOTICE, line)


def _name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
