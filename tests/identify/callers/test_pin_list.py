"""`caller_pin` with a list of PINs: who has which, and that no PIN is ever shown."""

from __future__ import annotations

import io

import openpyxl
import pytest
from building import build, built

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.step import Evidence

VIP = "+4917612345678"


@pytest.fixture
def load(tmp_path):
    """Builds a step with a list beside the configuration, and maybe more settings."""

    def make(content, **values):
        path = tmp_path / "pins.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o640)
        return build("caller_pin", {"file": "pins.csv", **values}, tmp_path)

    return make


def asks_for(made, caller, pin):
    assert made.said == []
    verdict = made.step.identify(Call(uuid="1", caller=caller, called="7000", dialled="7000"))
    return verdict is not None and verdict.expected == Pin(pin)


@pytest.mark.parametrize(
    "content",
    [
        "number,pin\n0176 12345678,0815471\n",
        "Rufnummer;PIN;Bemerkung\n+49 176 12345678;0815471;Al\n",
        "sep=;\nRufnummer;PIN\n'+49 176 12345678;'0815471\n",
        'number,pin\n4917612345678,"=""0815471"""\n',
        "number\tpin\n0176 12345678\t0815471\n".encode("utf-16"),
        "number,pin\n0176 12345678,0815471\n+49 (0)176 12345678,0815471\n",
    ],
)
def test_a_caller_is_asked_for_the_pin_of_the_list(load, content):
    assert asks_for(load(content), VIP, "0815471")


def test_a_workbook(load):
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in (["Rufnummer", "PIN"], ["0176 12345678", "0815471"], [4971112345678, 4711471]):
        book.active.append(row)
    book.save(content)
    made = load(content.getvalue())
    assert asks_for(made, VIP, "0815471")
    assert asks_for(made, "+4971112345678", "4711471")


def test_by_customer_number(load):
    made = load("Kundennummer;PIN\n10027;0815471\n010027;0815472\n", identification="entered_id")
    assert made.said == []
    assert made.step.table.of("10027") == Pin("0815471")
    assert made.step.table.of("010027") == Pin("0815472")


def test_beside_pins_of_the_configuration(load):
    made = load("number,pin\n7001,0815471\n", pins={"0176 12345678": "0815472"})
    assert asks_for(made, VIP, "0815472")
    assert asks_for(made, "7001", "0815471")


def test_the_row_that_spoke_is_known(load):
    made = load("# PINs\nnumber,pin\n7001,0815471\n", pins={"7002": "0815472"})
    found = made.step.evidence(Call(uuid="1", caller="7001", called="7000", dialled="7000"))
    assert found == Evidence(1, "pins.csv", 3)
    assert made.step.evidence(Call(uuid="1", caller="7002", called="7000", dialled="7000")) is None
    of_customers = load("number,pin\n7001,0815471\n", identification="entered_id").step
    assert of_customers.evidence(Call(uuid="1", caller="7001", called="7000", dialled="7000")) is None


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        ("7001,", 2, "the PIN is missing"),
        ("7001", 2, "the PIN is missing"),
        ("7001,0815x", 2, "this is no PIN; allowed: 1 to 20 digits"),
        ("7001,0815 0815", 2, "this is no PIN"),
        ("7001,+0815", 2, "this is no PIN"),
        (f"7001,{'08154711' * 3}", 2, "this is no PIN"),
        ("7001,٠٨١٥", 2, "this is no PIN"),
        ("7001,0815.0", 2, "a spreadsheet took this PIN for a quantity, and zeros may be lost"),
        ('7001,"8,15E+02"', 2, "a spreadsheet took this PIN for a quantity"),
        (",0815", 2, "the number is missing"),
        ("0815x,4711", 2, "allowed: one such as"),
        ("4917612345678.0,0815", 2, "a spreadsheet's decimal number; allowed: one such as"),
        ("anonymous,0815", 2, "this is not a telephone number"),
        ("7001,0815471\n7002,0815471\n7001,0815472", 4, "line 2 has another PIN for the same number"),
        (f"0176 12345678,0815471\n{VIP},0815472", 3, "line 2 has another PIN for the same number"),
        ("7099,0815471", 2, "line 1 of the configuration has a PIN for the same number"),
        ("7001,0815,x,y", 2, "found 4 cells; allowed: 3"),
    ],
)
def test_a_broken_row_is_named_and_its_pin_is_not(load, rows, line, message):
    made = load(f"number,pin,note\n{rows}\n7010,\n", pins={"7099": "0815470"})
    found, another = [found for found in made.findings if found.severity == "error"]
    assert "the PIN is missing" in another.message
    assert found.file.endswith("pins.csv")
    assert found.line == line
    assert message in found.message
    assert not any(pin in str(made.findings) for pin in ("0815", "4711"))


