"""The file, line by line, with what `check` finds in it."""

from __future__ import annotations

from flask import Blueprint, render_template

from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.hidden import lines
from vipgate_fs.document.editing import CannotEdit, decoded

page = Blueprint("file", __name__)


@page.get("/file")
@administrators_only
def show() -> str:
    """All of it, without its secrets."""
    content, loaded = desk().content(), desk().loaded()
    status = desk().status()
    try:
        text, _ = decoded(content)
    except CannotEdit:
        text = ""
    others = [finding for finding in loaded.findings if finding.file != str(desk().path)]
    return render_template(
        "file.html",
        path=desk().path,
        lines=list(lines(text, loaded.findings, str(desk().path))),
        others=others,
        errors=sum(finding.severity == "error" for finding in loaded.findings),
        warnings=sum(finding.severity == "warning" for finding in loaded.findings),
        gates=len(loaded.configuration.gates) if loaded.configuration else 0,
        changed=status is not None and status.is_changed(),
    )
