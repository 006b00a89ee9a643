"""`server.metrics` of a real service: what is counted stays right, and whatever becomes of it, calls go on."""

from __future__ import annotations

import os
import re
import signal
import socket as stdlib_socket
from contextlib import closing, suppress
from pathlib import Path

import pytest
from figures.scraping import get, samples, total
from ports import free_port
from running_service import RIGHT, Service, lost, place, switch, until
from webservice_peer import Peer

from vipgate_fs.simulator import Caller

METRICS = 'workers: 2, metrics: "127.0.0.1:0"'
GATES = """\
  pin:
    protects: {{numbers: ["700"]}}
    identify: [{{static_pin: {{pin: "081547"}}}}]
    lockout: {{failures: 2}}
    timing: {{first_digit: "1s"}}
  front:
    protects: {{numbers: ["701"]}}
    identify:
      - callers: {{pass: ["+49 7022 27978"]}}
      - webservice: {{url: "http://127.0.0.1:{port}/"}}
    otherwise: {{reject: true}}
"""
STRANGER, VIP = Caller(number="004917612345678"), Caller(number="0049702227978")
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"forward": "123"}'
FAILURE = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"


class Monitored(Service):
    """A service whose figures are asked for."""

    def __init__(self, folder, settings=METRICS, **more):
        super().__init__(folder, settings=settings, **more)
        self.listening()
        self.pages = self.await_line("metrics listening")["port"]

    def page(self, path="/metrics"):
        return get(self.pages, path)

    def figure(self, name, **labels):
        return total(self.page()[1], name, **labels)

    def until(self, name, value, **labels):
        found = None

        def is_there():
            nonlocal found
            found = self.figure(name, **labels)
            return found == value

        with suppress(AssertionError):
            until(is_there, 20)
        assert found == value, (name, labels)


def assert_everything(service):
    calls = {
        ("pin", "ask_for_pin", "pin_correct"): 11,
        ("pin", "ask_for_pin", "pin_incorrect"): 1,
        ("front", "pass", "passed"): 3,
        ("front", "forward", "forwarded"): 2,
        ("front", "reject", "rejected"): 2,
        ("", "pass", "passed"): 4,
    }
    page = service.page()[1]
    shown = [(has, value) for name, has, value in samples(page) if name == "vipgate_calls_total"]
    assert {(has["gate"], has["verdict"], has["outcome"]): value for has, value in shown} == calls
    attempts = [(has, value) for name, has, value in samples(page) if name == "vipgate_pin_attempts_total"]
    assert {has["result"]: value for has, value in attempts} == {
        "right": 11,
        "wrong": 3,
        "locked": 1,
        "silent": 1,
    }
    for step, count in (("static_pin", 12), ("callers", 7), ("webservice", 4)):
        assert total(page, "vipgate_step_duration_seconds_count", step=step) == count
    assert total(page, "vipgate_step_failures_total", gate="front", step="webservice") == 2
    assert total(page, "vipgate_esl_errors_total") == 0


