"""What of the Debian package can be said without building it; `make test-deb` builds and installs it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from vipgate_fs import config
from vipgate_fs.resources import resource

DEBIAN = Path(__file__).parent.parent / "debian"


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("debian_build", DEBIAN / "build.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_first_configuration_is_good_and_opens_nothing(tmp_path):
    result = config.load_text(resource("deploy/placeholder.yaml").read_text("utf-8"))
    assert [str(finding) for finding in result.findings if finding.path != ("store",)] == []
    (gate,) = result.configuration.gates
    assert gate.steps == ()


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm", "inside.sh", "try.sh"])
def test_a_script_can_be_parsed(name):
    script = DEBIAN / name
    shell = "bash" if name.endswith(".sh") else "sh"
    done = subprocess.run([shell, "-n", script], capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_of_the_package_starts_its_command():
    text = resource("deploy/vipgate.service").read_text("utf-8")
    assert text.count("/opt/vipgate") == text.count("=/opt/vipgate/bin/vipgate ") == 2


def test_a_package_depends_on_one_version_of_python_that_vipgate_runs_on(build):
    for release in build.RELEASES.values():
        major, minor = map(int, release.python.split("."))
        assert (major, minor) >= (3, 11)
        assert build.successor(release.python) == f"3.{minor + 1}"
