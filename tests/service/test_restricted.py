"""Callers who hide a number that the network knows: with `hidden: as_withheld` it leaves the gate nowhere."""

from __future__ import annotations

import pytest
from running_service import PATIENT, Service
from webservice_peer import Peer, answering, response

from vipgate_fs.simulator import Caller, Directory, Simulator

NUMBER, NAME = "17612345678", "Vip Iperson"
PIN, WRONG = "908172635", "605142332"
HEADERS = {"P-Asserted-Identity": f'"{NAME}" <sip:+49{NUMBER}@tel.example>', "Privacy": "user;critical"}
GATES = """\
  hidden:
    protects: {{numbers: ["700"]}}
    identify:
      - callers: {{pass: ["+49{number}"], hidden: as_withheld}}
      - webservice: {{url: "{url}?{query}"}}
  known:
    protects: {{numbers: ["701"]}}
    identify:
      - callers: {{reject: ["+4930*"], hidden: as_number}}
      - webservice: {{url: "{url}?{query}"}}
  directory: {{protects: {{users: [alice]}}}}
store: sqlite:///state.db
"""
QUERY = "caller_number=###CALLER_NUMBER###&caller_name=###CALLER_NAME###&gate=###GATE###"


@pytest.fixture
def webservice():
    answer = b'{"askForPin": {"expectedPIN": "%s", "maxRetries": 1}}' % PIN.encode()
    with Peer(answering(response(answer))) as peer:
        yield peer


@pytest.fixture
def service(tmp_path, webservice):
    gates = GATES.format(number=NUMBER, url=webservice.url(), query=QUERY)
    service = Service(tmp_path, settings="workers: 1", gates=gates, patch=PATIENT)
    yield service.listening()
    service.destroy()


def everything(folder):
    """All that a service has written."""
    files = [file for file in folder.iterdir() if file.is_file() and file.name != "vipgate.yaml"]
    return {file.name: file.read_bytes() for file in files}


def where(number, folder):
    """The files in which a number stands, without their suffixes: a database has several files."""
    return {name.partition("-")[0] for name, content in everything(folder).items() if number.encode() in content}


@pytest.mark.parametrize(
    ("to", "mode", "known_to"),
    [
        pytest.param("700", "async full", set(), id="as_withheld"),
        pytest.param("701", "async full", {"log", "state.db"}, id="as_number"),
        pytest.param("8000", "async full", set(), id="at no gate"),
        pytest.param("8000", "async", set(), id="the directory can't be asked"),
    ],
)
def test_where_a_restricted_number_goes(service, webservice, tmp_path, to, mode, known_to):
    caller = Caller("anonymous", headers=HEADERS, dial=(f"{WRONG}#", f"{PIN}#"))
    Simulator(port=service.port, speed=20, mode=mode, directory=Directory(users={"7001": "alice"})).call(caller, to)
    service.await_line("rejected: can't tell who was called" if mode == "async" else "outcome")
    assert service.end() == 0
    assert where(NUMBER, tmp_path) == known_to
    assert where(NAME, tmp_path) == set()
    if to.startswith("70"):
        shown = {"700": {"caller_number": "", "caller_name": "", "gate": "hidden"}}
        known = {"caller_number": f"0049{NUMBER}", "caller_name": NAME, "gate": "known"}
        assert webservice.asked() == shown.get(to, known)
        (decision,) = service.lines("decision")
        assert (decision["caller_from"], decision["restricted"]) == ("P-Asserted-Identity", True)


def test_who_hides_at_such_a_gate_is_any_caller_without_a_number(service):
    """Their own lockout, or being known, would be the number by another name."""
    gate = Simulator(port=service.port, speed=20)
    for number, headers in (("anonymous", HEADERS), ("0000000000", {})):
        gate.call(Caller(number, headers=headers, dial=(f"{WRONG}#", f"{WRONG}#")), "700")
    assert service.end() == 0
    assert {line["caller"] for line in service.lines("outcome")} == {"withheld"}
