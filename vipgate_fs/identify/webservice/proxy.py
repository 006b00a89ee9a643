"""An HTTP proxy between the gate and a webservice."""

from __future__ import annotations

from dataclasses import dataclass

from vipgate_fs.identify.webservice.origins import Origin
from vipgate_fs.secret import Secret


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: for https it is asked for a tunnel, for http it is asked in the service's place.

    Attributes:
        origin: where it listens.
        credentials: the value of `Proxy-Authorization`; None: it wants none.
    """

    origin: Origin
    credentials: Secret | None = None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What it wants with each request that it reads."""
        return [("Proxy-Authorization", self.credentials.reveal())] if self.credentials else []
