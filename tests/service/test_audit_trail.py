from __future__ import annotations

import os
import pwd

import pytest

from vipgate_fs.service import audit_trail as audit_module
from vipgate_fs.service.audit_trail import audit

USER = pwd.getpwuid(os.getuid()).pw_name
NOBODY = "4294967295"


@pytest.fixture(autouse=True)
def login(monkeypatch, tmp_path):
    """Where the kernel tells who logged in: nobody."""
    path = tmp_path / "loginuid"
    path.write_text(NOBODY)
    monkeypatch.setattr(audit_module, "_LOGIN", path)
    monkeypatch.delenv("SUDO_USER", raising=False)
    return path


@pytest.mark.parametrize(
    ("values", "facts"),
    [
        ({"gate": "support", "until": None}, "gate=support"),
        ({"id": "x\ny"}, "id=x\\ny"),
        ({"caller": "+491 login=bob"}, 'caller="+491 login=bob"'),
        ({"caller": '1" login="bob'}, r'caller="1\" login=\"bob"'),
        ({"caller": ""}, 'caller=""'),
    ],
)
def test_a_line_says_who_did_what(audited, values, facts):
    audit("override", **values)
    assert [" ".join(line) for line in audited] == [f"override user={USER} {facts}"]


@pytest.mark.parametrize(
    ("uid", "loginuid", "sudo_user", "login_named"),
    [
        (0, NOBODY, None, []),
        (0, NOBODY, "alice", ["login=alice"]),
        (4_000_000_000, NOBODY, "alice", []),
        (0, "4000000001", "alice", ["login=4000000001"]),
        (4_000_000_000, "0", "alice", ["login=root"]),
        (0, None, "alice", ["login=alice"]),
    ],
)
def test_who_logged_in_is_reported_as_far_as_it_is_known(
    monkeypatch, audited, login, uid, loginuid, sudo_user, login_named
):
    monkeypatch.setattr("vipgate_fs.service.audit_trail.os.getuid", lambda: uid)
    login.unlink() if loginuid is None else login.write_text(loginuid)
    if sudo_user:
        monkeypatch.setenv("SUDO_USER", sudo_user)
    audit("override")
    assert audited == [["override", f"user={'root' if uid == 0 else uid}", *login_named]]
