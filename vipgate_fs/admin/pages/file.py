"""The file: its lines and findings, edited as text or uploaded, looked at before it is saved, and its versions."""

from __future__ import annotations

import datetime as dt
import errno
import os
import pwd
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.changing import difference, findings_of, preview
from vipgate_fs.admin.comparing import Comparison, compared, named
from vipgate_fs.admin.desk import Draft, NoConfiguration, StoreTrouble, TableChanged
from vipgate_fs.admin.hidden import lines
from vipgate_fs.admin.tables import Changed
from vipgate_fs.admin.versions import OldTable
from vipgate_fs.admin.words import phrase, said
from vipgate_fs.document.editing import CannotEdit, as_edited, decoded
from vipgate_fs.document.saving import ChangedMeanwhile, digest, obstacle
from vipgate_fs.document.sources import read_file
from vipgate_fs.sentences.system import system_says

page = Blueprint("file", __name__)

_LONGEST_WHAT: Final = 200
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Of what goes wrong with writing: what the administrator of the server can allow."""


@page.get("/file")
@administrators_only
def show() -> str:
    """All of it, without its secrets."""
    content, loaded = desk().content(), desk().loaded()
    status = desk().status()
    file = str(desk().path)
    return render_template(
        "file.html",
        path=desk().path,
        lines=list(lines(_text(content), loaded.findings, file)),
        others=[finding for finding in loaded.findings if finding.file != file],
        errors=sum(finding.severity == "error" for finding in loaded.findings),
        warnings=sum(finding.severity == "warning" for finding in loaded.findings),
        gates=len(loaded.configuration.gates) if loaded.configuration else 0,
        changed=status is not None and status.is_changed(),
        hinders=obstacle(desk().path),
        user=_user(),
    )


@page.post("/file/edit")
@administrators_only
def edit() -> str:
    """All of it in a form, with its secrets: whoever asks for this wants to see them."""
    content = desk().content()
    draft = desk().drafts.get(request.form.get("draft", ""))
    shown = draft.content if draft else content
    base = draft.base if draft else content
    key = request.form.get("draft", "")
    return render_template("file_edit.html", path=desk().path, text=_text(shown), base=digest(base), what="", draft=key)


@page.post("/file/draft")
@administrators_only
def begin() -> AnyResponse | tuple[str, int]:
    """Look at what a text would change, that was edited or uploaded."""
    base = desk().content()
    given = request.form.get("base", digest(base))
    uploaded, waiting = request.files.get("upload"), desk().drafts.get(request.form.get("draft", ""))
    tables = waiting.tables if waiting else {}
    try:
        content = uploaded.read() if uploaded else as_edited(base, request.form.get("text", ""))
    except CannotEdit as why:
        return render_template("failure.html", status=400, kind="CannotEdit", what=said(why.args[0]), error=why), 400
    if given != digest(base):
        draft = Draft(content, b"", _name(), _what(), tables)
        return _changed(draft, base)
    draft = Draft(content, base, _name(), _what() or (phrase("uploaded") if uploaded else ""), tables)
    return redirect(url_for(".review", draft=desk().drafts.put(draft)), 303)


@page.post("/file/take-over")
@administrators_only
def take_over() -> AnyResponse:
    """Look at what the file would change as it is now, which somebody has changed without this page."""
    content = desk().content()
    draft = Draft(content, content, _name(), phrase("changed on the server"))
    return redirect(url_for(".review", draft=desk().drafts.put(draft)), 303)


@page.get("/file/draft/<draft>")
@administrators_only
def review(draft: str) -> str | tuple[str, int]:
    """What a draft changes, before anything holds; or why it can't be saved."""
    found = _draft(draft)
    findings = findings_of(found.content, desk().path, found.sources)
    if any(finding.severity == "error" for finding in findings):
        file = str(desk().path)
        return (
            render_template(
                "refused_findings.html",
                draft=draft,
                lines=list(lines(_text(found.content), findings, file)),
                findings=findings,
                file=file,
                errors=sum(finding.severity == "error" for finding in findings),
            ),
            422,
        )
    before, kinds = desk().in_force(), named(found.content)
    return render_template(
        "review.html",
        draft=draft,
        warnings=findings,
        preview=preview(desk(), found.content, before, found.sources) if before is not None else None,
        difference=list(difference(found.base if before is None else before, found.content)),
        tables=[compared(name, kinds.get(name), _on_disk(name), table.content) for name, table in found.tables.items()],
        now=_now(),
        at=_at,
    )


