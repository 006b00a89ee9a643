"""Tables of callers: pasted from a spreadsheet in whatever form, edited row by row, checked before anything is saved."""

from __future__ import annotations

import io
import re
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from vipgate_fs.admin.comparing import compared, named
from vipgate_fs.admin.tables import LARGEST, Kind, Row, pasted, table

PINS, VERDICTS, CUSTOMERS = Kind("number", "pin"), Kind("number", "verdict"), Kind("customer number", "pin")
GATE = "/gates/hotline"


@pytest.mark.parametrize(
    ("text", "kind", "result"),
    [
        ("+49 171 1\t4711", PINS, "number,pin\n+49 171 1,4711\n"),
        ("+49 171 1;4711;Alice\n", PINS, "number,pin,note\n+49 171 1,4711,Alice\n"),
        ("Rufnummer\tPIN\tBemerkung\r\n0171 1\t0815\tA\r\n", PINS, "Rufnummer,PIN,Bemerkung\n0171 1,0815,A\n"),
        ("Number,PIN\n+49171,1234\n", PINS, "Number,PIN\n+49171,1234\n"),
        ("Alice\t+49 171 5550001\t4711\nBob\t+49 171 5550002\t4712\n", PINS, "note,number,pin\n*"),
        ("+49 171 5550001\nreject too\n", VERDICTS, "number\n+49 171 5550001\nreject too\n"),
        ("+49 171 5550001\treject\n0900*\tpass\n", VERDICTS, "number,verdict\n*"),
        ("+49 171 5550001\tAlice\n", VERDICTS, "number,note\n*"),
        ('"+49 171 1"\t"4711"\t"two\r\nlines"\r\n\r\n', PINS, "number,pin,note\n+49 171 1,4711,two lines\n"),
        ("Kundennummer;PIN\n10027;4711\n", CUSTOMERS, "Kundennummer;PIN".replace(";", ",") + "\n10027,4711\n"),
        ("10027\t471100\n", CUSTOMERS, "customer number,pin\n10027,471100\n"),
        ("4,917E+12\t4711\n", PINS, "number,pin\n*"),
        ("48213907\t01715550001\n", PINS, "pin,number\n*"),
        ("081547\t+49 171 1\n", PINS, "pin,number\n*"),
        ("\t\t+491715550001\t48213907\t\n", PINS, "note,note 2,number,pin,note 3\n*"),
    ],
)
def test_what_is_copied_from_a_spreadsheet_becomes_a_table_with_named_columns(text, kind, result):
    made = pasted(text, kind).decode()
    assert made.startswith(result.removesuffix("*")) if result.endswith("*") else made == result
    assert table(made.encode(), kind).rows


@pytest.mark.parametrize("text", ["", " \n\t\n", ";;;\n", "a\t" * 100_000])
def test_nothing_is_no_table_and_neither_are_a_thousand_columns(text):
    with pytest.raises(ValueError, match=r"no row|columns"):
        pasted(text, PINS)


@pytest.mark.parametrize(
    ("head", "kind"),
    [(b"number,PIN", VERDICTS), (b"number,pin,Geheimzahl", PINS), (b"number,name,PIN-Code,verdict", VERDICTS)],
)
def test_a_table_whose_columns_are_named_wrongly_shows_no_row_and_so_no_pin(head, kind):
    with pytest.raises(ValueError, match="column"):
        table(head + b"\n0171 1,4711,4712,4713\n", kind)
    assert compared("x.csv", kind, head + b"\n0171 1,4711\n", b"number\n").rows == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("+491715550001\t10027\t48213907\tAlice\n+491715550002\t10028\t48213908\n", PINS),
        ("48213907\t48213908\n", PINS),
        ("10027\t471100\t2026\n", CUSTOMERS),
    ],
)
def test_which_column_has_the_pins_is_not_guessed(text, kind):
    with pytest.raises(
        ValueError, match=r"several columns may be the .*; name them in a row above, such as .* and PIN"
    ):
        pasted(text, kind)


