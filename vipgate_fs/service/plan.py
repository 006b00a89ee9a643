"""What the supervisor knows of a configuration, which itself it never has: see `vipgate_fs.service.generation`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vipgate_fs.config.model import Configuration, PageAt


@dataclass(frozen=True, slots=True)
class Plan:
    """How a configuration is to be served.

    Attributes:
        path: of the file, absolute.
        host, port, workers, max_calls, drain: see `vipgate_fs.config.model.Server`.
        gates: how many.
        metrics: where figures are shown; None: nowhere.
        has_store: False when there is to be none.
        folder: of the store and its key.
        admin: the administration page; None: there is none.
        digest: SHA-256 of the file, in hexadecimal; as secret as the PINs in it.
    """

    path: str
    host: str
    port: int
    workers: int
    max_calls: int
    drain: float
    gates: int
    metrics: tuple[str, int] | None
    has_store: bool
    folder: str
    admin: PageAt | None
    digest: str = field(repr=False)

    @classmethod
    def of(cls, configuration: Configuration) -> Plan:
        """The plan of a configuration."""
        server, store = configuration.server, configuration.store
        return cls(
            path=str(configuration.path),
            host=server.host,
            port=server.port,
            workers=server.workers,
            max_calls=server.max_calls,
            drain=server.drain,
            gates=len(configuration.gates),
            metrics=server.metrics,
            has_store=store.url is not None,
            folder=str(store.key_file.parent),
            admin=server.admin,
            digest=configuration.digest.hex(),
        )

    def encode(self) -> bytes:
        """As a message."""
        return json.dumps(asdict(self), default=str).encode()

    @classmethod
    def decode(cls, message: bytes) -> Plan:
        """The other way round."""
        values = json.loads(message)
        metrics, page = values["metrics"], values["admin"]
        return cls(**values | {"metrics": metrics and tuple(metrics), "admin": page and _page(page)})

    @property
    def address(self) -> tuple[str, int]:
        """Where to listen."""
        return self.host, self.port


def _page(values: list[Any]) -> PageAt:
    host, port, names, certificate, key, proxy = values
    return PageAt(host, port, tuple(names), certificate and Path(certificate), key and Path(key), proxy)
