"""deploy/compose.yaml runs the image as deploy/Containerfile makes it; `make test-container` builds and runs it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from vipgate_fs.document import schema
from vipgate_fs.duration import duration

DEPLOY = Path(__file__).parent.parent / "deploy"
IMAGE = re.sub(r"\\\n\s*", " ", (DEPLOY / "Containerfile").read_text("utf-8"))


@pytest.fixture
def service():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]["vipgate"]


def instruction(name):
    (found,) = re.findall(rf"^{name} (.*)$", IMAGE, re.MULTILINE)
    return found


def test_nobody_is_root_and_nothing_but_the_volume_is_written_to(service):
    assert instruction("USER") == "8084:8084"
    assert "--uid 8084" in IMAGE
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert [each for each in service["volumes"] if not each.endswith(":ro")] == [f"state:{instruction('VOLUME')}"]


def test_both_ask_for_the_same_health(service):
    command = json.loads(instruction("HEALTHCHECK").partition("CMD ")[2])[-1]
    assert service["healthcheck"]["test"][-1].replace("$$", "$") == command
    options = dict(re.findall(r"--([a-z-]+)=(\S+)", instruction("HEALTHCHECK")))
    for option, value in options.items():
        assert str(service["healthcheck"][option.replace("-", "_")]) == value


def test_dialogues_can_finish_when_it_is_stopped(service):
    drain = schema.load()["properties"]["server"]["properties"]["drain"]["default"]
    assert duration(service["stop_grace_period"]) > duration(drain)


@pytest.mark.parametrize(("status", "healthy"), [(0, True), (1, True), (2, False)])
def test_degraded_is_no_reason_for_a_restart(service, tmp_path, status, healthy):
    (tmp_path / "vipgate").write_text(f"#!/bin/sh\nexit {status}\n")
    (tmp_path / "vipgate").chmod(0o755)
    command = service["healthcheck"]["test"][-1].replace("$$", "$")
    done = subprocess.run(["sh", "-c", command], env={"PATH": f"{tmp_path}:/bin"}, check=False, timeout=20)
    assert (done.returncode == 0) is healthy
