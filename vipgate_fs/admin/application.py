"""The page as a WSGI application: what holds for every request, whoever makes it, stands here."""

from __future__ import annotations

import secrets
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from vipgate_fs.admin import pictures, sounds, words
from vipgate_fs.admin.access import Access, Session
from vipgate_fs.admin.days import checks
from vipgate_fs.admin.desk import Desk, NoConfiguration, StoreTrouble
from vipgate_fs.config.addresses import is_loopback
from vipgate_fs.sentences.catalogue import LANGUAGES
from vipgate_fs.service.status import VERSION
from vipgate_fs.store import accounts, overrides, tallies

PAGES: Final = (
    *("signing_in", "by_link", "account", "overview", "calls", "guest_pins", "lockouts", "known"),
    *("trying", "file", "settings", "lines", "gates", "tables", "prompts", "new_gate"),
)
SETUP: Final = ("by_link", "first_gate")
"""Those of `vipgate admin setup`, while there is no configuration yet."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a request, uploads included."""
_LARGEST_FIELDS: Final = 2 * 1024 * 1024
"""Bytes of a form's fields."""
_MOST_FIELDS: Final = 2000
_MOST_GATES: Final = 20
"""That are listed beside every page; the overview has all."""
_YEAR: Final = 31_536_000
"""Seconds."""
_SAFE: Final = frozenset(("GET", "HEAD"))
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send Origin: null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_OPEN: Final = frozenset(
    ("static", "signing_in.show", "signing_in.enter", "by_link.show", "by_link.link", "by_link.follow")
)
"""What is there for those who are not signed in."""


class _Cookies(SecureCookieSessionInterface):
    """Cookies go over HTTPS only, once they have come by it."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's signature
        return request.is_secure


def create(desk: Desk, access: Access, pages: Sequence[str] = PAGES, names: Sequence[str] = ()) -> Flask:
    """The application for a configuration file, and for those whom `access` knows; the first page lets them in.

    By those `names` it is reached over HTTPS only.
    """
    app = Flask("vipgate_fs.admin")
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        SESSION_COOKIE_NAME="vipgate",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        MAX_CONTENT_LENGTH=LARGEST,
        MAX_FORM_MEMORY_SIZE=_LARGEST_FIELDS,
        MAX_FORM_PARTS=_MOST_FIELDS,
        WTF_CSRF_TIME_LIMIT=None,  # a form is good as long as the session
        WTF_CSRF_SSL_STRICT=False,  # `_is_own` looks where a form comes from, over HTTPS or not
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["vipgate"] = desk, access
    app.before_request(_let_in)
    CSRFProtect(app)
    app.after_request(_harden)
    app.context_processor(_surroundings)
    app.jinja_env.globals.update(
        _=words.phrase,
        said=words.said,
        count=words.count,
        words=words,
        icon=pictures.icon,
        STRIPES=pictures.STRIPES,
        LOGO=pictures.LOGO,
    )
    for each in (CSRFError, HTTPException, NoConfiguration, StoreTrouble, Exception):
        app.register_error_handler(each, _fail)
    app.session_interface = _Cookies()
    app.config["VIPGATE_NAMES"] = frozenset(names)
    app.config["VIPGATE_DOOR"] = f"{pages[0]}.show"
    for name in pages:
        app.register_blueprint(import_module(f"vipgate_fs.admin.pages.{name}").page)
    return app


def desk() -> Desk:
    """What stands behind the page that is being made."""
    found: Desk = current_app.extensions["vipgate"][0]
    return found


def access() -> Access:
    """Who is signed in."""
    found: Access = current_app.extensions["vipgate"][1]
    return found


def _let_in() -> AnyResponse | None:
    """Refuse other names for this machine, other pages' forms, and those who are not signed in.

    A page whose name leads to this machine only since it was opened (DNS rebinding) shows in the Host header.
    """
    g.language = request.cookies.get("vipgate_language", "")
    if request.args.get("language") in LANGUAGES:
        g.language = request.args["language"]
    if g.language not in LANGUAGES:
        g.language = words.preferred(request.headers.get("Accept-Language"))
    g.session = None
    if not is_loopback(_host()) and not (_host() in current_app.config["VIPGATE_NAMES"] and request.is_secure):
        abort(400)
    if request.method not in _SAFE and not _is_own(request.headers.get("Origin")):
        abort(403)
    g.session = current_session(prolongs=request.endpoint != "calls.live")
    if g.session is None and request.endpoint not in _OPEN:
        ended = ("seen" if request.method in _SAFE else "sent") if "key" in cookie else None
        return redirect(url_for(current_app.config["VIPGATE_DOOR"], ended=ended))
    if request.path.endswith("/prompts") and g.session is not None and g.session.is_administrator:
        request.max_content_length = sounds.LARGEST + LARGEST
    return None


def _host() -> str:
    """How the browser addresses the page, without a port."""
    return urlsplit(f"//{request.host}").hostname or ""


def _is_own(origin: str | None) -> bool:
    """Whether a form came from a page of ours. Browsers always say so; whoever says nothing still needs the token."""
    fetched = request.headers.get("Sec-Fetch-Site", "same-origin")
    return fetched in {"same-origin", "none"} and (origin is None or origin == request.host_url.rstrip("/"))


def current_session(*, prolongs: bool) -> Session | None:
    """The session of the request's cookie. It ends with its account, and when what one signs in with is changed."""
    found = access().find(cookie["key"], prolongs=prolongs) if "key" in cookie else None
    if found is None or not found.name:
        return found
    try:
        account = desk().ask(lambda connection: accounts.find(connection, found.name))
    except (StoreTrouble, NoConfiguration):
        account = None  # an account that can't be asked for admits nobody
    if account is None or account.stamp != found.stamp or account.role != found.role:
        access().end(cookie["key"])
        return None
    return found