HAND = b'# of the office\nNummer;PIN;Name\n+49 171 1; 4711;Alice\n\n# new ones\n\'0171 2;="0815";B\xc3\xb6b\n'


def test_what_is_not_changed_keeps_its_line():
    hand = table(HAND, PINS)
    assert [(row.line, row.key, row.value, row.others) for row in hand.rows] == [
        (3, "+49 171 1", "4711", ("Alice",)),
        (6, "0171 2", "0815", ("Böb",)),
    ]
    assert hand.edited({}) == HAND
    assert hand.edited({3: ("+49 171 9", "4712")}) == HAND.replace(b"+49 171 1; 4711", b"+49 171 9;4712")
    assert hand.edited({6: None}, hand.rows[:1]) == b"".join(HAND.splitlines(keepends=True)[:5]) + (
        b"+49 171 1;4711;Alice\n"
    )


def rows_of(before, after, kind=PINS):
    return [(row.what, row.key, row.value, row.others) for row in compared("x.csv", kind, before, after).rows]


DOTS = "•" * 8


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({}, []),
        ({6: None}, [("gone", "0171 2", (DOTS, ""), ("Böb", ""))]),
        ({3: ("+49 171 1", "2222")}, [("changed", "+49 171 1", (DOTS, DOTS), ("Alice", "Alice"))]),
        (
            {3: ("+49 171 2", "")},
            [
                ("new", "+49 171 2", ("", ""), ("", "Alice")),
                ("gone", "+49 171 1", (DOTS, ""), ("Alice", "")),
            ],
        ),
    ],
)
def test_rows_that_differ_are_named_without_their_pins(change, differs):
    assert rows_of(HAND, table(HAND, PINS).edited(change)) == differs


def test_of_a_table_that_is_sorted_anew_with_equal_numbers_only_what_differs_is_said():
    head, rows = b"number,verdict\n", [b"0171 %d,pass\n" % number for number in range(2_000)]
    same = [*rows, b"1,pass\n", b"1,reject\n"]
    assert rows_of(head + b"".join(same), head + b"".join(reversed(same)), VERDICTS) == []
    assert rows_of(head + b"".join(same), head + b"".join([*rows, b"1,forward:7\n", b"1,reject\n"]), VERDICTS) == [
        ("changed", "1", ("pass", "forward:7"), ("", ""))
    ]
    new = compared("x.csv", VERDICTS, None, head + b"".join(rows))
    assert (new.counts, len(new.rows), new.more) == ((2_000, 0, 0), 100, 1_900)


def test_what_can_not_be_compared_says_why():
    assert compared("x.csv", None, HAND, HAND).trouble
    assert compared("x.csv", PINS, b"a\nb\n", HAND).trouble
    content = (
        b"gates: {a: {identify: [{callers: {file: a.csv}}, {caller_pin: {file: b.csv, identification: entered_id}}]}}"
    )
    assert named(content) == {"a.csv": VERDICTS, "b.csv": CUSTOMERS}
    for strange in (b"gates: []", b"gates: {a: 1, b: {identify: {x: y}}, c: {identify: [x, []]}}", b"{", b"a: &b c"):
        assert named(strange) == {}


@pytest.mark.parametrize(
    "content",
    [b'number,pin\n"a\nb",1\n', b"PK\x03\x04", b"a,b\nc,d\n", b"x" * (LARGEST + 1), "number,pin".encode("utf-16"), b""],
)
def test_what_can_not_be_edited_row_by_row_is_refused_in_words(content):
    with pytest.raises(ValueError, match=r"\w"):
        table(content, PINS)


def test_no_pin_is_in_the_repr_of_a_row():
    assert "4711" not in repr(table(HAND, PINS).rows)


def table_of(visitor, index=0):
    return visitor.go(f"{GATE}/table/{index}")


def take(visitor, shown, **values):
    return visitor.send(shown.form("/table/0"), **values)


