from __future__ import annotations

import json

import pytest
from forked import Process

from vipgate_fs import config
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.step import Evidence
from vipgate_fs.gate.verdict import Forward, Pass, Reject
from vipgate_fs.identify.callers.remarks import MOST, spans

VIP = "+4917612345678"
PLAN = NumberPlan("DE")


@pytest.fixture
def load(tmp_path):
    """Loads a configuration with a `callers` step, and a CSV file beside it."""

    def make(step, csv=None, country="DE"):
        if csv is not None:
            tmp_path.joinpath("vips.csv").write_bytes(csv if isinstance(csv, bytes) else csv.encode())
        path = tmp_path / "vipgate.yaml"
        gate = {"protects": {"numbers": ["7000"]}, "identify": [{"callers": step}]}
        path.write_text(json.dumps({"version": 1, "site": {"country": country}, "gates": {"g": gate}}))
        return config.load(path)

    return make


@pytest.fixture
def build(load):
    """Builds the step of a configuration that nothing is wrong with."""

    def make(step, csv=None, country="DE"):
        loaded = load(step, csv, country)
        assert loaded.findings == ()
        return loaded.configuration.gates[0].steps[0]

    return make


def call(caller, *, restricted=False, name=""):
    return Call(
        uuid="1", caller=PLAN.caller(caller), called="7000", dialled="7000", restricted=restricted, caller_name=name
    )


@pytest.mark.parametrize(
    ("listed", "caller", "found"),
    [
        ("0176 12345678", VIP, True),
        ("+49 (0)176/123456-78", VIP, True),
        ("4917612345678", VIP, True),
        (VIP, "004917612345678", True),
        (VIP, "+4917612345679", False),
        (VIP, f"{VIP}0", False),
        ("7001", "7001", True),
        ("7001", "70010", False),
        ("110", "110", True),
        ("alice", "alice", True),
        ("alice", "bob", False),
        ("+49 7022 27978*", "07022 27978", True),
        ("+49 7022 27978*", "07022 27978 12", True),
        ("+49 7022 27978*", "07022 27977 12", False),
        ("0900*", "0900 1234567", True),
        ("0900*", "0901 234567", False),
        ("7001", "70 01", True),
        ("70??", "7012", True),
        ("70??", "701", False),
        ("70??", "70123", False),
        ("70??", "70*1", False),
        ("7?1", "761", True),
        ("7?1", "762", False),
        ("????", "7001", True),
        ("????", "+701", False),
        ("7??*", "7012345", True),
        ("7??*", "70", False),
        ("7000-7099", "7000", True),
        ("7000-7099", "7099", True),
        ("7000-7099", "7100", False),
        ("6995..7012", "6999", True),
        ("6995..7012", "7012", True),
        ("6995..7012", "7013", False),
        ("0176 12345670..0176 12345679", VIP, True),
        ("70??", "70??", False),
        ("+49*", WITHHELD, False),
        ("+49*", "anonymous", False),
    ],
)
def test_who_is_in_a_list(build, listed, caller, found):
    for word, verdict in (("pass", Pass()), ("reject", Reject())):
        assert build({word: [listed]}).identify(call(caller)) == (verdict if found else None)


@pytest.mark.parametrize(
    ("country", "listed", "caller", "rejected"),
    [
        ("DE", "0900*", "0900 12", True),
        ("DE", "0900*", "0049 900 1234567890123", True),
        ("DE", "0900 12345*", "49900 12345", True),
        pytest.param("DK", "+45 46*", "46701234567", True, id="Sweden"),
        pytest.param("DK", "+45 49*", "4915112345678", True, id="Germany"),
        pytest.param("ES", "+34 91*", "919812345678", True, id="India"),
        pytest.param("US", "+1 44*", "442079460000", True, id="Britain"),
        pytest.param("RU", "+7 491*", "849123456789", True, id="Vietnam"),
        pytest.param("DE", "70*", "70*", True, id="something behind it"),
        pytest.param("DE", "+49*", "+49\u0661", True, id="a digit that is none"),
        pytest.param("DE", "0176*", "17612345678", True, id="zero dropped"),
        pytest.param("DE", "+41*", "41446681800", True, id="plus dropped"),
        pytest.param("GB", "+44 20*", "020", False, id="far too short"),
    ],
)
def test_a_guess_rejects_and_lets_nobody_pass(build, country, listed, caller, rejected):
    caller = NumberPlan(country).canonical(caller)
    for word in ("pass", "forward", "reject"):
        verdict = "forward:120" if word == "forward" else word
        step = build({"file": "vips.csv"}, f"number,verdict\n{listed},{verdict}\n", country=country)
        found = step.identify(Call(uuid="1", caller=caller, called="7000", dialled="7000"))
        assert found == (Reject() if rejected and word == "reject" else None)


