"""A step's table of callers: pasted from a spreadsheet, or edited row by row; looked at before it is saved."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.desk import Draft
from vipgate_fs.admin.pages.drafting import keep
from vipgate_fs.admin.tables import ENDINGS, NAME, Changed, Kind, Row, Table, Tables, about, pasted, table
from vipgate_fs.admin.words import phrase, said
from vipgate_fs.config import load_text
from vipgate_fs.document.editing import CannotEdit, decoded
from vipgate_fs.document.findings import Path as Place
from vipgate_fs.document.findings import shown_path
from vipgate_fs.document.outline import outline
from vipgate_fs.document.rewriting import rewritten
from vipgate_fs.document.saving import digest
from vipgate_fs.document.sources import read_file
from vipgate_fs.sentences import Sentence
from vipgate_fs.sentences.system import system_says

page = Blueprint("tables", __name__)

MOST: Final = 300
"""Rows that a form has: those with findings first."""
_KINDS: Final = {"verdict": "callers", "pin": "caller_pin"}
"""Of steps, by what their table says of callers."""
_OTHERWISE: Final = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Step:
    """A step with a table, in a draft or in the file.

    Attributes:
        place: of the step's settings.
        kind: what its table is about.
        file: the table's name; of one that is not there yet, what it will be called.
        is_named: whether the step names it already.
        content: the configuration.
        base: the configuration as it was when the change was begun.
        draft: that has it; None: the file has.
    """

    place: Place
    kind: Kind
    file: str
    is_named: bool
    content: bytes
    base: bytes
    draft: Draft | None

    @property
    def path(self) -> Path:
        """Of the table."""
        return desk().path.parent / self.file

    def table(self) -> bytes | None:
        """The table as it will be, or is; None: there is none. Raises ValueError: it can't be read or edited here."""
        if self.draft is not None and self.file in self.draft.tables:
            return self.draft.tables[self.file].content
        return self.on_disk() if self.is_named else None

    def on_disk(self) -> bytes | None:
        """The table as it is."""
        if not NAME.fullmatch(self.file):
            raise ValueError(phrase("Only a .csv or .xlsx file beside the configuration is edited here."))
        try:
            return read_file(self.path).data
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ValueError(system_says(error)) from None


@page.get("/gates/<name>/table/<int:index>")
@administrators_only
def show(name: str, index: int) -> str:
    """Its rows, without PINs, with what is wrong at each."""
    key = request.args.get("draft", "")
    return _shown(name, index, key if desk().drafts.get(key) else "")


@page.post("/gates/<name>/table/<int:index>")
@administrators_only
def change(name: str, index: int) -> Response | tuple[str, int]:
    """Take what is pasted or edited into a draft; then show it, or look at what it would change."""
    given = dict(request.form.items())
    key = given.get("draft", "")
    draft, base = desk().drafts.get(key), desk().content()
    if (key and draft is None) or (draft is None and given.get("base") != digest(base)):
        return _shown(name, index, "", phrase("Somebody has changed the file while you were working.")), 409
    step = _step(name, index, draft, base)
    try:
        before = step.on_disk() if step.is_named else None
        if step.file.endswith(".xlsx") and given.get("paste", "").strip() and given.get("how") == "instead":
            before, step = None, replace(step, file=_free(name, step.kind, draft), is_named=False)
        content_of_table = _filled(step, given)
        new = {step.file: _changed(step, before, content_of_table)} if content_of_table is not None else {}
        content = rewritten(step.content, {(*step.place, "file"): step.file}) if new else step.content
    except (ValueError, CannotEdit) as why:
        return _shown(name, index, key, said(why.args[0])), 422
    key = keep(phrase("gate {name}", name=name), content, step.base, draft, new) if new else key
    if "pin" in given:
        return _shown(name, index, key, pin=_pin(step, given["pin"])), 200
    if "show" in given or not key:
        return _shown(name, index, key), 200
    loaded = load_text(content, desk().path, Tables({**(draft.tables if draft else {}), **new}))
    if any(finding.severity == "error" for finding in loaded.findings):
        return _shown(name, index, key), 422
    return redirect(url_for("file.review", draft=key), 303)


def _filled(step: Step, given: Mapping[str, str]) -> bytes | None:
    """The table as the form wants it; None: as it is. Raises ValueError."""
    now = step.table()
    text = given.get("paste", "")
    content = pasted(text, step.kind) if text.strip() else b""
    more = table(content, step.kind).rows if content else []
    if content and (now is None or given.get("how") == "instead"):
        return content
    if given.get("new.key", "").strip():
        more = [
            *more,
            Row(0, given["new.key"].strip(), given.get("new.value", "").strip(), (given.get("new.note", ""),)),
        ]
    if now is None:
        named = f"{step.kind.key},{step.kind.value},note\n".encode()
        return table(named, step.kind).edited({}, more) if more else None
    known = table(now, step.kind)
    changes: dict[int, tuple[str, str] | None] = {}
    for row in known.rows:
        key = given.get(f"row.{row.line}.key", row.key).strip()
        typed = given.get(f"row.{row.line}.value", "" if step.kind.value == "pin" else row.value).strip()
        value = typed or (row.value if step.kind.value == "pin" else typed)
        if f"row.{row.line}.gone" in given or not key:
            changes[row.line] = None
        elif (key, value) != (row.key, row.value):
            changes[row.line] = key, value
    return known.edited(changes, more) if changes or more else None


