"""A small web service for VIPgate, to start from: a list of callers, and temporary PINs. Standard library only.

    python3 service.py [PORT]

VIPgate asks `GET /vipgate?caller=NUMBER&called=NUMBER`. The answer stands in callers.json, beside this file; who has a
temporary PIN is asked for it; of anybody else this service knows nothing, and VIPgate goes on to its next step.

Temporary PINs are made by `POST /pins` with {"caller": NUMBER, "minutes": 60}. They live in memory, until then.

Environment: PINS_TOKEN, the bearer token of POST /pins; without it nobody makes PINs. VIPGATE_SIGN_KEY, as VIPgate's
sign_key; without it everybody may ask. BASE_URL, how VIPgate's configuration calls this service.
"""

import hmac
import json
import os
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

CALLERS = Path(__file__).with_name("callers.json")
LONGEST_BODY = 1000


def is_genuine(key, method, url, headers, body=b""):
    """Whether VIPgate has made this request within the last minute."""
    sent = {name: headers.get(f"X-VIPgate-{name}", "") for name in ("Timestamp", "Call-Id", "Signature")}
    signed = f"{sent['Timestamp']}\n{sent['Call-Id']}\n{method}\n{url}\n".encode() + body
    expected = hmac.new(key.encode(), signed, "sha256").hexdigest()
    is_fresh = sent["Timestamp"].isdecimal() and abs(time.time() - int(sent["Timestamp"])) < 60
    return is_fresh and hmac.compare_digest(expected.encode(), sent["Signature"].encode())


class TemporaryPins:
    """PINs by the number of the caller who may use them."""

    def __init__(self):
        self._pins = {}

    def make(self, caller, minutes):
        """A new PIN for a caller, in the place of an older one; and until when it is good (seconds since 1970)."""
        self._pins = {owner: pin for owner, pin in self._pins.items() if pin[1] > time.time()}
        self._pins[caller] = f"{secrets.randbelow(10**6):06}", int(time.time() + minutes * 60)
        return self._pins[caller]

    def of(self, caller):
        """The caller's PIN, or None."""
        pin, until = self._pins.get(caller, (None, 0))
        return pin if until > time.time() else None


def answer(caller, pins):
    """The answer for VIPgate: one of its verdicts, or {} for "don't know"."""
    if pin := pins.of(caller):
        return {"askForPin": {"expectedPIN": pin, "maxRetries": 2}}
    return json.loads(CALLERS.read_text("utf-8")).get(caller, {})


class Service(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"  # VIPgate keeps its connections
    timeout = 60
    pins = TemporaryPins()

    def do_GET(self):
        """VIPgate asks."""
        parts, key = urlsplit(self.path), os.environ.get("VIPGATE_SIGN_KEY")
        base = os.environ.get("BASE_URL") or f"http://{self.headers['Host']}"
        if parts.path != "/vipgate":
            self.reply(404)
        elif key and not is_genuine(key, "GET", base + self.path, self.headers):
            self.reply(403)
        else:
            self.reply(200, answer(parse_qs(parts.query).get("caller", [""])[0], self.pins))

    def do_POST(self):
        """Somebody makes a temporary PIN."""
        self.close_connection = True
        token = os.environ.get("PINS_TOKEN")
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.path != "/pins":
            return self.reply(404)
        if not token or not hmac.compare_digest(token.encode(), given.encode()):
            return self.reply(401)
        try:
            wish = json.loads(self.rfile.read(min(abs(int(self.headers["Content-Length"])), LONGEST_BODY)))
            pin, until = self.pins.make(str(wish["caller"]), float(wish["minutes"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            return self.reply(400)
        return self.reply(200, {"pin": pin, "until": until})

    def reply(self, status, body=None):
        """Send an answer."""
        content = json.dumps(body or {}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 8090), Service).serve_forever()
