"""`plugin`: a Python function of the site's own identifies the caller."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import entry_points
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar, Final

from vipgate_fs.aside import Aside
from vipgate_fs.document import kept
from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.pins import Pin, PinTable
from vipgate_fs.gate.step import Step, StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Verdict
from vipgate_fs.identify import Surroundings
from vipgate_fs.identify.facts import harmless
from vipgate_fs.identify.verdicts import MOST_ATTEMPTS, answered
from vipgate_fs.sentences import Sentence, said, say

GROUP: Final = "vipgate.steps"
"""The group of entry points that `entry_point` names one of."""


@dataclass(frozen=True, slots=True)
class Plugin(Step):
    """Calls a function with the call. See `vipgate_fs.gate.step.Step` for the other attributes.

    Attributes:
        module: where the function is; imported when it is first called.
        function: its name there.
        options: its keyword arguments; they may be secrets.
        timeout: seconds that it may take, import included.
        aside: where it runs: apart from the gate, whatever it does.
    """

    module: str
    function: str
    options: Mapping[str, Any] = field(repr=False)
    timeout: float
    aside: Aside
    waits: bool = field(default=True, kw_only=True)

    def identify(self, call: Call) -> Verdict | None:
        """The function's answer: a verdict, a mapping that says one, or None. Raises StepFailed."""
        try:
            return self.aside.run(partial(self._call, call), self.timeout)
        except TimeoutError:
            raise StepFailed(say("no answer from the plug-in within {timeout:g} s", timeout=self.timeout)) from None

    def _call(self, call: Call) -> Verdict | None:
        try:
            function = attrgetter(self.function)(import_module(self.module))
            return _verdict(function(_harmless(call), **self.options))
        except StepFailed:
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit and GreenletExit, too, are the plug-in's failure
            raise StepFailed(say("the plug-in raised {error}", error=_name(error))) from None


def _harmless(call: Call) -> Call:
    """The call, without what a caller might write to make the plug-in fail."""
    variables = {name: harmless(value) for name, value in call.variables.items()}
    return replace(call, caller_name=harmless(call.caller_name), dialled=harmless(call.dialled), variables=variables)


def _name(error: BaseException) -> str:
    """What was raised and where; not its text, which may hold a PIN. No source is read, however deep it was."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{type(error).__name__} ({Path(frame.f_code.co_filename).name}:{line})"


def _verdict(answer: object) -> Verdict | None:
    """A plug-in's answer, checked as strictly as a webservice's. Raises StepFailed."""
    try:
        match answer:
            case None | Pass() | Reject():
                return answer
            case Forward() | AskForPin():
                return _checked(answer)
            case Mapping():
                return answered(answer)
    except ValueError as error:
        raise StepFailed(say("the plug-in's answer: {error}", error=said(error))) from None
    kind = type(answer).__name__
    raise StepFailed(
        say("the plug-in's answer is of type {kind}; allowed: a verdict, a mapping that says one, or None", kind=kind)
    )


def _checked(answer: Forward | AskForPin) -> Verdict:
    targets: Sequence[object]
    if isinstance(answer, Forward):
        targets = (answer.target,)
    else:
        targets = [target for target in (answer.correct, answer.incorrect) if target is not None]
        if not isinstance(answer.expected, Pin | PinTable):
            raise ValueError(say("expected is neither a Pin nor a PinTable"))  # noqa: TRY004 - refused like the others
        if answer.attempts is not None and answer.attempts not in range(1, MOST_ATTEMPTS + 1):
            raise ValueError(say("attempts out of range; allowed: 1 to {most}", most=MOST_ATTEMPTS))
    if not all(isinstance(target, str) and is_dialable(target) for target in targets):
        raise ValueError(say("a target is not dialable; allowed: at most 64 letters, digits and + * # . _ -"))
    return answer


class _Beside:
    """Finds modules that lie beside a configuration file, if they are nowhere else; only those that it names."""

    folders: ClassVar[dict[str, str]] = {}

    @classmethod
    def find_spec(cls, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """See importlib.abc.MetaPathFinder."""
        folder = cls.folders.get(name)
        return PathFinder.find_spec(name, [folder], target) if folder and path is None else None


def build(section: Section, _around: Surroundings) -> Plugin:
    """The step as it is configured. Nothing of the plug-in runs."""
    is_named = "entry_point" in section
    module, function = _entry_point(section) if is_named else section.text("call").split(":")
    _Beside.folders[module.partition(".")[0]] = str(section.folder.absolute())
    if _Beside not in sys.meta_path:
        sys.meta_path.append(_Beside)
    if not is_named and (what := _missing(module, function)):
        section.missing(what, "call")
    options = _options(section.section("options"))
    timeout = section.duration("timeout")
    return Plugin(module, function, options, timeout, Aside(native=True))


def _options(section: Section) -> dict[str, Any]:
    """The options, with the secret in place of each `{env: NAME}` and `{file: PATH}`."""
    options: dict[str, Any] = {}
    for key, value in section.values.items():
        if isinstance(value, Mapping) and _is_kept_elsewhere(value):
            secret = section.secret(key)
            options[key] = secret.reveal() if secret else ""
        else:
            options[key] = _options(section.section(key)) if isinstance(value, Mapping) else value
    return options


def _is_kept_elsewhere(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and any(isinstance(value.get(where), str) for where in kept.READERS)


def _entry_point(section: Section) -> tuple[str, str]:
    name = section.text("entry_point")
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name in known:
        return known[name].module, known[name].attr
    allowed = ", ".join(sorted(known)) or say("none, because no installed package brings one")
    section.missing(
        say("no entry point {name} in the group {group}; allowed: {allowed}", name=name, group=GROUP, allowed=allowed),
        "entry_point",
    )
    return name, ""


def _missing(module: str, function: str) -> Sentence | None:
    """Why the function can't be found; None if it can, or if only running the module would show that."""
    spec = _find(module)
    if spec is None:
        return say("there is no module {module}, neither beside this file nor among the installed ones", module=module)
    read = getattr(spec.loader, "get_source", None)
    try:
        source = read(spec.name) if read else ""
        if source is None:
            return None
        code = compile(source, spec.origin or module, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, ImportError) as error:
        line = getattr(error, "lineno", None)
        if line:
            return say("{module} is not valid Python: line {line}", module=module, line=line)
        return say("{module} is not valid Python", module=module)
    names = code.co_names
    is_open = "__getattr__" in names or ("*",) in code.co_consts
    if is_open or function in names:
        return None
    return say("{module} has no function {function}", module=module, function=function)


def _find(module: str) -> ModuleSpec | None:
    """A module's spec. importlib.util.find_spec would run the packages that it is in."""
    name, path, spec = "", None, None
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = next(filter(None, (finder.find_spec(name, path) for finder in sys.meta_path)), None)
        if spec is None:
            return None
        path = spec.submodule_search_locations or []
    return spec