@pytest.mark.parametrize(
    ("passed", "rejected", "caller", "passes"),
    [
        ([VIP], ["+49*"], VIP, True),
        (["+49*"], [VIP], VIP, False),
        (["+49176*"], ["+49*"], VIP, True),
        (["+49*"], ["+49176*"], VIP, False),
        (["7*"], ["70??"], "7012", False),
        (["701?"], ["70??"], "7012", True),
        (["70*"], ["70??"], "7012", False),
        (["70*"], ["70??"], "70123", True),
        (["7?1?"], ["70??"], "7012", False),
        (["7000-7099"], ["7000-7009"], "7005", False),
        (["7000-7099"], ["7000-7009"], "7012", True),
        (["7000-7055"], ["7055"], "7055", False),
        (["7000-7055"], ["7055"], "7054", True),
    ],
)
def test_the_more_specific_goes_first(build, passed, rejected, caller, passes):
    step = build({"pass": passed, "reject": rejected})
    assert step.identify(call(caller)) == (Pass() if passes else Reject())
    assert build({"pass": rejected, "reject": passed}).identify(call(caller)) == (Reject() if passes else Pass())


@pytest.mark.parametrize(
    ("settings", "withheld", "hidden"),
    [
        ({}, None, Pass()),
        ({"withheld": "reject"}, Reject(), Pass()),
        ({"withheld": "pass"}, Pass(), Pass()),
        ({"hidden": "as_number"}, None, Pass()),
        ({"hidden": "as_withheld"}, None, None),
        ({"withheld": "reject", "hidden": "as_withheld"}, Reject(), Reject()),
        ({"withheld": "reject", "hidden": "as_number"}, Reject(), Pass()),
    ],
)
def test_callers_who_show_no_number(load, settings, withheld, hidden):
    gate = load({"pass": [VIP], **settings}).configuration.gates[0]
    (step,) = gate.steps

    def verdict(*who, **facts):
        return step.identify(gate.sees(call(*who, **facts)))

    assert verdict(VIP) == Pass()
    assert verdict(VIP, restricted=True) == hidden
    for written in ("anonymous", "", "0000000000"):
        assert verdict(written) == withheld
    assert verdict("+4930123456") is None


def test_a_display_name_is_in_no_list(build):
    step = build({"pass": [VIP], "withheld": "reject"})
    assert step.identify(call("+4930123456", name=VIP)) is None
    assert step.identify(call("anonymous", name=VIP)) == Reject()


def test_withheld_alone_is_enough(build):
    assert build({"withheld": "reject"}).identify(call("anonymous")) == Reject()


CSV = "number;verdict;note\n0176 12345678;pass;Alice\n+49 7022 27978*;forward:120;partners\n0900*;reject;\n"


@pytest.mark.parametrize(
    "csv",
    [
        pytest.param(CSV, id="semicolons"),
        pytest.param(CSV.replace(";", ","), id="commas"),
        pytest.param(CSV.encode("utf-8-sig"), id="BOM"),
        pytest.param(CSV.replace("\n", "\r\n"), id="CR LF"),
        pytest.param(CSV.replace("\n", "\r"), id="CR"),
        pytest.param(CSV.rstrip(), id="no line break at the end"),
        pytest.param("# VIPs\n\n" + CSV + "# 0800*;pass\n;;\n \n", id="comments and empty lines"),
        pytest.param('"Number"; "VERDICT";note\n"0176 12345678";"pass";"Alice; ""Al"""\n' + CSV[20:], id="quotes"),
        pytest.param("verdict;number\npass;0176 12345678\nforward:120;+49 7022 27978*\nreject;0900*", id="order"),
        pytest.param(CSV.replace("Alice", "Älice, 爱丽丝"), id="UTF-8"),
        pytest.param(CSV + "+49 176 12345678;pass;the same once more\n", id="said twice"),
    ],
)
def test_a_file(build, csv):
    step = build({"file": "vips.csv"}, csv)
    assert step.identify(call(VIP)) == Pass()
    assert step.identify(call("07022 27978 12")) == Forward("120")
    assert step.identify(call("0900 1234567")) == Reject()
    assert step.identify(call("+4930123456")) is None


