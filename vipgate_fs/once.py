"""A property that is computed once: `functools.cached_property` without a lock.

Python 3.11 takes one, and in a process of gevent's that costs more than most of what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - used like a function, as `property` is
    """Keeps what a method says of an object, which has no slots, in its attribute of the same name."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...
    def __get__(self, owner: Any, kind: type) -> Self | T:
        """The property itself, or what it says of its owner."""
        if owner is None:
            return self
        value = owner.__dict__[self._compute.__name__] = self._compute(owner)
        return value
