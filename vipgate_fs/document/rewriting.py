"""Changing what a YAML file says, in its text: only what differs is written, all else keeps every byte.

Comments, order, quotes, line breaks and spaces stay as people made them. What can't be changed like this is refused.
"""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from vipgate_fs.document.editing import BREAK, CannotEdit, decoded
from vipgate_fs.document.findings import Path
from vipgate_fs.document.outline import Branch, Tree, line_begin, line_end, outline
from vipgate_fs.document.writing import INDENT, LONGEST, flow, flow_key, in_lines, is_short, single
from vipgate_fs.sentences import say

_COLON: Final = re.compile(r"[ \t]*:")

Edit = tuple[int, int, str]
"""A stretch of the text, and what comes in its place."""


def tree_of(content: bytes) -> Tree:
    """What a file says. Raises CannotEdit."""
    return outline(decoded(content)[0]).tree


def rewritten(content: bytes, wanted: Mapping[Path, Tree | None]) -> bytes:
    """The file with other values in some places.

    Args:
        content: of the file.
        wanted: by its path, what shall stand there, whether something stands there now or not; None: nothing.

    Raises:
        CannotEdit: this can't be written without touching something else. The text says why.
    """
    text, has_mark = decoded(content)
    root = outline(text)
    tree = root.tree
    for path, value in wanted.items():
        tree = put(tree, path, value)
    result = _Rewriter(text).rewrite(root, tree)
    return _checked(result, tree, has_mark=has_mark)


def moved(content: bytes, path: Path, index: int, by: int) -> bytes:
    """The file with an item of a list, and the comments above it, moved past its neighbour.

    Args:
        content: of the file.
        path: of the list.
        index: of the item, from 0.
        by: -1 or 1.

    Raises:
        CannotEdit: there is no such item or neighbour, or they have no lines of their own.
    """
    text, has_mark = decoded(content)
    branch = (root := outline(text)).find(path)
    first, second = sorted((index, index + by))
    if branch is None or branch.items is None or not 0 <= first < second < len(branch.items):
        raise CannotEdit(say("there is nothing to change places with"))
    items = branch.items
    if branch.is_flow:
        (begin, middle), (again, end) = ((each.begin, each.end) for each in (items[first], items[second]))
        result = text[:begin] + text[again:end] + text[middle:again] + text[begin:middle] + text[end:]
    else:
        floor = items[first - 1].end if first else branch.key[1] if branch.key else 0
        begin, middle = (_with_comments(text, items[each], floor) for each in (first, second))
        end = line_end(text, items[second].end)
        upper, lower = text[begin:middle], text[middle:end]
        kept = upper[: -2 if upper.endswith("\r\n") else -1]  # the break after it stays between the two
        result = text[:begin] + lower + upper[len(kept) :] + kept + text[end:]
    wanted = [each.tree for each in items]
    wanted[first], wanted[second] = wanted[second], wanted[first]
    return _checked(result, put(root.tree, path, wanted), has_mark=has_mark)


def put(tree: Tree, path: Path, value: Tree | None) -> Tree:
    """A tree with another value in one place; mappings on the way to it are made. Raises CannotEdit."""
    if not path:
        return {} if value is None else value
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        if not isinstance(tree, list) or key >= len(tree):
            raise CannotEdit(say("there is no such item"))
        if not rest and value is None:
            return [*tree[:key], *tree[key + 1 :]]
        return [*tree[:key], put(tree[key], rest, value), *tree[key + 1 :]]
    known = tree if isinstance(tree, dict) else {}
    if not rest and value is None:
        return {each: found for each, found in known.items() if each != key}
    return {**known, key: put(known.get(key, {}), rest, value)}


def _checked(result: str, tree: Tree, *, has_mark: bool) -> bytes:
    """What was made, if it says what it shall say. Raises CannotEdit."""
    try:
        is_right = outline(result).tree == tree
    except CannotEdit:
        is_right = False
    if not is_right:
        raise CannotEdit(say("this can't be changed without touching something else; edit it as text"))
    return (codecs.BOM_UTF8 if has_mark else b"") + result.encode()


