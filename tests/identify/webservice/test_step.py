"""What a webservice is asked, when, and over which connection."""

import base64
import json
import time
from urllib.parse import unquote

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webservice_peer import BODY, FACTS, GOOD, Peer, a_call, answering, response

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.identify.facts import harmless

QUERY = "/v?" + "&".join(f"{name}=###{name.upper()}###" for name in FACTS)
SHORT = {"connect": "0.5s", "read": "0.5s", "total": "1s"}


@pytest.mark.parametrize(
    ("call", "differs"),
    [
        (a_call(), {}),
        (a_call(caller=WITHHELD), {"caller_number": ""}),
        (a_call(caller="20", called="7000"), {"caller_number": "20", "called_number": "7000"}),
        (a_call(name="Ä&b=c #?/%0A"), {"caller_name": "Ä&b=c #?/%0A"}),
        (a_call(name="a\r\nX-Evil: 1\r\n\r\n"), {"caller_name": "a  X-Evil: 1    "}),
        (a_call(name="x\0y\x1b[2J\x85\u2028\ufffe"), {"caller_name": "x y [2J   "}),
        (a_call(caller="1\0"), {"caller_number": "1 "}),
        (a_call(name="###GATE###"), {"caller_name": "###GATE###"}),
        (a_call(name="x\udc80\ud800"), {"caller_name": "x??"}),
        (a_call(name="n" * 9999), {"caller_name": "n" * 256}),
        (a_call(uuid="a\r\nb c"), {"call_id": "a  b c"}),
        (a_call(uuid="ü %41 "), {"call_id": "ü %41 "}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_facts_arrive_as_they_are(step, good, call, differs, method):
    expected = dict(zip(FACTS, ("004917612345678", "0049702227978", "Ann", "support", "c1-a2"), strict=True)) | differs
    assert step(good.url(QUERY), method=method).identify(call) == Pass()
    assert good.asked() == expected
    head, _, body = good.requests[-1].partition(b"\r\n\r\n")
    assert head.startswith(method.encode() + b" /v?")
    assert b"\nX-Evil" not in head
    assert (json.loads(body) if body else None) == (expected if method == "POST" else None)
    assert good.header("Content-Type") == ["application/json"] * (method == "POST")
    assert [unquote(value) for value in good.header("X-VIPgate-Call-Id")] == [expected["call_id"]]
    assert good.header("Host") == [f"127.0.0.1:{good.port}"]


def test_the_site_chooses_the_number_format(good):
    from vipgate_fs import config  # noqa: PLC0415

    gate = {"protects": {"numbers": ["7000"]}, "identify": [{"webservice": {"url": good.url(QUERY)}}]}
    text = json.dumps({"version": 1, "site": {"number_format": "+"}, "gates": {"support": gate}})
    made = config.load_text(text).configuration.gates[0].steps[0]
    made.identify(a_call())
    made.fetcher.close()
    assert good.asked()["caller_number"] == "+4917612345678"


@pytest.mark.parametrize(
    ("path", "name", "caller", "asked"),
    [
        ("/v/###CALLER_NAME###/x", ".", "1", "/v/_/x"),
        ("/v/###CALLER_NAME###/x", "..", "1", "/v/__/x"),
        ("/v/###CALLER_NAME###/x", " ..\0", "1", "/v/%20__%20/x"),
        ("/v/###CALLER_NAME###/x", "../a", "1", "/v/.._a/x"),
        ("/v/###CALLER_NAME###/x", "..\\a", "1", "/v/.._a/x"),
        ("/v/###CALLER_NAME###/x", "%2e%2e", "1", "/v/%252e%252e/x"),
        ("/v/###CALLER_NAME###/x?n=###CALLER_NAME###", "a/.", "1", "/v/a_./x?n=a%2F."),
        ("/v/.###CALLER_NAME###/x", ".", "1", "/v/._/x"),
        ("/v/.###CALLER_NAME###/x", "", "1", "/v/._/x"),
        ("/v/###CALLER_NAME######CALLER_NUMBER###/x", ".", ".", "/v/__/x"),
        ("/v/###CALLER_NAME###/###CALLER_NUMBER###", "..", "a.b", "/v/__/a_b"),
        ("/v/###CALLER_NAME###", "J. R. Ewing", "1", "/v/J.%20R.%20Ewing"),
        ("/v/###CALLER_NUMBER###", "x", WITHHELD, "/v/"),
    ],
)
def test_a_caller_can_not_choose_the_path(step, good, path, name, caller, asked):
    step(good.url(path)).identify(a_call(caller=caller, name=name))
    assert good.requests[-1].startswith(f"GET {asked} HTTP/1.1\r\n".encode())


def test_a_url_without_a_path(step, good):
    step(f"http://127.0.0.1:{good.port}?n=###CALLER_NUMBER###").identify(a_call())
    assert good.requests[-1].startswith(b"GET /?n=004917612345678 HTTP/1.1")


@pytest.mark.parametrize("as_env", [False, True])
def test_credentials(step, good, monkeypatch, as_env):
    def secret(text, name):
        monkeypatch.setenv(name, text)
        return {"env": name} if as_env else text

    headers = {"X-Api-Key": secret("k3y", "TEST_KEY")}
    step(good.url(), headers=headers, auth={"bearer": secret("t0ken", "TEST_TOKEN")}).identify(a_call())
    assert (good.header("X-Api-Key"), good.header("Authorization")) == (["k3y"], ["Bearer t0ken"])
    step(good.url(), auth={"basic": {"user": "vip", "password": secret("wörd", "TEST_WORD")}}).identify(a_call())
    assert good.header("Authorization") == ["Basic " + base64.b64encode("vip:wörd".encode()).decode()]


def test_nothing_shows_a_secret(step, monkeypatch):
    monkeypatch.setenv("TEST_TOKEN", "s3cr3t-env")
    made = step(
        "http://127.0.0.1:9/?key=s3cr3t",
        headers={"X-A": "s3cr3t"},
        auth={"bearer": {"env": "TEST_TOKEN"}},
        sign_key="s3cr3t",
        timeouts=SHORT,
        failures_until_skipped=1,
    )
    with structlog.testing.capture_logs() as logs, pytest.raises(StepFailed) as caught:
        made.identify(a_call())
    assert "s3cr3t" not in f"{made!r} {made.form.headers} {caught.value!r} {logs}"
    assert logs


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (response(b'{askForPin: {expectedPIN: "1234"}}'), AskForPin(Pin("1234"))),
        (response(b"{reject: true}"), Reject()),
        (response(BODY), Pass()),
        (response(b'{forward: "123"}'), Forward("123")),
        (response(b"{}"), None),
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (response(BODY, "200 OK", "Content-Encoding: identity", "Content-Type: text/html"), Pass()),
        *(
            (response(BODY, "200 OK", *(f"Content-Encoding: {coding}" for coding in codings)), Pass())
            for codings in (["UTF-8"], ["none"], [""], ["utf8, identity"], ["NONE", "iso-8859-1"], ["binary"])
        ),
        *((response(BODY, status), Pass()) for status in ("201 Created", "202 Accepted", "203 N", "200")),
        (b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n", None),
        (response(BODY + b" " * (65536 - len(BODY))), Pass()),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 17\r\n\r\n" + BODY, Pass()),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + GOOD, Pass()),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n" + BODY + b"\r\n0\r\nX: y\r\n\r\n", Pass()),
    ],
)
def test_what_an_answer_means(step, answer, verdict):
    with Peer(answering(answer)) as peer:
        assert step(peer.url()).identify(a_call()) == verdict


def test_an_answer_may_end_with_the_connection(step):
    def serve(side):
        side.request()
        side.send(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)

    with Peer(serve) as peer:
        made = step(peer.url())
        assert [made.identify(a_call()) for _ in range(2)] == [Pass(), Pass()]
        assert peer.connections == 2


def test_the_fallback_is_asked_when_the_first_fails(step, good):
    with Peer(answering(response(b"", "500 E"))) as bad:
        made = step(bad.url(), fallback_url=good.url(QUERY))
        assert made.identify(a_call()) == Pass()
        assert good.asked()["call_id"] == "c1-a2"
        with Peer(answering(response(b"?"))) as worse:
            made = step(bad.url(), fallback_url=worse.url())
            with pytest.raises(StepFailed, match=r"answered 500 .*; fallback_url: its answer makes no sense"):
                made.identify(a_call())


def test_a_silent_service_leaves_the_fallback_half_of_the_time(step):
    def silent(side):
        side.request()
        side.silence()

    with Peer(silent) as first, Peer(silent) as second:
        made = step(first.url(), fallback_url=second.url(), timeouts={"connect": "1s", "read": "1s", "total": "1s"})
        started = time.monotonic()
        with pytest.raises(StepFailed, match=r"within 0\.5 s; fallback_url: no complete answer within 1 s"):
            made.identify(a_call())
        assert 0.9 < time.monotonic() - started < 5


def test_a_service_that_keeps_failing_is_skipped_and_probed(step, good):
    answers = [response(b"", "500 E")] * 3 + [GOOD]

    def serve(side):
        answering(answers.pop(0))(side)

    with Peer(serve) as peer:
        made = step(peer.url("/v?k=secret"), fallback_url=good.url(), failures_until_skipped=2, skipped_for="1s")
        with structlog.testing.capture_logs() as logs:
            for _ in range(5):
                assert made.identify(a_call()) == Pass()
            assert (peer.connections, len(good.requests)) == (2, 5)
            time.sleep(1.1)
            made.identify(a_call())
            made.identify(a_call())
            assert peer.connections == 3
            time.sleep(1.1)
            made.identify(a_call())
            made.identify(a_call())
        assert (peer.connections, len(good.requests)) == (4, 7)
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("webservice is skipped", "warning"),
        ("webservice answers again", "warning"),
    ]
    assert {line["url"] for line in logs} == {peer.url("/v")}


