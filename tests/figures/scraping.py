"""Ask a real service's pages for monitors."""

from __future__ import annotations

import re

from gevent import socket

SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def get(port, path, seconds=20.0):
    """The status and the body."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


def samples(text):
    """Each sample of a page: its name, its labels, its value."""
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            yield name, dict(LABEL.findall(labels or "")), float(value)


def total(text, name, **labels):
    """The sum of a figure's samples with these labels."""
    return sum(value for found, has, value in samples(text) if found == name and labels.items() <= has.items())