class _Rewriter:
    """Makes edits of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._break = _break(text)

    def rewrite(self, root: Branch, wanted: Tree) -> str:
        """The whole text."""
        return self._applied(0, len(self._text), self._edits(root, wanted, 0))

    def _applied(self, begin: int, end: int, edits: Iterable[Edit]) -> str:
        pieces, at = [], begin
        for first, after, piece in sorted(edits, key=lambda edit: edit[:2]):
            pieces += [self._text[at:first], piece]
            at = after
        return "".join([*pieces, self._text[at:end]])

    def _edits(self, branch: Branch, wanted: Tree, indent: int, *, in_flow: bool = False) -> Iterator[Edit]:
        """What makes a branch say something else; `indent` is that of what it belongs to."""
        if branch.tree == wanted:
            return
        goes_on = branch.parts and wanted and not isinstance(wanted, str)
        if branch.entries is not None and goes_on and isinstance(wanted, dict):
            yield from self._of_flow(branch, wanted) if branch.is_flow else self._of_mapping(branch, wanted)
        elif branch.items is not None and goes_on and isinstance(wanted, list):
            yield from self._of_flow(branch, wanted) if branch.is_flow else self._of_list(branch, wanted)
        else:
            yield self._instead(branch, wanted, indent, in_flow=in_flow)

    def _instead(self, branch: Branch, wanted: Tree, indent: int, *, in_flow: bool) -> Edit:
        """A value of another kind in the place of one, or one single value in the place of another."""
        if (
            isinstance(wanted, str)
            and not branch.parts
            and branch.begin < branch.end
            and branch.style not in ("|", ">")
        ):
            if BREAK.search(self._text[branch.begin : branch.end]):
                raise CannotEdit(say("there is no value of one line in this place"))
            return branch.begin, branch.end, single(wanted, branch)
        if in_flow or branch.key is None:
            if branch.key is None and not branch.is_flow and branch.parts:
                raise CannotEdit(say("this is edited as text"))
            return branch.begin, branch.end, flow(wanted)
        found = _COLON.match(self._text, branch.key[1])
        begin = found.end() if found else branch.key[1]
        if "#" in self._text[begin : branch.begin]:
            raise CannotEdit(say("a comment stands before this value; edit it as text"))
        return begin, max(branch.end, begin), self._after(wanted, indent, begin)

    def _after(self, value: Tree, indent: int, at: int) -> str:
        """A new value, after its key or dash."""
        short = flow(value)
        room = LONGEST - (at - line_begin(self._text, at))
        if is_short(value, room, is_item=self._text[at - 1] == "-"):
            return f" {short}"
        lines = self._break.join(in_lines(value, indent + INDENT))
        return f" {lines.lstrip()}" if self._text[at - 1] == "-" else self._break + lines

    def _of_mapping(self, branch: Branch, wanted: dict[str, Tree]) -> Iterator[Edit]:
        entries = branch.entries or {}
        first = next(iter(entries.values()))
        assert first.key is not None, "it belongs to a key"
        indent = first.key[0] - line_begin(self._text, first.key[0])
        for key, each in entries.items():
            if key in wanted:
                yield from self._edits(each, wanted[key], indent)
            else:
                yield self._without(each, branch)
        new = {key: value for key, value in wanted.items() if key not in entries}
        if new:
            at = line_end(self._text, branch.end)
            yield at, at, "".join(self._break + line for line in in_lines(new, indent))

    def _of_list(self, branch: Branch, wanted: list[Tree]) -> Iterator[Edit]:
        items = branch.items or []
        dashes = [item.key[0] for item in items if item.key is not None]
        if len(dashes) < len(items):
            raise CannotEdit(say("a comment stands behind a dash; edit it as text"))
        indent = dashes[0] - line_begin(self._text, dashes[0])
        for tag, begin, end, new_begin, new_end in _opcodes([item.tree for item in items], wanted):
            common = min(end - begin, new_end - new_begin) if tag == "replace" else 0
            for offset in range(common):
                yield from self._edits(items[begin + offset], wanted[new_begin + offset], indent)
            if tag in ("replace", "delete"):
                yield from (self._without(item, branch) for item in items[begin + common : end])
            if tag in ("replace", "insert") and (more := wanted[new_begin + common : new_end]):
                yield self._more(items, begin + common, indent, more)

    def _more(self, items: list[Branch], before: int, indent: int, more: list[Tree]) -> Edit:
        lines = in_lines(more, indent)
        if before:
            at = line_end(self._text, items[before - 1].end)
            return at, at, "".join(self._break + line for line in lines)
        at = line_begin(self._text, items[0].key[0] if items[0].key else items[0].begin)
        return at, at, "".join(line + self._break for line in lines)

    def _without(self, each: Branch, branch: Branch) -> Edit:
        """An entry or item taken out, with its lines."""
        assert each.key is not None, "it belongs to a key or dash"
        begin, end = line_begin(self._text, each.key[0]), line_end(self._text, each.end)
        if self._text[begin : each.key[0]].strip():  # the first of a mapping that is an item: behind its dash
            parts = branch.parts
            after = parts[parts.index(each) + 1].key if parts.index(each) + 1 < len(parts) else None
            if after is None or "#" in self._text[each.end : after[0]]:
                raise CannotEdit(say("this setting has no line of its own; edit it as text"))
            return each.key[0], after[0], ""
        if begin == 0:
            found = BREAK.match(self._text, end)
            return 0, found.end() if found else end, ""
        break_begin = begin - (2 if self._text[begin - 2 : begin] == "\r\n" else 1)
        return break_begin, end, ""

    def _of_flow(self, branch: Branch, wanted: Tree) -> Iterator[Edit]:
        """Within braces or brackets: pieces are kept, each with what separates it from the one before."""
        old, parts = branch.tree, branch.parts
        begins = [part.key[0] if branch.entries is not None and part.key else part.begin for part in parts]
        if isinstance(wanted, dict) and isinstance(old, dict):
            if not old.keys() - wanted.keys() and not wanted.keys() - old.keys():
                for key, part in (branch.entries or {}).items():
                    yield from self._edits(part, wanted[key], 0, in_flow=True)
                return
            kept = [(index, key) for index, key in enumerate(old) if key in wanted]
            edits = [(index, self._edits(parts[index], wanted[key], 0, in_flow=True)) for index, key in kept]
            new = [f"{flow_key(key)}: {flow(value)}" for key, value in wanted.items() if key not in old]
            pieces = [(index, self._applied(begins[index], parts[index].end, edit)) for index, edit in edits]
        elif isinstance(wanted, list) and isinstance(old, list):
            if len(wanted) == len(old):
                for part, value in zip(parts, wanted, strict=True):
                    yield from self._edits(part, value, 0, in_flow=True)
                return
            yield from self._of_items(branch, old, wanted)
            return
        separators = [self._text[part.end : begin] for part, begin in zip(parts, begins[1:], strict=False)]
        tail = self._text[parts[-1].end : branch.end - 1]
        self._refuse_comments([*separators, self._text[branch.begin : begins[0]], tail])
        usual = separators[0] if separators else ", "
        kept_text = "".join(
            (separators[index - 1] if place else "") + piece for place, (index, piece) in enumerate(pieces)
        )
        yield begins[0], parts[-1].end, usual.join([*([kept_text] if pieces else []), *new])

    def _of_items(self, branch: Branch, old: list[Tree], wanted: list[Tree]) -> Iterator[Edit]:
        parts = branch.parts
        separators = [self._text[one.end : other.begin] for one, other in pairwise(parts)]
        self._refuse_comments(separators)
        usual = separators[0] if separators else ", "
        pieces: list[str] = []
        for tag, begin, end, new_begin, new_end in _opcodes(old, wanted):
            kept = parts[begin:end] if tag == "equal" else []
            pieces += [self._text[part.begin : part.end] for part in kept]
            pieces += [flow(value) for value in wanted[new_begin:new_end]] if tag in ("replace", "insert") else []
        yield parts[0].begin, parts[-1].end, usual.join(pieces)

    @staticmethod
    def _refuse_comments(between: Iterable[str]) -> None:
        if any("#" in each for each in between):
            raise CannotEdit(say("comments stand within these braces; edit it as text"))


def _opcodes(old: list[Tree], wanted: list[Tree]) -> Sequence[tuple[str, int, int, int, int]]:
    """As difflib has them, of what can't be hashed."""
    before, after = ([repr(each) for each in values] for values in (old, wanted))
    return list(difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes())


def _with_comments(text: str, item: Branch, floor: int) -> int:
    """Where the lines of an item begin, with the comments right above it. Raises CannotEdit."""
    if item.key is None:
        raise CannotEdit(say("a comment stands behind a dash; edit it as text"))
    begin = line_begin(text, item.key[0])
    if text[begin : item.key[0]].strip():
        raise CannotEdit(say("this item has no line of its own; edit it as text"))
    while begin > floor:
        above = line_begin(text, begin - (2 if text[begin - 2 : begin] == "\r\n" else 1))
        if above <= floor or not text[above:begin].lstrip().startswith("#"):
            break
        begin = above
    return begin


def _break(text: str) -> str:
    """The line break that is usual in a text."""
    found = BREAK.search(text)
    return found[0] if found else "\n"
