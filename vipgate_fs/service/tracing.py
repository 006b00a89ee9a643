"""Traces for OpenTelemetry: a trace a call, a span for each step and for the PIN dialogue.

Imported only where `server.traces` is set.

A trace holds the call's id, its gate, verdict and outcome, and how long each step took. It holds no telephone number,
no name, no PIN, and nothing that a webservice has answered.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import gevent
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from vipgate_fs.service.logs import Log
from vipgate_fs.service.status import VERSION

_PATIENCE: Final = 5.0
"""Seconds for the collector to take what is sent; no call waits for it."""
_LAST_CHANCE: Final = 2.0
"""Seconds to send what is left at the end."""
_REPORT_AGAIN: Final = 60.0
"""Seconds between two lines of the log about a collector that can't be reached."""
_PROPAGATOR: Final = TraceContextTextMapPropagator()


class OpenTelemetry:
    """See `vipgate_fs.service.course.Tracing`. Spans are sent every few seconds by a greenlet of their own.

    What the SDK takes from the environment holds here, too: OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS,
    OTEL_RESOURCE_ATTRIBUTES and others.

    Args:
        url: of the collector, with its path.
        log: of a collector that can't be reached.
    """

    def __init__(self, url: str, log: Log) -> None:
        _report_to(log)
        resource = Resource.create({"service.name": "vipgate", "service.version": VERSION})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=_PATIENCE)))
        self._tracer = self._provider.get_tracer("vipgate", VERSION)

    def begin(self, uuid: str) -> CallTrace:
        """See Tracing."""
        return CallTrace(self._tracer, uuid)

    def close(self) -> None:
        """See Tracing."""
        with gevent.Timeout(_LAST_CHANCE, exception=False):
            self._provider.shutdown()


class CallTrace:
    """See `vipgate_fs.service.course.Trace`."""

    def __init__(self, tracer: Tracer, uuid: str) -> None:
        self._tracer = tracer
        self._root = tracer.start_span("call", kind=SpanKind.SERVER, attributes={"vipgate.call": uuid})
        self._step: Span | None = None
        self._dialogue: Span | None = None
        self.trace_id = f"{self._root.get_span_context().trace_id:032x}"

    def begin_step(self, gate: str, step: str) -> str:
        """See Trace."""
        attributes = {"vipgate.gate": gate, "vipgate.step": step}
        context = set_span_in_context(self._root)
        self._step = self._tracer.start_span(f"step {step}", context, SpanKind.CLIENT, attributes)
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, set_span_in_context(self._step))
        return carrier.get("traceparent", "")

    def end_step(self, why: str) -> None:
        """See Trace."""
        if self._step is not None:
            _end(self._step, why)

    def begin_dialogue(self, gate: str) -> None:
        """See Trace."""
        context = set_span_in_context(self._root)
        self._dialogue = self._tracer.start_span("PIN dialogue", context, attributes={"vipgate.gate": gate})

    def end(self, gate: str, verdict: str, outcome: str, attempts: int) -> None:
        """See Trace."""
        ended: dict[str, Any] = {"vipgate.outcome": str(outcome), "vipgate.pin_attempts": attempts}
        if self._dialogue is not None:
            self._dialogue.set_attributes(ended)
            self._dialogue.end()
        self._root.set_attributes({"vipgate.gate": gate, "vipgate.verdict": verdict, **ended})
        self._root.end()


def _end(span: Span, why: str) -> None:
    if why:
        span.set_status(StatusCode.ERROR, why)
    span.end()


class _ToLog(logging.Handler):
    """Reports what the SDK has to say, now and then."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log, self._again_at = log, 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if time.monotonic() >= self._again_at:
            self._again_at = time.monotonic() + _REPORT_AGAIN
            self._log.warning("traces can't be sent", why=record.getMessage()[:300])


def _report_to(log: Log) -> None:
    handler = _ToLog(log)
    for name in ("opentelemetry", "urllib3"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
