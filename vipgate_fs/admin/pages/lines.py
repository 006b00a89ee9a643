"""Lines of a gate, a step or a setting as text, for what no form can say; looked at before they are saved."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.forms import path_of
from vipgate_fs.admin.pages.drafting import keep
from vipgate_fs.admin.words import phrase
from vipgate_fs.document.editing import CannotEdit, as_edited, decoded
from vipgate_fs.document.findings import Path
from vipgate_fs.document.outline import lines_of
from vipgate_fs.document.saving import digest

page = Blueprint("lines", __name__)


@page.post("/lines/edit")
@administrators_only
def edit() -> str:
    """The lines of a place in a form with their PINs: whoever asks for this wants to see them."""
    key = request.form.get("draft", "")
    draft = desk().drafts.get(key)
    content = draft.content if draft else desk().content()
    where = request.form.get("place", "")
    text, (first, after) = decoded(content)[0], lines(content, path_of(where))
    part = "\n".join(text.splitlines()[first:after])
    waits = {"base": digest(content), "draft": key if draft else "", "place": where}
    return render_template("lines_edit.html", text=part, back=_back(where), first=first + 1, **waits)


@page.post("/lines/draft")
@administrators_only
def begin() -> Response | tuple[str, int]:
    """Look at what changed lines would change."""
    draft = desk().drafts.get(request.form.get("draft", ""))
    content = draft.content if draft else desk().content()
    if request.form.get("base") != digest(content):
        return render_template("failure.html", status=409, kind="FileChanged", what="", error=None), 409
    where = request.form.get("place", "")
    first, after = lines(content, path_of(where))
    whole = decoded(content)[0].splitlines()
    ends = "\n" if decoded(content)[0].endswith(("\n", "\r")) else ""
    whole[first:after] = request.form.get("text", "").splitlines()
    changed = as_edited(content, "\n".join(whole) + ends)
    key = keep(phrase("lines of {what}", what=where), changed, draft.base if draft else content, draft)
    return redirect(url_for("file.review", draft=key), 303)


def lines(content: bytes, path: Path) -> tuple[int, int]:
    """The first line of a place, and the one after its last, from 0; aborts when it has none."""
    try:
        return lines_of(decoded(content)[0], path)
    except CannotEdit:
        abort(404)


def _back(where: str) -> tuple[str, str]:
    """The page that a place is on: its name and address."""
    first, *more = map(str, path_of(where))
    if first == "gates" and more:
        return more[0], url_for("gates.show", name=more[0])
    return phrase("Settings"), url_for("settings.show", kind=first)
