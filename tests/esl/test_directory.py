from __future__ import annotations

import gevent
import pytest
from esl_peer import connect_reply, reply

from vipgate_fs.esl import directory as directory_module
from vipgate_fs.esl.directory import Directory, DirectoryUnavailable
from vipgate_fs.esl.session import Session
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import Gate, Prompts, Protects

PROMPTS = Prompts("", "", "")
ANSWERS = {
    "api global_getvar domain": "pbx.example",
    "api user_data 7001@pbx.example attr id": "alice",
    "api user_data alice@pbx.example attr id": "alice",
    "api user_data alice@pbx.example attr number-alias": "7001",
    "api user_data ALICE@pbx.example attr id": "alice",
    "api user_data Alice@pbx.example attr id": "alice",
    "api user_data 7002@pbx.example attr id": "7002",
    "api user_data 7004@pbx.example attr id": "+4970041",
    "api user_data +4970041@pbx.example attr number-alias": "7004",
    "api in_group +4970041@pbx.example,support": "true",
    "api group_call Support@pbx.example": "error/user_not_registered",
    "api in_group alice@pbx.example,Support": "true",
    "api group_call support@pbx.example": "error/user_not_registered",
    "api group_call sales@pbx.example": "user/bob@pbx.example",
    "api group_call suport@pbx.example": "error/NO_ROUTE_DESTINATION",
    "api in_group alice@pbx.example,support": "true",
    "api in_group 7002@pbx.example,support": "true",
    "api in_group alice@pbx.example,sales": "false",
}


@pytest.fixture
def questions():
    return []


@pytest.fixture
def session(connection, questions):
    sock, peer = connection

    def answer():
        while True:
            try:
                command = peer.command()
            except (EOFError, OSError):
                return
            questions.append(command)
            text = ANSWERS.get(command, "-ERR no reply")
            api = b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(text), text.encode())
            peer.send(connect_reply() if command == "connect" else api)

    gevent.spawn(answer)
    session = Session(("127.0.0.1", 1), sock)
    session.connect()
    questions.clear()
    return session


def directory(users=(), groups=(), domain=None):
    protects = Protects(users=dict.fromkeys(users, 1), groups=dict.fromkeys(groups, 1))
    return Directory([Gate("g", 1, protects, (), PROMPTS)], lambda *_: None, domain)


@pytest.mark.parametrize(
    ("users", "groups", "dialled", "found", "member_of"),
    [
        (["alice"], [], "7001", {"alice"}, set()),
        (["alice"], ["support", "sales"], "7001", {"alice"}, {"support"}),
        ([], ["support"], "7002", {"7002"}, {"support"}),
        (["7001"], [], "alice", {"alice", "7001"}, set()),  # protected by an alias, dialled by the id
        (["7001", "alice"], [], "7001", {"alice", "7001"}, set()),
        (["alice"], ["support"], "7999", set(), set()),
        (["Alice"], ["Support"], "7001", {"Alice", "alice"}, {"Support"}),  # the switch does not mind
        (["alice", "Alice"], [], "7001", {"Alice", "alice"}, set()),
        (["alice"], [], "ALICE", {"alice"}, set()),
    ],
)
def test_locate(session, users, groups, dialled, found, member_of):
    call = directory(users, groups).locate(Call("u", "", dialled, dialled), session)
    assert (call.called_users, call.called_groups) == (found, member_of)


def test_answers_are_kept_for_a_while(session, questions, monkeypatch):
    known = directory(["alice"], ["support"])
    call = Call("u", "", "7001", "7001")
    known.locate(call, session)
    asked = len(questions)
    known.locate(call, session)
    assert len(questions) == asked
    monkeypatch.setattr(directory_module, "LIFETIME", -1)
    known._answers.clear()
    known.locate(call, session)
    known.locate(call, session)
    assert len(questions) > 2 * asked


