"""`webservice`: a web service decides. `docs/webservice.md` describes the service's side."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.step import Step, StepFailed
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.identify.webservice.answers import read_answer
from vipgate_fs.identify.webservice.breaker import Breaker
from vipgate_fs.identify.webservice.cache import Cache
from vipgate_fs.identify.webservice.exchange import Unusable
from vipgate_fs.identify.webservice.fetch import Fetcher
from vipgate_fs.identify.webservice.form import Facts, Form
from vipgate_fs.identify.webservice.streams import Deadline
from vipgate_fs.sentences import said, say


@dataclass(frozen=True, slots=True)
class Webservice(Step):
    """Asks a web service. See `vipgate_fs.gate.step.Step` for the other attributes.

    Attributes:
        url: with placeholders. Its query may hold a key of the service.
        fallback_url: asked when the first fails; None: there is none.
        total: seconds for the whole step. When there is a fallback, the first has half of them.
        form: what a request looks like.
        fetcher: asks.
        breaker: skips the first URL while it is unavailable.
        cache: of verdicts.
    """

    url: str = field(repr=False)
    fallback_url: str | None = field(repr=False)
    gate: str
    total: float
    form: Form
    fetcher: Fetcher
    breaker: Breaker
    cache: Cache
    waits: bool = field(default=True, kw_only=True)

    def identify(self, call: Call) -> Verdict | None:
        """Ask for the verdict. Takes at most `total` seconds."""
        facts = self.form.facts(call, self.gate)
        key = self.form.request(self.url, {**facts, "call_id": ""})
        verdict = self.cache.get(key)
        if verdict is None:
            verdict = self._ask(facts, call.traceparent)
            self.cache.put(key, verdict)
        return verdict

    def _ask(self, facts: Facts, trace: str) -> Verdict | None:
        deadline = _deadline(self.total)
        if self.fallback_url is None:
            with self.breaker.question():
                return self._ask_url(self.url, facts, trace, deadline)
        try:
            with self.breaker.question():
                return self._ask_url(self.url, facts, trace, _deadline(self.total / 2))
        except StepFailed as first:
            try:
                return self._ask_url(self.fallback_url, facts, trace, deadline)
            except StepFailed as second:
                raise StepFailed(
                    say("{first}; fallback_url: {second}", first=said(first), second=said(second))
                ) from None

    def _ask_url(self, url: str, facts: Facts, trace: str, deadline: Deadline) -> Verdict | None:
        body = self.fetcher.fetch(
            self.form.request(url, facts),
            lambda request: self.form.headers_of(request, facts["call_id"], int(time.time()), trace),
            deadline,
        )
        try:
            return read_answer(body)
        except ValueError as error:
            raise Unusable(say("its answer makes no sense: {error}", error=said(error))) from None


def _deadline(seconds: float) -> Deadline:
    return Deadline(seconds, say("no complete answer within {seconds:g} s", seconds=seconds))
