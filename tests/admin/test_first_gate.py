"""`vipgate admin setup`: from an empty folder to a first configuration, by the page alone."""

from __future__ import annotations

import re
import stat
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from page_visitor import Visitor
from running_service import Service

from vipgate_fs import config
from vipgate_fs.cli import main
from vipgate_fs.config.model import PageAt
from vipgate_fs.resources import resource


def test_four_answers_become_a_configuration_and_the_command_ends(setup):
    visitor = setup.visitor
    form = visitor.follow_link(setup.url).form("/")
    wrong = visitor.send(form, numbers="7000", hours="whenever", holidays="XX")
    assert wrong.status == 422
    assert "whenever" in wrong.text
    assert not setup.path.exists()
    answer = visitor.send(wrong.form("/"), numbers="+49 30 23125700", hours="mon-fri 8-17", holidays="DE-BE")
    assert answer.status == 200
    pin = re.search(r'<dd class="mono">(\d+)</dd>', answer.html)[1]
    assert "wie es soll" in answer.text
    assert "nicht wie es soll" not in answer.text
    assert setup.process.wait() == 0
    assert "vipgate.test.yaml" in setup.out.read_text()
    assert pin not in setup.out.read_text()
    configuration = config.load(setup.path).configuration
    assert f'pin: "{pin}"' in setup.path.read_text()
    assert configuration.server.admin == PageAt("127.0.0.1", setup.visitor.port)
    assert stat.S_IMODE(setup.path.stat().st_mode) == 0o600
    assert "# Geschäftszeiten" in setup.path.read_text()


def test_a_service_that_runs_with_the_packages_placeholder_applies_it(tmp_path, setting_up):
    service = Service(tmp_path)
    try:
        service.listening()
        service.config.write_bytes(resource("deploy/placeholder.yaml").read_bytes())
        with setting_up(service.config) as setup:
            form = setup.visitor.follow_link(setup.url).form("/")
            assert setup.visitor.send(form, numbers="7000", when="always").status == 200
            assert setup.process.wait() == 0
            assert "The running service has applied it" in setup.out.read_text()
        assert service.await_line("page listening")["port"] == setup.visitor.port
    finally:
        service.destroy()


def test_nobody_gets_at_the_questions_without_the_link(setup):
    stranger = Visitor(setup.visitor.port)
    for path in ("/", "/link", "/link/x", "/sign-in", "/file", "/calls"):
        answer = stranger.go(path)
        assert answer.status in (403, 404), path
        assert "numbers" not in answer.html
    assert stranger.ask("POST", "/", "numbers=700").status in (302, 400)
    stranger.host = "evil.example"
    assert stranger.ask("GET", urlsplit(setup.url).path).status == 400
    setup.visitor.follow_link(setup.url)
    assert setup.visitor.go("/file").status == 404
    stranger = Visitor(setup.visitor.port)
    assert "nicht mehr" in stranger.go(urlsplit(setup.url).path + "?language=de").text
    assert not setup.path.exists()


def test_a_file_that_somebody_writes_meanwhile_is_not_overwritten(setup):
    form = setup.visitor.follow_link(setup.url).form("/")
    setup.path.write_text("mine")
    answer = setup.visitor.send(form, numbers="7000", when="always")
    assert answer.status == 409
    assert setup.path.read_text() == "mine"
    assert setup.process.poll() is None


def test_there_is_no_setup_where_there_is_a_configuration(tmp_path):
    path = tmp_path / "vipgate.yaml"
    path.write_text("mine")
    answer = CliRunner().invoke(main, ["admin", "setup", "--config", str(path), "--language", "de"])
    assert answer.exit_code == 2
    assert "gibt es schon" in answer.output


@pytest.mark.parametrize("listen", ["0.0.0.0:8085", "example.com:1", "8085", "127.0.0.1:99999"])
def test_it_listens_on_this_machine_only(tmp_path, listen):
    path = tmp_path / "vipgate.yaml"
    answer = CliRunner().invoke(main, ["admin", "setup", "--config", str(path), "--listen", listen])
    assert answer.exit_code == 2
    assert "--listen" in answer.output
