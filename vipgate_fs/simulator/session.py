"""The session of a call: routes it, runs its applications, and takes commands while one of them waits.

Behaves as switch_core_state_machine.c, switch_core_session_exec and switch_ivr_parse_event do.
"""

from __future__ import annotations

import math
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vipgate_fs.simulator import causes
from vipgate_fs.simulator.arguments import is_true, number
from vipgate_fs.simulator.channel import Channel
from vipgate_fs.simulator.reporting import report

if TYPE_CHECKING:
    from vipgate_fs.simulator.dialplan import Dialplan
    from vipgate_fs.simulator.phone import Phone

FRAME: Final = 0.020
"""Seconds between two looks for commands: a packet's length."""
_SHORT_LOOP: Final = 0.5
"""An application that takes less is not repeated by `loops` (switch_ivr.c)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A sendmsg.

    Attributes:
        headers: with their names in lower case.
        body: what followed them.
    """

    headers: Mapping[str, str]
    body: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """An application.

    Attributes:
        run: does it, to a session, with its expanded argument.
        needs_media: an unanswered channel gets early media first.
        after_hangup: also runs on a channel that is hung up (SAF_ZOMBIE_EXEC).
    """

    run: Callable[[Session, str], None]
    needs_media: bool = False
    after_hangup: bool = False


