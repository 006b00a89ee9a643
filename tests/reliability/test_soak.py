"""A short run of `make soak`: nothing is left of a call, however it ended."""

from __future__ import annotations

import pytest
import soak


@pytest.mark.timeout(300)
def test_nothing_is_left_of_two_thousand_calls():
    with soak.running() as worker:
        soak.place(worker.port, 2000, 50)  # caches are filled by then
        before = worker.left()
        ends = soak.place(worker.port, 2000, 50)
        after = worker.left()
    assert ends == dict.fromkeys(soak.KINDS.items(), 500)
    assert after.greenlets <= before.greenlets
    assert after.descriptors <= before.descriptors
    assert after.megabytes < before.megabytes + 4
