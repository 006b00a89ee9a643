"""Figures for Prometheus: counted where calls are served, shown by a process that serves none (`server.metrics`)."""

from typing import Final

READY: Final = b"ready"
"""Asks the supervisor why no calls are taken; "" when they are."""
ALL: Final = b"all"
"""Asks the supervisor for what `vipgate_fs.figures.families.Figures` takes, by the names of its arguments."""
