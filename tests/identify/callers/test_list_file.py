"""Lists as programs export them: what is in each row, and what is said of a file that is none."""

from __future__ import annotations

import io
import os
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.document.sources import MACHINE
from vipgate_fs.identify.callers.cells import Fault
from vipgate_fs.identify.callers.list_file import ListFile, Row, Unreadable


def opened(path):
    return MACHINE.list(path.name, path.parent)


@pytest.fixture
def read(tmp_path):
    """Reads a list from a file with that content."""

    def make(content, key="number", value="verdict"):
        path = tmp_path / "list"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(ListFile(opened(path), key, value))

    return make


@pytest.fixture
def refused(tmp_path):
    """Why a file with that content is no list, and the line that says so."""

    def make(content, key="number", value="verdict"):
        path = tmp_path / "list"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(Unreadable) as caught:
            ListFile(opened(path), key, value)
        return caught.value.line, str(caught.value)

    return make


PLAIN = "number;verdict;note\n0176 12345678;pass;Alice\n0900*;reject;\n"
ROWS = [Row(2, "0176 12345678", "pass"), Row(3, "0900*", "reject")]


def later(lines):
    return [row._replace(line=row.line + lines) for row in ROWS]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(PLAIN, ROWS, id="semicolons"),
        pytest.param(PLAIN.replace(";", ","), ROWS, id="commas"),
        pytest.param(PLAIN.replace(";", "\t"), ROWS, id="tabs"),
        pytest.param(PLAIN.replace(";", "|"), ROWS, id="bars"),
        pytest.param(PLAIN.replace("\n", "\r\n"), ROWS, id="CR LF"),
        pytest.param(PLAIN.replace("\n", "\r"), ROWS, id="CR"),
        pytest.param(PLAIN.rstrip(), ROWS, id="no line break at the end"),
        pytest.param("sep=;\n" + PLAIN, later(1), id="sep=;"),
        pytest.param("sep=;\r\n" + PLAIN.replace("\n", "\r\n"), later(1), id="sep=; CR LF"),
        pytest.param('"sep=;"\n' + PLAIN, later(1), id="sep=; in quotes"),
        pytest.param("SEP=,\n" + PLAIN.replace(";", ","), later(1), id="SEP=,"),
        pytest.param("sep=\t\n" + PLAIN.replace(";", "\t"), later(1), id="sep=TAB"),
        pytest.param("\ufeffsep=;\n" + PLAIN, later(1), id="sep=; after a byte order mark"),
        pytest.param("\ufeff" + PLAIN, ROWS, id="UTF-8 with a byte order mark"),
        pytest.param(PLAIN.encode("utf-16"), ROWS, id="UTF-16, as Excel's Unicode text"),
        pytest.param(PLAIN.encode("utf-16-le"), ROWS, id="UTF-16 LE without a mark"),
        pytest.param(PLAIN.encode("utf-16-be"), ROWS, id="UTF-16 BE without a mark"),
        pytest.param(PLAIN.encode("utf-32"), ROWS, id="UTF-32"),
        pytest.param(PLAIN.replace("Alice", "Älice").encode("latin-1"), ROWS, id="Latin-1"),
        pytest.param(PLAIN.replace("Alice", "Älice \x81").encode("latin-1"), ROWS, id="Latin-1, no Windows-1252"),
        pytest.param(PLAIN.replace("Alice", "Älice €").encode("cp1252"), ROWS, id="Windows-1252"),
        pytest.param(PLAIN.encode("utf-8-sig").replace(b"A", b"\xc4"), ROWS, id="BOM before Windows-1252"),
        pytest.param(PLAIN.replace("Alice", "Älice, 爱丽丝"), ROWS, id="UTF-8"),
        pytest.param("number;verdict;note;;\n0176 12345678;pass;Alice;;\n0900*;reject\n", ROWS, id="empty columns"),
        pytest.param(";number;verdict\n;0176 12345678;pass\n;0900*;reject\n", ROWS, id="an empty column in front"),
        pytest.param(PLAIN + ';;\n"";"";""\n \n\n', ROWS, id="empty rows"),
        pytest.param("# VIPs\n\n" + PLAIN + '# 0800*;pass;"\n', later(2), id="comments"),
        pytest.param("VIPs, as of November\n\n" + PLAIN, later(2), id="a title above the columns"),
        pytest.param(
            PLAIN.replace("Alice", '"Alice\n0177 1;pass\n"'),
            [ROWS[0], Row(5, "0900*", "reject")],
            id="line breaks in a note",
        ),
        pytest.param(PLAIN.replace("Alice", '5" pipes'), ROWS, id="a quote within a cell"),
        pytest.param(PLAIN.replace("0176", "'0176").replace("0900", "\t0900"), ROWS, id="an apostrophe, a tab"),
        pytest.param(PLAIN.replace("0176 12345678", '="0176 12345678"'), ROWS, id="a formula"),
        pytest.param(PLAIN.replace("0176 12345678", '"=""0176 12345678"""'), ROWS, id="a formula in quotes"),
        pytest.param(PLAIN.replace("0176", "\u202a0176").replace("5678", "5678\u202c"), ROWS, id="unseen marks"),
        pytest.param(PLAIN.replace("number;verdict;note", "Rufnummer;Entscheidung;Bemerkung"), ROWS, id="German"),
        pytest.param(PLAIN.replace("number", "TELEFON-NR."), ROWS, id="capitals and dots"),
        pytest.param("note,verdict,number\nx,pass,0176 12345678\n,reject,0900*", ROWS, id="another order"),
    ],
)
def test_a_list_is_read_as_it_was_saved(read, content, rows):
    assert read(content) == rows


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(
            '"First Name","Last Name","Business Phone","Business Phone 2","Mobile Phone","Business Fax","Notes"\r\n'
            '"Al","Ice","+49 711 5550123","","+49 176 12345678","+49 711 5550129","a\nb"\r\n"Bob"\r\n',
            [Row(2, "+49 711 5550123", None), Row(2, "+49 176 12345678", None)],
            id="Outlook, English",
        ),
        pytest.param(
            '"Vorname";"Nachname";"Telefon geschäftlich";"Telefon privat 2";"Mobiltelefon";"Fax geschäftlich"\r\n'
            '"Al";"Ice";"0711 5550123";"";"0176 12345678";"0711 5550129"\r\n'.encode("cp1252"),
            [Row(2, "0711 5550123", None), Row(2, "0176 12345678", None)],
            id="Outlook, German",
        ),
        pytest.param(
            "First Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Value\nAl,Mobile,0176 1 ::: 0176 2,0711 3\n",
            [Row(2, "0176 1", None), Row(2, "0176 2", None), Row(2, "0711 3", None)],
            id="Google",
        ),
        pytest.param(
            "verdict,phone,mobile\nreject,0176 1 ::: 0176 2\npass\npass,0711 3,0176 4\n",
            [
                *(Row(2, "0176 1", "reject"), Row(2, "0176 2", "reject"), Fault(3, "the number is missing")),
                *(Row(4, "0711 3", "pass"), Row(4, "0176 4", "pass")),
            ],
            id="with verdicts",
        ),
        pytest.param(
            "sep=;\nTyp;Datum;Name;Rufnummer;Landes-/Ortsnetzbereich;Nebenstelle;Eigene Rufnummer;Dauer\n"
            "1;26.11.26 18:01;Alice;017612345678;;Telefon;Internet: 5550123;0:02\n2;26.11.26 18:00;;;;;;0:00\n",
            [Row(3, "017612345678", None)],
            id="FRITZ!Box, list of calls",
        ),
        pytest.param(
            '"EXTF";700;16;"Debitoren/Kreditoren";5;20261127;;"RE"\r\n'
            "Konto;Name (Adressattyp Unternehmen);Telefon;Bemerkung (Telefon);Telefon GL;Fax\r\n"
            '10001;"Müller & Söhne";"0711 5550123";"Zentrale";"0176 12345678";""\r\n'.encode("cp1252"),
            [Row(3, "0711 5550123", None), Row(3, "0176 12345678", None)],
            id="DATEV",
        ),
    ],
)
def test_address_books_have_several_columns_with_numbers(read, content, rows):
    assert read(content) == rows


