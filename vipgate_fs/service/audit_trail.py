"""The audit trail: changes that people make go to the system's log, like those of sudo and su."""

from __future__ import annotations

import json
import os
import pwd
import re
import syslog
from pathlib import Path
from typing import Final

from vipgate_fs.gate.call import storable

IDENT: Final = "vipgate"
_PLAIN: Final = re.compile(r"[^ \"=]+")
_LOGIN: Final = Path("/proc/self/loginuid")
_NO_LOGIN: Final = 2**32 - 1


def audit(what: str, **values: object) -> None:
    """Write a line with the facility `auth` (syslog(3)): what was done, by whom, and the values that are not None.

    Those that are not one plain word are in quotes, as JSON has them. None of them is ever a PIN. Without a
    system log, nothing is written and no error is raised.
    """
    facts = {"user": _name(os.getuid()), "login": _login(), **values}
    parts = (f"{name}={_quoted(storable(str(value)))}" for name, value in facts.items() if value is not None)
    line = " ".join([what, *parts])
    syslog.openlog(IDENT, 0, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_NOTICE, line)


def _login() -> str | None:
    """Who logged in, whatever sudo or su made of them: by the kernel (pam_loginuid(8)), else by sudo if we are root.

    Anybody else may have set SUDO_USER themselves.
    """
    try:
        login = int(_LOGIN.read_text())
    except (OSError, ValueError):
        login = _NO_LOGIN
    if login != _NO_LOGIN:
        return _name(login)
    return os.environ.get("SUDO_USER") if os.getuid() == 0 else None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
