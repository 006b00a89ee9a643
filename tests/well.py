"""The status of a service that is well."""

from __future__ import annotations

from vipgate_fs.service.status import Status

WELL = Status(
    version="1",
    pid=1,
    uptime=1.0,
    address="127.0.0.1:8084",
    accepting=True,
    workers=2,
    workers_wanted=2,
    calls=0,
    calls_since_start=0,
    unmet=0,
    store="ok",
    store_gone_since=None,
    configuration="/etc/vipgate/vipgate.yaml",
    taken_over=0.0,
    overrides=0,
    ending=False,
    refused=None,
    page="none",
    digest="",
)
