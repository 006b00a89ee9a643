"""The sample service and the document: what they say and show is true."""

import importlib.util
import json
import re
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from webservice_peer import GOOD, Peer, a_call, answering

from vipgate_fs import config
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.identify.webservice.answers import read_answer

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "webservice"
DOCUMENT = (ROOT / "docs" / "webservice.md").read_text("utf-8")
(VERIFIER,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
QUERY = "/vipgate?caller=###CALLER_NUMBER###&called=###CALLED_NUMBER###"


@pytest.fixture
def service():
    """The sample service, running; its module and its URL."""
    spec = importlib.util.spec_from_file_location("service", EXAMPLE / "service.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.Service.log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), module.Service)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield module, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def post(url, body, token="t0ken"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Authorization": f"Bearer {token}"}), timeout=5) as answer:
        return json.load(answer)


@pytest.mark.parametrize(
    ("caller", "verdict"),
    [
        ("+4917612345678", Pass()),
        ("+41446681800", Forward("100")),
        ("+493012345678", Reject()),
        ("+436641234567", AskForPin(Pin("739164"), incorrect="120")),
        ("+4971112345", None),
        ("", None),
    ],
)
def test_callers_are_looked_up(step, service, caller, verdict):
    assert step(service[1] + QUERY).identify(a_call(caller)) == verdict


def test_a_temporary_pin(step, service, monkeypatch):
    module, url = service
    monkeypatch.setenv("PINS_TOKEN", "t0ken")
    made = post(url + "/pins", {"caller": "004971112345", "minutes": 1})
    ask = step(url + QUERY)
    assert ask.identify(a_call("+4971112345")) == AskForPin(Pin(made["pin"]), attempts=3)
    assert ask.identify(a_call("+4971112346")) is None
    later = time.time() + 61
    monkeypatch.setattr(module.time, "time", lambda: later)
    assert ask.identify(a_call("+4971112345")) is None


@pytest.mark.parametrize(
    ("path", "body", "token", "status"),
    [
        ("/pins", {"caller": "1", "minutes": 1}, "wrong", 401),
        ("/pins", {"caller": "1", "minutes": 1}, "", 401),
        ("/pins", {"caller": "1"}, "t0ken", 400),
        ("/pins", {"caller": "1", "minutes": "x"}, "t0ken", 400),
        ("/pins", {"caller": "1", "minutes": 1e999}, "t0ken", 400),
        ("/pins", [], "t0ken", 400),
        ("/pins", b"x", "t0ken", 400),
        ("/vipgate", {}, "t0ken", 404),
    ],
)
def test_nobody_else_makes_pins(service, monkeypatch, path, body, token, status):
    monkeypatch.setenv("PINS_TOKEN", "t0ken")
    with pytest.raises(HTTPError) as caught:
        post(service[1] + path, body, token)
    caught.value.close()
    assert caught.value.code == status


def test_without_a_token_there_are_no_pins(service, monkeypatch):
    monkeypatch.delenv("PINS_TOKEN", raising=False)
    with pytest.raises(HTTPError) as caught:
        post(service[1] + "/pins", {"caller": "1", "minutes": 1}, "")
    caught.value.close()
    assert caught.value.code == 401


@pytest.mark.parametrize(("key", "answered"), [("the key", True), ("another", False)])
def test_the_service_answers_only_who_signs(step, service, monkeypatch, key, answered):
    monkeypatch.setenv("VIPGATE_SIGN_KEY", "the key")
    ask = step(service[1] + QUERY, sign_key=key, fallback_url=service[1] + "/nowhere")
    if answered:
        assert ask.identify(a_call()) == Pass()
    else:
        with pytest.raises(Exception, match="answered 403 Forbidden"):
            ask.identify(a_call())


def test_the_service_is_small_and_has_the_documents_verifier():
    source = (EXAMPLE / "service.py").read_text("utf-8")
    assert len(source.splitlines()) < 120
    assert VERIFIER in source
    assert len(VERIFIER.splitlines()) <= 10


def is_genuine(*arguments):
    names = {}
    exec(f"import hmac, time\n{VERIFIER}", names)
    return names["is_genuine"](*arguments)


@pytest.fixture(params=["GET", "POST"])
def signed(request, step):
    """A signed request as the service sees it: method, URL, headers, body."""
    with Peer(answering(GOOD)) as peer:
        step(peer.url(QUERY), sign_key="the key", method=request.param).identify(a_call(uuid="ä 1"))
        head, _, body = peer.requests[0].partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        method, target, _ = line.split()
        headers = MappingProxyType(dict(field.split(": ", 1) for field in fields))
        return method, f"http://127.0.0.1:{peer.port}{target}", headers, body


def test_the_documents_verifier_accepts_what_vipgate_signs(signed):
    assert is_genuine("the key", *signed)


@pytest.mark.parametrize(
    "change",
    [
        lambda key, method, url, headers, body: ("other", method, url, headers, body),
        lambda key, method, url, headers, body: (key, "PUT", url, headers, body),
        lambda key, method, url, headers, body: (key, method, url + "0", headers, body),
        lambda key, method, url, headers, body: (key, method, url.replace("http", "https"), headers, body),
        lambda key, method, url, headers, body: (key, method, url, headers, body + b" "),
        *(
            lambda key, method, url, headers, body, name=name, value=value: (
                *(key, method, url),
                {**headers, f"X-VIPgate-{name}": value},
                body,
            )
            for name, value in [
                ("Call-Id", "2"),
                ("Signature", "0" * 64),
                ("Signature", ""),
                ("Signature", "ä"),
                ("Timestamp", ""),
                ("Timestamp", "x"),
                ("Timestamp", str(int(time.time()) - 1)),
            ]
        ),
        lambda key, method, url, headers, body: (key, method, url, {}, body),
    ],
)
def test_and_nothing_else(signed, change):
    assert not is_genuine(*change("the key", *signed))


def test_it_does_not_accept_a_request_of_yesterday(signed, monkeypatch):
    yesterday = time.time() - 86400
    monkeypatch.setattr(time, "time", lambda: yesterday)
    assert not is_genuine("the key", *signed)


def test_every_answer_in_the_document_is_one():
    table = DOCUMENT.partition("## The answer")[2].partition("## Settings")[0]
    answers = re.findall(r"^\| `(\{.*?\})`[ ,]", table, re.MULTILINE)
    assert [read_answer(answer.encode()) for answer in answers] == [
        Pass(),
        Reject(),
        Forward("123"),
        AskForPin(Pin("1234"), "100", "120", 4),
        None,
    ]


def test_the_examples_configuration_is_good():
    loaded = config.load(EXAMPLE / "vipgate.yaml")
    assert loaded.findings == ()
    assert QUERY in loaded.configuration.gates[0].steps[0].url


def test_the_document_names_every_setting():
    schema = json.loads((ROOT / "schemas" / "vipgate.schema.json").read_text("utf-8"))
    settings = DOCUMENT.partition("## Settings")[2].partition("## The signature")[0]
    assert set(re.findall(r"^\| `(\w+)`", settings, re.MULTILINE)) == schema["$defs"]["webservice"]["properties"].keys()
