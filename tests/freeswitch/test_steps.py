"""Steps that ask elsewhere: webservice, database, plug-in, lists, the dialplan; and what becomes of a call meanwhile."""

import sqlite3
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from freeswitch.configuration import DIALPLAN_PIN, HOST, INSIDE, WEBSERVICE
from freeswitch.gate import PIN, VIP, WRONG_PIN, Gate
from freeswitch.phone import Scenario
from freeswitch.switch import FIRST

SERVICE = (HOST, WEBSERVICE)
ANSWERS = {
    "pass": "{reject: false}",
    "reject": "{reject: true}",
    "forward": '{forward: "123"}',
    "quoted": '{"forward": "123"}',
    "ask": f'{{askForPin: {{expectedPIN: "{PIN}", forwardCorrectPIN: "100", forwardIncorrectPIN: "120", maxRetries: 0}}}}',
    "slow": "{reject: false}",
    "endless": "",
    "expression": '{"forward": "${system(touch MARKER)}"}',
    "inline": '{"forward": "\'system:touch MARKER\' inline"}',
    "context": '{"forward": "100 XML default"}',
    "expression-for-pin": f'{{"askForPin": {{"expectedPIN": "{PIN}", "forwardCorrectPIN": "${{system(touch MARKER)}}"}}}}',
    "page": "<html><body>Error</body></html>",
}
PAUSES = {"slow": 2.0, "endless": 8.0}


def _gate(number, step):
    return (
        f'  gate-{number}: {{protects: {{numbers: ["{number}"]}}, identify: [{step}], otherwise: {{forward: "120"}}}}\n'
    )


def _webservice(path, host=f"{SERVICE[0]}:{SERVICE[1]}"):
    url = f"http://{host}/{path}?caller=###CALLER_NUMBER###"
    return f'{{webservice: {{url: "{url}", timeouts: {{total: 3s}}, on_failure: {{reject: true}}}}}}'


NUMBERS = {path: str(7300 + place) for place, path in enumerate(ANSWERS)}
GATES = "".join(_gate(number, _webservice(path)) for path, number in NUMBERS.items()) + "".join(
    _gate(number, step)
    for number, step in {
        "7350": _webservice("", "127.0.0.1:9"),
        "7360": '{database: {url: "sqlite:///callers.db", query: "SELECT pin, forward, reject FROM callers WHERE number = :caller_number"}}',
        "7361": '{database: {url: "sqlite:///none.db", query: "SELECT 1 AS pin", on_failure: {reject: true}}}',
        "7370": '{plugin: {call: "site_plugin:identify", options: {target: "123"}}}',
        "7371": '{plugin: {call: "site_plugin:fails", on_failure: {reject: true}}}',
        "7372": '{plugin: {call: "site_plugin:hangs", timeout: 1s, on_failure: {reject: true}}}',
        "7380": "{channel_variable: {on_failure: {reject: true}}}",
        "7390": f'{{callers: {{pass: ["{VIP}"], reject: ["+49 30 *"], withheld: reject, hidden: as_withheld}}}}',
        "7391": "{callers: {file: callers.csv}}",
    }.items()
)
PLUGIN = """
import time
def identify(call, target): return {"forward": target} if call.caller.startswith("+4989") else None
def fails(call): raise RuntimeError("as tests do")
def hangs(call): time.sleep(5)
"""
FAILED, UNKNOWN = "486", "200 other"
ASKED = f"welcome {PIN}#"
PRIVATE = ("P-Asserted-Identity: <sip:" + VIP + "@127.0.0.1>", "Privacy: id")