@pytest.mark.parametrize(
    ("content", "key", "rows"),
    [
        (
            "Rufnummer;PIN;Bemerkung\n0176 1;0815;Al\n0176 2;' 0816;\n",
            "number",
            [Row(2, "0176 1", "0815"), Row(3, "0176 2", "0816")],
        ),
        ('number,pin\n0176 1,"=""0815"""\n', "number", [Row(2, "0176 1", "0815")]),
        ("Kundennummer\tPIN\n10027\t0815\n", "customer number", [Row(2, "10027", "0815")]),
        ("id,pin-code\n10027,0815\n", "customer number", [Row(2, "10027", "0815")]),
        ("number,pin,note\n0176 1\n", "number", [Row(2, "0176 1", "")]),
        ("Nr.;Rufnummer;PIN\n1;0176 1;0815\n", "number", [Row(2, "0176 1", "0815")]),
        ("Number;Phone;PIN\n1;0176 1;0815\n", "number", [Row(2, "0176 1", "0815")]),
        ("ID;Kundennummer;PIN\n1;10027;0815\n", "customer number", [Row(2, "10027", "0815")]),
        ("Rufnummer;Postcode;PIN;Barcode\n1;2;0815;3\n", "number", [Row(2, "1", "0815")]),
        ("Telefon 1;Telefon2;PIN-Nr.\n1;2;0815\n", "number", [Row(2, "1", "0815"), Row(2, "2", "0815")]),
        ("Rufnummer (E.164);PIN\n+49176;0815\n\x1a", "number", [Row(2, "+49176", "0815")]),
    ],
)
def test_pins_by_number_or_customer_number(read, content, key, rows):
    assert read(content, key, "pin") == rows


