import json
import re
from decimal import Decimal
from pathlib import Path

import database_servers
import pytest
import yaml
from asking import LOOKUP, STRANGER, VIP, a_call, database, failure
from building import build, built
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs import config
from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.identify.database.row import row_verdict
from vipgate_fs.resources import resource


@pytest.mark.parametrize(
    ("caller", "verdict"),
    [
        (VIP, AskForPin(Pin("0815"))),
        ("7001", AskForPin(Pin("0816"))),
        (WITHHELD, AskForPin(Pin("0817"))),
        ("x'y", AskForPin(Pin("0818"))),
        (STRANGER, None),
        ("x' OR '1'='1", None),
        ("%", None),
        ("1; DROP TABLE callers", None),
        ("x\0y", None),
        ("\ud800", None),
    ],
)
def test_a_caller_is_looked_up_and_can_say_nothing_to_the_database(database_url, caller, verdict):
    assert database(database_url).identify(a_call(caller)) == verdict


@pytest.mark.parametrize("name", ["x\0y", "x\ud800y", "x\r\ny", "x\ufffey", "\U0001f600" * 9999])
def test_no_name_keeps_a_caller_from_being_rejected(database_url, name):
    query = "SELECT CASE WHEN :caller_name = 'x' OR :caller_number = '7001' THEN 1 END AS reject"
    assert database(database_url, query).identify(a_call("7001", caller_name=name)) == Reject()


@pytest.mark.parametrize(
    ("query", "verdict"),
    [
        ("'0815' AS pin", AskForPin(Pin("0815"))),
        ("'0815' AS PIN", AskForPin(Pin("0815"))),
        ("'0815' AS expectedPIN", AskForPin(Pin("0815"))),
        ("815 AS pin", AskForPin(Pin("815"))),
        ("CAST(815 AS DECIMAL(10, 2)) AS pin", AskForPin(Pin("815"))),
        ("CAST('815' AS CHAR(9)) AS pin", AskForPin(Pin("815"))),
        ("'1' AS pin, '100' AS FORWARDCORRECTPIN, 120 AS forwardincorrectpin", AskForPin(Pin("1"), "100", "120")),
        ("'1' AS pin, NULL AS forwardCorrectPIN, 2 AS maxRetries", AskForPin(Pin("1"), attempts=3)),
        ("'1' AS pin, 2 AS attempts, NULL AS maxRetries, NULL AS reject", AskForPin(Pin("1"), attempts=2)),
        ("1 AS reject", Reject()),
        ("'1' AS reject", Reject()),
        ("1.0 AS reject", Reject()),
        ("0.0 AS reject", Pass()),
        ("4711.0 AS pin", AskForPin(Pin("4711"))),
        ("100.0 AS forward", Forward("100")),
        ("0 AS reject, NULL AS forward, NULL AS pin", Pass()),
        ("1 = 1 AS reject", Reject()),
        ("1 = 0 AS reject", Pass()),
        ("'100' AS forward", Forward("100")),
        ("100 AS forward", Forward("100")),
        ("NULL AS reject, NULL AS pin", None),
        ("max(pin) AS pin FROM callers WHERE number = 'nobody'", None),
        ("pin FROM callers WHERE number LIKE '%8' AND '%s' = '%' || 's' AND :caller_number = 'x'", None),
        (
            "CASE WHEN :called_number = '7000' AND :caller_name = 'Bob' AND :gate = 'support' THEN 1 END AS reject",
            Reject(),
        ),
        ("'12:30' AS pin WHERE 1 = 0", None),
    ],
)
def test_a_row_says_a_verdict(database_url, query, verdict):
    assert database(database_url, f"SELECT {query}").identify(a_call(caller_name="Bob")) == verdict


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT pin FROM callers", "more than one row"),
        ("SELECT '12a4' AS pin", "expectedPIN is no PIN"),
        ("SELECT '' AS pin", "expectedPIN is no PIN"),
        ("SELECT -1 AS pin", "expectedPIN is no PIN"),
        ("SELECT 0.5 AS pin", "expectedPIN is no PIN"),
        ("SELECT 2 AS reject", "reject is neither"),
        ("SELECT 'yes' AS reject", "reject is neither"),
        ("SELECT 0 AS reject, '4711' AS pin", "not a verdict"),
        ("SELECT '100' AS forward, '4711' AS pin", "not a verdict"),
        ("SELECT '4711' AS pin, '4711' AS expectedPIN", "expectedPIN twice"),
        ("SELECT '4711' AS pin, 1 AS attempts, 1 AS maxRetries", "allowed: one of them"),
        ("SELECT '4711' AS pin, 99 AS attempts", "attempts out of range"),
        ("SELECT '4711' AS pin, 'x y' AS forwardCorrectPIN", "forwardCorrectPIN is not dialable"),
        ("SELECT '100' AS forwardCorrectPIN", "expectedPIN is missing"),
        ("SELECT '${system id}' AS forward", "forward is not dialable"),
        ("SELECT '100 XML default' AS forward", "forward is not dialable"),
        ("SELECT '4711' AS pin, 1 AS id", "a column id; allowed: pin, reject"),
        ("SELECT '4711'", "column"),
        ("SELECT pin FROM caller_list", "the query failed ("),
        ("SELEKT pin", "the query failed ("),
    ],
)
def test_a_row_that_says_no_verdict_is_a_failure(database_url, query, why):
    message = failure(database(database_url, query))
    assert why in message
    assert "4711" not in message


