import unicodedata

import pytest
from asking import a_call
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.identify.facts import LONGEST_FACT, facts, harmless


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Jörg Müller-Lüdenscheidt / Köln", "Jörg Müller-Lüdenscheidt / Köln"),
        ("Анна \u200d \U0001f468\u200d\U0001f469", "Анна \u200d \U0001f468\u200d\U0001f469"),
        ("' OR 1=1 --", "' OR 1=1 --"),
        ("x\0y", "x y"),
        ("a\r\nb\tc\x7f\x9b", "a  b c  "),
        ("a\u2028b\u2029c", "a b c"),
        ("\ufdd0\ufffe\uffff\U0010ffff", "    "),
        ("\ud800x\udfff", "?x?"),
        ("n" * 999, "n" * LONGEST_FACT),
    ],
)
def test_only_what_somebody_might_refuse_is_changed(text, left):
    assert harmless(text) == left


@given(st.text())
def test_what_is_harmless_can_be_sent_and_stays_so(text):
    left = harmless(text)
    assert "\0" not in left
    assert left.encode().decode() == left
    assert not {unicodedata.category(char) for char in left} & {"Cc", "Cs", "Zl", "Zp"}
    assert harmless(left) == left


def test_the_facts_of_a_call():
    call = a_call(WITHHELD, uuid="c1", called="+4930123", caller_name="x\0")
    assert facts(call, "support", "00") == {
        "caller_number": "",
        "called_number": "004930123",
        "caller_name": "x ",
        "gate": "support",
        "call_id": "c1",
    }
