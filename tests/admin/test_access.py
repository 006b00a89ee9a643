"""Who may come in: links and sessions. How passwords are tried: test_sign_in.py."""

import pytest

from vipgate_fs.admin import passwords
from vipgate_fs.admin.access import IDLE, LONGEST, Access
from vipgate_fs.service.page import LINK_VALID, Links, digest
from vipgate_fs.store.accounts import ADMINISTRATOR


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def access(clock):
    return Access(None, clock)


@pytest.fixture
def links(clock):
    return Links(clock)


def made(links):
    """A link's token, and its digest."""
    token = links.make("127.0.0.1:8085").url.removeprefix("http://127.0.0.1:8085/link/")
    return token, digest(token)


def test_a_link_is_good_once(links):
    _, of_token = made(links)
    assert links.is_good(of_token)
    assert links.use(of_token)
    assert not links.use(of_token)
    assert not links.is_good(of_token)


def test_a_link_is_good_for_ten_minutes(links, clock):
    _, of_token = made(links)
    clock.now += LINK_VALID
    assert not links.is_good(of_token)
    assert not links.use(of_token)


def test_a_token_itself_is_kept_nowhere(links):
    token, _ = made(links)
    assert not links.use(token)
    assert token not in repr(vars(links)) + repr(links.make("127.0.0.1:8085"))


def test_links_are_bounded(links):
    first = made(links)[1]
    for _ in range(100):
        made(links)
    assert not links.is_good(first)


def test_without_a_page_there_is_no_link_but_a_reason(links):
    assert (links.make("none").why, links.make("down").why) == ("none", "down")


def test_a_session_ends_when_nobody_uses_it(access, clock):
    key = access.begin("", ADMINISTRATOR)
    clock.now += IDLE
    assert access.find(key)
    clock.now += IDLE + 1
    assert access.find(key) is None
    assert access.find(key) is None


def test_a_session_ends_however_much_it_is_used(access, clock):
    key = access.begin("", ADMINISTRATOR)
    for _ in range(int(LONGEST / IDLE)):
        clock.now += IDLE
        assert access.find(key)
    clock.now += 1
    assert access.find(key) is None


def test_whoever_only_listens_does_not_keep_a_session_from_ending(access, clock):
    key = access.begin("", ADMINISTRATOR)
    for _ in range(2):
        clock.now += IDLE / 2
        assert access.find(key, prolongs=False)
    clock.now += 1
    assert access.find(key, prolongs=False) is None


def test_a_session_that_was_ended_is_over(access):
    key, other = access.begin("", ADMINISTRATOR), access.begin("", ADMINISTRATOR)
    access.end(key)
    assert access.find(key) is None
    assert access.find(other)


def test_what_is_kept_is_bounded(access):
    keys = [access.begin("", ADMINISTRATOR) for _ in range(1001)]
    for key in keys:
        access.wait_for(key, "codes")
    assert (access.waiting(keys[0]), access.waiting(keys[1])) == (None, "codes")
    access.end(keys[1000])
    assert access.waiting(keys[1000]) is None
    assert access.find(keys[0]) is None
    assert access.find(keys[1])


def test_a_password_is_right_only_for_its_own_proof():
    proof = passwords.prove("correct horse battery")
    assert "correct" not in proof
    assert passwords.is_right("correct horse battery", proof)
    assert not passwords.is_right("correct horse batterz", proof)
    assert not passwords.is_right("nobody's password", None)
    assert not passwords.is_right("correct horse battery", "no proof")


@pytest.mark.parametrize("password", ["", "too short", "x" * 201])
def test_a_password_that_is_none_is_refused_with_a_reason(password):
    assert passwords.fault(password)
