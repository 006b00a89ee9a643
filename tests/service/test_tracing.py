"""Traces of calls, as a collector of OpenTelemetry and a webservice get them from a real service."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from monitored import GATES, webservice
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from ports import free_port
from running_service import Service, lost, place, switch, until

from vipgate_fs import config
from vipgate_fs.simulator import Caller

STRANGER = Caller(number="004917612345678", name="Ann")
pytestmark = pytest.mark.timeout(240)  # a service is started, and both ends have to find each other
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "200"}
"""Milliseconds until spans are sent."""


@contextmanager
def collector():
    """Gets spans; gives the list of them, and where they are to be sent."""
    spans = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            for resource in sent.resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield spans, f"http://127.0.0.1:{server.server_port}/v1/traces"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def attributes(span):
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_call_is_a_trace_a_step_and_the_dialogue_a_span_and_the_webservice_gets_its_traceparent(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", SOON["OTEL_BSP_SCHEDULE_DELAY"])
    with collector() as (spans, url), webservice() as peer:
        service = Service(tmp_path, settings=f'traces: "{url}"', gates=GATES.format(port=peer.port)).listening()
        try:
            forwarded = switch(service).call(STRANGER, "701")
            until(lambda: len(spans) >= 3)
            by_name = {span.name: span for span in spans}
            assert set(by_name) == {"call", "step callers", "step webservice"}
            root, step = by_name["call"], by_name["step webservice"]
            assert {span.trace_id for span in spans} == {root.trace_id}
            assert {span.parent_span_id for span in spans if span is not root} == {root.span_id}
            assert attributes(root) == {
                "vipgate.call": forwarded.uuid,
                "vipgate.gate": "front",
                "vipgate.verdict": "forward",
                "vipgate.outcome": "forwarded",
                "vipgate.pin_attempts": 0,
            }
            assert attributes(step) == {"vipgate.gate": "front", "vipgate.step": "webservice"}
            (parent,) = peer.header("traceparent")
            assert parent.split("-")[:3] == ["00", root.trace_id.hex(), step.span_id.hex()]
            assert service.await_line("outcome")["trace"] == root.trace_id.hex()

            peer.is_broken = True
            assert switch(service).call(Caller(number="004917612345678", dial="081547#"), "700").transfers
            switch(service).call(STRANGER, "701")
            until(lambda: len(spans) >= 9)
            (dialogue,) = [span for span in spans if span.name == "PIN dialogue"]
            (asked,) = [span for span in spans if span.span_id == dialogue.parent_span_id]
            assert (asked.name, attributes(dialogue)) == (
                "call",
                {"vipgate.gate": "pin", "vipgate.outcome": "pin_correct", "vipgate.pin_attempts": 1},
            )
            assert asked.start_time_unix_nano < dialogue.start_time_unix_nano < dialogue.end_time_unix_nano
            assert dialogue.end_time_unix_nano <= asked.end_time_unix_nano
            failed = [span for span in spans if span.status.code == span.status.STATUS_CODE_ERROR]
            assert [(span.name, span.status.message) for span in failed] == [("step webservice", "failed")]
            names = {"vipgate.call", "vipgate.gate", "vipgate.step", "vipgate.verdict", "vipgate.outcome"}
            assert {name for span in spans for name in attributes(span)} == {*names, "vipgate.pin_attempts"}
            words = {str(value) for span in spans for name, value in attributes(span).items() if name != "vipgate.call"}
            assert words == {"front", "pin", "forward", "forwarded", "reject", "rejected", "ask_for_pin", "pin_correct"} | {
                "webservice", "callers", "static_pin", "0", "1"
            }, "no number, no name, no PIN, no answer"  # fmt: skip
            assert service.end() == 0
        finally:
            service.destroy()


def test_a_collector_that_is_not_there_costs_no_call(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", SOON["OTEL_BSP_SCHEDULE_DELAY"])
    settings = f'traces: "http://127.0.0.1:{free_port()}/v1/traces"'
    service = Service(tmp_path, settings=settings).listening()
    try:
        assert lost(place(switch(service), 10)) == []
        service.await_line("traces can't be sent")
        assert lost(place(switch(service), 10)) == []
        assert service.end() == 0
        assert len(service.lines("traces can't be sent")) == 1
        assert service.log.read_text().count("Traceback") == 0
    finally:
        service.destroy()


def test_without_opentelemetry_calls_go_on_and_check_says_so(tmp_path, monkeypatch):
    hidden = "import sys; sys.modules['opentelemetry'] = None"
    service = Service(tmp_path, settings='traces: "http://127.0.0.1:4318/v1/traces"', patch=hidden).listening()
    try:
        assert lost(place(switch(service), 3)) == []
        assert service.lines("no traces of calls: pip install 'vipgate-fs[otel]'")
        assert "OpenTelemetry is not installed: no traces" in service.log.read_text()
    finally:
        service.destroy()


def test_a_call_without_a_trace_sends_no_traceparent():
    loaded = config.load_text(
        "version: 1\ngates:\n  a:\n    protects: {numbers: ['1']}\n    identify: [{webservice: {url: 'http://127.0.0.1/'}}]\n"
    )
    (step,) = loaded.configuration.gates[0].steps
    request = step.form.request(step.url, dict.fromkeys(("call_id",), ""))
    assert "traceparent" not in dict(step.form.headers_of(request, "c1", 0))
    assert dict(step.form.headers_of(request, "c1", 0, "00-1-2-01"))["traceparent"] == "00-1-2-01"
