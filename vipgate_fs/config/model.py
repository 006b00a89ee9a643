"""The configuration as the rest of the program sees it: checked, typed, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.identify.vault import VaultSlot
from vipgate_fs.secret import Secret


@dataclass(frozen=True, slots=True)
class Site:
    """Where the telephone system stands.

    Attributes:
        plan: how numbers are read there.
        calendar: its clock and public holidays.
        language: of the prompts, `de` or `en`.
        number_format: how an international number begins where it is shown to others, "00" or "+".
        sounds: folder of the sounds on the switch's machine; each language has a folder in it.
        domain: of the switch's directory; None: the switch's own.
    """

    plan: NumberPlan
    calendar: Calendar
    language: str
    number_format: str
    sounds: Path
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """Where the switch connects to, and how many calls are served at once.

    Attributes:
        host: name or address to listen on, without brackets.
        port: 0 to 65535; 0 lets the system choose.
        allow: networks that connections are accepted from.
        workers: processes that serve calls, 1 to 64.
        max_calls: calls in all workers from which on connections are refused, 1 to 100000.
        drain: seconds that running dialogues have when the service is told to end, 0 to 900.
    """

    host: str
    port: int
    allow: tuple[IPv4Network | IPv6Network, ...]
    workers: int
    max_calls: int
    drain: float


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
    """What becomes of call records.

    Attributes:
        retention: seconds until one is deleted.
        mask_numbers: whether telephone numbers are stored without their last three digits.
    """

    retention: float = 30 * 86_400.0
    mask_numbers: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """One configuration file.

    Attributes:
        path: of the file.
        gates: in the order of the file, which is the order in which they are looked at.
        vault_slot: where the steps of the gates look for the vault.
        digest: SHA-256 of the file; as secret as the PINs in it, which could be guessed with it.
    """

    path: Path
    site: Site
    server: Server
    gates: tuple[Gate, ...]
    store: Store
    records: Records
    vault_slot: VaultSlot = field(default_factory=VaultSlot, compare=False)
    digest: bytes = field(default=b"", compare=False, repr=False)