def test_the_line_that_spoke_is_known(build, tmp_path):
    step = build(
        {"pass": [VIP], "file": "vips.csv", "withheld": "reject"}, "# x\nnumber,verdict\n7001,pass\n70??,reject\n"
    )
    text = tmp_path.joinpath("vipgate.yaml")
    text.write_text(json.dumps(json.loads(text.read_text()), indent=0))
    step = config.load(text).configuration.gates[0].steps[0]
    lines = text.read_text().splitlines()
    line = {key: 1 + next(i for i, found in enumerate(lines) if key in found) for key in (VIP, "vips.csv", "withheld")}
    assert step.evidence(call(VIP)) == Evidence(line[VIP])
    assert step.evidence(call("7001")) == Evidence(line["vips.csv"], "vips.csv", 3)
    assert step.evidence(call("7002")) == Evidence(line["vips.csv"], "vips.csv", 4)
    assert step.evidence(call("anonymous")) == Evidence(line["withheld"])
    assert step.evidence(call("8000")) is None


def test_a_file_of_numbers_alone_lets_them_pass(build):
    assert build({"file": "vips.csv"}, "number\n0176 12345678\n").identify(call(VIP)) == Pass()


@pytest.mark.parametrize(
    ("csv", "line", "message"),
    [
        ("", 1, "the columns are not named"),
        ("\n# nothing\n", 1, "the columns are not named"),
        ("0176 12345678;pass\n", 1, "allowed: a first line such as number,verdict,note"),
        ("number;verdit\n0176 12345678;pass\n", 1, "unknown column 'verdit'; did you mean verdict?"),
        ("number;number\n0176 12345678;pass\n", 1, "the column 'number' is named twice"),
        ("verdict;note\npass;x\n", 1, "the columns are not named"),
        ("number:verdict\n0176 12345678:pass\n", 1, "the columns are not named"),
        ("number,verdict\n# x\n0176 12345678\n", 3, "the verdict is missing"),
        ("number,verdict\n0176 12345678,pass,x\n", 2, "found 3 cells; allowed: 2"),
        ("number,verdict\n0176 12345678,\n", 2, "the verdict is missing; allowed: pass, reject or forward:TARGET"),
        ("number,verdict\n0176 12345678,0815\n", 2, "no verdict"),
        ("number,verdict\n0176 12345678,pin:0815\n", 2, "no verdict"),
        ("number,verdict\n0176 12345678,Passt\n", 2, "no verdict"),
        ("number,verdict\n0176 12345678,forward:0815 XML default\n", 2, "not dialable"),
        ("number,verdict\n0176 12345678,forward:${system(0815)}\n", 2, "not dialable"),
        ("number,verdict\n,pass\n", 2, "the number is missing"),
        ("number\n4.91761E+12\n", 2, "a number that a spreadsheet has shortened"),
        ("number\nanonymous\n", 2, "`withheld: pass`"),
        ("number,verdict\n0000000000,reject\n", 2, "`withheld: reject`"),
        ("number\n*\n", 2, "not alone"),
        ("number\n07**1\n", 2, "not alone"),
        ("number\n7099-7000\n", 2, "range"),
        ('number,verdict\n"0176 12345678,pass\n7001,pass\n', 2, "a quote that begins in this line is not closed"),
        ('number,verdict\n"7001"x,pass\n', 2, "not CSV"),
        (b"%PDF-1.7", 1, "this is a PDF; save it as CSV or as .xlsx"),
        ("number,verdict\n7001,pass\n7002,pass\n7001,reject\n", 4, "vips.csv, line 2, says something else"),
        ("number,verdict\n+49 7022*,pass\n07022*,forward:1\n", 3, "vips.csv, line 2, says something else"),
        (f"number,verdict\n0176 12345678,pass\n{VIP},reject\n", 3, "vips.csv, line 2, says something else"),
    ],
)
def test_an_error_in_a_file_is_reported_with_file_and_line(load, tmp_path, csv, line, message):
    loaded = load({"file": "vips.csv"}, csv)
    (finding,) = loaded.findings
    assert loaded.configuration is None
    assert (finding.file, finding.line) == (str(tmp_path / "vips.csv"), line)
    assert finding.path == "gates.g.identify[0].callers.file"
    assert message in finding.message
    assert "0815" not in str(finding)


