"""The configuration as the rest of the program sees it: checked, typed, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import NamedTuple

from vipgate_fs.gate.gates import Gates
from vipgate_fs.gate.site import Site
from vipgate_fs.secret import Secret


class PageAt(NamedTuple):
    """Where the administration page is, and how browsers reach it.

    Attributes:
        host, port: to listen on; port 0 lets the system choose.
        names: lowercase host names that browsers may address it by, besides those of this machine.
        certificate, key: files (PEM) with which it speaks TLS; None: it does not.
        proxy: address of the only one whose X-Forwarded-Proto and X-Forwarded-Host are believed; None: there is none.
    """

    host: str
    port: int
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    proxy: str | None = None

    def url(self, port: int) -> str:
        """What links begin with, for the port that it listens on."""
        if self.proxy is not None:
            return f"https://{self.names[0]}"
        if self.certificate is not None:
            return f"https://{self.names[0]}:{port}"
        return f"http://[{self.host}]:{port}" if ":" in self.host else f"http://{self.host}:{port}"


@dataclass(frozen=True, slots=True)
class Server:
    """The address that the switch connects to, and how many calls are served at once.

    Attributes:
        host: name or address to listen on, without brackets.
        port: 0 to 65535; 0 lets the system choose.
        allow: networks that connections are accepted from.
        workers: processes that serve calls, 1 to 64.
        max_calls: concurrent calls, across all workers, above which connections are refused, 1 to 100000.
        drain: seconds that running dialogues may continue when the service is stopped, 0 to 900.
        traces: URL that traces of calls are sent to (OTLP over HTTP); None: there are none.
        metrics: address and port for monitors (/metrics, /healthz, /readyz); None: there is none.
        admin: the administration page; None: there is none.
    """

    host: str
    port: int
    allow: tuple[IPv4Network | IPv6Network, ...]
    workers: int
    max_calls: int
    drain: float
    metrics: tuple[str, int] | None = None
    traces: str | None = None
    admin: PageAt | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """Where lockouts, guest PINs, overrides and call records are kept.

    Attributes:
        url: as SQLAlchemy takes it, a SQLite file with its absolute path; None: lockouts in memory, nothing
            else.
        key_file: has the key to guest PINs; see `vipgate_fs.store.key`.
    """

    url: Secret | None
    key_file: Path = Path("vipgate.key")


@dataclass(frozen=True, slots=True)
class Records:
    """How call records are kept.

    Attributes:
        retention: seconds for which a record is kept.
        mask_numbers: whether telephone numbers are stored without their last three digits.
    """

    retention: float
    mask_numbers: bool


@dataclass(frozen=True, slots=True)
class Configuration:
    """One configuration file.

    Attributes:
        path: of the file.
        gates: in the order of the file.
        digest: SHA-256 of the file; as secret as the PINs in it, which could be brute-forced with it.
    """

    path: Path
    site: Site
    server: Server
    gates: Gates
    store: Store
    records: Records
    digest: bytes = field(default=b"", compare=False, repr=False)
