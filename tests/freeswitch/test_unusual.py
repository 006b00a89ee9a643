"""Calls that no SIP telephone makes, or that are hard to read; digits that come as messages; a directory that fails."""

from __future__ import annotations

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from freeswitch.configuration import INSIDE, LIBERAL, WEBSERVICE
from freeswitch.gate import PIN, wait_until
from freeswitch.phone import Scenario
from freeswitch.sip import Dialog
from freeswitch.switch import modules_of

GATES = f"""
  pin: {{protects: {{numbers: ["700"]}}, identify: [static_pin: {{pin: "{PIN}"}}], timing: {{first_digit: "3s"}}}}
  closed: {{protects: {{numbers: ["702"]}}, otherwise: {{reject: true}}}}
  announced: {{protects: {{numbers: ["703"]}}, reject_with: announcement, otherwise: {{reject: true}}}}
"""
PEOPLE = """
  people: {protects: {users: [alice], groups: [support]}, otherwise: {reject: true}}
"""


CHANNELS = {
    "loopback": ("loopback/702/vipgate &park()", "-ERR USER_BUSY"),
    "loopback, with an announcement": ("loopback/703/vipgate &park()", "+OK"),
    "no endpoint at all": ("null/nobody 702 XML vipgate", "+OK"),
    "a SIP call that the switch has made": (f"sofia/trunk/999@127.0.0.1:{INSIDE} 702 XML vipgate", "+OK"),
}


@pytest.mark.parametrize(("endpoint", "answer"), CHANNELS.values(), ids=CHANNELS)
def test_a_channel_that_is_no_sip_call_is_rejected_by_the_gate(start, switch, endpoint, answer):
    gate = start()
    assert switch.api(f"originate {endpoint}").startswith(answer)
    assert wait_until(lambda: switch.channels() == 0)

    def outcomes():
        return {record["outcome"] for record in gate.records() if record["called"] in {"702", "703"}}

    assert wait_until(outcomes)
    assert outcomes() == {"rejected"}


def named(length):
    return f'"{"<" * length}" <sip:+4971155512@127.0.0.1>'


LARGE = {
    "a name of 15,000 characters": (named(15_000), ()),
    "a name of 60,000 characters": (named(60_000), ()),
    "100 kB of headers": (named(1), tuple(f"X-Much-{number}: {'<' * 1000}" for number in range(100))),
    "5,000 headers": (named(1), tuple(f"X-Many-{number}: <" for number in range(5_000))),
    "one header of 100 kB": (named(1), (f"X-Long: {'<' * 100_000}",)),
    "100 kB of History-Info": (named(1), tuple(f"History-Info: <sip:{'%3C' * 300}@x>;index={n}" for n in range(100))),
}
"""From header, and more; what FreeSWITCH shows of it is several times as large."""
SDP = "v=0\r\no=caller 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"