def test_a_table_is_pasted_corrected_saved_and_edited_and_no_pin_is_shown(page, file):
    visitor = page.administrator()
    rows = "Rufnummer\tPIN\tName\r\n0171 5550001\t40817263\tAlice\r\n+49 171 5550001\t40817264\tBob\r\n4,917E+12\t40817265\tC\r\n"
    refused = take(visitor, table_of(visitor), paste=rows)
    assert refused.status == 422
    assert "another PIN for the same number" in refused.text
    assert "4,917E+12" in refused.html
    assert not list(file.parent.glob("*.csv"))
    assert "408172" not in refused.html
    fixed = {"row.3.key": "0171 5550002", "row.4.gone": "on", "new.key": "0171 5550003", "new.value": "0815"}
    review = take(visitor, refused, **fixed)
    assert "Rows: 3 new, 0 gone, 0 changed" in review.text
    assert "408172" not in review.html
    assert "Saved and applied" in visitor.send(review.form("/save")).text
    table = file.parent / "hotline-pins.csv"
    assert table.read_text() == (
        "Rufnummer,PIN,Name\n0171 5550001,40817263,Alice\n0171 5550002,40817264,Bob\n0171 5550003,0815,\n"
    )
    assert table.stat().st_mode & 0o777 == 0o600
    assert b"hotline-pins.csv" in file.read_bytes()
    again = table_of(visitor)
    assert "40817263" not in again.html
    review = take(visitor, again, **{"row.2.value": "50505050", "row.4.gone": "on"})
    assert "Rows: 0 new, 1 gone, 1 changed" in review.text
    assert "changed 0171 5550001 another PIN Alice gone 0171 5550003 •••••••• " in review.text
    assert "0171 5550002" not in review.text
    assert not re.search("505050|408172|0815", review.html)
    visitor.send(review.form("/save"))
    since = visitor.go(re.search(r'href="(/file/history\?table=[^"#]+)', visitor.go("/file/history").html)[1])
    assert "changed 0171 5550001 another PIN Alice gone 0171 5550003 •••••••• " in since.text
    assert not re.search("505050|408172|0815", since.html)
    kept = list(file.parent.rglob("versions/*-hotline-pins.csv"))
    assert [each.read_text().count("40817263") for each in kept] == [1]
    assert "0171 5550001,50505050,Alice\n0171 5550002,40817264" in table.read_text()
    tried = visitor.send(
        visitor.go("/try").form("/try"), caller="0171 5550001", called="+49 30 23125700", first="50505050#"
    )
    assert "Goes on to" in tried.text


def test_a_table_that_somebody_else_changes_meanwhile_is_not_overwritten(page, file):
    visitor = page.administrator()
    file.write_text(file.read_text().replace("caller_pin: {", "caller_pin: {file: hotline-pins.csv, "))
    table = file.parent / "hotline-pins.csv"
    table.write_text("number,pin\n0171 5550001,40817263\n")
    review = take(visitor, table_of(visitor), **{"row.2.key": "0171 5550009"})
    table.write_text(table.read_text() + "# by hand\n")
    refused = visitor.send(review.form("/save"))
    assert refused.status == 409
    assert "Somebody has changed the table hotline-pins.csv" in refused.text
    assert table.read_text().endswith("0171 5550001,40817263\n# by hand\n")


def test_no_file_but_a_table_beside_the_configuration_is_read_or_written(page, file):
    visitor = page.administrator()
    form = visitor.go(f"{GATE}/identification").form("/identification")
    field = "gates.hotline.identify.0.caller_pin.file"
    for name in ("../vipgate.csv", "/tmp/vipgate.csv", "vipgate.yaml", "a/b.csv", ".csv", "..csv", "../pins.xlsx"):
        shown = visitor.send(form, **{field: name}, do="table:gates.hotline.identify.0")
        assert "Only a .csv or .xlsx file beside" in shown.text, name
        assert take(visitor, shown, paste="0171 5550001\t40817263\n", how="instead").status == 422, name
    assert not list(file.parent.glob("*.csv"))


