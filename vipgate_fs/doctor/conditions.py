"""What mod_dialplan_xml makes of an extension's conditions (mod_dialplan_xml.c, parse_exten), as far as can be known.

What depends on more than the number (a header, a variable that only a call has, the time of day, a function) is a
question. `Choices` answers it, one way or the other; whoever explores asks for both.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeVar

from vipgate_fs.sentences import say
from vipgate_fs.simulator.arguments import is_true

T = TypeVar("T")
Action = tuple[str, str]
"""An application and its argument."""

_TIMES: Final = frozenset(
    ("date-time", "year", "yday", "mon", "mday", "week", "mweek", "wday", "hour", "minute", "minute-of-day")
) | {"time-of-day", "tz-offset", "dst"}
_REFERENCE: Final = re.compile(r"\$?\$\{([^${}]*)\}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_GROUP: Final = re.compile(r"[$%]([0-9])")
_DELIMITED: Final = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)
_OF_THE_CALL: Final = re.compile(r"sip_.*|caller_id_.*|ani|aniii|network_addr|source|uuid|username|chan_name|callee_.*")
"""Variables whose values only a call has, some of them written by its caller."""
_MOST_EXPANSIONS: Final = 20
_DEEPEST: Final = 100


class Choices:
    """Answers questions: as it was given for the first ones, and with no for all others.

    Attributes:
        made: the answers so far, in order.
        questions: to which the answer was yes.
    """

    def __init__(self, given: tuple[bool, ...]) -> None:
        self._given = given
        self._known: dict[str, bool] = {}
        self.made: tuple[bool, ...] = ()

    def ask(self, question: str) -> bool:
        """The answer; the same one whenever the same is asked."""
        if question not in self._known:
            index = len(self.made)
            answer = self._given[index] if index < len(self._given) else False
            self._known[question] = answer
            self.made = (*self.made, answer)
        return self._known[question]

    @property
    def questions(self) -> tuple[str, ...]:
        """Those that were answered with yes."""
        return tuple(question for question, answer in self._known.items() if answer)


def explore(run: Callable[[Choices], T], most: int) -> Iterator[T]:
    """What `run` makes of each combination of answers, those with the fewest of yes first; at most so many."""
    waiting: list[tuple[bool, ...]] = [()]
    for _ in range(most):
        if not waiting:
            return
        given = waiting.pop(0)
        choices = Choices(given)
        yield run(choices)
        waiting += [(*choices.made[:index], True) for index in range(len(given), len(choices.made))]


@dataclass(slots=True)
class State:
    """A call on its way.

    Attributes:
        number: it goes to; None: that depends on the call.
        rdnis: it went to before the last transfer.
        variables: that the dialplan has set, by their names in lower case: the switch folds all of them.
        settings: the switch's global variables, likewise.
    """

    number: str | None
    context: str
    rdnis: str | None = ""
    variables: dict[str, str | None] = field(default_factory=dict)
    settings: dict[str, str | None] = field(default_factory=dict)

    def look_up(self, name: str) -> str | None:
        """A field or variable; "" for one that is not there, None for one that only a call knows."""
        own = {"destination_number": self.number, "context": self.context, "rdnis": self.rdnis, "dialplan": "XML"}
        name = name.lower()
        if name in self.variables:
            return self.variables[name]
        if name in own:
            return own[name]
        if name in self.settings:
            return self.settings[name]
        return None if _OF_THE_CALL.fullmatch(name) else ""

    def expand(self, text: str) -> str | None:
        """A text with its variables in their place; None: it depends on the call."""
        for _ in range(_MOST_EXPANSIONS):
            found = _REFERENCE.search(text)
            if found is None:
                return text
            value = self.look_up(found[1]) if _NAME.fullmatch(found[1]) else None
            if value is None:
                return None
            text = text[: found.start()] + value + text[found.end() :]
        return None


class Hunt:
    """Looks for a call's extensions in a context, and collects their actions."""

    def __init__(self, state: State, choices: Choices) -> None:
        self._state = state
        self._choices = choices
        self.actions: list[Action] = []
        self.extensions: list[str] = []

    def through(self, context: ET.Element) -> None:
        """Go through a context's extensions until one ends the hunt."""
        for extension in context.iterfind("extension"):
            before = len(self.actions)
            proceeds = self._parse(extension, 0)
            if proceeds or len(self.actions) > before:
                self.extensions.append(extension.get("name") or "without a name")
            if proceeds and not is_true(extension.get("continue", "")):
                return

    def _parse(self, element: ET.Element, depth: int) -> bool:
        proceed = False
        for condition in element.iterfind("condition"):
            matched, proceed, groups = self._judge(condition, proceed)
            if matched:
                self._take(condition.iterfind("action"), groups)
            elif condition.find("anti-action") is not None:
                self._take(condition.iterfind("anti-action"), None)
                proceed = True
            until = condition.get("break", "").lower()
            if (
                until == "always"
                or (matched and until == "on-true")
                or (not matched and until not in ("on-true", "never"))
            ):
                break
            if proceed and condition.find("condition") is not None and depth < _DEEPEST:
                proceed = self._parse(condition, depth + 1)
                if not proceed and until != "never":
                    break
        return proceed or (depth > 0 and element.get("require-nested", "true").lower() == "false")

    def _judge(self, condition: ET.Element, proceed: bool) -> tuple[bool, bool, re.Match[str] | None]:  # noqa: FBT001
        """Whether it matches, whether the extension counts as found, and what was captured."""
        if (rule := condition.get("regex")) is not None:
            return self._judge_several(condition, rule.lower())
        on_time = self._on_time(condition)
        matched = on_time is True
        proceed = proceed if on_time is None else on_time
        if condition.get("field") is not None:
            hit, groups = self._match(condition)
            return matched or hit, hit, groups
        return (matched or on_time is None), (proceed or on_time is None), None

    def _judge_several(self, condition: ET.Element, rule: str) -> tuple[bool, bool, re.Match[str] | None]:
        hits, captured = [], None
        for each in condition.iterfind("regex"):
            if each.get("field") is not None:
                hit, groups = self._match(each)
                captured = groups or captured
            else:
                hit = self._on_time(each) is not False
            hits.append(hit)
            if (rule == "any" and hit) or (rule == "all" and not hit):
                break
        matched = hits.count(True) == 1 if rule == "xor" else all(hits) if rule == "all" else any(hits)
        return matched, bool(hits and hits[-1]), captured

    def _on_time(self, element: ET.Element) -> bool | None:
        """Whether its times are now; None: it names none."""
        times = " ".join(f"{name}={value}" for name, value in element.attrib.items() if name in _TIMES)
        return self._choices.ask(say("it is {times}", times=times)) if times else None

    def _match(self, element: ET.Element) -> tuple[bool, re.Match[str] | None]:
        written = element.get("field", "")
        inner = element.find("expression")
        expression = (inner.text or "") if inner is not None else element.get("expression", "")
        value = self._state.expand(written) if "$" in written else self._state.look_up(written)
        # A literal `$` at the end of an expression is none of a variable's.
        pattern = self._state.expand(expression)
        if value is not None and pattern is not None and (compiled := compile_expression(pattern)):
            groups = compiled.search(value)
            return groups is not None, groups
        return self._choices.ask(say("{field} matches {expression}", field=written, expression=expression)), None

    def _take(self, elements: Iterator[ET.Element], groups: re.Match[str] | None) -> None:
        for element in elements:
            data = (element.text or "").strip() or element.get("data", "")
            if groups is not None and groups.re.groups:
                data = _GROUP.sub(lambda found: _group(groups, int(found[1])), data)
            action = (element.get("application", "").lower(), data)
            if is_true(element.get("inline", "")):
                assign(self._state, *action)
            else:
                self.actions.append(action)


