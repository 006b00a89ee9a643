"""A way to identify a caller, and what it can say. `vipgate_fs.identify` has a module for each kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.verdict import Verdict


class StepFailed(Exception):
    """A step failed (service down, invalid answer). The text says why and contains no secret."""


class NotAsked(StepFailed):
    """A step was skipped on purpose. The text says why."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What in a step spoke, when that is more exact than the step.

    Attributes:
        line: in the configuration, from 1.
        file: another file, which that line names; None: the configuration itself.
        file_line: the line in it.
    """

    line: int
    file: str | None = None
    file_line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One way to identify a caller. A kind of step is a subclass that adds its own data, and `identify`.

    Attributes:
        kind: the step's key in the configuration, such as `static_pin`.
        line: the line of the configuration that it stands in, from 1.
        on_failure: the verdict when it fails; None: as if it did not know.
        always_answers: it never says "don't know", so that what follows it is never reached.
        waits: it asks an external service: it may take seconds, and `explain` does so only on request.
        restricted_as_withheld: a restricted number counts as withheld, at the whole gate: it is one caller everywhere.
        variables: the channel variables that it wants in `Call.variables`.
    """

    kind: str = ""
    line: int = 0
    on_failure: Verdict | None = None
    always_answers: bool = False
    waits: bool = False
    restricted_as_withheld: bool = False
    variables: frozenset[str] = frozenset()

    def identify(self, call: Call) -> Verdict | None:
        """The step's verdict, or None for "don't know". Raises StepFailed: it could not find out."""
        raise NotImplementedError

    def evidence(self, call: Call) -> Evidence | None:  # noqa: ARG002 - see below
        """What in the step has spoken about the call; None: the step as a whole."""
        return None


Ask = Callable[[Step, Call], Verdict | None]
"""How a step is asked: `Step.identify` for a live call; `explain` may have reasons to ask otherwise."""
