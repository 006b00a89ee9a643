"""Accounts of the administration page, in real databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from attempts import attempt_of, judge

from vipgate_fs.gate.lockout import Judgement, Lockout
from vipgate_fs.store.accounts import ADMINISTRATOR, FRONT_DESK, Account, add, find, read, remove, renew, set_codes
from vipgate_fs.store.schema import PAGE

BRANDT = Account("brandt", FRONT_DESK, "proof of brandt", 1e9, "codes of brandt")
ADAM = Account("adam", ADMINISTRATOR, "proof of adam", 2e9)


@pytest.fixture
def ask(database):
    """What a question or a change says of the two accounts."""

    def do(what, *values):
        return database.transact(lambda connection: what(connection, *values))

    assert [do(add, each) for each in (BRANDT, ADAM, replace(ADAM, role=FRONT_DESK))] == [True, True, False]
    return do


def everybody(ask):
    return ask(lambda connection: list(read(connection)))


def test_they_are_kept_by_name_and_each_name_once(ask):
    assert everybody(ask) == [ADAM, BRANDT]
    assert [ask(find, name) for name in ("brandt", "adam", "nobody")] == [BRANDT, ADAM, None]


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ((renew, "brandt", "new"), [ADAM, replace(BRANDT, proof="new")]),
        ((set_codes, "brandt", None), [ADAM, replace(BRANDT, codes=None)]),
        ((remove, "brandt"), [ADAM]),
    ],
)
def test_a_change_is_of_one_account_and_of_one_that_is_there(ask, change, left):
    what, name, *values = change
    assert (ask(what, "nobody", *values), ask(what, name, *values)) == (False, True)
    assert everybody(ask) == left


def test_whoever_gets_another_password_need_not_wait_and_nobody_else_is_let_off(ask, open_store):
    limits, store = Lockout(failures=1), open_store()
    tries = [attempt_of(who, limits, gate=gate) for gate, who in ((PAGE, "brandt"), (PAGE, "adam"), ("g", "brandt"))]
    assert [judge(store, each) for each in tries] == [Judgement.WRONG] * 3
    ask(renew, "brandt", "new")
    assert [store.is_locked(each) for each in tries] == [False, True, True]


def test_a_stamp_changes_with_whatever_somebody_signs_in_with():
    stamps = {replace(BRANDT, **change).stamp for change in ({}, {"proof": "new"}, {"codes": "new"}, {"codes": None})}
    assert len(stamps) == 4
    assert replace(ADAM, name="eve", role=FRONT_DESK, created=0.0).stamp == ADAM.stamp
    assert "proof" not in repr(ADAM) + repr(BRANDT)
