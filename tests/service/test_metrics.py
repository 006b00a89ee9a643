"""`server.metrics` of a real service: what is counted stays right, and whatever becomes of it, calls go on."""

from __future__ import annotations

import os
import re
import signal
import socket as stdlib_socket
from contextlib import closing
from pathlib import Path

import pytest
from monitored import GATES, Monitored, get, samples, total, webservice
from ports import free_port
from running_service import Service, lost, place, switch, until

from vipgate_fs.simulator import Caller

pytestmark = pytest.mark.timeout(240)  # services are started, reloaded and killed
APPLIED = "vipgate_config_last_reload_success_timestamp_seconds"
CALLS = {
    ("pin", "ask_for_pin", "pin_correct"): 11,
    ("pin", "ask_for_pin", "pin_incorrect"): 1,
    ("front", "pass", "passed"): 3,
    ("front", "forward", "forwarded"): 2,
    ("front", "reject", "rejected"): 2,
    ("", "pass", "passed"): 4,
}
ATTEMPTS = {"right": 11, "wrong": 3, "locked": 1, "silent": 1}
STEPS = {"static_pin": 12, "callers": 7, "webservice": 4}


def assert_everything(service):
    """All that was counted of `Monitored.serve_all_kinds`, and nothing else."""
    page = service.page()[1]

    def shown(figure, *labels):
        return {tuple(has[label] for label in labels): value for name, has, value in samples(page) if name == figure}

    assert shown("vipgate_calls_total", "gate", "verdict", "outcome") == CALLS
    assert shown("vipgate_pin_attempts_total", "result") == {(each,): count for each, count in ATTEMPTS.items()}
    assert shown("vipgate_step_duration_seconds_count", "step") == {(each,): count for each, count in STEPS.items()}
    assert shown("vipgate_step_failures_total", "gate", "step") == {("front", "webservice"): 2}
    assert total(page, "vipgate_esl_errors_total") == 0


def test_figures_are_right_across_workers_their_death_and_reloads(tmp_path):
    """What callers experienced is what is counted, with no number and no call's id in it."""
    with webservice() as peer:
        service = Monitored(tmp_path, gates=GATES.format(port=peer.port))
        try:
            experiences = service.serve_all_kinds(peer)
            assert_everything(service)
            applied, started = service.figure(APPLIED), service.figure("process_start_time_seconds")

            for worker in service.workers:
                os.kill(worker, signal.SIGKILL)
            service.until("vipgate_worker_deaths_total", 2)
            service.until("vipgate_workers", 2)
            assert_everything(service)

            assert service.reload()[0] == 0
            until(lambda: service.figure(APPLIED) > applied, 60)
            assert_everything(service)
            assert service.figure("process_start_time_seconds") == started
            assert not [name for name, *_ in samples(service.page()[1]) if name == "vipgate_upstream_up"], "not asked"

            service.config.write_text("gates: [")
            assert service.reload()[0] == 1
            service.until("vipgate_config_last_reload_successful", 0)
            assert_everything(service)
            assert service.page("/readyz") == (200, "ok\n"), "the running configuration goes on"

            page = service.page()[1]
            words = {
                word for _, has, _ in samples(page) for name, word in has.items() if name in {"gate", "step", "kind"}
            }
            assert not [word for word in words if re.search("[0-9]{3}", word)]
            names = {name for _, has, _ in samples(page) for name in has}
            assert names == {"gate", "verdict", "outcome", "result", "step", "le", "kind", "version", "python"}
            assert not any(each.uuid in page for each in experiences)
        finally:
            service.destroy()


def test_readiness_is_whether_calls_are_taken_and_the_pages_end_with_the_service(tmp_path):
    service = Monitored(tmp_path, settings='metrics: "127.0.0.1:0", drain: 300s')
    try:
        assert service.page("/readyz") == (200, "ok\n")
        call = place(switch(service, speed=1.0), 1, Caller())[0]
        service.until("vipgate_dialogues", 1)
        service.process.send_signal(signal.SIGTERM)
        until(lambda: service.page("/readyz") == (503, "stopping, with 1 call left\n"), 60)
        assert service.page("/healthz") == (200, "ok\n")
        service.until("vipgate_accepting", 0)
        call.hang_up()
        assert service.ended() == 0
        with pytest.raises(OSError):
            service.page()
    finally:
        service.destroy()


def test_whatever_becomes_of_the_pages_calls_go_on(tmp_path):
    """Their process dies or hangs, or their port is taken: they come back, and end with the supervisor."""
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
            until(lambda: get(port, "/healthz") == (200, "ok\n"), 60)
            service.configure(f'metrics: "127.0.0.1:{busy}"')
            assert service.reload() == (1, f"Error: refused, nothing has changed: {why}\n")
            (attendant,) = service.children("vipgate-metrics")
            os.kill(attendant, signal.SIGKILL)
            service.await_line("the process for metrics is replaced", why="it died")
            until(lambda: get(port, "/readyz") == (200, "ok\n"), 60)
            assert total(get(port, "/metrics")[1], "vipgate_calls_total") == 3
            (attendant,) = service.children("vipgate-metrics")
            os.kill(attendant, signal.SIGSTOP)
            assert lost(place(switch(service), 3)) == []
            os.kill(attendant, signal.SIGCONT)
            until(lambda: total(get(port, "/metrics")[1], "vipgate_calls_total") == 6, 60)
            os.kill(service.process.pid, signal.SIGKILL)
            until(lambda: not Path(f"/proc/{attendant}").exists())
        finally:
            service.destroy()
