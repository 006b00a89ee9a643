"""What a process remembers beside its store: what the store does not know yet is neither lost nor forgotten."""

from __future__ import annotations

from vipgate_fs.gate.lockout import Attempt, Lockout, Tally
from vipgate_fs.gate.pins import Pin
from vipgate_fs.secret import Secret
from vipgate_fs.store.meanwhile import Meanwhile

NOW = 1_000_000_000.0
LIMITS = Lockout()
ATTEMPT = Attempt("g", LIMITS, "+491761")
OWN = ATTEMPT.own


class Silent:
    def warning(self, event, **values):
        pass


def remembering():
    return Meanwhile(Silent(), lambda: NOW)


def failures(of):
    return of.tallies([OWN])[OWN].failures


def test_what_changed_while_it_was_saved_is_to_be_saved_again():
    meanwhile = remembering()
    meanwhile.judge(ATTEMPT, Pin("0815"), "1")
    saved = meanwhile.unsaved()
    assert saved[OWN] == (Tally(1, NOW), LIMITS)
    meanwhile.judge(ATTEMPT, Pin("0815"), "2")
    meanwhile.saved(saved)
    assert meanwhile.unsaved([OWN]) == {OWN: (Tally(2, NOW), LIMITS)}
    meanwhile.saved(meanwhile.unsaved())
    assert meanwhile.unsaved() == {}
    assert failures(meanwhile) == 2


def test_what_the_store_says_takes_nothing_from_what_it_does_not_know_yet():
    meanwhile = remembering()
    for _ in range(3):
        meanwhile.judge(ATTEMPT, Pin("0815"), "1")
    meanwhile.learn({OWN: Tally(1, NOW)}, {OWN: LIMITS})
    assert failures(meanwhile) == 3
    meanwhile.saved(meanwhile.unsaved())
    meanwhile.learn({OWN: Tally(1, NOW)}, {OWN: LIMITS})
    assert failures(meanwhile) == 1, "somebody has forgiven the others there"
    meanwhile.learn({OWN: Tally()}, {})
    assert failures(meanwhile) == 0


def test_who_is_locked_by_what_the_store_does_not_know_yet_is_locked(tmp_path, open_store_at):
    store = open_store_at(Secret(f"sqlite:///{tmp_path}/vipgate.db"), clock=lambda: NOW)
    assert not store.is_locked(ATTEMPT)
    for _ in range(LIMITS.failures):
        store._meanwhile.judge(ATTEMPT, Pin("0815"), "1")
    assert store.is_locked(ATTEMPT)


def test_when_the_store_has_forgotten_all_that_is_remembered_is_to_be_saved():
    meanwhile = remembering()
    meanwhile.learn({OWN: Tally(2, NOW)}, {OWN: LIMITS})
    assert meanwhile.unsaved() == {}
    meanwhile.doubt()
    assert meanwhile.unsaved() == {OWN: (Tally(2, NOW), LIMITS)}