def test_tables_are_of_steps_that_have_one_and_for_administrators(page, file):
    visitor = page.administrator()
    for place in (f"{GATE}/table/1", f"{GATE}/table/9", "/gates/nobody/table/0"):
        assert visitor.go(place).status == 404
    desk = page.front_desk()
    token = desk.go("/try").form("/try")["fields"]["csrf_token"]
    assert desk.go(f"{GATE}/table/0").status == 403
    assert desk.ask("POST", f"{GATE}/table/0", f"csrf_token={token}&paste=1").status == 403


def test_what_is_wrong_with_the_columns_is_said_above_the_rows(page, file):
    visitor = page.administrator()
    shown = take(visitor, table_of(visitor), paste="anything\n", show="1")
    assert "1 error." in shown.text
    assert "Error: line 1: there is no column pin" in shown.text
    several = "\r\n+49 171 1\t10027\t40817263"
    refused = take(visitor, table_of(visitor), paste=several, show="1")
    assert (refused.status, "name them in a row above" in refused.text) == (422, True)
    assert refused.form("/table/0")["fields"]["paste"] == several, "and there it is"
    named = take(visitor, refused, paste=f"Nummer\tKunde\tPIN{several}", show="1")
    assert "40817263" not in named.html
    assert "1 row" in named.text
    wrongly = take(visitor, table_of(visitor), paste="Nummer\tPIN\tCode\n0171 1\t4711\t4712\n", show="1")
    assert (wrongly.status, "two columns for the PIN" in wrongly.text) == (422, True)


def test_formulas_and_html_in_a_table_are_text_on_the_page(page, file):
    visitor = page.administrator()
    shown = take(visitor, table_of(visitor), paste="0171 5550001\t40817263\t<script>x</script>\n", show="1")
    assert "<script>x" not in shown.html
    assert "<script>x" in shown.text


def workbook():
    """As people make them: a hidden sheet, a title, a gap, numbers as numbers, a picture of colours, and a formula."""
    book, content = openpyxl.Workbook(), io.BytesIO()
    book.create_sheet("hidden", 0).sheet_state = "hidden"
    sheet = book["Sheet"]
    for row in (
        ["PINs"],
        ["Rufnummer", "Name", "PIN"],
        ["+49 171 5550001", "Älice & Co", 4711],
        [],
        ["0171 5550002", "=1+1", "0815"],
    ):
        sheet.append(row)
    sheet["C3"].number_format = "000000"
    sheet["A3"].comment = Comment("important", "somebody")
    sheet["A3"].fill = PatternFill("solid", start_color="FF0000")
    book.save(content)
    parts, computed = parts_of(content.getvalue()), io.BytesIO()
    with zipfile.ZipFile(computed, "w") as book:
        for name, part in parts.items():
            book.writestr(name, part.replace(b"</f><v />", b"</f><v>2</v>"))
    return computed.getvalue()


def parts_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist()}


WORKBOOK = workbook()


def test_a_workbook_is_edited_cell_by_cell_and_the_rest_of_it_stays():
    content = workbook()
    found = table(content, PINS)
    assert [(row.line, row.key, row.value) for row in found.rows] == [
        (3, "+49 171 5550001", "004711"),
        (5, "0171 5550002", "0815"),
    ]
    more = Row(0, "+49 171 <3>", "9999", ("new", "x"))
    changed = found.edited({3: ("+49 171 9", "12"), 5: ("0171 5550002", "0816")}, [more])
    again = table(changed, PINS)
    assert [(row.line, row.key, row.value) for row in again.rows] == [
        (3, "+49 171 9", "12"),
        (5, "0171 5550002", "0816"),
        (6, "+49 171 <3>", "9999"),
    ]
    before, after = parts_of(content), parts_of(changed)
    assert {name for name in before if before[name] != after[name]} == {"xl/worksheets/sheet2.xml"}
    sheet = openpyxl.load_workbook(io.BytesIO(changed))["Sheet"]
    assert (sheet["A3"].comment.text, sheet["A3"].fill.start_color.rgb) == ("important", "00FF0000")
    assert (sheet["B3"].value, sheet["B5"].value, sheet["B6"].value) == ("Älice & Co", "=1+1", "new")
    gone = table(table(content, PINS).edited({3: None}), PINS)
    assert [row.line for row in gone.rows] == [5]