PHONE_BOOK = """\
<?xml version="1.0" encoding="utf-8"?>
<phonebooks>
<phonebook owner="0" name="Telefonbuch">
<contact><category>0</category><person><realName>M&#252;ller &amp; S\u00f6hne</realName></person>
<telephony nid="2"><number type="home" prio="1" id="0">0711 5550123</number>
<number type="mobile" id="1">0176 12345678</number><number type="work"></number></telephony></contact>
</phonebook>
</phonebooks>
"""


@pytest.mark.parametrize("content", [PHONE_BOOK, PHONE_BOOK.replace("utf-8", "iso-8859-1").encode("latin-1")])
def test_the_phone_book_of_a_fritz_box(read, content):
    assert read(content) == [Row(5, "0711 5550123", None), Row(6, "0176 12345678", None)]


def test_a_phone_book_that_is_broken_or_none(refused):
    assert "broken in line 3; export it again" in refused("<phonebooks>\n<number>\n</phonebooks>")[1]
    bomb = '<!DOCTYPE x [<!ENTITY a "1"><!ENTITY b "&a;&a;">]>'
    assert "this is an XML file" in refused('<?xml version="1.0"?>' + bomb + "<phonebooks/>")[1]
    assert "there is no column pin" in refused(PHONE_BOOK, value="pin")[1]


def test_a_customer_has_one_number(refused):
    why = refused("Kundennummer;Customer ID;PIN\n1;2;0815\n", "customer number", "pin")[1]
    assert "two columns for the customer number: 'Kundennummer' and 'Customer ID'" in why
    assert (
        "two columns for the PIN: 'PIN' and 'Code'"
        in refused("Kundennummer;PIN;Code\n1;2;3\n", "customer number", "pin")[1]
    )


def workbook(rows, formats=None, hidden=()):
    book = openpyxl.Workbook()
    for line, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            cell = book.active.cell(line, column, value)
            if formats and line > 1:
                cell.number_format = formats[column - 1]
    for title in hidden:
        book.create_sheet(title, 0).sheet_state = "hidden"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def edited(content, before, after):
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(made, "w") as other:
        for each in book.namelist():
            other.writestr(each, book.read(each).replace(before, after))
    return made.getvalue()


def test_no_row_of_a_workbook_is_lost_whatever_it_says_of_its_size(read):
    content = workbook([["number", "verdict"], ["7001", "pass"], ["7002", "reject"]])
    content = edited(content, b'<dimension ref="A1:B3"', b'<dimension ref="A1:B2"')
    assert read(content) == [Row(2, "7001", "pass"), Row(3, "7002", "reject")]


def test_a_long_number_as_excel_writes_it(read):
    content = edited(workbook([["number"], [4917612345681]]), b"4917612345681", b"4.917612345681E12")
    assert read(content) == [Row(2, "4917612345681", None)]


def test_a_workbook(read):
    rows = [
        ["Rufnummer", "Verdict", None],
        ["+49 176 12345678", "pass", "text"],
        [],
        [4917612345679, "reject", "a number"],
        [49176.5, "pass"],
        [None, None, None],
    ]
    assert read(workbook(rows)) == [
        Row(2, "+49 176 12345678", "pass"),
        Row(4, "4917612345679", "reject"),
        Row(5, "49176.5", "pass"),
    ]