def test_figures_are_right_across_workers_their_death_and_reloads(tmp_path):
    """What callers experienced is what is counted, with no number and no call's id in it."""
    answer = ANSWER

    def respond(side):
        while side.request():
            side.send(answer)

    with Peer(respond) as webservice:
        service = Monitored(tmp_path, gates=GATES.format(port=webservice.port))
        experiences, figure = [], service.figure

        def call(caller, to, count=1):
            calls = [switch(service).start(caller, to) for _ in range(count)]
            experiences.extend(each.wait() for each in calls)

        try:
            call(RIGHT, "700", 10)
            call(Caller(number="0049891234567", dial=("", "0000#", "081547#")), "700")
            call(Caller(number="0049897654321", dial=("1111#", "2222#", "3333#")), "700")
            call(VIP, "701", 3)
            call(STRANGER, "701", 2)
            service.until("vipgate_upstream_up", 1, gate="front", step="webservice")
            answer = FAILURE
            call(STRANGER, "701", 2)
            call(STRANGER, "999", 4)
            service.until("vipgate_calls_total", 23)
            assert_everything(service)
            service.until("vipgate_upstream_up", 0)
            service.until("vipgate_lockouts", 1)
            applied = figure("vipgate_config_last_reload_success_timestamp_seconds")
            started = figure("process_start_time_seconds")

            for worker in service.workers:
                os.kill(worker, signal.SIGKILL)
            service.until("vipgate_worker_deaths_total", 2)
            service.until("vipgate_workers", 2)
            assert_everything(service)

            assert service.reload()[0] == 0
            assert_everything(service)
            until(lambda: figure("vipgate_config_last_reload_success_timestamp_seconds") > applied)
            assert figure("process_start_time_seconds") == started
            assert not [name for name, *_ in samples(service.page()[1]) if name == "vipgate_upstream_up"], (
                "not asked yet"
            )

            service.config.write_text("gates: [")
            assert service.reload()[0] == 1
            service.until("vipgate_config_last_reload_successful", 0)
            assert_everything(service)
            assert service.page("/readyz") == (200, "ok\n"), "the running configuration goes on"

            page = service.page()[1]
            labels = {
                value for _, has, _ in samples(page) for name, value in has.items() if name in ("gate", "step", "kind")
            }
            assert not [value for value in labels if re.search("[0-9]{3}", value)]
            assert not any(number in page for number in ("4917612345678", "702227978", "89123", "9999"))
            assert not any(each.uuid in page for each in experiences)
        finally:
            service.destroy()


def test_readiness_is_whether_calls_are_taken_and_the_figures_end_with_the_service(tmp_path):
    service = Monitored(tmp_path)
    try:
        assert service.page("/readyz") == (200, "ok\n")
        call = place(switch(service, speed=1.0), 1, Caller())[0]
        service.until("vipgate_dialogues", 1)
        service.process.send_signal(signal.SIGTERM)
        until(lambda: service.page("/readyz") == (503, "stopping, with 1 calls left\n"))
        assert service.page("/healthz") == (200, "ok\n")
        service.until("vipgate_accepting", 0)
        call.hang_up()
        assert service.ended() == 0
        with pytest.raises(OSError):
            service.page()
    finally:
        service.destroy()


def test_whatever_becomes_of_the_pages_calls_go_on(tmp_path):
    """Their process dies, hangs, its port is taken: it is replaced, or it comes when it can; a reload to a taken port is refused."""
    with closing(stdlib_socket.create_server(("127.0.0.1", 0))) as taken:
        busy = taken.getsockname()[1]
        service = Service(tmp_path, settings=f'metrics: "127.0.0.1:{busy}"', timings={"attend": 0.2}).listening()
        try:
            why = service.await_line("metrics can't be served for now")["why"]
            assert why == f"can't listen on 127.0.0.1:{busy}: Address already in use"
            assert lost(place(switch(service), 3)) == []
            port = free_port()
            service.configure(f'metrics: "127.0.0.1:{port}"')
            assert service.reload()[0] == 0
            until(lambda: get(port, "/healthz") == (200, "ok\n"))
            service.configure(f'metrics: "127.0.0.1:{busy}"')
            assert service.reload() == (
                1,
                f"Error: refused, nothing has changed: can't listen on 127.0.0.1:{busy}: Address already in use\n",
            )
            (attendant,) = service.children("vipgate-metrics")
            os.kill(attendant, signal.SIGKILL)
            service.await_line("the process for metrics is replaced", why="it died")
            until(lambda: get(port, "/readyz") == (200, "ok\n"))
            assert total(get(port, "/metrics")[1], "vipgate_calls_total") == 3
            (attendant,) = service.children("vipgate-metrics")
            os.kill(attendant, signal.SIGSTOP)
            assert lost(place(switch(service), 3)) == []
            os.kill(attendant, signal.SIGCONT)
            until(lambda: total(get(port, "/metrics")[1], "vipgate_calls_total") == 6)
            os.kill(service.process.pid, signal.SIGKILL)
            until(lambda: not Path(f"/proc/{attendant}").exists())
        finally:
            service.destroy()
