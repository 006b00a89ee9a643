"""A browser without a screen: it keeps cookies, fills in forms and follows redirects, over the real HTTP server."""

from __future__ import annotations

import http.client
import re
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit


class Answer:
    def __init__(self, status, headers, body, path):
        self.status, self.headers, self.body, self.path = status, headers, body, path

    @property
    def html(self):
        return self.body.decode()

    @property
    def text(self):
        """What can be read, without tags and with single spaces."""
        reader = _Text()
        reader.feed(re.sub(r"<svg.*?</svg>", " ", self.html, flags=re.DOTALL))
        return " ".join("".join(reader.parts).split())

    @property
    def forms(self):
        reader = _Forms()
        reader.feed(self.html)
        return reader.forms

    def form(self, action):
        """The first form whose action ends like this."""
        return next(form for form in self.forms if form["action"].partition("#")[0].endswith(action))


class Visitor:
    """Someone with a browser.

    Args:
        port: of the page.
        language: that the browser prefers.
        tls: trusts whom the browser trusts; without it there is no TLS.
        more: headers that are sent always, such as a proxy's.
        source: address that the connection comes from.
    """

    def __init__(self, port, language="en", *, tls=None, more=None, source=None):
        self.port, self.language, self.tls, self.more, self.source = port, language, tls, more or {}, source
        self.scheme = "https" if tls else "http"
        self.cookies = {}
        self.host = f"127.0.0.1:{port}"

    def ask(self, method, path, body=None, headers=None):
        """One request, without following a redirect."""
        place = {"timeout": 30, "source_address": self.source and (self.source, 0)}
        if self.tls:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, **place)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, **place)
        sent = {"Host": self.host, "Accept-Language": self.language, **self.more}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            sent |= {"Origin": f"{self.scheme}://{self.host}", "Content-Type": "application/x-www-form-urlencoded"}
        sent |= headers or {}
        try:
            connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if not morsel.value or morsel["max-age"] == "0":
                    del self.cookies[name]
        return Answer(answer.status, answer.headers, content, path)

    def go(self, path):
        """Open a page, wherever it leads."""
        return self._follow(self.ask("GET", path))

    def send(self, form, **values):
        """Fill in a form and send it."""
        fields = {**form["fields"], **values}
        body = urlencode({name: value for name, value in fields.items() if value is not None})
        if form["method"] == "get":
            return self.go(f"{form['action']}?{body}")
        return self._follow(self.ask("POST", form["action"].partition("#")[0], body))

    def upload(self, form, field, name, content, **values):
        """Fill in a form, choose a file, and send both."""
        boundary, fields = "x" * 30, {**form["fields"], **values}
        parts = [(key, "", value.encode()) for key, value in fields.items() if value is not None]
        parts.append((field, f'; filename="{name}"\r\nContent-Type: application/octet-stream', content))
        body = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"{more}\r\n\r\n'.encode() + value + b"\r\n"
            for key, more, value in parts
        )
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._follow(self.ask("POST", form["action"], body + f"--{boundary}--\r\n".encode(), kind))

    def _follow(self, answer):
        while answer.status in (301, 302, 303):
            target = urlsplit(urljoin(f"{self.scheme}://{self.host}{answer.path}", answer.headers["Location"]))
            assert target.netloc == self.host, f"leads to {target.netloc}"
            answer = self.ask("GET", target.path + (f"?{target.query}" if target.query else ""))
        return answer

    def follow_link(self, url):
        """Sign in by a link of `vipgate admin link`."""
        page = self.go(urlsplit(url).path)
        return self.send(page.forms[0])

    def sign_in(self, name, password, code=""):
        return self.send(self.go("/sign-in").form("/sign-in"), name=name, password=password, code=code)


class _Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.parts = []

    def handle_data(self, data):
        self.parts.append(data)

    def handle_starttag(self, tag, attributes):
        if tag in ("td", "dt", "dd", "li", "p", "div", "option", "h1", "h2"):
            self.parts.append(" ")


class _Forms(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []
        self._select = self._area = None

    def handle_starttag(self, tag, attributes):
        at = dict(attributes)
        if tag == "form":
            self.forms.append({"action": at.get("action", ""), "method": at.get("method", "get"), "fields": {}})
        if not self.forms:
            return
        fields = self.forms[-1]["fields"]
        if tag == "input" and at.get("name") and at.get("type") != "file":
            if at.get("type") not in ("radio", "checkbox") or "checked" in at:
                fields[at["name"]] = at.get("value") or ("on" if at.get("type") == "checkbox" else "")
        elif tag == "select":
            self._select = at["name"]
        elif tag == "option" and self._select and ("selected" in at or self._select not in fields):
            fields[self._select] = at["value"]
        elif tag == "textarea" and at.get("name"):
            self._area = at["name"]
            fields[self._area] = ""

    def handle_data(self, data):
        if self._area:
            self.forms[-1]["fields"][self._area] += data

    def handle_endtag(self, tag):
        if tag == "textarea" and self._area:
            fields = self.forms[-1]["fields"]
            fields[self._area] = fields[self._area].removeprefix("\n").replace("\n", "\r\n")
            self._area = None
        elif tag == "select":
            self._select = None