@pytest.mark.parametrize(
    ("rows", "messages"),
    [
        (
            "7001,0815\n7002,4711\n7003,815\n7004,1234",
            ["line 4: this PIN has 3 digits, others have 4; has a spreadsheet taken its zeros?"],
        ),
        ("7001,471147\n7002,471148\n7003,0815", ["line 4: this PIN has 4 digits, others have 6"]),
        ("7001,471147\n7002,4711\n", []),
        (
            "7001,1234\n7002,4711\n7003,815\n7004,12\n",
            [f"line {line}: a PIN of fewer than 4 digits is easily guessed" for line in (4, 5)],
        ),
        ("7001,815\n", ["line 2: a PIN of fewer than 4 digits is easily guessed"]),
        ("17612345678,4711471\n", ["line 2: 11 digits that begin with neither 0 nor + are read as an extension"]),
    ],
)
def test_a_doubtful_row_is_named(load, rows, messages):
    made = load(f"number,pin\n{rows}\n")
    assert made.step is not None
    assert [severity for severity, *_ in made.said] == ["warning"] * len(messages)
    for (_, _, said), message in zip(made.said, messages, strict=True):
        assert said.startswith(f"pins.csv, {message}")
        assert "815" not in said
        assert "17612345678" not in said


@pytest.mark.parametrize(
    ("mode", "warning"),
    [
        (0o640, None),
        (0o600, None),
        (0o644, "pins.csv: everybody on this machine can read the PINs, passwords or keys in it; chmod o= "),
        (0o646, "pins.csv: everybody on this machine can change it; chmod o= "),
    ],
)
def test_a_list_that_others_can_get_at_is_reported(load, tmp_path, mode, warning):
    load("number,pin\n7001,0815471\n")
    tmp_path.joinpath("pins.csv").chmod(mode)
    said = build("caller_pin", {"file": "pins.csv"}, tmp_path).said
    assert [message.startswith(warning or "") for _, _, message in said] == [True] * bool(warning)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("number;verdict\n7001;pass\n", "the column 'verdict' is for `callers: {file: …}`"),
        ("number;note\n7001;0815\n", "there is no column pin"),
        ("7001;0815\n", "the columns are not named; allowed: a first line such as number,pin,note"),
        (b"\xd0\xcf\x11\xe0", "this is an Excel workbook of before 2007 (.xls)"),
    ],
)
def test_what_is_no_list_of_pins(load, content, message):
    ((severity, path, said),) = load(content).said
    assert (severity, path) == ("error", ("file",))
    assert message in said
    assert "0815" not in said


def test_a_list_without_rows_is_worth_a_warning(load):
    ((severity, _, said),) = load("number,pin\n").said
    assert (severity, said) == ("warning", "pins.csv has no PINs, only the line that names the columns")


def test_neither_pins_nor_a_list():
    ((severity, _, said),) = build("caller_pin", {}).said
    assert (severity, said) == ("error", "it has no PINs; needed: pins, or a file with them")


def test_a_list_that_is_not_there(tmp_path):
    ((_, path, said),) = build("caller_pin", {"file": "pins.csv"}, tmp_path).said
    assert path == ("file",)
    assert said.endswith("pins.csv: No such file or directory")


def test_no_pin_is_in_what_is_kept(load):
    made = load("number,pin\n7001,0815471\n")
    assert "0815471" not in repr(made.step)
    assert "0815471" not in repr(made.configuration)


def test_what_is_changed_counts_after_a_reload(load, tmp_path):
    assert asks_for(load("number,pin\n7001,0815471\n"), "7001", "0815471")
    tmp_path.joinpath("pins.csv").write_text("number,pin\n7001,0815472\n")
    assert built("caller_pin", {"file": "pins.csv"}, tmp_path).table.of("7001") == Pin("0815472")


def test_100_000_rows_and_every_broken_one_is_named(load):
    broken = range(1_000, 100_000, 1_000)
    rows = [f"+49 176 {line:08};{'' if line in broken else f'{line:06}'};Person {line}" for line in range(2, 100_002)]
    made = load("sep=;\r\nRufnummer;PIN;Bemerkung\r\n" + "\r\n".join(rows))
    assert [found.line for found in made.findings] == [line + 1 for line in broken]
    assert made.step is None
    made = load("sep=;\r\nRufnummer;PIN;Bemerkung\r\n" + "\r\n".join(rows).replace(";;", ";471147;"))
    assert len(made.step.table) == 100_000
    assert asks_for(made, "+4917600077777", "077777")
    assert asks_for(made, "+4917600100001", "100001")
