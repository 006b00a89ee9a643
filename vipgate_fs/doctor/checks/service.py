"""The service that runs for the configuration, and its store."""

from __future__ import annotations

from collections.abc import Iterator

from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.service.status import VERSION, as_time

DOWN = Mistake(
    "service-down",
    Severity.CRITICAL,
    "no gate listens on {address}: {why}",
    "Every call is refused, or passes unasked if the dialplan fails open.",
    "systemctl start vipgate; journalctl -u vipgate says why it does not start",
)
HIDDEN = Mistake(
    "service-hidden",
    Severity.WARNING,
    "somebody listens on {address}, but {why}",
    "Calls may be judged by another configuration than this one.",
    "run this as root; vipgate status --config FILE, for the file that the service was started with",
)
DEGRADED = Mistake(
    "service-degraded",
    Severity.CRITICAL,
    "the service is degraded: {problem}",
    "Calls are refused, or not judged as they should be.",
    "vipgate status; journalctl -u vipgate",
)
OUTDATED = Mistake(
    "service-outdated",
    Severity.WARNING,
    "the service serves calls by the configuration of {time}; the file has changed since then",
    "What stands in the file is not in force.",
    "vipgate diff --running, if you want to see the difference; vipgate reload",
)
OTHER_VERSION = Mistake(
    "service-other-version",
    Severity.WARNING,
    "the service is version {running}, this command {installed}",
    "An update takes effect when the service is started anew.",
    "systemctl restart vipgate",
)
STORE = Mistake(
    "store-unavailable",
    Severity.CRITICAL,
    "the store: {why}",
    "Lockouts are counted in memory only, guest PINs don't work, and calls are not recorded.",
    "see to the database, or to the file's owner and mode; journalctl -u vipgate",
)


def check(facts: Facts) -> Iterator[Finding]:
    """A service runs for this file, with this file, in this version, and is healthy."""
    if facts.configuration is None:
        return
    machine, server = facts.machine, facts.configuration.server
    status = machine.service
    address = f"{server.host}:{server.port}"
    if status is None:
        mistake = HIDDEN if machine.is_listening else DOWN
        yield mistake(address=address, why=machine.why_no_service)
    else:
        yield from (DEGRADED(problem=problem) for problem in status.problems)
        if machine.is_changed:
            yield OUTDATED(time=as_time(status.taken_over))
        if status.version != VERSION:
            yield OTHER_VERSION(running=status.version, installed=VERSION)
    if machine.store:
        yield STORE(why=machine.store)
