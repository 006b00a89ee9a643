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
