"""`vipgate admin`: accounts of the page; the link is tested in tests/admin with a service."""

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner

from vipgate_fs.admin import passwords
from vipgate_fs.cli import main
from vipgate_fs.secret import Secret
from vipgate_fs.store import accounts
from vipgate_fs.store.database import Database

FILE = (
    'version: 1\nstore: sqlite:///vipgate.db\ngates:\n  g: {protects: {numbers: ["7000"]}, otherwise: {reject: true}}\n'
)
PASSWORD = "a password of the office"


@pytest.fixture
def admin(tmp_path):
    (tmp_path / "vipgate.yaml").write_text(FILE)

    def run(*arguments, given=f"{PASSWORD}\n"):
        return CliRunner().invoke(main, ["admin", *arguments, "--config", str(tmp_path / "vipgate.yaml")], input=given)

    return run


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Passwords are hashed with less work than they deserve."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)


@pytest.fixture
def kept(tmp_path):
    def read():
        database = Database(Secret(f"sqlite:///{tmp_path / 'vipgate.db'}"))
        try:
            return {each.name: each for each in database.transact(lambda connection: list(accounts.read(connection)))}
        finally:
            database.close()

    return read


def test_an_account_is_added_with_a_password_from_standard_input_and_nobody_can_read_it(admin, kept, audited):
    answer = admin("user", "add", "brandt", "--role", "front-desk")
    assert (answer.exit_code, answer.output) == (0, "brandt: added, front-desk\n")
    account = kept()["brandt"]
    assert account.role == accounts.FRONT_DESK
    assert passwords.is_right(PASSWORD, account.proof)
    assert PASSWORD not in repr(account) + account.proof
    assert account.proof not in repr(account)


def test_accounts_are_listed_without_anything_of_their_passwords(admin):
    admin("user", "add", "brandt")
    assert admin("user", "list").output == "brandt: administrator\n"
    assert "argon2" not in admin("user", "list", "--format", "json").output


def test_an_account_is_not_added_twice(admin):
    admin("user", "add", "brandt")
    answer = admin("user", "add", "brandt")
    assert answer.exit_code == 1
    assert "there is an account brandt" in answer.output


@pytest.mark.parametrize("given", ["", "short\n", "x" * 300 + "\n"])
def test_a_password_that_is_none_is_refused_in_a_line(admin, kept, given):
    answer = admin("user", "add", "brandt", given=given)
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: a password has")
    assert kept() == {}


@pytest.mark.parametrize("name", ["", " brandt", "x" * 65, "two\nlines"])
def test_a_name_that_is_none_is_refused(admin, name):
    assert admin("user", "add", name).exit_code == 2


def test_a_password_is_renewed_and_an_account_removed(admin, kept):
    admin("user", "add", "brandt")
    before = kept()["brandt"].proof
    assert admin("user", "password", "brandt", given="another password\n").exit_code == 0
    assert kept()["brandt"].proof != before
    assert passwords.is_right("another password", kept()["brandt"].proof)
    assert admin("user", "remove", "brandt").output == "brandt: removed\n"
    assert kept() == {}


@pytest.mark.parametrize("what", ["remove", "password"])
def test_an_account_that_is_not_there_is_named(admin, what):
    admin("user", "add", "brandt")
    answer = admin("user", what, "brant")
    assert (answer.exit_code, "there is no account brant" in answer.output) == (1, True)


def test_without_a_service_there_is_no_link(admin):
    answer = admin("link")
    assert answer.exit_code == 2
    assert "no service runs" in answer.output
