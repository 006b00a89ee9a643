"""The switch, a gate for each module, and the report."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import wait
from pathlib import Path

import database_servers
import pytest
from freeswitch import fusionpbx, report
from freeswitch.configuration import DIALPLAN, TRUNK
from freeswitch.fusionpbx import FusionPBX
from freeswitch.gate import Gate, wait_until
from freeswitch.phone import Phones
from freeswitch.switch import FIRST, Listener, Switch, modules_of, own_network, prefix, taken_ports
from freeswitch.watch import Watch

VERSION = pytest.StashKey[str]()


def pytest_addoption(parser):
    parser.addoption("--soak", type=int, default=2000, metavar="N", help="calls of the soak test")
    parser.addoption("--report", metavar="FILE", help="write a table of all scenarios there (Markdown)")
    parser.addoption("--deb", type=Path, metavar="FILE", help="VIPgate's package")
    parser.addoption("--system", type=Path, metavar="FOLDER", help="a Debian with systemd, of this machine's release")
    parser.addoption("--fusionpbx", type=Path, metavar="FOLDER", help="FusionPBX's source")
    parser.addoption("--transcript", metavar="FOLDER", help="write there what test_getting_started.py types and sees")


def pytest_terminal_summary(terminalreporter, config):
    file = config.getoption("--report", None)
    if file and VERSION in config.stash:
        reports = [item for kind in report.KINDS for item in terminalreporter.stats.get(kind, ())]
        Path(file).write_text(report.text(config.stash[VERSION], reports), "utf-8")


def pytest_collection_modifyitems(items):
    """What was keyed in is looked for after all calls of the session."""
    items.sort(key=lambda item: item.path.name == "test_secrecy.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """All that is skipped for the same reason is one line of the summary."""
    made = yield
    if made.skipped:
        made.longrepr = (__file__, 1, made.longrepr[2])
    return made


@pytest.fixture(scope="session")
def installed():
    """The prefix of a FreeSWITCH, and a network of our own where we may have one."""
    place = prefix()
    if place is None:
        pytest.skip("no FreeSWITCH: make test-freeswitch FREESWITCH=/path/to/prefix")
    if not own_network() and (taken := taken_ports()):
        pytest.skip(f"ports that the suite needs are taken: {taken}")
    return place


@pytest.fixture(scope="session")
def switch(request, installed, tmp_path_factory):
    started = Switch(installed, tmp_path_factory.mktemp("freeswitch"))
    request.config.stash[VERSION] = started.version
    yield started
    started.stop()


@pytest.fixture(scope="session")
def fusionpbx_system(request, installed, tmp_path_factory):
    """FusionPBX's own schema in a PostgreSQL."""
    source = request.config.getoption("--fusionpbx", None)
    missing = [name for name in fusionpbx.NEEDED if not (modules_of(installed) / f"{name}.so").exists()]
    if source is None or not shutil.which("php") or missing:
        pytest.skip(f"no FusionPBX, no php, or a FreeSWITCH without {', '.join(missing)}: tests/freeswitch/README.md")
    with database_servers.postgresql() as server:
        yield FusionPBX(source, server, tmp_path_factory.mktemp("fusionpbx"))


@pytest.fixture
def pbx(fusionpbx_system):
    """A FusionPBX without VIPgate's rows, whose trunk's number leads to an extension that answers."""
    fusionpbx_system.forget()
    return fusionpbx_system


@pytest.fixture(scope="session")
def watch(switch):
    """Looks at all events of the session, and knows all entries."""
    watch = Watch()
    listener = Listener(watch.event)
    yield watch
    listener.close()


@pytest.fixture(scope="session")
def phones(watch, switch):
    phones = Phones(TRUNK, watch, switch.api)
    yield phones
    phones.close()


@pytest.fixture(scope="module")
def gate(request, switch, tmp_path_factory):
    """A gate with the module's GATES."""
    with Gate(request.module.GATES, tmp_path_factory.mktemp("gate"), FIRST) as started:
        yield started


@pytest.fixture(scope="module")
def calls(request, gate, phones):
    """The module's scenarios that were chosen, called at the same time: scenario → its experience, once it is over."""
    items = [item for item in request.session.items if item.module is request.module and hasattr(item, "callspec")]
    scenarios = dict.fromkeys(item.callspec.params.get("scenario") for item in items)
    return {scenario: phones.place(scenario) for scenario in scenarios if scenario}


@pytest.fixture
def experience(scenario, calls, record_property):
    """What the test's caller experienced."""
    had = calls[scenario].result()
    record_property("waited", had.waited)
    record_property("story", had.story)
    return had


@pytest.fixture
def left(calls, gate, switch):
    """What is left after all calls of the module: channels of the switch, sessions of the gate."""
    wait(calls.values())
    wait_until(lambda: switch.channels() + gate.sessions() == 0)
    return switch.channels(), gate.sessions()


@pytest.fixture
def start(request, switch, tmp_path):
    """Starts a gate on a port, with the module's GATES; what still runs at the end of the test is ended."""
    started = []

    def start(port=FIRST, gates=None, folder=tmp_path, **settings):
        started.append(Gate(gates or request.module.GATES, folder, port, **settings))
        return started[-1]

    yield start
    for gate in started:
        gate.kill()
    assert wait_until(lambda: switch.channels() == 0)


@pytest.fixture
def end_of(record_property):
    """Waits for the end of a call; its experience."""

    def end_of(future):
        experience = future.result()
        record_property("story", experience.story)
        record_property("waited", experience.waited)
        return experience

    return end_of


@pytest.fixture
def call(phones, end_of):
    """Places a call and waits for its end."""
    return lambda scenario: end_of(phones.place(scenario))


@pytest.fixture
def in_dialogue(phones):
    """Places a call; gives it back when its caller hears that a PIN is asked for."""

    def in_dialogue(gate, scenario):
        future = phones.place(scenario)
        assert wait_until(lambda: "play_and_get_digits" in gate.log())
        time.sleep(0.6)
        return future

    return in_dialogue


@pytest.fixture
def dialplan(switch):
    """Replaces a text of VIPgate's dialplan for one test."""

    def replace(old, new):
        shipped = DIALPLAN.read_text("utf-8")
        assert shipped.count(old) == 1
        switch.dialplan(shipped.replace(old, new))

    yield replace
    switch.dialplan(DIALPLAN.read_text("utf-8"))