def test_a_workbook_shows_zeros_that_its_numbers_have_not(read):
    content = workbook([["number", "pin"], [17612345678, 815], [17612345679, 12345]], ["000000000000", "0000"])
    assert read(content, value="pin") == [Row(2, "017612345678", "0815"), Row(3, "017612345679", "12345")]
    content = workbook([["number", "pin"], [4917612345678, 815]], ['"+"0', "General"])
    assert read(content, value="pin") == [Row(2, "+4917612345678", "815")]


def test_the_first_sheet_that_can_be_seen_is_read(read):
    assert read(workbook([["number"], ["7001"]], hidden=["old"])) == [Row(2, "7001", None)]


ERRORS = ["#NAME?", "#NV", "#N/A", "#REF!", "#BEZUG!", "#WERT!", "#DIV/0!"]


@pytest.mark.parametrize("shown", [*ERRORS, "########"])
def test_a_row_whose_number_a_spreadsheet_could_not_show_is_no_comment(read, shown):
    fault, other = read(f"number;verdict\n{shown};pass\n# a comment\n#########\n### more; of them\n7001;pass\n")
    assert isinstance(fault, Fault)
    assert (fault.line, other) == (2, Row(6, "7001", "pass"))
    assert fault.message.startswith(f"{shown} is what a spreadsheet shows in place of a number")


@pytest.mark.parametrize("shown", ERRORS)
def test_in_a_workbook_as_well(read, shown):
    fault, other = read(workbook([["number", "verdict"], [shown, "pass"], ["#7002", "pass"], ["7001", "pass"]]))
    assert (fault.line, other) == (2, Row(4, "7001", "pass"))


def test_a_workbook_with_a_broken_sheet(refused):
    broken = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["number"], ["7001"]]))) as whole, zipfile.ZipFile(broken, "w") as copy:
        for name in whole.namelist():
            copy.writestr(name, whole.read(name).replace(b"</row>", b"</rows>"))
    assert "this is no Excel workbook that can be read (ParseError)" in refused(broken.getvalue())[1]


@given(st.data())
def test_whatever_is_in_a_file_is_a_row_or_reported(tmp_path_factory, data):
    content = bytearray(data.draw(st.sampled_from([PLAIN.encode(), PLAIN.encode("utf-16"), PHONE_BOOK.encode()])))
    for _ in range(data.draw(st.integers(1, 6))):
        place, marks = (
            data.draw(st.integers(0, len(content))),
            [b"\0", b'"', b"\n", b";", b"#", b"=", b"\xff", b"sep=", b"<"],
        )
        content[place : place + data.draw(st.integers(0, 4))] = data.draw(
            st.sampled_from(marks) | st.binary(max_size=4)
        )
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    path.write_bytes(content)
    try:
        assert all(isinstance(row, Row | Fault) for row in ListFile(opened(path), "number", "verdict"))
    except Unreadable as error:
        assert error.line > 0


ZIP = b"PK\x03\x04" + bytes(26)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of before 2007 (.xls), or one with a password"),
        (ZIP + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "an OpenDocument file (.ods)"),
        (ZIP + b"readme.txt", "a ZIP archive"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "a file of vCards (.vcf)"),
        (b"<html><table><tr><td>number</td></tr></table>", "a web page, even if its name ends in .xls"),
        (b'<?xml version="1.0"?><list/>', "an XML file"),
        (b'[{"number": "7001"}]', "a JSON file"),
        (b"{\\rtf1\\ansi 7001}", "an RTF document"),
        (b"dn: cn=Alice\ntelephoneNumber: 7001\n", "an LDIF file"),
        (b"\x1f\x8b\x08\x00", "a compressed file"),
        (b"SQLite format 3\x00", "a SQLite database"),
        (b"\x7fELF\x02\x01\x01\x00\x01\x02\x03", "no text"),
        (ZIP + b"xl/workbook.xml", "no Excel workbook that can be read (BadZipFile)"),
    ],
)
def test_what_is_no_list_says_what_it_is(refused, content, what):
    assert refused(content) == (1, f"this is {what}; save it as CSV or as .xlsx")


