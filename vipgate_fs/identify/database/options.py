"""The URL of a database: which options it may have, and what becomes of them.

A driver throws away what it does not know, or fails at the first call, and some take `false` for true. So every option
is one that has an effect here, and TLS that was asked for is had, verified, or there is no connection.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from os.path import exists
from pathlib import Path
from typing import Any, Final

from psycopg import pq
from sqlalchemy import URL

from vipgate_fs.document.findings import did_you_mean
from vipgate_fs.identify.tls import Identity, client_context
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import system_says

_DRIVERS: Final = {
    **dict.fromkeys(("postgres", "postgresql", "postgresql+psycopg"), "postgresql+psycopg"),
    # SQLAlchemy's dialect "mariadb" refuses a server that says it is MySQL.
    **dict.fromkeys(("mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"), "mysql+pymysql"),
}
_WORDS: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_PLAIN: Final = ("charset", "collation", "init_command")
_TLS_FILES: Final = ("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key")
_TLS_FLAGS: Final = ("ssl_verify_cert", "ssl_verify_identity", "ssl_check_hostname")
_MARIADB: Final = (*_PLAIN, "unix_socket", *_TLS_FILES, *_TLS_FLAGS, "ssl_cipher")
_LIBPQ_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "sslcrldir", "passfile")
_LIBPQ_VERIFIED: Final = ("sslrootcert", "sslcrl", "sslcrldir")
_SSLMODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_ENCRYPTED: Final = _SSLMODES[3:]
_OF_TIMEOUTS: Final = ("connect_timeout", "tcp_user_timeout", "read_timeout", "write_timeout")
_OF_LOGIN: Final = ("user", "username", "password", "passwd", "dbname", "database")


def with_options(url: URL, folder: Path) -> tuple[URL, dict[str, Any]]:
    """A database's URL as its driver takes it, and further arguments of the driver's `connect`.

    Args:
        url: as it is written.
        folder: where relative paths begin.

    Raises:
        ValueError: what is wrong with an option, and what is allowed; without its value where that may be a secret.
    """
    url = url.set(drivername=_DRIVERS[url.drivername])
    options = dict(url.query)
    for name, value in options.items():
        if name in _OF_TIMEOUTS:
            raise ValueError(say("{name} is what timeouts says; leave it out of the URL", name=name))
        if name in _OF_LOGIN:
            raise ValueError(
                say(
                    "{name} belongs before the ?; allowed: {driver}://USER:PASSWORD@HOST/NAME",
                    name=name,
                    driver=_DRIVERS[url.drivername],
                )
            )
        if not isinstance(value, str) and name not in ("host", "port"):
            raise ValueError(say("the option {name} stands twice; allowed: once", name=name))
    if url.get_backend_name() == "postgresql":
        return _postgresql(url, folder), {}
    return _mariadb(url, {name: str(value) for name, value in options.items()}, folder)


def _postgresql(url: URL, folder: Path) -> URL:
    known = [option.keyword.decode() for option in pq.Conninfo.get_defaults()]
    _check_names(url.query, known, say("libpq's, such as sslmode and sslrootcert"))
    mode = url.query.get("sslmode", "prefer")
    if mode not in _SSLMODES:
        raise ValueError(say("no such sslmode; allowed: {modes}", modes=", ".join(_SSLMODES)))
    system = url.query.get("sslrootcert") == "system"
    if mode not in _ENCRYPTED and not system:
        for name in (*_LIBPQ_VERIFIED, "sslcert", "sslkey"):
            if name in url.query:
                raise ValueError(
                    say(
                        "{name} counts for nothing with sslmode={mode}; allowed: sslmode=verify-full",
                        name=name,
                        mode=mode,
                    )
                )
    files = {
        name: str(_file(name, str(url.query[name]), folder))
        for name in _LIBPQ_FILES
        if url.query.get(name) and not (name == "sslrootcert" and system)
    }
    return url.update_query_dict(files)


def _mariadb(url: URL, options: Mapping[str, str], folder: Path) -> tuple[URL, dict[str, Any]]:
    _check_names(options, _MARIADB, ", ".join(_MARIADB))
    arguments: dict[str, Any] = {name: options[name] for name in _PLAIN if name in options}
    if "charset" in options:
        _check_charset(options["charset"])
    if "unix_socket" in options:
        arguments["unix_socket"] = str(folder / options["unix_socket"])
    if url.password is not None:
        arguments["password"] = str(url.password).encode()  # PyMySQL would make Latin-1 of a text
    if any(name.startswith("ssl_") for name in options):
        arguments["ssl"] = _tls(options, folder)
    return url.set(query={}), arguments


def _tls(options: Mapping[str, str], folder: Path) -> ssl.SSLContext:
    flags = {name: _flag(name, options[name]) for name in _TLS_FLAGS if name in options}
    if flags.get("ssl_verify_cert") is False:
        raise ValueError(
            say("ssl_verify_cert=false would believe anybody; name the certificate to trust by ssl_ca=FILE")
        )
    files = {name: _file(name, options[name], folder) for name in _TLS_FILES if name in options}
    if "ssl_key" in files and "ssl_cert" not in files:
        raise ValueError(say("ssl_key counts for nothing without ssl_cert"))
    try:
        identity = Identity(files["ssl_cert"], files.get("ssl_key")) if "ssl_cert" in files else None
        context = client_context(files.get("ssl_ca"), identity)
        if "ssl_capath" in files:
            context.load_verify_locations(capath=files["ssl_capath"])
        context.set_ciphers(options.get("ssl_cipher", "DEFAULT"))
    except OSError as error:  # ssl.SSLError is one
        is_ssl = isinstance(error, ssl.SSLError)
        why = say("certificates and keys in PEM format are needed") if is_ssl else system_says(error)
        raise ValueError(say("the ssl_… options can't be used: {why}", why=why)) from None
    context.check_hostname = flags.get("ssl_check_hostname", flags.get("ssl_verify_identity", True))
    return context


def _file(name: str, value: str, folder: Path) -> Path:
    path = (folder / value).absolute()
    if not exists(path):  # noqa: PTH110 - Path's raises where it may not look
        raise ValueError(say("{name}: there is no file {path}", name=name, path=path))
    return path


def _flag(name: str, value: str) -> bool:
    if value.lower() not in _WORDS:
        raise ValueError(say("{name} is neither true nor false", name=name))
    return _WORDS[value.lower()]


def _check_charset(name: str) -> None:
    from pymysql.charset import charset_by_name  # noqa: PLC0415 - only who asks MariaDB waits for it

    if charset_by_name(name) is None:
        raise ValueError(say("no such charset; allowed: MariaDB's, such as utf8mb4 and latin1"))


def _check_names(options: Mapping[str, Any], known: tuple[str, ...] | list[str], allowed: str) -> None:
    for name in options:
        if name not in known:
            shown = f" {name}" if name.isidentifier() else ""
            raise ValueError(
                say(
                    "unknown option{name}{hint}; allowed: {allowed}",
                    name=shown,
                    hint=did_you_mean(name, known),
                    allowed=allowed,
                )
            )