def _changed(step: Step, before: bytes | None, content: bytes) -> Changed:
    waits = step.draft.tables.get(step.file) if step.draft else None
    return Changed(content, waits.before if waits else digest(before) if before is not None else "")


def _step(name: str, index: int, draft: Draft | None, base: bytes) -> Step:
    content = draft.content if draft else base
    try:
        step = outline(decoded(content)[0]).find(("gates", name, "identify", index))
    except CannotEdit:
        abort(404)
    found = about(step.tree) if step else None
    if found is None:
        abort(404)
    settings, kind = found
    file = settings.get("file")
    is_named = isinstance(file, str) and bool(file)
    name_of_table = file if isinstance(file, str) and file else _free(name, kind, draft)
    place = ("gates", name, "identify", index, _KINDS[kind.value])
    return Step(place, kind, name_of_table, is_named, content, draft.base if draft else base, draft)


def _free(gate: str, kind: Kind, draft: Draft | None) -> str:
    """A name that no file has yet."""
    stem = f"{_OTHERWISE.sub('-', gate).strip('-') or 'gate'}-{ENDINGS[kind.value]}"
    names = (f"{stem}{f'-{number}' if number else ''}.csv" for number in range(2, 1000))
    taken = draft.tables if draft else {}
    first = f"{stem}.csv"
    return next(each for each in (first, *names) if each not in taken and not (desk().path.parent / each).exists())


def _pin(step: Step, line: str) -> tuple[str, str]:
    """A row's number and its PIN, for whoever asked for this one; nothing where there is none."""
    now = step.table()
    rows = table(now, step.kind).rows if now is not None and step.kind.value == "pin" else []
    row = next((each for each in rows if str(each.line) == line and each.value), None)
    if row is None:
        return "", ""
    desk().note("pin shown", g.session.name or "link", gate=step.place[1], place=step.file, caller=row.key)
    return row.key, row.value


def _shown(name: str, index: int, key: str, wrong: str = "", pin: tuple[str, str] = ("", "")) -> str:
    """The page. What was pasted and not taken stays in its field: whoever shall name its columns needs it there."""
    draft, base = desk().drafts.get(key), desk().content()
    step = _step(name, index, draft, base)
    rows: list[Row] = []
    found: Table | None = None
    trouble = ""
    try:
        now = step.table()
        found = table(now, step.kind) if now is not None else None
        rows = found.rows if found else []
    except ValueError as why:
        trouble = said(why.args[0])
    loaded = load_text(step.content, desk().path, draft.sources if draft else Tables({}))
    at, others = _faults(step, loaded.findings, {row.line for row in rows})
    marked = [row for row in rows if row.line in at]
    shown = sorted([*marked, *[row for row in rows if row.line not in at]][:MOST], key=lambda row: row.line)
    return render_template(
        "table.html",
        name=name,
        index=index,
        step=step,
        is_pins=step.kind.value == "pin",
        has_values=step.kind.value == "pin" or found is None or _has_values(found, step.kind),
        rows=shown,
        all=len(rows),
        at=at,
        others=others,
        errors=sum(each.severity == "error" for found in at.values() for each in found)
        + sum(each.severity == "error" for each in others),
        trouble=trouble,
        wrong=wrong,
        pin=pin,
        paste=request.form.get("paste", "").replace("\r\n", "\n") if wrong else "",
        draft=key if draft else "",
        waits=bool(draft),
        base=digest(base),
    )


def _has_values(table: Table, kind: Kind) -> bool:
    found = kind.header(table.names)
    return found is not None and found.value is not None


def _faults(step: Step, findings: Any, lines: Container[int]) -> tuple[dict[int, list[Any]], list[Any]]:
    """What is found in the table: by the lines of its rows, and the rest, such as what is about its columns."""
    at: dict[int, list[Any]] = {}
    others: list[Any] = []
    for each in findings:
        line = each.line if each.file == str(step.path) else _line_in(each.message)
        if each.file == str(step.path) or each.path.startswith(shown_path(step.place)):
            if line in lines:
                at.setdefault(line, []).append(each)
            else:
                others.append(each)
    return at, others


def _line_in(message: Sentence) -> int:
    """The line of the table that a warning is about; those stand at the setting that names it."""
    found = getattr(message, "parts", {}).get("line")
    return found if isinstance(found, int) else 0