def asked_about_others(step, answer, times):
    """How often the service is asked when it lets the VIP pass, and answers like this about everybody else."""

    def serve(side):
        while request := side.request():
            side.send(GOOD if b"4917612345678" in request else answer)

    with Peer(serve) as peer:
        made = step(peer.url(QUERY), failures_until_skipped=3, skipped_for="60s", timeouts=SHORT)
        assert made.identify(a_call()) == Pass()
        for number in range(times):
            with pytest.raises(StepFailed):
                made.identify(a_call(caller=f"+4971155501{number}"))
        try:
            passed = made.identify(a_call()) == Pass()
        except StepFailed:
            passed = False
        return passed, len(peer.requests)


ONE_CALLS = [
    *(response(b"", status) for status in ("400 B", "401 U", "403 F", "404 N", "410 G", "418 T", "422 U", "451 L")),
    *(response(b"", status) for status in ("206 P", "300 M", "304 N", "302 F")),
    response(b"", "302 F", "Location: http://192.0.2.1/"),
    *(response(body) for body in (b"", b"<html>", b'{"askForPin": {"expectedPIN": "12-34"}}', b" " * 65537)),
    response(BODY, "200 OK", "Content-Encoding: gzip"),
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
]


@pytest.mark.parametrize("answer", ONE_CALLS, ids=lambda answer: answer[:60].decode())
def test_strangers_who_are_answered_keep_the_vip_from_nothing(step, answer):
    assert asked_about_others(step, answer, 5) == (True, 7)


