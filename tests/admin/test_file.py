"""The file on the page: edited, looked at, saved, refused, restored; over the real HTTP server."""

from __future__ import annotations

import os
import resource

import gevent
import pytest

from vipgate_fs.service.control import ask_for_status

PIN = "48213907"


def edited(visitor, old, new, **more):
    """What becomes of an edit as text."""
    form = visitor.send(visitor.go("/file").form("/file/edit")).form("/file/draft")
    text = form["fields"]["text"]
    assert old in text
    return visitor.send(form, text=text.replace(old, new), **more)


def test_an_edit_is_looked_at_then_saved_applied_and_kept(page, file):
    visitor = page.administrator()
    before = file.read_bytes()
    review = edited(visitor, "hotline:\r\n", "hotline: # by the page\r\n    enabled: false\r\n", what="holidays")
    assert "Calls to +49 30 23125700" in review.text, review.text
    assert "enabled: false" in review.text
    assert file.read_bytes() == before
    saved = visitor.send(review.form("/save"))
    assert "Saved and applied" in saved.text
    assert file.read_bytes() == before.replace(b"hotline:\n", b"hotline: # by the page\n    enabled: false\n")
    assert not ask_for_status(file).is_changed()
    history = visitor.go("/file/history")
    assert "holidays" in history.text
    assert history.text.count("in force") == 1
    restored = visitor.send(next(form for form in history.forms if form["action"].endswith("/restore")))
    assert "Saved and applied" in visitor.send(restored.form("/save")).text
    assert file.read_bytes() == before


def test_an_edit_that_changes_nothing_changes_no_byte(page, file):
    visitor = page.administrator()
    before = file.read_bytes()
    review = edited(visitor, "hotline", "hotline")
    assert "Nothing changes for callers" in review.text
    visitor.send(review.form("/save"))
    assert file.read_bytes() == before


def test_a_comment_that_somebody_else_writes_meanwhile_is_never_lost(page, file):
    """Two administrators save at once: one is told, and nothing is lost."""
    first, second = page.administrator(), page.administrator()
    mine = edited(first, "reject: true", "reject: false")
    theirs = edited(second, "gates:", "gates: # theirs")
    assert "Saved and applied" in second.send(theirs.form("/save")).text
    refused = first.send(mine.form("/save"))
    assert refused.status == 409
    assert "Somebody has changed the file" in refused.text
    assert "gates: # theirs" in refused.text
    assert "reject: false" in refused.text
    assert b"# theirs" in file.read_bytes()
    assert b"reject: true" in file.read_bytes()


def test_of_four_administrators_who_save_at_once_one_does_and_three_are_told(page, file):
    before = file.read_bytes()
    visitors = [page.administrator() for _ in range(4)]
    forms = [edited(each, "gates:", f"gates: # {number}").form("/save") for number, each in enumerate(visitors)]
    pool = gevent.get_hub().threadpool
    sent = [pool.spawn(visitor.send, form) for visitor, form in zip(visitors, forms, strict=True)]
    answers = [each.get(timeout=50) for each in sent]
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    (saved,) = (number for number, answer in enumerate(answers) if answer.status == 200)
    assert file.read_bytes() == before.replace(b"gates:", f"gates: # {saved}".encode(), 1)


def test_a_form_that_was_opened_before_the_file_changed_is_refused(page, file):
    visitor = page.administrator()
    form = visitor.send(visitor.go("/file").form("/file/edit")).form("/file/draft")
    file.write_bytes(file.read_bytes() + b"# by hand\n")
    refused = visitor.send(form, text=form["fields"]["text"] + "# by the page\r\n")
    assert refused.status == 409
    assert file.read_bytes().endswith(b"# by hand\n")


def test_a_file_with_errors_is_refused_with_its_findings_at_their_lines(page, file):
    visitor = page.administrator()
    before = file.read_bytes()
    refused = edited(visitor, "otherwise:", "otherwize:")
    assert refused.status == 422
    assert "did you mean otherwise?" in refused.text
    assert PIN not in refused.html
    assert file.read_bytes() == before
    again = visitor.send(refused.form("/file/edit"))
    assert "otherwize:" in again.form("/file/draft")["fields"]["text"]


