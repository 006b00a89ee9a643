"""Tables of callers: pasted from a spreadsheet in whatever form, edited row by row, checked before anything is saved."""

from __future__ import annotations

import pytest

from vipgate_fs.admin.tables import LARGEST, Kind, Table, counts, pasted

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
    ],
)
def test_what_is_copied_from_a_spreadsheet_becomes_a_table_with_named_columns(text, kind, result):
    made = pasted(text, kind).decode()
    assert made.startswith(result.removesuffix("*")) if result.endswith("*") else made == result
    assert Table(made.encode(), kind).rows


@pytest.mark.parametrize("text", ["", " \n\t\n", ";;;\n", "a\t" * 100_000])
def test_nothing_is_no_table_and_neither_are_a_thousand_columns(text):
    with pytest.raises(ValueError, match=r"no row|columns"):
        pasted(text, PINS)


HAND = b'# of the office\nNummer;PIN;Name\n+49 171 1; 4711;Alice\n\n# new ones\n\'0171 2;="0815";B\xc3\xb6b\n'


def test_what_is_not_changed_keeps_its_line():
    table = Table(HAND, PINS)
    assert [(row.line, row.key, row.value, row.others) for row in table.rows] == [
        (3, "+49 171 1", "4711", ("Alice",)),
        (6, "0171 2", "0815", ("Böb",)),
    ]
    assert table.edited({}) == HAND
    assert table.edited({3: ("+49 171 9", "4712")}) == HAND.replace(b"+49 171 1; 4711", b"+49 171 9;4712")
    assert table.edited({6: None}, table.rows[:1]) == b"".join(HAND.splitlines(keepends=True)[:5]) + (
        b"+49 171 1;4711;Alice\n"
    )
    assert counts(table, Table(table.edited({6: None, 3: ("+49 171 1", "2222")}), PINS)) == (0, 1, 1)
    assert counts(table, Table(table.edited({3: ("+49 171 2", "2222")}), PINS)) == (1, 1, 0)
    assert counts(None, table) == (2, 0, 0)


@pytest.mark.parametrize(
    "content",
    [b'number,pin\n"a\nb",1\n', b"PK\x03\x04", b"a,b\nc,d\n", b"x" * (LARGEST + 1), "number,pin".encode("utf-16"), b""],
)
def test_what_can_not_be_edited_row_by_row_is_refused_in_words(content):
    with pytest.raises(ValueError, match=r"\w"):
        Table(content, PINS)


def test_no_pin_is_in_the_repr_of_a_row():
    assert "4711" not in repr(Table(HAND, PINS).rows)


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
    visitor.send(review.form("/save"))
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


def test_no_file_but_a_csv_beside_the_configuration_is_read_or_written(page, file):
    visitor = page.administrator()
    form = visitor.go(f"{GATE}/identification").form("/identification")
    field = "gates.hotline.identify.0.caller_pin.file"
    for name in ("../vipgate.csv", "/tmp/vipgate.csv", "vipgate.yaml", "a/b.csv", ".csv", "..csv"):
        shown = visitor.send(form, **{field: name}, do="table:gates.hotline.identify.0")
        assert "Only a .csv file beside" in shown.text, name
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


def test_formulas_and_html_in_a_table_are_text_on_the_page(page, file):
    visitor = page.administrator()
    shown = take(visitor, table_of(visitor), paste="0171 5550001\t40817263\t<script>x</script>\n", show="1")
    assert "<script>x" not in shown.html
    assert "<script>x" in shown.text
