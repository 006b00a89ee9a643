from pathlib import Path

import database_servers
import pytest
import webservice_peer

from vipgate_fs.gate.call import Call


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


FAULT = "fault of a webservice"


@pytest.fixture
def note_fault(record_property):
    """Notes a fault, what it led to, and how many seconds that took, for the table at the end of the run."""
    return lambda fault, outcome, seconds: record_property(FAULT, (fault, outcome[:], seconds))  # xdist knows only str


def pytest_terminal_summary(terminalreporter):
    """Which fault of a webservice led to what, and how long it took."""
    passed = terminalreporter.getreports("passed")
    seen = [value for report in passed for name, value in report.user_properties if name == FAULT]
    if seen:
        terminalreporter.section(f"{len(seen)} faults of a webservice")
    for fault, outcome, seconds in sorted(seen):
        terminalreporter.write_line(f"{fault:<40} {seconds:5.2f} s  {outcome}")


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory):
    """URL of a SQLite file with a table of callers, as the servers below have it, too."""
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'callers.db'}"
    database_servers.administer(url, *database_servers.CALLERS)
    return url


@pytest.fixture(scope="session")
def postgresql_server(postgresql):
    database_servers.administer(postgresql.url, *database_servers.CALLERS)
    return postgresql


@pytest.fixture(scope="session")
def mariadb_server():
    with database_servers.mariadb() as server:
        database_servers.administer(server.url, *database_servers.CALLERS)
        yield server


@pytest.fixture(params=database_servers.URLS)
def database_server(request):
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture(params=["sqlite", *database_servers.URLS])
def database_url(request):
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite")
    return request.getfixturevalue(f"{request.param}_server").url