class Session:
    """One call on the switch.

    Attributes:
        channel: its state.
        phone: the caller's end.
        controlled: the channel is parked and somebody may control it (CF_CONTROLLED).
        stopped: the running playback is to end (`break`).
        is_abandoned: the channel is parked and nobody will ever control it.
        is_over: CHANNEL_HANGUP_COMPLETE has been sent.
    """

    def __init__(
        self,
        channel: Channel,
        phone: Phone,
        dialplan: Dialplan,
        applications: Mapping[str, Application],
        sounds: Path | None,
    ) -> None:
        self.channel = channel
        self.phone = phone
        self.sounds = sounds
        self.controlled = self.stopped = self.is_abandoned = self.is_over = False
        self._dialplan = dialplan
        self._applications = applications
        self._commands: deque[tuple[float, Command]] = deque()
        self._locked = False
        self._last_application = ("", "")
        self._born = channel.clock.now()

    def run(self) -> None:
        """The call from its beginning to its end."""
        channel = self.channel
        channel.fire("CHANNEL_CREATE")
        while channel.cause is None:
            if channel.is_to_park:
                self._stay_parked()
            elif channel.state == "RESET" and not channel.transferred:
                self._stay_reset()
            else:
                self._route()
        channel.enter("HANGUP")
        channel.enter("REPORTING")
        report(channel, self._last_application)
        channel.fire("CHANNEL_HANGUP_COMPLETE")
        self.is_over = True
        channel.changed.set()

    def queue(self, command: Command) -> None:
        """Leave a command for the channel, which looks for some every 20 ms."""
        now = self.channel.clock.now()
        due = self._born + math.ceil((now - self._born) / FRAME) * FRAME
        self._commands.append((due, command))
        self.channel.changed.set()

    def discard_commands(self) -> None:
        """Forget the commands that wait."""
        self._commands.clear()

    def wait(self, seconds: float | None, stop: Callable[[], bool] | None = None) -> bool:
        """Let time pass, running the commands that come.

        Args:
            seconds: at most; None for ever.
            stop: asked again after everything that happens to the channel.

        Returns:
            Whether `stop` ended it; False when the time was up or the channel is not ready any more.
        """
        channel, clock = self.channel, self.channel.clock
        deadline = math.inf if seconds is None else clock.now() + seconds
        while True:
            channel.changed.clear()
            self.run_commands()
            if not channel.is_ready:
                return False
            if stop is not None and stop():
                return True
            now = clock.now()
            if now >= deadline:
                return False
            until = min(deadline, self._commands[0][0]) if self._commands and not self._locked else deadline
            clock.wait(channel.changed, until - now)

    def run_commands(self, until: float | None = None) -> None:
        """Run the commands that are due by `until` (default: now). One with event-lock keeps the others waiting."""
        until = self.channel.clock.now() if until is None else until
        while self._commands and not self._locked and self._commands[0][0] <= until:
            self.obey(self._commands.popleft()[1])

    def obey(self, command: Command) -> None:
        """Do what a sendmsg says."""
        headers = command.headers
        locks = is_true(headers.get("event-lock"))
        self._locked = self._locked or locks
        try:
            match headers.get("call-command", "").lower():
                case "execute":
                    self._execute_command(command)
                case "hangup":
                    self.channel.hang_up(causes.known(headers.get("hangup-cause", "")))
        finally:
            if locks:
                self._locked = False

    def execute(self, name: str, argument: str) -> bool:
        """Run an application with the events that it brings; False when there is none of that name."""
        channel, application = self.channel, self._applications.get(name)
        if application is None:
            if channel.cause is None:
                channel.hang_up("DESTINATION_OUT_OF_ORDER")
            return False
        if channel.cause is not None and not application.after_hangup:
            return True
        if application.needs_media:
            channel.pre_answer()
        event_uuid = channel.variables.pop("app_uuid", None) or str(uuid.uuid4())
        data = channel.expand(argument)
        self._last_application = (name, data)
        channel.set("current_application", name)
        channel.set("current_application_data", data)
        channel.set("current_application_response", None)
        what = [("Application", name), *([("Application-Data", data)] if data else [])]
        channel.fire("CHANNEL_EXECUTE", *what, ("Application-UUID", event_uuid))
        self.stopped = False
        channel.set("current_application", name)
        application.run(self, data)
        response = channel.variables.get("current_application_response", "_none_")
        channel.fire(
            "CHANNEL_EXECUTE_COMPLETE", *what, ("Application-Response", response), ("Application-UUID", event_uuid)
        )
        return True

    def park(self) -> None:
        """Do nothing but take commands, until nobody controls the channel any more (switch_ivr_park)."""
        channel = self.channel
        if channel.state == "RESET":
            return
        limit, _, cause = (channel.variables.pop("park_timeout", "") or "").partition(":")
        self.controlled = True
        channel.fire("CHANNEL_PARK")
        if not self.wait(float(limit) if limit else None, self._has_lost_control) and channel.is_ready:
            channel.hang_up(causes.known(cause))
        self.controlled = False
        channel.fire("CHANNEL_UNPARK")

    def release(self) -> None:
        """Nobody controls the channel any more: it goes on as soon as what it runs has ended."""
        self.controlled = False
        self.channel.changed.set()

    def _has_lost_control(self) -> bool:
        while self.channel.take_digit() is not None:
            pass
        return not self.controlled

    def _stay_reset(self) -> None:
        """Nothing ends this state but the caller, or somebody else's transfer (facts: "socket_resume")."""
        channel = self.channel
        while channel.cause is None and not channel.transferred:
            channel.changed.clear()
            channel.clock.wait(channel.changed)

    def _stay_parked(self) -> None:
        channel = self.channel
        channel.transferred = channel.is_to_park = False
        channel.enter("PARK")
        self.park()
        self.wait(None)  # also when nobody controls it any more (facts: "Taken away")

    def _route(self) -> None:
        channel = self.channel
        channel.transferred = False
        channel.enter("ROUTING")
        destination = channel.profile.destination
        extension, exists = self._dialplan.find(destination, channel.profile.context, channel.profile.dialplan)
        if extension.matches:
            channel.set("DP_MATCH", f"ARRAY::{destination}|:{destination}")
        channel.set("call_uuid", channel.uuid)
        if channel.profile.rdnis and channel.profile.dialplan.lower() != "inline":  # which leads nowhere else
            self.phone.transferred(channel.profile, exists=exists)
        channel.enter("EXECUTE")
        for name, argument in extension.actions:
            if not channel.is_ready:
                break
            self.execute(name, argument)
        if channel.is_ready:
            channel.hang_up("NORMAL_CLEARING")

    def _execute_command(self, command: Command) -> None:
        channel, headers = self.channel, command.headers
        name = headers.get("execute-app-name", "")
        argument = headers.get("execute-app-arg", "")
        if not argument and headers.get("content-type", "").lower() == "text/plain":
            argument = command.body
        loops = number(headers.get("loops", "1"))
        turn = 0
        while name and (turn < loops or loops < 0):
            turn += 1
            began = channel.clock.now()
            if headers.get("event-uuid"):
                channel.set("app_uuid", headers["event-uuid"])
            channel.set("current_loop", str(turn))
            channel.set("total_loops", str(loops))
            if not self.execute(name, argument) or not channel.is_ready or self.stopped:
                break
            if channel.clock.now() - began < _SHORT_LOOP:
                break
        channel.set("current_loop", None)
        channel.set("total_loops", None)
