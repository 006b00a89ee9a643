from __future__ import annotations

import pytest

from vipgate_fs.service import audit_trail


@pytest.fixture(autouse=True)
def audited(monkeypatch):
    """What went to the system's log in place of it: of each line what was done, and its facts."""
    lines = []

    def write(_priority, line):
        action, _, facts = line.partition(" user=")
        lines.append([action, *f"user={facts}".split(" ")])

    monkeypatch.setattr(audit_trail.syslog, "syslog", write)
    return lines
