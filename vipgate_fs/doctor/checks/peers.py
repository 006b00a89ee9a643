"""Whom the steps ask while a caller waits: webservices and databases, and the certificates that they show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity

SOON: Final = 21 * 86400.0
"""Seconds before its end at which a certificate is reported: two attempts of a monthly renewal are then overdue."""

UNREACHABLE = Mistake(
    "peer-unreachable",
    Severity.CRITICAL,
    "{step}: {name} can't be reached: {error}",
    "Each call waits for it in vain; then on_failure decides, or the next step.",
    "try it from this machine: curl -v for a webservice, psql or mariadb for a database",
)
CERTIFICATE_ENDS = Mistake(
    "certificate-ends",
    Severity.WARNING,
    "the certificate of {name} ends on {day}",
    "From then on the step that needs it fails.",
    "renew it",
)
CERTIFICATE_ENDED = Mistake(
    "certificate-ended",
    Severity.CRITICAL,
    "the certificate in {name} ended on {day}",
    "The step that needs it fails.",
    "renew it, then: vipgate reload",
)


def check(facts: Facts) -> Iterator[Finding]:
    """All of them can be reached, and no certificate is about to end."""
    for peer in facts.machine.peers:
        if peer.error:
            yield UNREACHABLE(step=peer.step, name=peer.name, error=peer.error)
    ends = {peer.name: peer.certificate_end for peer in facts.machine.peers if peer.certificate_end is not None}
    for name, end in ({**facts.machine.certificates, **ends}).items():
        day = dt.datetime.fromtimestamp(end, dt.UTC).date()
        if end < facts.now:
            yield CERTIFICATE_ENDED(name=name, day=day)
        elif end < facts.now + SOON:
            yield CERTIFICATE_ENDS(name=name, day=day)
