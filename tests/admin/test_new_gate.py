"""A new gate by four questions, put into a file that people have written."""

from __future__ import annotations

import datetime as dt

import pytest

from vipgate_fs import config
from vipgate_fs.admin.grafting import grafted
from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.setup.answers import Answers, hours_of
from vipgate_fs.setup.making import make

HAND = b"""\
version: 1  # by hand
schedules:
    business-hours: [{days: mon-fri, from: "07:00", to: "18:00"}]
gates:
    # the first
    first:
        protects: {numbers: ["7000"]}
        active: {during: business-hours}
        otherwise: {reject: true}
# the end
"""


def made(tmp_path, hours="mon-fri 8-17"):
    answers = Answers(numbers=("7001",), hours=hours_of(hours))
    return make(answers, tmp_path / "vipgate.yaml", dt.date(2026, 11, 27)).configuration


@pytest.mark.parametrize("hours", ["", "mon-fri 8-17"])
@pytest.mark.parametrize(
    "content",
    [
        HAND,
        HAND.replace(b"\n", b"\r\n"),
        b"version: 1\ngates: {}\n",
        b'version: 1\ngates:\n  first: {protects: {numbers: ["7000"]}, otherwise: {reject: true}}\nrecords: {retention: 7d}',
    ],
)
def test_a_gate_is_put_behind_the_others_and_no_line_of_theirs_changes(tmp_path, content, hours):
    result = grafted(content, made(tmp_path, hours), "second")
    loaded = config.load_text(result)
    assert loaded.configuration is not None, loaded.findings
    gates = {gate.name: gate for gate in loaded.configuration.gates}
    assert list(gates)[-1] == "second"
    assert (gates["second"].active is None) == (hours == "")
    left = iter(result.decode().splitlines())
    missing = [line for line in content.decode().splitlines() if line != "gates: {}" and line not in left]
    assert missing == []
    assert (b"\r\n" in result) == (b"\r\n" in content)


@pytest.mark.parametrize(
    "content", [HAND.replace(b"first:", b"second:"), b"version: 1\n", b"gates: {a: {}}\n", b"gates: [", b"\xff"]
)
def test_where_it_does_not_fit_it_is_said_so(tmp_path, content):
    with pytest.raises(CannotEdit):
        grafted(content, made(tmp_path), "second")


def ask(visitor, **values):
    return visitor.send(visitor.go("/new-gate").form("/new-gate"), **values)


def test_four_answers_and_a_table_from_excel_become_a_gate_that_works(page, file):
    """A simulated call of a caller of the table gets through, and a stranger's does not; a comment stays."""
    visitor = page.administrator()
    file.write_bytes(file.read_bytes() + b"# by hand\n")
    answer = ask(
        visitor,
        numbers="+49 30 5556677",
        name="vip",
        when="always",
        proof="own-pin",
        callers="+49 171 3920027\t90817263\r\n+49 171 3920028\r\n",
    )
    pin = answer.html.partition('<dd class="mono">')[2].partition("<")[0]
    assert pin.isdigit()
    assert "90817263" not in answer.html
    review = visitor.go("/file/draft/" + answer.html.partition('href="/file/draft/')[2].partition('"')[0])
    assert pin not in review.html
    assert "Saved and applied" in visitor.send(review.form("/save")).text
    assert b"# by hand\n" in file.read_bytes()
    form = visitor.go("/try").form("/try")
    for caller, entered in (("+49 171 3920027", "90817263#"), ("+49 171 3920028", f"{pin}#")):
        tried = visitor.send(form, caller=caller, called="+49 30 5556677", first=entered)
        assert "Goes on to +49305556677" in tried.text
    assert (
        "Does not get through" in visitor.send(form, caller="+49 171 1", called="+49 30 5556677", first=f"{pin}#").text
    )


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"name": "7 up", "numbers": "7001"}, "beginning with a letter"),
        *(
            (
                {"name": "vip", "numbers": "7001", "proof": proof, "callers": callers},
                "1: what stands behind it is another",
            )
            for proof in ("own-pin", "listed")
            for callers in ("0171 1, +49 171 2", "0171 1;01715550001", "0171 1\t\t0049 171 2")
        ),
        ({"name": "hotline", "numbers": "7001"}, "there is a gate hotline"),
        ({"name": "vip", "numbers": ""}, "at least one number"),
        ({"name": "vip", "numbers": "7001", "hours": "sometimes"}, "are no business hours"),
        ({"name": "vip", "numbers": "7001", "proof": "own-pin"}, "at least one caller"),
        ({"name": "vip", "numbers": "7001", "onward": "over there"}, "can't be dialled"),
    ],
)
def test_an_answer_that_can_not_be_used_is_marked_and_kept(page, values, why):
    answer = ask(page.administrator(), **values)
    assert answer.status == 422
    assert why in answer.text
    assert answer.form("/new-gate")["fields"]["name"] == values["name"]


def test_the_front_desk_makes_no_gates(page):
    desk = page.front_desk()
    assert desk.go("/new-gate").status == 403
    assert 'href="/new-gate' not in desk.go("/").html
