from pathlib import Path
from types import SimpleNamespace

import pytest
import webservice_peer

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.numbers import NumberPlan


@pytest.fixture
def settings():
    """Makes the settings of a step; what its builder says about them is in `said`."""

    def make(values, on_failure=None):
        said = []
        return SimpleNamespace(
            values=values,
            line=7,
            on_failure=on_failure,
            plan=NumberPlan("DE"),
            line_of=lambda *path: 8 + list(values["pins"]).index(path[-1]),
            error_at_key=lambda message, *path: said.append(("error", path, message)),
            warn=lambda message, *path: said.append(("warning", path, message)),
            said=said,
        )

    return make


@pytest.fixture
def call():
    """Makes the call of a caller."""
    return lambda caller: Call(uuid="1", caller=caller, called="7000", dialled="7000")


@pytest.fixture
def step():
    """Makes a webservice's step of a configuration that nothing is wrong with."""
    made = []

    def make(url, folder=Path(), **settings):
        step, findings = webservice_peer.load({"url": url, **settings}, folder)
        assert findings == []
        made.append(step)
        return step

    yield make
    for step in made:
        step.fetcher.close()


@pytest.fixture
def good():
    """A webservice that lets everybody pass."""
    with webservice_peer.Peer(webservice_peer.answering(webservice_peer.GOOD)) as peer:
        yield peer


FAULTS_SEEN = pytest.StashKey()


@pytest.fixture
def faults_seen(request):
    """Collects (fault, outcome, seconds) for the table at the end of the run."""
    return request.config.stash.setdefault(FAULTS_SEEN, [])


def pytest_terminal_summary(terminalreporter, config):
    """Which fault of a webservice led to what, and how long it took."""
    seen = config.stash.get(FAULTS_SEEN, [])
    if seen:
        terminalreporter.section(f"{len(seen)} faults of a webservice")
    for fault, outcome, seconds in seen:
        terminalreporter.write_line(f"{fault:<40} {seconds:5.2f} s  {outcome}")
