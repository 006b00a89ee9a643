"""Folders of pytest's that other users may pass through: its own are closed to them."""

from __future__ import annotations


def let_everybody_pass(folder):
    """However many folders pytest, or pytest-xdist, has put around it."""
    for each in (folder, *folder.parents):
        if not each.stat().st_mode & 0o001:
            each.chmod(0o755)