@pytest.mark.parametrize(
    ("content", "value", "line", "message"),
    [
        ("", "verdict", 1, "the columns are not named; allowed: a first line such as number,verdict,note"),
        ("\n# nothing\n", "verdict", 1, "the columns are not named"),
        ("0176 12345678;pass\n", "verdict", 1, "the columns are not named"),
        ("verdict;note\npass;x\n", "verdict", 1, "the columns are not named"),
        ("\n\nx;y\n0176 12345678;pass\n", "verdict", 3, "the columns are not named"),
        ("number;verdit\n7001;pass\n", "verdict", 1, "unknown column 'verdit'; did you mean verdict?"),
        ("number;number\n7001;7002\n", "verdict", 1, "the column 'number' is named twice"),
        ("number;verdict;Verdict\n7001;pass;pass\n", "verdict", 1, "is named twice"),
        (
            "number;verdict;Action\n7001;pass;pass\n",
            "verdict",
            1,
            "two columns for the verdict: 'verdict' and 'Action'",
        ),
        ("number;pin\n7001;0815\n", "verdict", 1, "the column 'pin' is for `caller_pin: {file: …}`"),
        ("number;verdict;pin\n7001;pass;0815\n", "pin", 1, "the column 'verdict' is for `callers: {file: …}`"),
        ("number;note\n7001;0815\n", "pin", 1, "there is no column pin; allowed: a first line such as number,pin,note"),
        ('number;"verdict\n', "verdict", 1, "a quote that begins in this line is not closed"),
    ],
)
def test_the_columns_must_be_known(refused, content, value, line, message):
    found = refused(content, value=value)
    assert found[0] == line
    assert message in found[1]
    assert "0815" not in found[1]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("7001;pass;x;y", "found 4 cells; allowed: 3"),
        (";pass;x", "the number is missing"),
        ('"7001"x;pass', "this is not CSV"),
        (f"{'0' * 131_073};pass", "a cell with more than 131072 characters"),
        ('"7001;pass\n7002;pass', "a quote that begins in this line is not closed"),
    ],
)
def test_a_broken_row_is_reported_and_the_others_are_read(read, row, message):
    fault, *others = read(f"number;verdict;note\n{row}\n7003;pass\n")
    assert isinstance(fault, Fault)
    assert (fault.line, fault.message[: len(message)]) == (2, message)
    assert others == ([] if "closed" in message else [Row(3, "7003", "pass")])


@pytest.mark.parametrize(
    "names",
    [
        "Telefoonnummer;Opmerking",
        "Mobiel;Naam",
        "Numero di telefono;Nota",
        "Cellulare;Nome",
        "Téléphone;Remarque",
        "Numéro de téléphone;Nom",
        "Tél. portable;Nom",
        "Portable;Remarques",
    ],
)
def test_columns_in_dutch_italian_and_french(tmp_path, names):
    tmp_path.joinpath("list").write_text(f"{names}\n7001;x\n", "utf-8")
    found = ListFile(opened(tmp_path / "list"), "number", "verdict")
    assert (list(found), found.unread) == ([Row(2, "7001", None)], ())


def test_telephone_numbers_in_a_column_that_nobody_reads_are_noticed(tmp_path):
    names = "Number;Telefon;verdict;Privatnummer;Fax;Kundennummer;Seit;Notiz"
    rows = "1;7001;pass;;030 1234561;0123456789;01.01.2026;030 1234569\n0170 3920001;7002;pass;+49 (0)171 3920001;;;;\n"
    tmp_path.joinpath("list").write_text(f"{names}\n{rows}", "utf-8")
    found = ListFile(opened(tmp_path / "list"), "number", "verdict")
    assert [row.key for row in found] == ["7001", "7002"]
    assert found.overlooked == {"Number": 3, "Privatnummer": 3}


def test_columns_that_nobody_reads_are_known(tmp_path):
    tmp_path.joinpath("list").write_text("Name;Rufnummer;Fax;Region;Bemerkung\nAl;7001;;;\n")
    found = ListFile(opened(tmp_path / "list"), "number", "verdict")
    assert (found.unread, found.has_values) == (("Fax", "Region"), False)


def test_a_pipe_makes_nobody_wait(tmp_path):
    os.mkfifo(tmp_path / "list")
    for name, message in (("list", "not a regular file"), (".", "Is a directory"), ("x", "No such file")):
        with pytest.raises(OSError, match=message):
            ListFile(opened(tmp_path / name), "number", "verdict")
