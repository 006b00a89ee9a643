from __future__ import annotations

import os
import pwd

import pytest

from vipgate_fs.cli.audit import audit

USER = pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("sudo_user", "values", "facts"),
    [
        (None, {"gate": "support", "until": None}, [f"user={USER}", "gate=support"]),
        ("alice", {"id": "x\ny"}, [f"user={USER}", "sudo_user=alice", "id=x\\ny"]),
    ],
)
def test_a_line_says_who_did_what(monkeypatch, audited, sudo_user, values, facts):
    monkeypatch.delenv("SUDO_USER", raising=False)
    if sudo_user:
        monkeypatch.setenv("SUDO_USER", sudo_user)
    audit("override", **values)
    assert audited == [["override", *facts]]


def test_a_user_without_a_name_has_a_number(monkeypatch, audited):
    monkeypatch.setattr("vipgate_fs.cli.audit.os.getuid", lambda: 4_000_000_000)
    monkeypatch.delenv("SUDO_USER", raising=False)
    audit("override")
    assert audited == [["override", "user=4000000000"]]
