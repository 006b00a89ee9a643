"""`vipgate doctor` on a real switch: nothing on a good site, and each planted mistake by its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from doctor import recorded
from freeswitch import site
from freeswitch.gate import wait_until
from freeswitch.site import SETTINGS
from freeswitch.switch import Control, Switch
from ports import free_port

from vipgate_fs import config
from vipgate_fs.doctor.switch import ask_switch

PASSWORD = "only-for-this-test"


class Practice:
    """A patient: the site's files, its switch and its gate, and what the doctor says of them."""

    def __init__(self, prefix, folder):
        self.prefix, self.folder = prefix, folder
        self.control, self.external, self.internal, self.gate_port, self.spare = (free_port() for _ in range(5))
        self.good = site.files(self.control, self.external, self.internal, (self.gate_port, self.spare))
        self.files = dict(self.good)
        self.config = folder / "vipgate.yaml"
        self.write_config()
        self.switch = None
        self._gate = None

    def write_config(self, old="", new=""):
        text = recorded.CONFIGURATION.replace(old, new)
        self.config.write_text(text.replace("gates:", f'server: {{listen: "127.0.0.1:{self.gate_port}"}}\ngates:', 1))
        self.config.chmod(0o600)

    def serve(self):
        log = self.folder / "gate.log"
        with log.open("wb") as stream:
            self._gate = subprocess.Popen(
                [sys.executable, "-m", "vipgate_fs", "serve", "--config", str(self.config)], stderr=stream
            )
        assert wait_until(lambda: "listening" in log.read_text("utf-8")), log.read_text("utf-8")

    def start(self):
        """Start the switch with the files as they are, and wait for its trunk to register where it is to."""
        self.stop()
        running = self.files["autoload_configs/modules.conf.xml"].count("mod_sofia") and 2
        self.switch = Switch(
            self.prefix,
            self.folder / "fs",
            lambda folder: site.write(folder, self.files),
            running,
            (self.control, PASSWORD),
        )

    def is_registered(self):
        return ">REGED<" in self.switch.api("sofia xmlstatus gateway carrier")

    def apply(self):
        """Write the files as they are, and let the switch take the dialplan and its lists over."""
        site.write(self.folder / "fs", self.files)
        self.switch.api("reloadxml")

    def examine(self, *options):
        """The doctor's exit status, and the mistakes that it names."""
        settings = str(self.folder / "fs" / SETTINGS)
        command = [sys.executable, "-m", "vipgate_fs", "doctor", "--config", str(self.config), "--format", "json"]
        done = subprocess.run(
            [*command, "--event-socket-conf", settings, *options],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.stderr == ""
        assert PASSWORD not in done.stdout
        return done.returncode, list(dict.fromkeys(one["mistake"] for one in json.loads(done.stdout)["findings"]))

    def stop(self):
        if self.switch is not None:
            self.switch.stop()
            self.switch = None

    def close(self):
        self.stop()
        if self._gate is not None:
            self._gate.terminate()
            try:
                self._gate.wait(20)
            except subprocess.TimeoutExpired:
                self._gate.kill()
                self._gate.wait(20)


@pytest.fixture(scope="module")
def running(installed, tmp_path_factory):
    practice = Practice(installed, tmp_path_factory.mktemp("practice"))
    try:
        practice.serve()
        practice.start()
        assert wait_until(practice.is_registered, 40)
        yield practice
    finally:
        practice.close()


@pytest.fixture
def practice(running):
    """The good site, for one test to spoil."""
    yield running
    running.files = dict(running.good)
    running.write_config()
    running.apply()


def test_a_good_site_has_nothing(practice):
    assert practice.examine() == (0, [])


def test_the_recorded_answers_are_those_of_the_switch(practice):
    """With VIPGATE_RECORD set they are recorded anew."""
    said = {}
    control = Control(practice.control, PASSWORD)

    def ask(command):
        said[command] = control.command(f"api {command}")
        return said[command]

    try:
        ask_switch(ask, config.load_text(recorded.CONFIGURATION).configuration)
    finally:
        control.close()
    names = {"8021": practice.control, "5080": practice.external, "5060": practice.internal}
    names |= {"8084": practice.gate_port, "8086": practice.spare}
    settled = recorded.settled(said, names, practice.folder)
    if os.environ.get("VIPGATE_RECORD"):
        recorded.FILE.write_text(json.dumps(settled, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    assert settled == json.loads(recorded.FILE.read_text("utf-8"))
