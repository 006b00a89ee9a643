"""The switch's directory: users and groups that gates name."""

from __future__ import annotations

from collections.abc import Iterator

from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.doctor.numbers import names_of

NO_DOMAIN = Mistake(
    "domain-unknown",
    Severity.CRITICAL,
    "gates name users or groups, and neither site.domain nor the switch's global variable domain is set",
    "Who was called can't be found out: every call that only the directory could attribute is refused.",
    "in vipgate.yaml: site: {{domain: YOUR-DOMAIN}}; vipgate reload. fs_cli -x 'list_users' shows the domain",
)
NO_USER = Mistake(
    "user-unknown",
    Severity.CRITICAL,
    "the switch's directory has no user {name}",
    "A gate protects them by this name: calls to them are not judged, or are refused.",
    "fs_cli -x 'user_exists id {name} {domain}'; the name is the user's id or number-alias",
)
NO_GROUP = Mistake(
    "group-unknown",
    Severity.CRITICAL,
    "the switch's directory has no group {name}",
    "A gate protects its members: calls to them are not judged, or are refused. A ring group is none.",
    "fs_cli -x 'group_call {name}@{domain}'; name the members under users: or numbers: instead",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Each user and group is there."""
    if facts.switch is None or facts.configuration is None:
        return
    users, groups, _ = names_of(facts.configuration)
    domain = facts.configuration.site.domain or facts.switch.variables.get("domain", "")
    if not domain and any("@" not in name for name in (*users, *groups)):
        yield NO_DOMAIN()
    yield from (NO_USER(name=name, domain=domain) for name, there in facts.switch.users.items() if not there)
    yield from (NO_GROUP(name=name, domain=domain) for name, there in facts.switch.groups.items() if not there)