def _harden(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if request.is_secure and not is_loopback(_host()):
        response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if request.args.get("language") in LANGUAGES:
        response.set_cookie(
            *("vipgate_language", g.language),
            max_age=_YEAR,
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )
    return response


def _surroundings() -> dict[str, Any]:
    """What the frame around every page shows."""
    session = g.get("session")
    shown = [
        ("overview", words.phrase("Overview"), "overview.show"),
        ("calls", words.phrase("Calls"), "calls.show"),
        ("guest_pins", words.phrase("Guest PINs"), "guest_pins.show"),
        ("lockouts", words.phrase("Lockouts"), "lockouts.show"),
        ("trying", words.phrase("Try it"), "trying.show"),
    ]
    if session is not None and session.is_administrator:
        shown += [
            ("settings", words.phrase("Settings"), "settings.show"),
            ("file", words.phrase("File"), "file.show"),
        ]
    return {
        "is_setup": "first_gate" in current_app.blueprints,
        "pages": shown,
        "gate_list": _gates() if session is not None and session.is_administrator else [],
        "locked_out": _locked() if session is not None else 0,
        "session": session,
        "language": words.language(),
        "other_language": "en" if words.language() == "de" else "de",
        "version": VERSION,
    }


def _locked() -> int:
    """How many are locked out; 0 when the store can't be asked."""
    try:
        return desk().ask(lambda connection: tallies.count_locked(connection, time.time()))
    except (StoreTrouble, NoConfiguration):
        return 0


def _gates() -> list[tuple[str, str, bool]]:
    """Names and titles of the first gates, and whether they check callers by their schedules and by hand."""
    try:
        configuration = desk().configuration()
    except NoConfiguration:
        return []
    try:
        switched = desk().ask(overrides.read)
    except (StoreTrouble, NoConfiguration):
        switched = {}
    calendar = configuration.site.calendar
    now = calendar.now()
    listed = configuration.gates[:_MOST_GATES]
    return [
        (each.name, each.title or each.name, checks(each, switched.get(each.name), now, calendar)) for each in listed
    ]


def _fail(error: Exception) -> tuple[str, int]:
    """A page that says what is wrong; what is VIPgate's own fault is in the log, and not on the page."""
    status, what = 500, ""
    if isinstance(error, CSRFError):
        status = 400
    elif isinstance(error, HTTPException):
        status = error.code or 500
    elif isinstance(error, StoreTrouble | NoConfiguration):
        status, what = 503, words.said(str(error))
    else:
        desk().log.error("error in the administration page", exception=traceback.format_exc(), at=time.time())
    kind = type(error).__name__ if isinstance(error, CSRFError | StoreTrouble | NoConfiguration) else ""
    return render_template("failure.html", status=status, kind=kind, what=what, error=error), status
