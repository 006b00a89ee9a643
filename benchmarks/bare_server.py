"""The least that a server in Python can do: it answers, asks and transfers, and looks at nothing."""

from __future__ import annotations

import sys

from gevent.server import StreamServer

ASK = "1 20 1 8000 # tone_stream://%(500,200,425) silence bare \\d+ 4000"


def application(name, argument=""):
    head = f"sendmsg\ncall-command: execute\nexecute-app-name: {name}\n"
    return f"{head}execute-app-arg: {argument}\nEvent-UUID: {name}\n\n".encode()


def serve(sock, _address):
    sock.sendall(b"connect\n\nmyevents\n\n" + application("answer") + application("play_and_get_digits", ASK))
    seen = b""
    while True:
        data = sock.recv(65536)
        if not data:
            return
        seen = seen[-100:] + data
        if b"variable_bare: 0815" in seen:
            sock.sendall(application("transfer", "100 XML default") + b"exit\n\n")
            return


StreamServer(("127.0.0.1", int(sys.argv[1])), serve, backlog=4096).serve_forever()