def test_a_formula_of_a_workbook_is_not_replaced():
    with pytest.raises(ValueError, match="formula in row 5"):
        table(workbook(), PINS).edited({5: None})
    with pytest.raises(ValueError, match="can't be edited here"):
        table(workbook(), PINS).edited({4711: None})


ODD = st.text(st.characters(exclude_categories=["C"]), max_size=20).map(str.strip)


@settings(max_examples=20)
@given(notes=st.lists(ODD, min_size=5, max_size=5))
def test_whatever_is_written_into_a_workbook_is_read_again(notes):
    pairs = [(f"+49 171 555000{number}", note) for number, note in enumerate(notes)]
    changed = table(WORKBOOK, PINS).edited({}, [Row(0, key, "4711", (note,)) for key, note in pairs])
    assert [(row.key, row.others[0]) for row in table(changed, PINS).rows[2:]] == pairs


def test_rows_of_a_workbook_are_edited_on_the_page_and_the_table_of_before_is_restored(page, file):
    visitor = page.administrator()
    file.write_text(file.read_text().replace("caller_pin: {", "caller_pin: {file: pins.xlsx, "))
    book = file.parent / "pins.xlsx"
    book.write_bytes(before := workbook())
    try:
        review = take(
            visitor, table_of(visitor), **{"row.3.value": "47110815", "new.key": "0171 5550003"} | {"new.value": "12"}
        )
        assert "Rows: 1 new, 0 gone, 1 changed" in review.text
        assert "Saved and applied" in visitor.send(review.form("/save")).text
        assert [row.value for row in table(book.read_bytes(), PINS).rows] == ["47110815", "0815", "12"]
        history = visitor.go("/file/history")
        review = visitor.send(history.form("pins.xlsx/restore"))
        assert "47110815" not in review.html
        assert "changed +49 171 5550001 another PIN Älice & Co gone 0171 5550003 ••••••••" in review.text
        assert "Saved and applied" in visitor.send(review.form("/save")).text
        assert book.read_bytes() == before
        pasted_instead = take(visitor, table_of(visitor), paste="0171 5550005\t4711\n", how="instead")
        visitor.send(pasted_instead.form("/save"))
        assert b"hotline-pins.csv" in file.read_bytes()
        assert book.read_bytes() == before
    finally:
        book.unlink()


def test_the_pin_of_one_row_is_shown_to_whoever_asks_for_it(page, file):
    visitor = page.administrator()
    file.write_text(file.read_text().replace("caller_pin: {", "caller_pin: {file: hotline-pins.csv, "))
    (file.parent / "hotline-pins.csv").write_text("number,pin\n0171 5550001,40817263\n0171 5550002,40817264\n")
    shown = take(visitor, table_of(visitor), pin="3")
    assert [shown.html.count(pin) for pin in ("40817263", "40817264")] == [0, 1]
    assert page.service.await_line("changed on the administration page", what="pin shown", caller="0171 5550002")
    assert "408172" not in take(visitor, table_of(visitor), pin="99").html


@pytest.mark.parametrize(
    "kept", ["x.csv", "..%2fvipgate.yaml", "1700000000000-..%2fx.csv", "1700000000000-nothing.csv"]
)
def test_no_other_file_is_restored_as_a_table(page, file, kept):
    visitor = page.administrator()
    token = visitor.go("/file/history").forms[0]["fields"]["csrf_token"]
    assert visitor.ask("POST", f"/file/history/table/{kept}/restore", f"csrf_token={token}").status == 404