@page.post("/file/draft/<draft>/save")
@administrators_only
def save(draft: str) -> AnyResponse | tuple[str, int]:
    """Save it and apply it."""
    found = _draft(draft)
    if any(finding.severity == "error" for finding in findings_of(found.content, desk().path, found.sources)):
        return redirect(url_for(".review", draft=draft), 303)
    try:
        answer = desk().save(found)
    except ChangedMeanwhile as changed:
        return _changed(found, changed.content, draft)
    except (TableChanged, StoreTrouble) as error:
        kind, status = ("TableChanged", 409) if isinstance(error, TableChanged) else ("Renaming", 503)
        return render_template("failure.html", status=status, kind=kind, what=said(str(error)), error=error), status
    except OSError as error:
        where = obstacle(desk().path) or str(desk().path)
        words = {"path": desk().path, "where": where, "user": _user(), "why": system_says(error)}
        words["forbidden"] = error.errno in _FORBIDDEN
        return render_template("refused_readonly.html", draft=draft, **words), 409
    desk().drafts.drop(draft)
    if answer is None:
        there = desk().moves_to(found)
        url = there.url(there.port) if there is not None and there.port else ""
        return render_template("saved.html", moves=True, gone=there is None, url=url), 200
    return render_template("saved.html", why=answer.why, findings=answer.findings), 200


@page.post("/file/draft/<draft>/discard")
@administrators_only
def discard(draft: str) -> AnyResponse:
    """Forget it."""
    desk().drafts.drop(draft)
    return redirect(url_for(".show"), 303)


@page.post("/file/draft/<draft>/download")
@administrators_only
def download(draft: str) -> Response:
    """The finished file, with its secrets, for whoever may write it."""
    headers = {"Content-Disposition": "attachment; filename=vipgate.yaml"}
    return Response(_draft(draft).content, mimetype="application/yaml", headers=headers)


@page.get("/file/history")
@administrators_only
def history() -> str:
    """The versions that are kept, and how two of them differ."""
    versions = desk().versions()
    kept = versions.all()
    names = [version.id for version in kept]
    old, new = request.args.get("old", ""), request.args.get("new", "")
    if (old, new) == ("", "") and len(names) > 1:
        old, new = names[1], names[0]
    before, after = versions.content(old), versions.content(new)
    status, old_tables = desk().status(), versions.tables()
    return render_template(
        "history.html",
        versions=kept,
        tables=old_tables,
        rows=_since(request.args.get("table", ""), old_tables),
        old=old,
        new=new,
        difference=list(difference(before, after)) if before is not None and after is not None else [],
        in_force=status.digest if status else "",
        now=_now(),
        at=_at,
    )


@page.post("/file/history/<version>/restore")
@administrators_only
def restore(version: str) -> AnyResponse:
    """Look at what a version of before would change."""
    content = desk().versions().content(version)
    if content is None:
        abort(404)
    draft = Draft(content, desk().content(), _name(), phrase("restored"))
    return redirect(url_for(".review", draft=desk().drafts.put(draft)), 303)


@page.post("/file/history/table/<kept>/restore")
@administrators_only
def restore_table(kept: str) -> AnyResponse:
    """Look at what a table of before would change."""
    versions = desk().versions()
    content = versions.table(kept)
    name = next((each.name for each in versions.tables() if each.id == kept), None)
    if content is None or name is None:
        abort(404)
    there = _on_disk(name)
    before = digest(there) if there is not None else ""
    now, what = desk().content(), phrase("restored: {what}", what=name)
    draft = Draft(now, now, _name(), what, {name: Changed(content, before)})
    return redirect(url_for(".review", draft=desk().drafts.put(draft)), 303)


def _since(kept: str, tables: Sequence[OldTable]) -> Comparison | None:
    """What became of a table that is kept, in the next one or the one that is there; None: nobody asks."""
    old = next((each for each in tables if each.id == kept), None)
    content = desk().versions().table(kept)
    if old is None or content is None:
        return None
    later = [each.id for each in tables if each.name == old.name and each.at > old.at]
    now = desk().versions().table(later[-1]) if later else _on_disk(old.name)
    return compared(old.name, named(desk().content()).get(old.name), content, now or b"")


def _on_disk(table: str) -> bytes | None:
    try:
        return read_file(desk().path.parent / table).data
    except OSError:
        return None


def _changed(draft: Draft, now: bytes, name: str = "") -> tuple[str, int]:
    """Both versions, for whoever has to make one of them."""
    desk().drafts.drop(name)
    mine = desk().drafts.put(replace(draft, base=now))
    return (
        render_template(
            "refused_changed.html",
            draft=mine,
            theirs=list(difference(draft.base, now)) if draft.base else [],
            mine=list(difference(draft.base or now, draft.content)),
        ),
        409,
    )


def _draft(name: str) -> Draft:
    return desk().drafts.get(name) or abort(410)


def _text(content: bytes) -> str:
    try:
        return decoded(content)[0]
    except CannotEdit:
        return content.decode("latin-1")


def _name() -> str:
    return g.session.name or phrase("by link")


def _what() -> str:
    return request.form.get("what", "").strip()[:_LONGEST_WHAT]


def _user() -> str:
    """Whom the service runs as."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _at(moment: float) -> dt.datetime:
    try:
        return desk().configuration().site.calendar.at(moment)
    except NoConfiguration:
        return dt.datetime.fromtimestamp(moment, dt.UTC).astimezone()


def _now() -> dt.datetime:
    return _at(dt.datetime.now(dt.UTC).timestamp())
