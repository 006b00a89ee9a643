"""How a password is tried, with a one-time code where the account has them, and how often.

Wrong ones count as wrong PINs do, by the same rules and in the store: across restarts, and for all machines. Whoever
has tried too often is locked out, even with the right password, and so is everybody once all together have. The secret
for codes is made of what the store has and of the key that is not in it (`vipgate_fs.store.key`).
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import gevent
import pyotp
from sqlalchemy import Connection

from vipgate_fs.admin import passwords
from vipgate_fs.admin.desk import Desk, StoreTrouble
from vipgate_fs.gate.call import storable
from vipgate_fs.gate.lockout import Attempt, Judgement, Lockout, Tally
from vipgate_fs.gate.pins import Match, OneTime
from vipgate_fs.identify.totp import Totp
from vipgate_fs.store import accounts
from vipgate_fs.store.accounts import Account
from vipgate_fs.store.key import KeyFile, KeyUnusable, make_key, read_key
from vipgate_fs.store.ledger import Ledger
from vipgate_fs.store.schema import PAGE

T = TypeVar("T")

LIMITS: Final = Lockout(
    failures=5, forgive=3600.0, duration=900.0, longest=86_400.0, gate_failures=50, gate_forgive=600.0
)
"""Of a name, and of all names together."""
_ISSUER: Final = "VIPgate"
_LONGEST_NAME: Final = 100
_SECRET: Final = 20
"""Bytes, as RFC 4226, 4, R6 recommends."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of an attempt to sign in.

    Attributes:
        account: whose it is; None: it was refused.
        waits: seconds for which nothing is tried for that name any more.
        left: how many attempts are left before that.
    """

    account: Account | None = None
    waits: float = 0.0
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Expected:
    """See `vipgate_fs.gate.pins.Credential`: a code where there is a secret, once the password has been compared."""

    is_right: bool
    totp: Totp | None

    def matches(self, entered: str, known: OneTime) -> Match | None:
        if not self.is_right:
            return None
        if self.totp is None:
            return Match(makes_known=False)
        found = self.totp.matches(entered, known)
        return found and found._replace(makes_known=False)


def sign_in(desk: Desk, name: str, password: str, code: str, clock: Callable[[], float] = time.time) -> Tried:
    """Try a password, and a code if the account has them; neither is tried while the name is locked out.

    Raises:
        StoreTrouble: nobody can tell.
    """
    name = storable(name, longest=_LONGEST_NAME)
    attempt = Attempt(PAGE, LIMITS, name)
    if waits := _waits(desk, attempt, clock()):
        return Tried(waits=waits)
    account = desk.ask(lambda connection: accounts.find(connection, name))
    pool = gevent.get_hub().threadpool  # argon2 takes its time, and others shall not wait for it
    is_right = pool.apply(passwords.is_right, (password, account and account.proof)) and account is not None
    totp = Totp(secret(desk, account), clock) if account is not None and account.codes is not None else None
    now = clock()

    def judge(ledger: Ledger) -> tuple[Judgement, Tally]:
        ledger.load(attempt.accounts, {})
        judged, _ = ledger.judge(attempt, _Expected(is_right, totp), _digits(code), now)
        ledger.save()
        return judged.judgement, ledger.known[attempt.own]

    judgement, tally = _transact(desk, judge)
    if judgement is Judgement.RIGHT:
        return Tried(account)
    return Tried(waits=_waits(desk, attempt, now), left=max(1, LIMITS.failures - tally.at(now, LIMITS.each).failures))


def secret(desk: Desk, account: Account, *, makes: bool = False) -> str:
    """The secret of an account's codes, in base32; with `makes`, the key is made if there is none.

    Raises:
        StoreTrouble: there is no key, or none to be used.
    """
    path = desk.configuration().store.key_file
    try:
        key = make_key(path) if makes else read_key(path)
    except KeyUnusable as error:
        raise StoreTrouble(str(error)) from None
    digest = hmac.digest(key, f"page codes\0{account.name}\0{account.codes}".encode(), "sha256")
    return base64.b32encode(digest[:_SECRET]).decode("ascii")


def uri(of_secret: str, name: str) -> str:
    """What authenticator apps read, such as from a QR code."""
    return pyotp.TOTP(of_secret).provisioning_uri(name=name, issuer_name=_ISSUER)


def enrol(desk: Desk, account: Account, code: str, clock: Callable[[], float] = time.time) -> bool:
    """Let an account sign in with codes from now on, if this is one of them; whether it is. Raises StoreTrouble."""
    totp = Totp(secret(desk, account), clock)

    def use_up(ledger: Ledger) -> bool:
        found = totp.matches(_digits(code), ledger)
        if found is not None:
            found.spend()
        return found is not None

    is_right = _transact(desk, use_up)
    return is_right and desk.change(lambda connection: accounts.set_codes(connection, account.name, account.codes))


def _digits(code: str) -> str:
    """As apps show it, with a space in the middle."""
    return "".join(code.split())


def _waits(desk: Desk, attempt: Attempt, now: float) -> float:
    """Seconds for which nothing is tried for the name."""
    whole = attempt.shared[0][0]
    found = _transact(desk, lambda ledger: ledger.tallies((attempt.own, whole)), reads=True)
    return max(0.0, max(tally.locked_until for tally in found.values()) - now)


def _transact(desk: Desk, work: Callable[[Ledger], T], *, reads: bool = False) -> T:
    """Something with the store's ledger, all of it or nothing. Raises StoreTrouble."""
    dialect, key = desk.database().dialect, KeyFile(desk.configuration().store.key_file)

    def within(connection: Connection) -> T:
        return work(Ledger(connection.connection.driver_connection, dialect, key, reads=reads))

    return desk.ask(within) if reads else desk.change(within)