def test_answers_of_one_switch_are_none_of_another(session):
    """A simulated one, say, which knows others, must not open a user's gate at the real one."""
    known = directory(["alice", "bob"])
    call, real = Call("u", "", "7001", "7001"), session.session_data
    session.session_data = {"Core-UUID": "simulated"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(ANSWERS, "api user_data 7001@pbx.example attr id", "-ERR no reply")
        patched.setitem(ANSWERS, "api user_data bob@pbx.example attr id", "bob")
        assert known.locate(call, session).called_users == set()
    session.session_data = real
    assert known.locate(call, session).called_users == {"alice"}


@pytest.fixture
def unreachable(monkeypatch):
    """The directory's back end is gone: the switch answers as if nobody existed."""

    def end():
        for question in ANSWERS:
            if "user_data" in question:
                monkeypatch.setitem(ANSWERS, question, "-ERR no reply")
            if "in_group" in question:
                monkeypatch.setitem(ANSWERS, question, "false")
            if "group_call" in question:
                monkeypatch.setitem(ANSWERS, question, "error/NO_ROUTE_DESTINATION")

    return end


NAMED = [(["alice"], []), ([], ["support"]), (["alice", "alcie"], ["support", "suport"])]


@pytest.mark.parametrize(("users", "groups"), NAMED)
@pytest.mark.parametrize("dialled", ["7001", "7002", "7999"])
def test_a_directory_that_was_there_and_is_gone_opens_no_door(session, unreachable, users, groups, dialled):
    known = directory(users, groups)
    known.locate(Call("u", "", "7001", "7001"), session)
    known._answers.clear()  # they are a minute old
    unreachable()
    with pytest.raises(DirectoryUnavailable, match=r"does not know (alice|support)"):
        known.locate(Call("u", "", dialled, dialled), session)


@pytest.mark.parametrize(("users", "groups"), NAMED)
def test_a_directory_that_is_not_there_at_the_start_opens_no_door(session, questions, unreachable, users, groups):
    unreachable()
    known = directory(users, groups)
    for dialled in ("7001", "7999"):
        with pytest.raises(DirectoryUnavailable, match="it can't be reached"):
            known.locate(Call("u", "", dialled, dialled), session)
    assert len(questions) == len(set(questions)), "names are not looked up again for each call"


def test_a_directory_that_comes_back_is_asked_again(session, unreachable, monkeypatch):
    monkeypatch.setattr(directory_module, "_RETRY", -1)
    known = directory(["alice"], ["support"])
    with pytest.MonkeyPatch.context():
        saved = dict(ANSWERS)
        unreachable()
        with pytest.raises(DirectoryUnavailable):
            known.locate(Call("u", "", "7001", "7001"), session)
    for question, answer in saved.items():
        monkeypatch.setitem(ANSWERS, question, answer)
    assert known.locate(Call("u", "", "7001", "7001"), session).called_users == {"alice"}


def test_a_directory_that_goes_between_two_questions_opens_no_door(session, monkeypatch):
    """The user was found a moment ago; that they are in no group is no news of then."""
    monkeypatch.setitem(ANSWERS, "api user_data 7002@pbx.example attr number-alias", "7002")
    known = directory([], ["support", "sales"])
    known.locate(Call("u", "", "7999", "7999"), session)
    for group in ("support", "sales"):  # and nothing but these says no
        monkeypatch.setitem(ANSWERS, f"api in_group 7002@pbx.example,{group}", "false")
    monkeypatch.setitem(ANSWERS, "api group_call support@pbx.example", "error/NO_ROUTE_DESTINATION")
    monkeypatch.setitem(ANSWERS, "api group_call sales@pbx.example", "error/NO_ROUTE_DESTINATION")
    with pytest.raises(DirectoryUnavailable):
        known.locate(Call("u", "", "7002", "7002"), session)


def test_what_the_gates_name_is_looked_up_in_portions(session, questions, monkeypatch):
    """A directory behind a web server may take its time for each, and a caller waits."""
    monkeypatch.setattr(directory_module, "_BATCH", 2)
    reported = []
    protects = Protects(users=dict.fromkeys(["alice", "b", "c", "d", "e"], 1), groups={"support": 1})
    known = Directory([Gate("g", 1, protects, (), PROMPTS)], lambda *name: reported.append(name), "pbx.example")
    for _ in range(4):
        known.locate(Call("u", "", "7001", "7001"), session)
    named = [question for question in questions if question.split()[2].partition("@")[0] in (*"bcde", "support")]
    assert len(named) == len(set(named)) == 5
    assert reported == [("user", name) for name in "bcde"]


def test_the_domain_may_be_configured(session, questions):
    directory(["alice"], domain="pbx.example").locate(Call("u", "", "7001", "7001"), session)
    assert {question.partition("@")[2].split()[0] for question in questions} == {"pbx.example"}
    assert "api global_getvar domain" not in questions


@pytest.mark.parametrize("dialled", ["${system(x)}", "1 2", "a@b", "1\n2", ""])
def test_a_caller_asks_the_switch_nothing(session, questions, dialled):
    call = Call("u", "", dialled, dialled)
    assert directory(["alice"]).locate(call, session) is call
    assert questions == []


@pytest.mark.parametrize("id_", ["-ERR no reply", ""])
def test_a_user_id_that_is_none(session, monkeypatch, id_):
    monkeypatch.setitem(ANSWERS, "api user_data 7001@pbx.example attr id", id_)
    call = directory([], ["support"]).locate(Call("u", "", "7001", "7001"), session)
    assert (call.called_users, call.called_groups) == (set(), set())


@pytest.mark.parametrize("id_", ["${x}", "a b", "a,b", "jörg", "a@b"])
def test_a_user_whose_id_can_not_be_asked_for_opens_no_door(session, monkeypatch, questions, id_):
    """There is somebody; whether they are in a group that a gate protects, nobody can tell."""
    monkeypatch.setitem(ANSWERS, "api user_data 7001@pbx.example attr id", id_)
    with pytest.raises(DirectoryUnavailable, match="7001"):
        directory([], ["support"]).locate(Call("u", "", "7001", "7001"), session)
    assert not any(id_ in question for question in questions)


def test_a_user_id_may_be_a_telephone_number(session):
    call = directory([], ["support"]).locate(Call("u", "", "7004", "7004"), session)
    assert call.called_groups == {"support"}


@pytest.mark.parametrize("answer", ["-ERR no reply", "", "${x}"])
def test_a_switch_without_a_domain(session, monkeypatch, answer):
    monkeypatch.setitem(ANSWERS, "api global_getvar domain", answer)
    with pytest.raises(DirectoryUnavailable, match=r"set `site\.domain`"):
        directory(["alice"]).locate(Call("u", "", "7001", "7001"), session)


def test_a_switch_without_mod_commands(session, monkeypatch):
    monkeypatch.setitem(ANSWERS, "api user_data 7001@pbx.example attr id", "-ERR user_data Command not found!")
    with pytest.raises(DirectoryUnavailable, match="mod_commands"):
        directory(["alice"], domain="pbx.example").locate(Call("u", "", "7001", "7001"), session)


def test_a_dialplan_without_full(connection):
    sock, peer = connection

    def refuse():
        peer.command()
        peer.send(connect_reply())
        peer.command()
        peer.send(reply("-ERR command not found"))

    gevent.spawn(refuse)
    session = Session(("127.0.0.1", 1), sock)
    session.connect()
    with pytest.raises(DirectoryUnavailable, match="async full"):
        directory(["alice"]).locate(Call("u", "", "7001", "7001"), session)


def test_a_protected_name_that_the_directory_does_not_know_is_reported_once(session):
    reported = []
    protects = Protects(users={"alice": 1, "alcie": 1}, groups={"support": 1, "suport": 1})
    known = Directory([Gate("g", 1, protects, (), PROMPTS)], lambda *name: reported.append(name))
    for _ in range(2):
        call = known.locate(Call("u", "", "7001", "7001"), session)
        known._answers.clear()
    assert (call.called_users, call.called_groups) == ({"alice"}, {"support"})
    assert reported == [("user", "alcie"), ("group", "suport")]


def test_what_is_kept_is_bounded(session):
    known = directory(["alice"], domain="pbx.example")
    known._answers = {str(n): (0.0, "") for n in range(10_001)}
    known.locate(Call("u", "", "7001", "7001"), session)
    assert len(known._answers) < 5


class TestSeveralDomains:
    """One switch serves several; a channel variable says whose call it is."""

    def locate(self, session, domain, users=("7001@pbx.example",), groups=(), dialled="7001"):
        protects = Protects(users=dict.fromkeys(users, 1), groups=dict.fromkeys(groups, 1))
        known = Directory([Gate("g", 1, protects, (), PROMPTS)], lambda *_: None, variable="domain_name")
        variables = {} if domain is None else {"domain_name": domain}
        return known.locate(Call("u", "", dialled, dialled, variables=variables), session)

    def test_a_user_is_protected_in_their_domain(self, session, questions):
        assert self.locate(session, "pbx.example").called_users == {"7001@pbx.example", "alice"}
        assert "api global_getvar domain" not in questions

    def test_a_namesake_in_another_domain_is_not(self, session, monkeypatch):
        monkeypatch.setitem(ANSWERS, "api user_data 7001@other.example attr id", "7001")
        assert self.locate(session, "other.example").called_users == {"7001"}

    def test_each_may_be_protected_by_a_name_of_their_own(self, session, monkeypatch):
        monkeypatch.setitem(ANSWERS, "api user_data 7001@other.example attr id", "7001")
        users = ("7001@pbx.example", "7001@other.example")
        assert self.locate(session, "other.example", users).called_users == {"7001@other.example", "7001"}

    def test_case_makes_no_difference_in_a_domain(self, session):
        assert (
            "alice@PBX.Example"
            in self.locate(session, "pbx.example", ("alice@PBX.Example", "7002@pbx.example")).called_users
        )

    def test_groups_belong_to_a_domain_too(self, session, monkeypatch, questions):
        groups = ("support@pbx.example", "support@other.example")
        assert self.locate(session, "pbx.example", (), groups).called_groups == {"support@pbx.example"}
        assert not any("in_group alice@pbx.example,support@" in question for question in questions)

    @pytest.mark.parametrize("domain", [None, "", "${x}", "a b", "a,b"])
    def test_a_call_whose_domain_nobody_knows_is_no_call_to_somebody_else(self, session, questions, domain):
        with pytest.raises(DirectoryUnavailable, match="domain_name"):
            self.locate(session, domain)
        assert questions == []