@pytest.mark.parametrize("verdict", ["pass", "Pass", "PASS "])
def test_excel_begins_with_a_capital(build, verdict):
    step = build({"file": "vips.csv"}, f"number,verdict\n{VIP},{verdict}\n7001,Forward: 120\n")
    assert step.identify(call(VIP)) == Pass()
    assert step.identify(call("7001")) == Forward("120")


def test_columns_that_nobody_reads_are_reported_when_none_has_a_verdict(load):
    address_book = "Rufnummer;Name;Sperre;Region\n7001;x;ja;1\n"
    (finding,) = load({"file": "vips.csv"}, address_book).findings
    assert "vips.csv has no column verdict, so all its numbers pass; not read: Sperre, Region" in finding.message
    assert load({"file": "vips.csv"}, "Rufnummer;Name;Region;Verdict\n7001;x;1;pass\n").findings == ()


def test_a_list_that_everybody_can_change_is_worth_a_warning(load, tmp_path):
    load({"file": "vips.csv"}, "number\n7001\n")
    tmp_path.joinpath("vips.csv").chmod(0o666)
    (finding,) = load({"file": "vips.csv"}).findings
    assert "everybody on this machine can change it; chmod o= " in finding.message


def test_a_file_without_numbers_is_worth_a_warning(load):
    (finding,) = load({"file": "vips.csv"}, "number,verdict,note\n# none yet\n").findings
    assert (finding.severity, finding.path) == ("warning", "gates.g.identify[0].callers.file")
    assert "vips.csv has no numbers" in finding.message


def test_all_errors_are_reported_after_those_of_the_configuration(load):
    loaded = load({"pass": ["x y"], "file": "vips.csv"}, "number,verdict\n\nx y,pass\n7001,pass\n7001,reject\n")
    assert [(finding.file.rpartition("/")[2], finding.line) for finding in loaded.findings] == [
        ("vipgate.yaml", 1),
        ("vips.csv", 3),
        ("vips.csv", 5),
    ]


def test_every_broken_row_is_named(load):
    rows = ["x y" if line % 5 == 0 else f"{7000 + line}" for line in range(2, 1002)]
    loaded = load({"file": "vips.csv"}, "number\n" + "\n".join(rows) + "\n")
    *first, rest = loaded.findings
    assert [finding.line for finding in loaded.findings] == [*range(5, 5 + 5 * MOST, 5), 505]
    assert "100 further rows are wrong: lines 505, 510, 515, " in loaded.findings[-1].message
    assert rest.message.endswith(", 1000")
    assert len(first) == MOST


def test_so_is_every_doubtful_row(load):
    numbers = (f"176{10_000_000 + number}" for number in range(2 * MOST))
    loaded = load({"file": "vips.csv"}, "number\n" + "\n".join(numbers) + "\n")
    reported = [
        finding for finding in loaded.findings if "line " in finding.message and "further" not in finding.message
    ]
    assert len(reported) == MOST
    assert f"{MOST} further rows deserve a second look: lines {MOST + 2}-{2 * MOST + 1}" in str(loaded.findings)


def test_lines_in_short():
    assert spans([3, 5, 6, 7, 12]) == "3, 5-7, 12"
    assert spans([]) == ""
    assert spans(range(0, 1000, 2)).endswith(", 398, …")