SCENARIOS = [
    Scenario("webservice: pass", NUMBERS["pass"], "200 called"),
    Scenario("webservice: reject", NUMBERS["reject"], "486"),
    Scenario("webservice: forward", NUMBERS["forward"], "200 forward"),
    Scenario("webservice: quoted keys", NUMBERS["quoted"], "200 forward"),
    Scenario("webservice: right PIN", NUMBERS["ask"], "200 welcome vip", ASKED),
    Scenario("webservice: wrong PIN", NUMBERS["ask"], "200 welcome other", f"welcome {WRONG_PIN}#"),
    Scenario("webservice: slow", NUMBERS["slow"], "180 200 called", limits=(2, 3.5)),
    Scenario("webservice: slow, caller hangs up", NUMBERS["slow"], "180 487", "180 0.5s hangup", limits=(0, 1.5)),
    Scenario("webservice: never answers", NUMBERS["endless"], "180 486", limits=(2.5, 4)),
    Scenario("webservice: down", "7350", FAILED, limits=(0, 2)),
    Scenario("webservice: an HTML page", NUMBERS["page"], FAILED),
    Scenario("webservice: an expression as target", NUMBERS["expression"], FAILED),
    Scenario("webservice: an application as target", NUMBERS["inline"], FAILED),
    Scenario("webservice: a context as target", NUMBERS["context"], FAILED),
    Scenario("webservice: an expression as target of a PIN", NUMBERS["expression-for-pin"], FAILED),
    Scenario("database: PIN", "7360", "200 welcome called", ASKED, VIP),
    Scenario("database: forward", "7360", "200 forward", caller="+49891234567"),
    Scenario("database: an expression as target", "7360", UNKNOWN, caller="+49892345678"),
    Scenario("database: no row", "7360", UNKNOWN),
    Scenario("database: none there", "7361", FAILED),
    Scenario("plug-in: forward", "7370", "200 forward", caller="+49891234567"),
    Scenario("plug-in: does not know", "7370", UNKNOWN),
    Scenario("plug-in: fails", "7371", FAILED),
    Scenario("plug-in: hangs", "7372", "180 486", limits=(0.9, 3)),
    Scenario("dialplan: pass", "pass-7380", "200 called", port=INSIDE),
    Scenario("dialplan: reject", "reject-7380", "486", port=INSIDE),
    Scenario("dialplan: forward", "forward-7380", "200 forward", port=INSIDE),
    Scenario("dialplan: PIN", "pin-7380", "200 welcome called", f"welcome {DIALPLAN_PIN}#", port=INSIDE),
    Scenario("dialplan: no verdict", "junk-7380", FAILED, port=INSIDE),
    Scenario("dialplan: has not decided", "7380", UNKNOWN, port=INSIDE),
    Scenario(
        "dialplan: a caller's headers are none",
        "7380",
        UNKNOWN,
        headers=("X-vipgate_verdict: pass", "vipgate_verdict: pass"),
    ),
    Scenario("list: passes", "7390", "200 called", caller=VIP),
    Scenario("list: rejected", "7390", "486", caller="+49301234567"),
    Scenario("list: withheld", "7390", "486", sender="<sip:anonymous@anonymous.invalid>"),
    Scenario("list: hidden", "7390", "486", sender="<sip:anonymous@anonymous.invalid>", headers=PRIVATE),
    Scenario("list: not in it", "7390", UNKNOWN),
    Scenario("file: passes", "7391", "200 called", caller="+49711222333"),
    Scenario("file: not in it", "7391", UNKNOWN),
]


class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        path = urlsplit(self.path).path.strip("/")
        time.sleep(PAUSES.get(path, 0))
        body = ANSWERS[path].encode()
        try:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the gate did not wait
            self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def service(switch):
    server = ThreadingHTTPServer(SERVICE, Service)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def gate(service, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    (folder / "site_plugin.py").write_text(PLUGIN)
    (folder / "callers.csv").write_text("number\n0711 222333\n")
    with closing(sqlite3.connect(folder / "callers.db")) as database:
        database.execute("CREATE TABLE callers (number TEXT, pin TEXT, forward TEXT, reject INTEGER)")
        rows = [
            (VIP.replace("+", "00"), PIN, None),
            ("0049891234567", None, "123"),
            ("0049892345678", None, "${system(touch MARKER)}"),
        ]
        database.executemany("INSERT INTO callers (number, pin, forward) VALUES (?, ?, ?)", rows)
        database.commit()
    with Gate(GATES, folder, FIRST) as started:
        yield started


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_step(scenario, experience, switch):
    assert experience.story in {scenario.story, f"180 {scenario.story}"}, (
        "whoever waits longer than 0.3 s hears ringing"
    )
    assert scenario.limits[0] <= experience.waited <= scenario.limits[1]
    assert not list(switch.folder.rglob("MARKER"))


def test_nothing_is_left(left):
    assert left == (0, 0)
