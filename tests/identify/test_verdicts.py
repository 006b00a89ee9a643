import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.identify.verdicts import verdict

PIN = Pin("0815")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"reject": True}, Reject()),
        ({"reject": False}, Pass()),
        ({"forward": "123"}, Forward("123")),
        ({"forward": 123}, Forward("123")),
        ({"askForPin": {"expectedPIN": "0815"}}, AskForPin(PIN)),
        ({"askForPin": {"expectedPIN": 815}}, AskForPin(Pin("815"))),
        ({"askForPin": {"expectedPIN": "0815", "forwardCorrectPIN": "100"}}, AskForPin(PIN, correct="100")),
        ({"askForPin": {"expectedPIN": "0815", "forwardIncorrectPIN": 120}}, AskForPin(PIN, incorrect="120")),
        ({"askForPin": {"expectedPIN": "0815", "attempts": 1}}, AskForPin(PIN, attempts=1)),
        ({"askForPin": {"expectedPIN": "0815", "attempts": 10}}, AskForPin(PIN, attempts=10)),
        ({"askForPin": {"expectedPIN": "0815", "maxRetries": 0}}, AskForPin(PIN, attempts=1)),
        ({"askForPin": {"expectedPIN": "0815", "maxRetries": 9}}, AskForPin(PIN, attempts=10)),
        ({"askForPin": {"expectedPIN": "0815", "maxRetries": "2"}}, AskForPin(PIN, attempts=3)),
        ({"askForPin": {"expectedPIN": "0815", "attempts": "3", "maxRetries": None}}, AskForPin(PIN, attempts=3)),
        ({"askForPin": {"expectedPIN": "0815", "forwardCorrectPIN": None}}, AskForPin(PIN)),
        ({"reject": False, "forward": None, "askForPin": None}, Pass()),
        ({"reject": 1}, Reject()),
        ({"reject": "0"}, Pass()),
        ({"reject": "1"}, Reject()),
    ],
)
def test_what_an_answer_means(answer, expected):
    assert verdict(answer) == expected


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({}, "not a verdict"),
        ({"reject": "true"}, "reject is neither true nor false"),
        ({"reject": 2}, "reject is neither true nor false"),
        ({"reject": "٠"}, "reject is neither true nor false"),
        ({"reject": None}, "not a verdict"),
        ({"reject": True, "forward": "100"}, "not a verdict"),
        ({"forward": "100", "askForPin": {"expectedPIN": "0815"}}, "not a verdict"),
        ({"askForPin": {"expectedPIN": "0815"}, "reject": False}, "not a verdict"),
        ({"askForPin": "0815"}, "not a verdict"),
        ({"pin": "0815"}, "not a verdict"),
        ({"forward": "${system(reboot)}"}, "forward is not dialable"),
        ({"forward": "100 XML default"}, "forward is not dialable"),
        ({"forward": "100\n"}, "forward is not dialable"),
        ({"forward": "-both"}, "forward is not dialable"),
        ({"forward": ""}, "forward is not dialable"),
        ({"forward": -1}, "forward is not dialable"),
        ({"forward": True}, "forward is not dialable"),
        ({"forward": None}, "not a verdict"),
        ({"forward": 1.5}, "forward is not dialable"),
        ({"forward": "1" * 65}, "forward is not dialable"),
        ({"askForPin": {}}, "expectedPIN"),
        ({"askForPin": {"expectedPIN": ""}}, "expectedPIN"),
        ({"askForPin": {"expectedPIN": "0815#"}}, "expectedPIN"),
        ({"askForPin": {"expectedPIN": "0815\n"}}, "expectedPIN"),
        ({"askForPin": {"expectedPIN": "٠٨١٥"}}, "expectedPIN"),
        ({"askForPin": {"expectedPIN": "0815" * 6}}, "expectedPIN"),
        ({"askForPin": {"expectedPIN": ["0815"]}}, "expectedPIN"),
        ({"askForPin": {"expectedPIN": True}}, "expectedPIN"),
        ({"askForPin": {"expectedPIN": "0815", "retries": 3}}, "unknown key"),
        ({"askForPin": {"expectedPIN": "0815", "forwardCorrectPIN": "1 2"}}, "forwardCorrectPIN is not dialable"),
        ({"askForPin": {"expectedPIN": None}}, "expectedPIN is missing"),
        ({"askForPin": {"expectedPIN": "0815", "attempts": 3, "maxRetries": 2}}, "one of them"),
        *(
            ({"askForPin": {"expectedPIN": "0815", "attempts": wrong}}, "from 1 to 10")
            for wrong in (0, 11, "0", "11", "3.0", "", True, 2.0)
        ),
        *(
            ({"askForPin": {"expectedPIN": "0815", "maxRetries": wrong}}, "from 0 to 9")
            for wrong in (-1, 10, "10", "-1", False)
        ),
    ],
)
def test_what_is_no_verdict_is_refused_without_its_pin(answer, message):
    with pytest.raises(ValueError, match=message) as caught:
        verdict(answer)
    assert "0815" not in str(caught.value)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.dictionaries(
        st.sampled_from(["reject", "forward", "askForPin", "expectedPIN", "attempts"]), inner
    ),
)


@given(st.dictionaries(st.sampled_from(["reject", "forward", "askForPin", "x"]), VALUES))
def test_no_answer_gets_anything_undialable_through(answer):
    try:
        result = verdict(answer)
    except ValueError:
        return
    match result:
        case Forward(target):
            assert is_dialable(target)
        case AskForPin():
            assert all(is_dialable(target) for target in (result.correct, result.incorrect) if target is not None)