@pytest.mark.parametrize(
    ("step", "column_of", "message"),
    [
        ({"pass": ["7001", "x y"]}, '"x y"', "no number or name"),
        (
            {"pass": ["7001"], "reject": ["7002", "7001"]},
            '"7001"]}',
            "line 1 of the configuration, says something else",
        ),
        ({"pass": ["0176 1*"], "reject": ["+49 176 1*"]}, '"+49', "says something else of the same numbers"),
        ({"pass": ["*"]}, '"*"', "not alone"),
        ({"pass": [" "]}, '" "', "no number or name"),
        ({"file": "missing.csv"}, '"missing', "missing.csv: No such file or directory"),
        ({"file": "."}, '"."', "Is a directory"),
        ({}, '"callers"', "allowed: a mapping of pass, reject"),
        ({"withheld": "forward:1"}, '"forward', "allowed: pass or reject"),
        ({"hidden": "reject"}, '"reject"', "allowed: as_number or as_withheld"),
        ({"pass": []}, '"pass"', "allowed: a list of at least one"),
        ({"on_failure": {"reject": True}}, '"on_failure"', "unknown key on_failure"),
    ],
)
def test_an_error_in_the_configuration_is_reported_where_it_stands(load, tmp_path, step, column_of, message):
    (finding,) = load(step).findings
    assert message in finding.message
    text = tmp_path.joinpath("vipgate.yaml").read_text()
    assert finding.column == text.index(column_of, text.index("callers") - 1) + 1


def test_the_files_line_of_a_conflict_with_the_configuration(load):
    (finding,) = load({"pass": ["7001"], "file": "vips.csv"}, "number,verdict\n7001,reject\n").findings
    assert finding.line == 2
    assert finding.message.startswith("line 1 of the configuration, says something else")


def test_a_telephone_number_of_both(load):
    (finding,) = load({"pass": ["0176 12345678"], "file": "vips.csv"}, f"number,verdict\n{VIP},reject\n").findings
    assert (finding.line, finding.file[-8:]) == (2, "vips.csv")
    assert finding.message.startswith("line 1 of the configuration, says something else")


def test_a_number_of_a_file_goes_before_a_pattern_of_the_configuration(build):
    step = build({"reject": ["+49*"], "file": "vips.csv"}, f"number\n{VIP}\n")
    assert step.identify(call(VIP)) == Pass()
    assert step.identify(call("+4917612345679")) == Reject()


def test_what_the_site_has_for_withheld_is_no_number_of_a_list(tmp_path):
    tmp_path.joinpath("vips.csv").write_text(f"number\n{VIP}\n")
    gate = {"protects": {"numbers": ["7000"]}, "identify": [{"callers": {"file": "vips.csv"}}]}
    path = tmp_path / "vipgate.yaml"
    path.write_text(json.dumps({"version": 1, "site": {"withheld": [VIP]}, "gates": {"g": gate}}))
    (finding,) = config.load(path).findings
    assert "is what callers have who show no number" in finding.message


MEASURE = """
import sys, time
from pathlib import Path
from vipgate_fs import config
from vipgate_fs.gate.call import Call
started = time.process_time()
loaded = config.load(Path(sys.argv[1]))
loading = time.process_time() - started
assert loaded.findings == ()
(step,) = loaded.configuration.gates[0].steps
stranger = Call(uuid="1", caller="+4989123456", called="7000", dialled="7000")
started = time.process_time()
for _ in range(1000):
    assert step.identify(stranger) is None
print(loading, time.process_time() - started)
"""


@pytest.mark.parametrize("form", ["+49176{:08}", "0049176{:08}", "0176{:08}", "0176 {:08}", "+4917{:07}*"])
def test_100_000_entries_are_loaded_and_looked_up_at_once(load, tmp_path, form):
    kinds = ("pass", "reject", "forward:100")
    rows = (f"{form.format(number)};{kinds[number % 3]};\n" for number in range(100_000))
    load({"withheld": "reject"}, "number;verdict;note\n" + "".join(rows))
    path = tmp_path / "vipgate.yaml"
    path.write_text(path.read_text().replace('"withheld": "reject"', '"file": "vips.csv"'))
    process = Process(MEASURE, path, out=tmp_path / "out")  # a process of its own: nothing counts its lines meanwhile
    assert process.wait(50) == 0
    loading, looking_up = map(float, tmp_path.joinpath("out").read_text().split())
    assert loading < 20  # 1 to 1.5 s on an idle machine: what is quadratic takes minutes
    assert looking_up < 1  # 10 ms: what tries one after the other takes a minute


def test_the_step(build):
    step = build({"pass": [VIP]})
    assert (step.kind, step.waits, step.always_answers, step.on_failure) == ("callers", False, False, None)