OF_COLUMNS = {
    "mariadb": [
        ("b'1' AS reject", Reject()),
        ("b'0' AS reject", Pass()),
        ("CAST(1.0 AS DOUBLE) AS reject", Reject()),
        ("AES_DECRYPT(AES_ENCRYPT('0815', 'k'), 'k') AS pin", AskForPin(Pin("0815"))),
        ("CAST('0815' AS BINARY(8)) AS pin", AskForPin(Pin("0815"))),
        ("CAST(4711 AS DOUBLE) AS pin", AskForPin(Pin("4711"))),
        ("CAST('100' AS BINARY) AS forward", Forward("100")),
        ("AES_DECRYPT(AES_ENCRYPT('0815', 'k'), 'other') AS pin", None),
    ],
    "postgresql": [
        ("B'1' AS reject", Reject()),
        ("B'0' AS reject", Pass()),
        ("1::float8 AS reject", Reject()),
        ("'0815'::bytea AS pin", AskForPin(Pin("0815"))),
        ("4711::real AS pin", AskForPin(Pin("4711"))),
        ("'0815'::char(9) AS pin", AskForPin(Pin("0815"))),
        ("'0815'::name AS pin", AskForPin(Pin("0815"))),
    ],
    "sqlite": [
        ("x'30383135' AS pin", AskForPin(Pin("0815"))),
        ("4711.0 AS pin", AskForPin(Pin("4711"))),
        ("x'01' AS reject", Reject()),
    ],
}


@pytest.mark.parametrize(
    ("kind", "column", "verdict"), [(kind, *of) for kind, columns in OF_COLUMNS.items() for of in columns]
)
def test_a_column_of_any_type(request, kind, column, verdict):
    url = request.getfixturevalue("sqlite") if kind == "sqlite" else request.getfixturevalue(f"{kind}_server").url
    assert database(url, f"SELECT {column}").identify(a_call()) == verdict


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"\xff\xfe", "expectedPIN is binary"),
        (1e20, "no PIN"),
        (float("nan"), "no PIN"),
        (2.0**53, "no PIN"),
        (True, "no PIN"),
        (b"", "no PIN"),
    ],
)
def test_a_pin_that_none_can_be_sure_of(value, why):
    with pytest.raises(ValueError, match=why):
        row_verdict([("pin", value)])


def test_an_empty_binary_leads_nowhere():
    with pytest.raises(ValueError, match="forward is not dialable"):
        row_verdict([("forward", b"")])


@pytest.mark.parametrize(
    ("url", "holds_secrets"),
    [
        ("postgresql+psycopg://u@h/x", False),
        ("postgresql+psycopg://u:4711@h/x", True),
        ("postgresql+psycopg://u@h/x?sslpassword=4711", True),
    ],
)
def test_a_file_with_a_password_in_a_url_holds_secrets(url, holds_secrets):
    gate = {"protects": {"numbers": ["7000"]}, "identify": [{"database": {"url": url, "query": LOOKUP}}]}
    loaded = config.load_text(json.dumps({"version": 1, "gates": {"g": gate}}), Path("vipgate.yaml"))
    assert loaded.holds_secrets == holds_secrets


