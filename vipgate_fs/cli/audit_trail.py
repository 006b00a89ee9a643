"""Who did it: changes that people make go to the system's log, as do those by sudo and su."""

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

    Those that are not one plain word are in quotes, as JSON has them. None of them is ever a PIN. A system without a
    log is no reason not to do it.
    """
    facts = {"user": _name(os.getuid()), "login": _login(), **values}
    told = (f"{name}={_quoted(storable(str(value)))}" for name, value in facts.items() if value is not None)
    line = " ".join([what, *told])
    syslog.openlog(IDENT, 0, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_NOTICE, line)


def _login() -> str | None:
    """Who logged in, whoever he is now by sudo or su: the kernel's word (pam_loginuid(8)), else sudo's to root.

    Anybody but root may have written SUDO_USER himself.
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
