"""Whoever connects and shows no call keeps nobody out, however many they are and however much they send."""

from __future__ import annotations

import pathlib
import re
import socket as stdlib_socket
from contextlib import ExitStack, suppress

import gevent
import pytest
from running_service import lost, place, switch, until

from vipgate_fs.service.lobby import Dropped, Lobby


def test_who_has_waited_longest_has_to_go():
    lobby, went = Lobby(3, 1000), []

    def peer(name):
        try:
            with lobby.place():
                gevent.sleep(10)
        except Dropped:
            went.append(name)

    peers = [gevent.spawn(peer, name) for name in "abcde"]
    gevent.sleep(0.01)
    assert (went, len(lobby)) == (["a", "b"], 3)
    gevent.killall(peers)
    assert len(lobby) == 0


def test_who_has_sent_most_has_to_go():
    lobby, went = Lobby(10, 1000), []

    def peer(name, pieces):
        try:
            with lobby.place() as heard:
                for piece in pieces:
                    heard(piece)
                    gevent.sleep(0)
                gevent.sleep(10)
        except Dropped:
            went.append(name)

    peers = [gevent.spawn(peer, *each) for each in (("a", [600]), ("b", [100] * 4), ("c", [1, 1]), ("d", [2000]))]
    gevent.sleep(0.05)
    assert went == ["d", "a"]
    assert len(lobby) == 2
    gevent.killall(peers)


def test_who_has_shown_a_call_has_left():
    lobby, said = Lobby(1, 10), []

    def peer():
        with ExitStack() as stack:
            heard = stack.enter_context(lobby.place())
            stack.close()
            heard(1000)
            gevent.sleep(0.01)
            said.append("served")

    first = gevent.spawn(peer)
    gevent.sleep(0)
    with lobby.place():
        first.get()
    assert said == ["served"]


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.1"], ids=["not in server.allow", "in server.allow"])
def test_three_times_as_many_idle_connections_as_descriptors_keep_no_call_out(run, source):
    service = run(settings='workers: 1, allow: ["127.0.0.1"]', descriptors=100).listening()
    with ExitStack() as stack:
        for _ in range(300):
            connect = stdlib_socket.create_connection(("127.0.0.1", service.port), source_address=(source, 0))
            stack.enter_context(connect)
        assert lost(place(switch(service), 5)) == []
        assert not service.lines("can't accept connections for now; they wait")
        assert len(service.lines("connection refused: not in server.allow")) == (source == "127.0.0.2")


def resident(pid):
    """Bytes of a process in memory."""
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.1"], ids=["not in server.allow", "in server.allow"])
def test_what_peers_send_before_they_show_a_call_is_bounded(run, source):
    """150 of them want to send 3 MiB each."""
    service = run(settings='workers: 1, allow: ["127.0.0.1"]').listening()
    (worker,) = service.workers
    before, most = resident(worker), 0
    flood = b"A: " + b"x" * (3 * 1024 * 1024)
    with ExitStack() as stack:

        def send():
            sock = gevent.socket.create_connection(("127.0.0.1", service.port), source_address=(source, 0))
            stack.enter_context(sock)
            # Else all of it waits in the kernel, and this ends before anybody has read it.
            sock.setsockopt(gevent.socket.SOL_SOCKET, gevent.socket.SO_SNDBUF, 4096)
            with suppress(OSError):
                sock.sendall(flood)

        senders = [gevent.spawn(send) for _ in range(150)]
        for _ in range(200):
            most = max(most, resident(worker))
            if all(sender.ready() for sender in senders):
                break
            gevent.sleep(0.05)
        assert most - before < 200 * 1024 * 1024
        gevent.killall(senders)
        assert lost(place(switch(service), 3)) == []
    until(lambda: service.process.poll() is None)
