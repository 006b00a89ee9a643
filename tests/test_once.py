from __future__ import annotations

from dataclasses import dataclass

from vipgate_fs.once import once


def test_what_is_computed_once_is_kept_and_no_part_of_what_is_compared():
    computed = []

    @dataclass(frozen=True)
    class Number:
        digits: str

        @once
        def length(self):
            """How long it is."""
            computed.append(self.digits)
            return len(self.digits)

    number = Number("112")
    assert (number.length, number.length, computed) == (3, 3, ["112"])
    assert number == Number("112")
    assert Number.length.__doc__ == "How long it is."
