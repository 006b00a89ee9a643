"""Telephone numbers: one canonical form for each, however it was written."""
from __future__ import annotations


class NumberPlan:
    """How numbers are read at a site."""

    def __init__(self, country: str) -> None:
        """country: ISO 3166-1 alpha-2, upper case. Raises ValueError for one that has no telephone numbers."""
        raise NotImplementedError

    def canonical(self, written: str) -> str:
        """`+4917612345678` for a real number however written; extensions, 110, names: as they are; withheld ids: WITHHELD."""
        raise NotImplementedError


def shown(number: str, number_format: str) -> str:
    """A canonical number in the site's international format: number_format "00" or "+"."""
    raise NotImplementedError
