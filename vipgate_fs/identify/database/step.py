"""`database`: a query identifies the caller. Its columns are named like the keys of a webservice's answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from os.path import isfile
from typing import Any, Final

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ArgumentError

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.step import Step, StepFailed
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.identify import Surroundings
from vipgate_fs.identify.database.options import with_options
from vipgate_fs.identify.database.row import row_verdict
from vipgate_fs.identify.database.source import Source
from vipgate_fs.identify.facts import FACTS, facts
from vipgate_fs.identify.timeouts import read_timeouts
from vipgate_fs.sentences import said, say

PARAMETERS: Final = FACTS[:4]
"""What a query may have as bound parameters."""
_CONVERTED: Final = re.compile(
    r"""(?ix) cast \s* \( \s* :(caller_number|caller_name|called_number) \s+ as \s+ (?!n?(var)?char|text|binary)
    | :(caller_number|caller_name|called_number) \s* :: \s* (?!n?(var)?char|text)"""
)


@dataclass(frozen=True, slots=True)
class Database(Step):
    """Asks a database. See `vipgate_fs.gate.step.Step` for the other attributes.

    Attributes:
        source: the database and the query.
        gate: name of the step's gate.
        number_format: how an international number begins in the query's parameters.
    """

    source: Source
    gate: str
    number_format: str
    waits: bool = field(default=True, kw_only=True)

    def identify(self, call: Call) -> Verdict | None:
        """The verdict of the query's only row; None when there is no row, or nothing in it. Raises StepFailed."""
        known = facts(call, self.gate, self.number_format)
        rows = self.source.ask({name: known[name] for name in PARAMETERS})
        if len(rows) > 1:
            raise StepFailed(say("the query gave more than one row"))
        try:
            return row_verdict(rows[0]) if rows else None
        except ValueError as error:
            raise StepFailed(said(error)) from None


def build(section: Section, around: Surroundings) -> Database:
    """The step as it is configured."""
    query = section.text("query")
    _check(query, section)
    url, arguments = _url(section)
    source = Source(url, query, read_timeouts(section.section("timeouts")), arguments)
    return Database(source, around.gate, around.site.number_format)


def _url(section: Section) -> tuple[URL, dict[str, Any]]:
    password = section.secret("password")
    try:
        url = make_url(section.text("url"))
    except (ArgumentError, ValueError):
        section.error(say("this is no URL; allowed: one such as postgresql+psycopg://user@host:5432/name"), "url")
        return URL.create("sqlite"), {}
    if url.get_backend_name() == "sqlite":
        return _file(url, section), {}
    if url.password is not None or "sslpassword" in url.query:
        section.report.holds_secrets = True
    if password is not None:
        if url.password is not None:
            section.error_at_key(say("the URL has a password, too; remove one of them"), "password")
        url = url.set(password=password.reveal())
    try:
        return with_options(url, section.folder)
    except ValueError as error:
        section.missing(said(error), "url")
        return url, {}


def _file(url: URL, section: Section) -> URL:
    """The URL with the file's absolute path."""
    if "password" in section:
        section.error_at_key(say("a SQLite file has no password; remove it"), "password")
    if url.host or url.query or url.database in (None, "", ":memory:"):
        section.error(say("no file; allowed: sqlite:///FILE, sqlite:////PATH/FILE"), "url")
        return url
    path = (section.folder / str(url.database)).absolute()
    if not isfile(path):  # noqa: PTH113 - Path's raises where it may not look
        section.warn(say("there is no file {path}", path=path), "url")
    return url.set(database=str(path))


def _check(query: str, section: Section) -> None:
    names = text(query).compile().params.keys()
    for name in sorted(names - set(PARAMETERS)):
        allowed = ", ".join(f":{parameter}" for parameter in PARAMETERS)
        section.error(say("unknown parameter :{name}; allowed: {allowed}", name=name, allowed=allowed), "query")
    if _CONVERTED.search(query):
        section.warn(
            say("whoever has no number makes this fail and so chooses on_failure; convert the column instead"), "query"
        )
    if not names:
        section.warn(say("asks the same for every call; :caller_number stands for the caller's number"), "query")
