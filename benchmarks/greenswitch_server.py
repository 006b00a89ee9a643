"""What the gate is compared with: greenswitch's own server with an application that answers, asks and transfers."""

from __future__ import annotations

import sys

from greenswitch.esl import OutboundESLServer


class Application:
    def __init__(self, session):
        self.session = session

    def run(self):
        self.session.myevents()
        self.session.call_command("answer", block=True)
        digits = self.session.play_and_get_digits(
            "1", "20", "1", "8000", "#", "tone_stream://%(500,200,425)", "silence", "pin", r"\d+", "4000"
        )
        self.session.call_command("transfer", f"{100 if digits == '0815' else 120} XML default")


OutboundESLServer("127.0.0.1", int(sys.argv[1]), Application, max_connections=100_000).listen()