@pytest.mark.parametrize(("sender", "headers"), LARGE.values(), ids=LARGE)
def test_a_large_call_is_a_call_like_any_other(start, switch, sender, headers):
    """By TCP, for which SIP has no limit."""
    gate = start()
    with socket.create_connection(("127.0.0.1", LIBERAL), 20) as connection:
        dialog = Dialog(connection.getsockname(), ("127.0.0.1", LIBERAL), "702", sender, headers, SDP)
        connection.sendall(dialog.invite().replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
        answer = b""
        while not (final := re.search(rb"^SIP/2\.0 ([2-6]\d\d)", answer, re.MULTILINE)):
            more = connection.recv(65536)
            assert more, answer
            answer += more
    assert final[1] == b"486"
    assert wait_until(gate.records)
    assert [record["outcome"] for record in gate.records()] == ["rejected"]


def test_a_directory_that_fails_opens_no_door(start, switch, call):
    gate = start(gates=PEOPLE)
    protected, other = Scenario("alice", "7001", "486"), Scenario("nobody", "7999", "called")
    assert (call(protected).story, call(other).story) == ("486", "200 called")
    file = switch.folder / "freeswitch.xml"
    whole = file.read_text("utf-8")
    try:
        file.write_text(
            whole[: whole.index("<groups>")] + whole[whole.index("</groups>") + len("</groups>") :], "utf-8"
        )
        switch.api("reloadxml")
        gate.reload(PEOPLE + "  # again: what is kept is forgotten\n")
        assert [call(scenario).story for scenario in (protected, other)] == ["480", "480"]
        assert "does not know alice" in gate.lines("rejected: can't tell who was called")[-1]["why"]
    finally:
        file.write_text(whole, "utf-8")
        switch.api("reloadxml")
    assert wait_until(lambda: call(protected).story == "486", 20)


class Backend(ThreadingHTTPServer):
    """What mod_xml_curl asks for the directory; `ill` is what is wrong with it: a status, an answer, or nothing said."""

    directory, ill, daemon_threads = b"", "", True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", WEBSERVICE), _Answer)


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        ill = self.server.ill
        if ill == "says nothing":
            self.connection.settimeout(30)
            self.rfile.read(1)  # until it is given up
            return
        self.send_response(int(ill) if ill.isdigit() else 200)
        self.end_headers()
        self.wfile.write({"": self.server.directory, "half": self.server.directory[:200]}.get(ill, ill.encode()))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def backend(switch, installed):
    """The switch's directory comes from another program."""
    if not (modules_of(installed) / "mod_xml_curl.so").exists():
        pytest.skip("a FreeSWITCH without mod_xml_curl")
    file = switch.folder / "freeswitch.xml"
    whole = file.read_text("utf-8")
    directory = re.search(r'<section name="directory">.*?</section>', whole, re.DOTALL)[0]
    binding = f"""<configuration name="xml_curl.conf"><bindings><binding name="directory">
      <param name="gateway-url" value="http://127.0.0.1:{WEBSERVICE}/" bindings="directory"/>
      <param name="timeout" value="2"/>
    </binding></bindings></configuration></section>"""
    server = Backend()
    server.directory = f'<document type="freeswitch/xml">{directory}</document>'.encode()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        file.write_text(whole.replace(directory, "").replace("</section>", binding, 1), "utf-8")
        switch.api("reloadxml")
        assert switch.api("load mod_xml_curl").startswith("+OK")
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        switch.api("unload mod_xml_curl")
        file.write_text(whole, "utf-8")
        switch.api("reloadxml")


@pytest.mark.parametrize("ill", ["503", "404", "half", "<html>Moved</html>", "says nothing", "is gone"])
def test_a_directory_whose_backend_is_ill_opens_no_door(start, backend, call, ill):
    gate = start(gates=PEOPLE)
    protected, other = Scenario("alice", "7001", "486"), Scenario("nobody", "7999", "called")
    assert (call(protected).story, call(other).story) == ("486", "200 called")
    backend.ill = ill
    if ill == "is gone":
        backend.server_close()
    gate.reload(PEOPLE + "  # again: what is kept is forgotten\n")
    experiences = [call(scenario) for scenario in (protected, other)]
    assert [experience.story for experience in experiences] == ["480", "480"]
    assert max(experience.waited for experience in experiences) < 12


def test_a_misspelt_group_is_reported(start, call):
    gate = start(gates=PEOPLE.replace("[support]", "[support, suport]"))
    call(Scenario("alice", "7001", "486"))
    (line,) = gate.lines("a protected group is not in the switch's directory, the name protects nobody")
    assert line["group"] == "suport"


def test_digits_by_sip_info_are_heard_and_stay_out_of_the_log_at_info(start, switch, call):
    """With `liberal-dtmf`; FreeSWITCH writes each of them at DEBUG, and without it at WARNING."""
    start()
    before = len(switch.log())
    scenario = Scenario("by INFO", "700", "", f"welcome end info:{PIN}#", port=LIBERAL)
    assert call(scenario).story == "200 welcome called"
    lines = [line for line in switch.log()[before:].splitlines() if "INFO DTMF" in line]
    assert lines
    assert all("[DEBUG]" in line for line in lines)
