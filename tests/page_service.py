"""A service with its page, for tests: what is in its store, and who may sign in."""

from __future__ import annotations

import time

from argon2 import PasswordHasher
from page_visitor import Visitor
from running_service import Service, until

from vipgate_fs.gate.record import CallRecord
from vipgate_fs.secret import Secret
from vipgate_fs.service.control import ask_for_link
from vipgate_fs.store import accounts
from vipgate_fs.store.database import Database
from vipgate_fs.store.schema import CALLS, TALLIES

GATES = """\
  hotline:
    protects: {numbers: ["+49 30 23125700"]}
    identify:
      - caller_pin: {pins: {"+49 171 3920014": "48213907"}}
      - guest_pin: {}
  closed:
    protects: {numbers: ["701"]}
    otherwise: {reject: true}
site: {country: DE}
store: sqlite:///vipgate.db
"""
PASSWORDS = {"brandt": "a password of the office", "empfang": "a password of the desk"}
EVIL = '<script>alert("x")</script>'


class Page:
    """A service with its page, and a store in which something has happened.

    Args:
        more: settings of `server` besides the page's address.
        timings: of its supervisor.
    """

    def __init__(self, folder, gates=GATES, *, filled=True, more="", timings=None):
        self.path = folder / "vipgate.yaml"
        self.database = Database(Secret(f"sqlite:///{folder / 'vipgate.db'}"))
        if filled:
            self.database.transact(fill)
        settings = f'workers: 1, admin: "127.0.0.1:0"{more}'
        self.service = Service(folder, settings=settings, gates=gates, timings=timings)
        self.port = self.service.await_line("page listening")["port"]

    def link(self):
        return ask_for_link(self.path).url

    def visitor(self, language="en", **more):
        return Visitor(self.port, language, **more)

    def administrator(self, language="en"):
        visitor = self.visitor(language)
        assert visitor.follow_link(self.link()).status == 200
        return visitor

    def front_desk(self, language="en"):
        visitor = self.visitor(language)
        assert visitor.sign_in("empfang", PASSWORDS["empfang"]).status == 200
        return visitor

    @staticmethod
    def proof(password):
        """What is kept of it, but cheaper than `passwords.prove` would make it."""
        return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(password)

    @property
    def process(self):
        return (self.service.children("vipgate-page") or [0])[0]

    def await_process(self, other_than=0):
        until(lambda: self.process not in (0, other_than))
        return self.process


def fill(connection):
    now = time.time()
    outcomes = ("passed", "pin_correct", "pin_incorrect", "rejected", "hung_up")
    for number in range(120):
        outcome = outcomes[number % len(outcomes)]
        caller = ("+491713920014", "+491713920088", "")[number % 3] if number else EVIL
        began = now - 60 * number - 5
        record = CallRecord(
            f"call-{number}",
            began,
            "hotline",
            caller,
            "+493023125700",
            "ask for PIN",
            1,
            outcome,
            "+493023125700" if outcome in ("passed", "pin_correct") else None,
            "guest_pin: ask for PIN",
            0.2,
            4.0,
        )
        connection.execute(
            CALLS.insert().values(**{name: getattr(record, name) for name in record.__slots__}, ended=began + 4.0)
        )
    row = {"gate": "hotline", "kind": "caller", "failures": 5, "since": now, "right_at": 0.0, "forget_at": now + 9e5}
    connection.execute(TALLIES.insert().values(row | {"who": "+491713920088", "locked_until": now + 600}))
    connection.execute(TALLIES.insert().values(row | {"who": "+491713920014", "failures": 1, "locked_until": 0.0}))
    for name, role in (("brandt", accounts.ADMINISTRATOR), ("empfang", accounts.FRONT_DESK)):
        accounts.add(connection, accounts.Account(name, role, Page.proof(PASSWORDS[name]), now))
