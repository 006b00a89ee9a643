"""A gate's new name: what the store has under the old one goes along."""

from __future__ import annotations

from sqlalchemy import insert, select

from vipgate_fs.gate.override import Override
from vipgate_fs.store import overrides
from vipgate_fs.store.renaming import forget, hand_over
from vipgate_fs.store.schema import TALLIES


def tally(gate, who, failures):
    times = dict.fromkeys(("since", "locked_until", "right_at", "forget_at"), 9.0)
    return {"gate": gate, "kind": "caller", "who": who, "failures": failures, **times}


def test_lockouts_and_overrides_go_along_and_come_back_and_other_gates_keep_theirs(database):
    def rename(connection):
        for row in (tally("a", "+49171", 3), tally("b", "+49171", 1), tally("c", "+49171", 7)):
            connection.execute(insert(TALLIES).values(row))
        overrides.write(connection, "a", Override(active=True))
        overrides.write(connection, "c", Override(active=False))
        hand_over(connection, [("a", "b"), ("b", "d")])
        forget(connection, {"a", "b"})

    def found(connection):
        tallies = connection.execute(select(TALLIES.c.gate, TALLIES.c.failures).order_by(TALLIES.c.gate)).all()
        return [*map(tuple, tallies)], {gate: each.active for gate, each in overrides.read(connection).items()}

    database.transact(rename)
    assert database.transact(found) == ([("c", 7), ("d", 3)], {"c": False, "d": True})
    database.transact(lambda connection: hand_over(connection, [("d", "a"), ("a", "d")]))
    database.transact(lambda connection: forget(connection, {"a"}))
    assert database.transact(found) == ([("c", 7), ("d", 3)], {"c": False, "d": True})
