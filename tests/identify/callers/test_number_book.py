import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.identify.callers.number_book import NumberBook, Remark

NUMBERS = st.integers(1, 10**15 - 1).map("+{}".format)


@given(st.lists(st.tuples(NUMBERS | st.sampled_from(["+491", "+492"]), st.integers(0, 3)), max_size=40), NUMBERS)
def test_a_book_says_what_a_dict_would(rows, stranger):
    book, expected, conflicts = NumberBook(), {}, []
    for line, (number, said) in enumerate(rows, 1):
        book.enter(number, line, said)
        first = expected.setdefault(number, Remark(line, said))
        if first.said != said:
            conflicts.append((first.line, line))
    assert sorted(book.close()) == sorted(conflicts)
    assert len(list(book.items())) == len(rows)
    lines = [(number, Remark(line, said)) for line, (number, said) in enumerate(rows, 1)]
    assert sorted(book.items()) == sorted(lines)
    for number, remark in expected.items():
        assert book.find(number) == remark
    assert book.find(stranger) == expected.get(stranger)


@pytest.mark.parametrize("number", ["", "+", "7001", "+49x", "anonymous", "+" + "9" * 40, "+٤٩", "-49", "+-49", "+4_9"])
def test_what_is_no_number_is_not_found(number):
    book = NumberBook()
    book.enter("+49", 1, 0)
    assert list(book.close()) == []
    assert book.find(number) is None


def test_a_million_numbers_take_16_bytes_each():
    book = NumberBook()
    for line in range(100_000):
        book.enter(f"+49176{line:08}", line, 0)
    assert list(book.close()) == []
    assert sum(sys.getsizeof(getattr(book, name)) for name in ("_numbers", "_remarks", "_entered")) < 20 * 100_000