@pytest.mark.parametrize(
    ("row", "doubted"),
    [([("pin", "0815")], ""), ([("pin", 815)], "expectedPIN"), ([("forward", Decimal("100.00"))], "forward")],
)
def test_a_numeric_column_is_remarked_upon(row, doubted):
    doubt = row_verdict(row).doubt
    assert doubt.startswith(f"{doubted} came as a number" if doubted else "")
    assert bool(doubt) == bool(doubted)


def test_a_relative_sqlite_path_begins_where_the_configuration_is(sqlite):
    folder = Path(sqlite.removeprefix("sqlite:///")).parent
    asked = built("database", {"url": "sqlite:///callers.db", "query": LOOKUP}, folder)
    assert asked.identify(a_call()) is not None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"url": "sqlite://"}, ("error", ("url",), "no file")),
        ({"url": "sqlite:///:memory:"}, ("error", ("url",), "no file")),
        ({"url": "sqlite:///none.db"}, ("warning", ("url",), "there is no file")),
        ({"url": "postgresql+psycopg://u:4711@h:port/x"}, ("error", ("url",), "no URL")),
        ({"password": {"env": "VIPGATE_NO_SUCH"}}, ("error", ("password", "env"), "VIPGATE_NO_SUCH")),
        (
            {"url": "mariadb+pymysql://u:4711@h/x", "password": "4711"},
            ("error", ("password",), "has a password"),
        ),
        ({"url": "sqlite:////dev/null/x", "password": "4711"}, ("error", ("password",), "no password")),
        ({"query": "SELECT :pin_of_whom || :caller_number"}, ("error", ("query",), "unknown parameter :pin_of_whom")),
        *(
            (
                {"query": f"SELECT pin FROM t WHERE n = {converted}"},
                ("warning", ("query",), "convert the column instead"),
            )
            for converted in ("CAST(:caller_number AS BIGINT)", ":caller_number::bigint", "cast( :caller_name as int )")
        ),
        ({"query": "SELECT '4711' AS pin"}, ("warning", ("query",), "the same for every call")),
        ({"timeouts": {"connect": "0s"}}, ("error", ("timeouts", "connect"), "found 0s")),
        ({"timeouts": {"total": "61s"}}, ("error", ("timeouts", "total"), "found 61s")),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(values, found):
    made = build("database", {"url": "mariadb+pymysql://u@h/x", "query": LOOKUP} | values)
    severity, path, message = found
    assert [finding[:2] for finding in made.said if message in finding[2]] == [(severity, path)]
    assert "4711" not in repr(made)


@pytest.mark.parametrize(
    ("caller", "verdict"),
    [
        ("+4917612345678", AskForPin(Pin("081512345"))),
        ("+41556631019", Forward("100")),
        ("+493012345678", Reject()),
        ("+4989123456", None),
        ("7001", None),
    ],
)
def test_the_example(example, caller, verdict):
    assert example.identify(a_call(caller)) == verdict


@pytest.fixture
def example(database_url):
    """The step of examples/database, with its table in each kind of database."""
    folder = resource("examples") / "database"
    schema = re.sub("--.*", "", (folder / "schema.sql").read_text())
    shown = (folder / "README.md").read_text()
    query = yaml.safe_load(re.search(r"query: >-\n(?:.*\n)*?(?=```)", shown)[0])["query"]
    database_servers.administer(
        database_url, "DROP TABLE IF EXISTS vipgate_callers", *filter(str.strip, schema.split(";"))
    )
    return database(database_url, query)


COLUMNS = (
    "pin",
    "expectedPIN",
    "forward",
    "reject",
    "forwardCorrectPIN",
    "forwardIncorrectPIN",
    "attempts",
    "maxRetries",
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.decimals(), st.floats(), st.text(), st.binary(), st.dates(),
    st.sampled_from(["47110815", 47110815, Decimal("47110815.000"), "100", "${x}", 0, 1, 2]),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(COLUMNS), VALUES)))
def test_any_row_is_a_verdict_or_a_clear_failure(row):
    try:
        verdict = row_verdict(row)
    except ValueError as error:
        assert "47110815" not in str(error)
        return
    match verdict:
        case Forward(target):
            assert is_dialable(target)
        case AskForPin(Pin(), correct, incorrect, attempts):
            assert all(target is None or is_dialable(target) for target in (correct, incorrect))
            assert attempts is None or 1 <= attempts <= 10
        case _:
            assert verdict in (None, Pass(), Reject())