def _group(groups: re.Match[str], number: int) -> str:
    return (groups[number] or "") if number <= groups.re.groups else ""


def assign(state: State, application: str, data: str) -> None:
    """What an application that sets variables does to a call; nothing for any other."""
    if application in ("set", "export", "set_global"):
        name, equals, value = data.removeprefix("nolocal:").partition("=")
        if equals:
            state.variables[name.strip().lower()] = state.expand(value)
    elif application in ("unset", "multiunset"):
        for name in re.split(r"[\s,]+", data.lstrip("^")):
            state.variables[name.lower()] = ""
    elif application == "multiset":
        separator, pairs = (data[2], data[3:]) if data.startswith("^^") else (" ", data)
        for pair in pairs.split(separator):
            assign(state, "set", pair)
    elif application in ("sched_transfer", "sched_hangup", "sched_broadcast"):
        state.variables["last_sched_id"] = "1"


@lru_cache(maxsize=8192)
def compile_expression(expression: str) -> re.Pattern[str] | None:
    r"""A regular expression as switch_regex_perform takes it; None: Python does not know it (`_XX`, `\Q`)."""
    flags = 0
    if delimited := _DELIMITED.fullmatch(expression):
        expression = delimited[1]
        flags = (re.IGNORECASE if "i" in delimited[2] else 0) | (re.DOTALL if "s" in delimited[2] else 0)
    if expression.startswith("_"):
        return None
    try:
        return re.compile(expression, flags | re.ASCII)
    except re.error:
        return None
