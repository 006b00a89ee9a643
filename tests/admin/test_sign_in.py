"""Signing in: how often a password may be tried, and one-time codes beside it."""

from __future__ import annotations

import re
import time

import gevent
import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, text

from vipgate_fs.admin import passwords
from vipgate_fs.admin.desk import Desk, StoreTrouble
from vipgate_fs.admin.sign_in import LIMITS, enrol, secret, sign_in
from vipgate_fs.secret import Secret
from vipgate_fs.service.logs import configure
from vipgate_fs.store import accounts, tallies
from vipgate_fs.store.database import Database
from vipgate_fs.store.schema import METADATA

PASSWORD = "a password of the office"
WRONG = "a password of nobody"
FILE = (
    'version: 1\nstore: sqlite:///vipgate.db\ngates:\n  g: {protects: {numbers: ["7000"]}, otherwise: {reject: true}}\n'
)


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


class Office:
    """A store with an account, and any number of pages on it."""

    def __init__(self, folder, url=None):
        self.path = folder / "vipgate.yaml"
        self.path.write_text(FILE.replace("sqlite:///vipgate.db", url or "sqlite:///vipgate.db"))
        self.clock = Clock()
        self.database = Database(Secret(url or f"sqlite:///{folder / 'vipgate.db'}"))
        self.desks = []
        self.desk = self.page()
        for name in ("brandt", "adler"):
            account = accounts.Account(name, accounts.ADMINISTRATOR, passwords.prove(PASSWORD), self.clock.now)
            self.database.transact(lambda connection, each=account: accounts.add(connection, each))

    def page(self):
        self.desks.append(Desk(self.path, configure("error")))
        return self.desks[-1]

    def close(self):
        self.database.close()
        for desk in self.desks:
            for database, _ in desk._stores.values():
                database.close()

    def try_(self, name="brandt", password=PASSWORD, code="", page=None):
        return sign_in(page or self.desk, name, password, code, self.clock)

    def ask(self, question):
        return self.database.transact(question, reads=True)

    def with_codes(self):
        """brandt's account with codes, what makes them, and the time a step after the first."""
        draft = accounts.Account("brandt", accounts.ADMINISTRATOR, "", 0.0, "ab" * 16)
        app = pyotp.TOTP(secret(self.desk, draft, makes=True))
        assert not enrol(self.desk, draft, "000000" if app.at(self.clock.now) != "000000" else "111111", self.clock)
        assert self.ask(lambda connection: accounts.find(connection, "brandt")).codes is None
        assert enrol(self.desk, draft, app.at(self.clock.now), self.clock)
        self.clock.now += 30
        return app


