"""The dialplan applications that a gate, and the dialplans around it, use. Each does what mod_dptools does."""

from __future__ import annotations

from typing import Final

from vipgate_fs.simulator import causes
from vipgate_fs.simulator.arguments import number, words
from vipgate_fs.simulator.prompts import play, play_and_get_digits
from vipgate_fs.simulator.session import Application, Session

_FIRST_FAILURE: Final = 400
"""The lowest SIP status that ends a call."""


def _answer(session: Session, _data: str) -> None:
    session.channel.answer()


def _pre_answer(session: Session, _data: str) -> None:
    session.channel.pre_answer()


def _ring_ready(session: Session, _data: str) -> None:
    session.channel.ring()


def _sleep(session: Session, data: str) -> None:
    session.wait(number(data) / 1000, lambda: bool(session.channel.digits))


def _playback(session: Session, data: str) -> None:
    channel = session.channel
    terminators = channel.get("playback_terminators") or "*"
    channel.set("playback_terminator_used", None)

    def is_stopped() -> bool:
        while (digit := channel.take_digit()) is not None:
            if terminators != "none" and (terminators == "any" or digit in terminators):
                channel.set("playback_terminator_used", digit)
                return True
        return False

    found = play(session, data.partition("@@")[0], is_stopped)
    channel.set("current_application_response", "FILE PLAYED" if found else "FILE NOT FOUND")


def _set(session: Session, data: str) -> None:
    name, _, value = data.partition("=" if "=" in data else ",")
    if name:
        session.channel.set(name, session.channel.expand(value))


def _unset(session: Session, data: str) -> None:
    session.channel.set(data, None)


def _each(data: str) -> list[str]:
    """An argument's parts, between spaces or, as in `^^;a=1;b=2`, what it names itself."""
    if data.startswith("^^"):
        return data[3:].split(data[2:3] or None)
    return data.split(" ")


def _multiset(session: Session, data: str) -> None:
    for assignment in _each(data):
        _set(session, assignment)


def _multiunset(session: Session, data: str) -> None:
    for name in _each(data):
        session.channel.set(name, None)


def _hangup(session: Session, data: str) -> None:
    session.channel.hang_up(causes.known(data))


def _respond(session: Session, data: str) -> None:
    status, _, phrase = data.partition(" ")
    code = number(status) or 488
    if code >= _FIRST_FAILURE and session.channel.profile.source == "mod_sofia":
        session.channel.hang_up(causes.of_sip_status(code), code, phrase or causes.phrase(code))


def transfer(session: Session, data: str) -> None:
    """The application `transfer TARGET [DIALPLAN [CONTEXT]]`."""
    target = [*words(data), "", ""]
    if target[0]:
        session.channel.transfer(target[0], target[1] or None, target[2] or None)


def _break(session: Session, data: str) -> None:
    if data and data.lower() != "all":
        session.discard_commands()
    session.stopped = True
    session.channel.changed.set()


def _park(session: Session, _data: str) -> None:
    session.park()


def _flush_dtmf(session: Session, _data: str) -> None:
    session.channel.digits.clear()


def _nothing(_session: Session, _data: str) -> None:
    pass


APPLICATIONS: Final = {
    "answer": Application(_answer),
    "pre_answer": Application(_pre_answer),
    "ring_ready": Application(_ring_ready),
    "playback": Application(_playback, needs_media=True),
    "play_and_get_digits": Application(play_and_get_digits, needs_media=True),
    "sleep": Application(_sleep),
    "set": Application(_set, after_hangup=True),
    "unset": Application(_unset, after_hangup=True),
    "multiset": Application(_multiset, after_hangup=True),
    "multiunset": Application(_multiunset, after_hangup=True),
    "export": Application(_set, after_hangup=True),
    "hangup": Application(_hangup),
    "respond": Application(_respond),
    "transfer": Application(transfer),
    "park": Application(_park),
    "break": Application(_break),
    "flush_dtmf": Application(_flush_dtmf),
    "log": Application(_nothing, after_hangup=True),
    "info": Application(_nothing, after_hangup=True),
}
"""Name → application. `socket` and what is scheduled are the switch's own (switch.py)."""
