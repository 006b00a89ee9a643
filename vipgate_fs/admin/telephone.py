"""A prompt by telephone: the switch calls somebody, records them, plays it to them, and asks whether to keep it.

The switch writes the file, and we read it: both have to be on one machine.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vipgate_fs.document.sources import read_file
from vipgate_fs.esl.inbound import Inbound, Unreachable, expect_callable
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import system_says

LONGEST: Final = 60
"""Seconds of a recording."""
ROUNDS: Final = 10
"""Recordings after which somebody who wants another one has to be called again."""
_RINGS: Final = 45
"""Seconds until nobody answers."""
_CHOOSES: Final = 20
"""Seconds to press a key."""
_KEEP, _AGAIN = "1", "2"
_EVENTS: Final = "CHANNEL_ANSWER CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP_COMPLETE"
_BEEP: Final = "tone_stream://%(400,200,800)"
_SILENCE: Final = "silence_stream://250"
_CHOICE: Final = "vipgate_recording"
_FOLDER: Final = re.compile(r"/[A-Za-z0-9_./-]*", re.ASCII)


class NotRecorded(Exception):
    """There is no recording. The text says why."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whom the switch calls.

    Attributes:
        number: an extension, or anything else that the context puts through to a telephone.
        context: of the dialplan.

    Raises:
        ValueError: one of them can't be dialled.
    """

    number: str
    context: str

    def __post_init__(self) -> None:
        expect_callable(self.context, self.number)


def record(switch: Inbound, speaker: Speaker, show: Callable[[str], None]) -> bytes:
    """What somebody said and wanted to keep, as the switch has written it: a WAV file.

    Args:
        switch: its event socket.
        speaker: is called.
        show: called with what happens, in words.

    Raises:
        NotRecorded: nobody answered, they hung up, or did not want to keep it; or the file can't be read here.
        Unreachable: the switch is gone.
    """
    folder = switch.api("global_getvar recordings_dir").strip()
    if _FOLDER.fullmatch(folder) is None:
        raise NotRecorded(say("the switch has no folder for recordings: {folder!r}", folder=folder))
    mark = str(uuid.uuid4())
    file = Path(folder, f"vipgate-{mark}.wav")
    call = _Call(switch, mark)
    try:
        call.ring(speaker)
        show(say("Answered: speak after the tone, then press #."))
        for number in range(ROUNDS):
            choice = call.take(file, f"{_CHOICE}_{number}", show)
            if choice == _KEEP:
                return _read(file)
            if choice != _AGAIN:
                raise NotRecorded(say("nothing was kept: no key was pressed"))
        raise NotRecorded(say("nothing was kept, {count} times", count=ROUNDS))
    finally:
        with suppress(Unreachable):
            switch.api(f"uuid_kill {mark}")
        with suppress(OSError):
            file.unlink()


def _read(file: Path) -> bytes:
    try:
        return read_file(file).data
    except OSError as error:
        why = system_says(error)
        raise NotRecorded(say("{file}: {why}; run this on the switch's machine, as root", file=file, why=why)) from None


class _Call:
    """The call to the speaker, and what is done in it, one application after the other."""

    def __init__(self, switch: Inbound, mark: str) -> None:
        self._switch = switch
        self._mark = mark
        switch.command(f"event plain {_EVENTS}")
        switch.command(f"filter Unique-ID {mark}")

    def ring(self, speaker: Speaker) -> None:
        """Wait until they answer. Raises NotRecorded."""
        variables = {
            "origination_caller_id_name": "VIPgate",
            "originate_timeout": str(_RINGS),
            "playback_terminators": "#",
        }
        if answer := self._switch.originate(self._mark, speaker.number, speaker.context, variables):
            raise NotRecorded(say("the switch does not make the call: {answer}", answer=answer))
        self._wait("CHANNEL_ANSWER", "", _RINGS + 5)

    def take(self, file: Path, choice: str, show: Callable[[str], None]) -> str:
        """Record, play, and ask; the key that was pressed, "" for none. Raises NotRecorded."""
        self._do("playback", _BEEP, 10)
        self._do("record", f"{file} {LONGEST}", LONGEST + 10)
        show(say("Recorded: listen to it, then press 1 to keep it, or 2 to speak again."))
        self._do("playback", str(file), LONGEST + 10)
        ask = f"1 1 1 {_CHOOSES * 1000} # {_SILENCE} {_SILENCE} {choice} [{_KEEP}{_AGAIN}]"
        return self._do("play_and_get_digits", ask, _CHOOSES + 10).get(f"variable_{choice}", "")

    def _do(self, application: str, argument: str, seconds: float) -> Mapping[str, str]:
        self._switch.execute(self._mark, application, argument)
        return self._wait("CHANNEL_EXECUTE_COMPLETE", application, seconds)

    def _wait(self, event: str, application: str, seconds: float) -> Mapping[str, str]:
        until = time.monotonic() + seconds
        for frame in self._switch.events(seconds):
            if frame.event_name == "CHANNEL_HANGUP_COMPLETE":
                cause = frame.headers.get("Hangup-Cause", "?")
                raise NotRecorded(say("nothing was kept: the call ended with {cause}", cause=cause))
            if frame.event_name == event and frame.headers.get("Application", "") in (application, ""):
                return frame.headers
            if time.monotonic() > until:
                break
        raise NotRecorded(say("nothing was kept: the switch did not get on within {seconds:.0f} s", seconds=seconds))