@pytest.fixture
def cheap(monkeypatch):
    """Passwords are hashed with less work than they deserve."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()


@pytest.fixture
def office(tmp_path, cheap):
    office = Office(tmp_path)
    yield office
    office.close()


def test_after_five_wrong_passwords_a_name_waits_and_others_do_not(office):
    for left in (4, 3, 2, 1):
        tried = office.try_(password=WRONG)
        assert (tried.account, tried.waits, tried.left) == (None, 0.0, left)
    assert office.try_(password=WRONG).waits == LIMITS.duration
    assert office.try_().account is None
    assert office.try_("adler").account.name == "adler"
    office.clock.now += LIMITS.duration
    assert office.try_().account.name == "brandt"


def test_a_lockout_outlives_the_process_and_counts_for_all_of_them(office):
    pages = [office.page() for _ in range(5)]
    for page in pages:
        office.try_(password=WRONG, page=page)
    assert office.try_(page=office.page()).waits == LIMITS.duration


def test_whoever_tries_many_names_makes_all_wait(office):
    for number in range(LIMITS.gate_failures):
        office.try_(f"name {number}", WRONG)
    assert office.try_("adler").waits == LIMITS.duration


def test_however_many_try_at_once_only_so_many_passwords_are_tried(office):
    """The right one is among the last: all have looked whether they may before the first was judged."""
    tries = [gevent.spawn(office.try_, password=WRONG) for _ in range(20)]
    tries.append(gevent.spawn(office.try_))
    gevent.joinall(tries, timeout=30)
    kept = office.ask(
        lambda connection: connection.exec_driver_sql("SELECT max(failures) FROM vipgate_tallies").scalar()
    )
    assert kept == LIMITS.failures
    assert [each.value.account for each in tries] == [None] * 21


def test_lockouts_of_the_page_are_none_of_callers(office):
    for _ in range(5):
        office.try_(password=WRONG)
    now = office.clock.now
    assert office.ask(lambda connection: list(tallies.kept(connection))) == []
    assert office.ask(lambda connection: tallies.count_locked(connection, now)) == 0
    assert office.database.transact(tallies.clear) == 0
    assert office.try_().waits


def test_another_password_ends_the_wait(office):
    for _ in range(5):
        office.try_(password=WRONG)
    proof = passwords.prove("another password")
    assert office.database.transact(lambda connection: accounts.renew(connection, "brandt", proof))
    assert office.try_(password="another password").account


@pytest.mark.parametrize("name", ["", "x" * 10_000, "a\0b", "' OR 1=1 --", "\ud800"])
def test_a_name_that_is_none_is_refused_like_any_other(office, name):
    assert office.try_(name).account is None


def test_a_code_is_asked_for_beside_the_password_and_good_once(office):
    app = office.with_codes()
    code = app.at(office.clock.now)
    for password, given in ((PASSWORD, ""), (PASSWORD, "123"), (WRONG, code)):
        assert office.try_(password=password, code=given).account is None
    assert office.try_(code=f" {code[:3]} {code[3:]}").account.name == "brandt"
    assert office.try_(code=code).account is None


def test_the_code_that_confirmed_the_key_does_not_sign_in(office):
    app = office.with_codes()
    assert office.try_(code=app.at(office.clock.now - 30)).account is None


def test_guessing_codes_with_the_right_password_comes_to_an_end(office):
    app = office.with_codes()
    for _ in range(5):
        office.try_(code="000000x")
    assert office.try_(code=app.at(office.clock.now)).waits == LIMITS.duration


def test_the_store_alone_does_not_make_codes_and_without_the_key_nobody_gets_in(office):
    app = office.with_codes()
    assert app.secret not in "".join(map(str, office.ask(lambda connection: list(accounts.read(connection)))))
    key = office.desk.configuration().store.key_file
    assert key.stat().st_mode & 0o077 == 0
    key.unlink()
    with pytest.raises(StoreTrouble, match="there is no"):
        office.try_(code=app.at(office.clock.now))
    assert office.try_("adler").account


def test_on_postgresql_it_is_the_same(tmp_path, cheap, postgresql):
    engine = create_engine(postgresql.url)
    with engine.begin() as connection:
        for table in (*METADATA.tables, "vipgate_schema"):
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
    engine.dispose()
    office = Office(tmp_path, postgresql.url)
    try:
        app = office.with_codes()
        code = app.at(office.clock.now)
        assert [bool(office.try_(code=code).account) for _ in range(2)] == [True, False]
        tries = [gevent.spawn(office.try_, "adler", WRONG) for _ in range(8)]
        gevent.joinall(tries, timeout=30)
        assert office.try_("adler").waits == LIMITS.duration
        assert office.try_(code=app.at(office.clock.now + 30)).account
    finally:
        office.close()


# On the page


@pytest.fixture
def visitor(page):
    """Somebody with an account of their own, who has signed in."""
    password = page.proof(PASSWORD)
    account = accounts.Account("codes", accounts.FRONT_DESK, password, time.time())
    page.database.transact(lambda connection: accounts.add(connection, account))
    visitor = page.visitor()
    visitor.sign_in("codes", PASSWORD)
    yield visitor
    page.database.transact(lambda connection: accounts.renew(connection, "codes", password))
    page.database.transact(lambda connection: accounts.remove(connection, "codes"))


def test_codes_are_switched_on_and_off_on_the_page(page, visitor):
    other = page.visitor()
    other.sign_in("codes", PASSWORD)
    assert visitor.send(visitor.go("/account").form("/codes"), password=WRONG).status == 403
    shown = visitor.send(visitor.go("/account").form("/codes"), password=PASSWORD)
    key = re.search(r'<p class="mono">([A-Z2-7 ]+)</p>', shown.html)[1].replace(" ", "")
    assert f"secret={key}" in shown.text
    assert "<svg viewBox=" in shown.html.partition('class="qr"')[2]
    assert shown.headers["Cache-Control"] == "no-store"
    wrong = visitor.send(shown.form("/confirm"), code="x")
    assert (wrong.status, "not the code of this moment" in wrong.text) == (422, True)
    app = pyotp.TOTP(key)
    done = visitor.send(wrong.form("/confirm"), code=app.at(time.time() - 30))
    assert "needs a code of your app" in done.text
    assert key not in done.html + visitor.go("/account").html
    assert other.go("/").forms[0]["action"].endswith("/sign-in")
    assert page.visitor().sign_in("codes", PASSWORD).status == 403
    code = app.at(time.time())
    assert "codes Front desk" in page.visitor().sign_in("codes", PASSWORD, code).text
    refused = visitor.send(visitor.go("/account").form("/off"), password=PASSWORD, code=code)
    assert refused.status == 403
    log = page.service.log.read_text()
    assert key not in log
    assert code not in re.findall(r'"code": ?"(\d+)"', log)
    off = visitor.send(visitor.go("/account").form("/off"), password=PASSWORD, code=app.at(time.time() + 30))
    assert "Switch on" in off.text
    assert "codes Front desk" in page.visitor().sign_in("codes", PASSWORD).text


def test_nothing_is_switched_on_without_a_code_and_a_link_has_no_account(page, visitor):
    visitor.send(visitor.go("/account").form("/codes"), password=PASSWORD)
    assert "codes Front desk" in page.visitor().sign_in("codes", PASSWORD).text
    by_link = page.administrator()
    assert by_link.go("/account").status == 404
    assert 'href="/account"' not in by_link.go("/").html
