"""What the file says besides gates: the site, the server, the store and the records, each as a form of the schema."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vipgate_fs.admin import words
from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.desk import NoConfiguration
from vipgate_fs.admin.forms import part_of
from vipgate_fs.admin.pages.drafting import keep, sent, shown, typed
from vipgate_fs.admin.sheets import BUTTONS, pressed, schedules, section, sections
from vipgate_fs.admin.words import phrase, said
from vipgate_fs.config import load_text
from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.document.saving import digest
from vipgate_fs.document.sources import MACHINE

page = Blueprint("settings", __name__)


@page.get("/settings")
@page.get("/settings/<kind>")
@administrators_only
def show(kind: str = "site") -> str:
    """A section of the file, perhaps with changes that wait."""
    key = request.args.get("draft", "")
    return _shown(kind, key if desk().drafts.get(key) else "")


@page.post("/settings/<kind>")
@administrators_only
def change(kind: str) -> Response | tuple[str, int]:
    """Take what the form says into a draft; then do what its button says, or look at what that would change."""
    form, focus = sent(), ""
    if form is None:
        return _shown(kind, "", phrase("Somebody has changed the file while you were working."), typed()), 409
    try:
        current = section(form.content, _known(kind)).filled(form.given)
        if form.button in BUTTONS:
            current, focus = pressed(section(current, kind), form.given["do"], form.given)
    except CannotEdit as why:
        return _shown(kind, form.key, said(why.args[0]), form.given), 422
    key = form.key
    if form.draft or current != form.base or not form.button:
        key = keep(phrase("settings: {what}", what=_title(kind)), current, form.base, form.draft)
    if form.button == "sheet":
        return redirect(url_for(".show", kind=form.place, draft=key or None), 303)
    loaded = load_text(current, desk().path, form.draft.sources if form.draft else MACHINE)
    if not form.button and loaded.configuration is not None:
        return redirect(url_for("file.review", draft=key), 303)
    return _shown(kind, key, focus=focus), 200 if form.button else 422


def _known(kind: str) -> str:
    return kind if kind in sections() else abort(404)


def _title(kind: str) -> str:
    return words.setting(part_of((kind,)).get("title", kind))


def _shown(kind: str, key: str, wrong: str = "", given: dict[str, str] | None = None, focus: str = "") -> str:
    draft, base = desk().drafts.get(key), desk().content()
    try:
        found = section(draft.content if draft else base, _known(kind))
    except CannotEdit:
        raise NoConfiguration from None
    loaded = load_text(found.content, desk().path, draft.sources) if draft else desk().loaded()
    return render_template(
        "settings.html",
        kind=kind,
        title=_title(kind),
        lead="" if found.paths == ((kind,),) else words.setting(part_of((kind,)).get("description", "")),
        sheets=[(each, _title(each)) for each in sections()],
        wrong=wrong,
        given=given or {},
        known={"schedules": schedules(found.tree)},
        base=digest(base),
        focus=focus,
        **shown(found, loaded, key),
    )
