"""A web service that misbehaves on purpose: raw sockets, a thread for each connection."""

import contextlib
import json
import socket
import ssl
import struct
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from vipgate_fs import config
from vipgate_fs.gate.call import Call

BODY = b'{"reject": false}'
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)

FACTS = ("caller_number", "called_number", "caller_name", "gate", "call_id")


def a_call(caller="+4917612345678", called="+49702227978", name="Ann", uuid="c1-a2"):
    return Call(uuid=uuid, caller=caller, called=called, dialled="27978", caller_name=name)


class Peer:
    """Listens on a port of its own; `serve(connection)` does whatever it likes with each connection.

    Attributes:
        requests: what `serve` returned of each connection, if anything.
        connections: how many there were.
    """

    def __init__(self, serve, tls=None, backlog=64):
        self._serve, self._tls = serve, tls
        self.requests, self.connections = [], 0
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self._listener.getsockname()[1]
        self._open = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def url(self, path="/", scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}{path}"

    def asked(self, index=-1):
        """The facts in the query of a request."""
        target = self.requests[index].split()[1].decode("ascii")
        return {name: value[0] for name, value in parse_qs(urlsplit(target).query, keep_blank_values=True).items()}

    def header(self, name, index=-1):
        """The values of a request's headers of that name."""
        lines = [line.partition(b": ") for line in self.requests[index].partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
        return [value.decode() for found, _, value in lines if found.lower() == name.lower().encode()]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                thread = threading.Thread(target=self._connected, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _connected(self, connection):
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.settimeout(10)
            if self._tls is None:
                self._serve(Side(connection, self))
                return
            with self._tls.wrap_socket(connection, server_side=True) as encrypted:
                self._open.append(encrypted)
                self._serve(Side(encrypted, self))

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)


class Side:
    """The service's side of a connection."""

    def __init__(self, connection, peer):
        self.socket, self.peer = connection, peer

    def request(self):
        """The next request, head and body; b"" at the end."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := self.socket.recv(65536)):
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
        while len(body) < length:
            body += self.socket.recv(65536)
        self.peer.requests.append(head + b"\r\n\r\n" + body)
        return self.peer.requests[-1]

    def send(self, data):
        self.socket.sendall(data)

    def drip(self, data, pause=0.05):
        for byte in data:
            if self.peer.stopped.wait(pause):
                return
            self.socket.sendall(bytes([byte]))

    def forever(self, data):
        while not self.peer.stopped.is_set():
            self.socket.sendall(data)

    def silence(self):
        self.peer.stopped.wait(10)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def answering(*answers):
    """Serves requests on one connection, each with the next answer, the last one again and again."""

    def serve(side):
        turn = 0
        while side.request():
            side.send(answers[min(turn, len(answers) - 1)])
            turn += 1

    return serve


def response(body=BODY, status="200 OK", *fields):
    """An answer in good form."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def server_context(certificate):
    """For a server with a certificate by trustme."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def load(settings, folder=Path()):
    """The step `webservice` of a configuration with these settings; and what was found in it."""
    gate = {"protects": {"numbers": ["7000"]}, "identify": [{"webservice": settings}]}
    loaded = config.load_text(json.dumps({"version": 1, "gates": {"support": gate}}), folder / "vipgate.yaml")
    step = loaded.configuration.gates[0].steps[0] if loaded.configuration else None
    return step, [str(finding) for finding in loaded.findings]