OUTAGES = [
    *(response(b"", status) for status in ("429 T", "500 I", "502 B", "503 S", "504 G", "599 X")),
    b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n",
]


@pytest.mark.parametrize("answer", OUTAGES, ids=lambda answer: answer[:60].decode())
def test_a_service_that_is_not_well_is_skipped(step, answer):
    assert asked_about_others(step, answer, 5) == (False, 4)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (BODY, True),
        (b"{reject: true}", True),
        (b'{forward: "1"}', True),
        (b'{askForPin: {expectedPIN: "1234"}}', False),
        (b"{}", False),
    ],
)
def test_the_cache_keeps_what_holds_no_pin(step, answer, kept):
    with Peer(answering(response(answer))) as peer:
        made = step(peer.url(QUERY), cache="60s")
        verdicts = [made.identify(a_call(uuid=uuid)) for uuid in ("1", "2")]
        assert verdicts[0] == verdicts[1]
        assert len(peer.requests) == (1 if kept else 2)


@pytest.mark.parametrize(
    "other", [a_call(caller="+4930123456"), a_call(called="7001"), a_call(name="Bob"), a_call(caller=WITHHELD)]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_cache_answers_only_the_same_question(step, good, other, method):
    made = step(good.url(QUERY), method=method, cache="60s")
    for call in (a_call(), other, a_call(), other):
        made.identify(call)
    assert len(good.requests) == 2


@pytest.mark.parametrize("settings", [{}, {"cache": "0s"}])
def test_without_a_cache_every_call_is_asked_about(step, good, settings):
    made = step(good.url(), **settings)
    for _ in range(3):
        made.identify(a_call())
    assert len(good.requests) == 3


@pytest.fixture
def service_saying(step):
    """The step of a service that answers with what stands in the list, and the list."""
    says = []

    def serve(side):
        side.request()
        side.send(says[0])

    with Peer(serve) as peer:
        yield step(peer.url(), timeouts=SHORT, failures_until_skipped=1000), says


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=8), st.integers(0, 9)).map(
            lambda parts: GOOD[: parts[0]] + parts[1] + GOOD[parts[0] + parts[2] :]
        ),
        st.text(max_size=30).map(lambda text: response(json.dumps({"forward": text}).encode())),
    )
)
def test_whatever_a_service_sends_ends_in_a_verdict_or_failure(service_saying, data):
    made, says = service_saying
    says[:] = [data]
    try:
        verdict = made.identify(a_call())
    except StepFailed:
        return
    assert verdict in (None, Pass(), Reject()) or is_dialable(verdict.target)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=40), caller=st.text(max_size=20), method=st.sampled_from(["GET", "POST"]))
def test_whatever_a_caller_is_called_is_one_request_with_his_name(good, step, name, caller, method):
    made = step(good.url(QUERY), method=method)
    count = len(good.requests)
    assert made.identify(a_call(caller=caller, name=name)) == Pass()
    assert len(good.requests) == count + 1
    assert good.asked()["caller_name"] == harmless(name)