def test_a_file_is_uploaded_and_checked_first(page, file):
    visitor = page.administrator()
    token = visitor.go("/file").form("/file/draft")["fields"]["csrf_token"]
    boundary = "x" * 30
    content = file.read_text().replace("reject: true", "reject: false")
    parts = (("csrf_token", "", token), ("upload", '; filename="../../etc/passwd"', content))
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
        for name, more, value in parts
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = visitor.ask("POST", "/file/draft", f"{body}--{boundary}--\r\n".encode(), kind)
    assert answer.status == 303
    assert "Calls to 701" in visitor.go(answer.headers["Location"]).text
    assert b"reject: true" in file.read_bytes()


def test_a_change_on_the_server_is_looked_at_and_applied(page, file):
    visitor = page.administrator()
    file.write_bytes(file.read_bytes().replace(b"reject: true", b"reject: false"))
    shown = visitor.go("/file")
    assert "not in force yet" in shown.text
    review = visitor.send(shown.form("/file/take-over"))
    assert "Calls to 701" in review.text
    assert "Saved and applied" in visitor.send(review.form("/save")).text
    assert not ask_for_status(file).is_changed()
    again = visitor.send(review.form("/save"))
    assert (again.status, "These changes do not wait any more." in again.text) == (410, True)


def test_pins_are_seen_only_by_who_asks_for_them(page, file):
    visitor = page.administrator()
    shown = visitor.go("/file")
    assert PIN not in shown.html
    form = visitor.send(shown.form("/file/edit"))
    assert PIN in form.html
    review = visitor.send(
        form.form("/file/draft"), text=form.form("/file/draft")["fields"]["text"].replace(PIN, "99887766")
    )
    assert "99887766" not in review.html
    visitor.send(review.form("/save"))
    history = visitor.go("/file/history").html
    assert PIN not in history
    assert "99887766" not in history


def test_a_file_that_is_broken_on_the_server_breaks_no_page(page, file):
    visitor = page.administrator()
    file.write_bytes(b"version: 1\ngates: [\n")
    assert "hotline" in visitor.go("/").text
    assert "the file can't be applied" in visitor.go("/file").text
    file.unlink()
    assert "hotline" in visitor.go("/").text
    missing = page.administrator("de").go("/file")
    assert (missing.status, "Datei oder Verzeichnis nicht gefunden" in missing.text) == (503, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_without_the_right_to_write_the_finished_file_is_offered(page, file):
    visitor = page.administrator()
    review = edited(visitor, "reject: true", "reject: false")
    file.parent.chmod(0o500)
    try:
        refused = visitor.send(review.form("/save"))
        assert refused.status == 409
        assert "may not write" in refused.text
        assert b"reject: false" in visitor.send(refused.form("/download")).body
    finally:
        file.parent.chmod(0o700)


def test_a_disk_that_takes_no_more_is_not_taken_for_a_missing_right(page, file):
    visitor, before = page.administrator("de"), file.read_bytes()
    review = edited(visitor, "reject: true", "reject: false")
    limits = resource.prlimit(page.process, resource.RLIMIT_FSIZE)
    resource.prlimit(page.process, resource.RLIMIT_FSIZE, (16, limits[1]))
    try:
        refused = visitor.send(review.form("/save"))
    finally:
        resource.prlimit(page.process, resource.RLIMIT_FSIZE, limits)
    assert (refused.status, "chown" in refused.text) == (409, False)
    assert "vipgate.yaml lässt sich nicht schreiben. Datei zu groß." in refused.text
    assert b"reject: false" in visitor.send(refused.form("/download")).body
    assert file.read_bytes() == before


def test_the_front_desk_neither_sees_nor_changes_the_file(page, file):
    visitor = page.front_desk()
    token = visitor.go("/try").form("/try")["fields"]["csrf_token"]
    for path in ("/file", "/file/history", "/file/draft/x"):
        assert visitor.go(path).status == 403
    for path in ("/file/edit", "/file/draft", "/file/take-over", "/file/draft/x/save", "/file/history/x/restore"):
        answer = visitor.ask("POST", path, f"csrf_token={token}&text=version: 1")
        assert (answer.status, PIN.encode() in answer.body) == (403, False)
