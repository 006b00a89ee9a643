"""Site, server, store and records as forms of the schema, over the real HTTP server."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from page_service import Page
from ports import free_port
from running_service import until

from vipgate_fs.admin.sheets import section, sections
from vipgate_fs.document import schema
from vipgate_fs.document.rewriting import tree_of

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted([*ROOT.glob("examples/*.yaml"), *ROOT.glob("tests/config/good/*.yaml")])


def form_of(visitor, kind):
    return visitor.go(f"/settings/{kind}").form(f"/settings/{kind}")


def test_each_section_that_is_no_gate_and_no_schedule_has_a_form():
    assert set(sections()) == set(schema.load()["properties"]) - {"version", "gates", "schedules"}
    shown = {each.name for kind in sections() for one in section(b"version: 1\n", kind).widgets for each in one.all()}
    for name in ("site.country", "site.holidays.base", "server.admin_tls.key", "store", "records.retention"):
        assert name in shown


def test_a_new_setting_or_section_of_the_schema_appears_by_itself(monkeypatch):
    more = copy.deepcopy(schema.load())
    more["properties"]["site"]["properties"]["brand_new"] = {"type": "integer", "title": "New"}
    more["properties"]["other"] = {"type": "object", "properties": {"one": {"type": "string"}}}
    monkeypatch.setattr(schema, "load", lambda: more)
    assert [each.kind for each in section(b"version: 1\n", "site").widgets if each.key == "brand_new"] == ["number"]
    assert section(b"version: 1\n", "other").filled({"other.one": "x"}) == b"version: 1\nother: {one: x}\n"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_a_form_that_was_not_touched_changes_no_byte(path):
    content = path.read_bytes()
    for kind in sections():
        sheet = section(content, kind)
        given = {each.name: each.value for one in sheet.widgets for each in one.all() if each.kind != "secret"}
        chosen = {f"{each.name}.kind": each.value for one in sheet.widgets for each in one.all()}
        assert sheet.filled(given | chosen) == content


def test_settings_are_changed_on_several_sheets_looked_at_and_applied(page, file):
    visitor = page.administrator()
    before = file.read_bytes()
    shown = visitor.send(form_of(visitor, "site"), do="sheet:server", **{"site.number_format": "+"})
    assert file.read_bytes() == before
    assert "no call comes here any more" in shown.text
    shown = visitor.send(shown.form("/server"), do="sheet:records", **{"server.workers": "2"})
    review = visitor.send(shown.form("/records"), **{"records.retention": "7d"})
    assert "Saved and applied" in visitor.send(review.form("/save")).text
    saved = tree_of(file.read_bytes())
    assert saved["site"] == {"country": "DE", "number_format": "+"}
    assert saved["server"]["workers"] == "2"
    assert saved["records"] == {"retention": "7d"}
    assert [line for line in before.splitlines() if line not in file.read_bytes().splitlines()] == [
        line for line in before.splitlines() if line.startswith((b"site:", b"server:"))
    ]


def test_what_is_wrong_stands_at_its_field_and_nothing_is_saved(page, file):
    visitor, before = page.administrator("de"), file.read_bytes()
    refused = visitor.send(form_of(visitor, "server"), **{"server.workers": "many", "server.listen": "here"})
    assert refused.status == 422
    assert 'href="#server.workers"' in refused.html
    assert "1 bis 64" in refused.text
    assert refused.form("/server")["fields"]["server.workers"] == "many"
    assert file.read_bytes() == before
    file.write_bytes(before + b"# by hand\n")
    assert visitor.send(form_of(visitor, "site"), base="0" * 64).status == 409


def test_the_store_is_not_shown_but_where_it_is_kept_is(page, file):
    visitor = page.administrator()
    assert "sqlite:///vipgate.db" not in visitor.go("/settings/store").html
    file.write_bytes(file.read_bytes().replace(b"sqlite:///vipgate.db", b"{env: VIPGATE_STORE_URL}"))
    assert "VIPGATE_STORE_URL" in visitor.go("/settings/store").html


def test_what_is_no_section_is_not_found_and_a_broken_file_is_said(page, file):
    visitor = page.administrator()
    for kind in ("version", "gates", "schedules", "..", "nothing"):
        assert visitor.go(f"/settings/{kind}").status == 404
    file.write_bytes(b"a: [")
    assert "The file can't be used" in visitor.go("/settings/site").text


def test_the_page_moves_when_its_own_address_is_changed_and_the_answer_still_comes(tmp_path):
    page, port = Page(tmp_path), free_port()
    try:
        visitor = page.administrator()
        review = visitor.send(form_of(visitor, "server"), **{"server.admin": f"127.0.0.1:{port}"})
        saved = visitor.send(review.form("/save"))
        assert saved.status == 200
        assert f"127.0.0.1:{port}" in saved.text
        visitor = page.visitor()
        visitor.port, visitor.host = port, f"127.0.0.1:{port}"
        until(lambda: f":{port}/" in page.link())
        assert visitor.follow_link(page.link()).status == 200
    finally:
        page.service.destroy()
        page.database.close()
