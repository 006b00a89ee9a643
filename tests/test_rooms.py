"""The rooms of the house: what a file may import. The order stands in docs/architecture.md."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "vipgate_fs"
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
FLOORS = [re.findall(r"`(\w+)", line) for line in re.findall(r"^\d+\. (.*?):", DOCUMENT, re.MULTILINE)]
"""From the ground up; rooms of one floor know nothing of each other."""
MOST_INNER_IMPORTS = 8
HEIGHT = {room: height for height, floor in enumerate(FLOORS) for room in floor}


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in PACKAGE.rglob("*.py")}


def imported(tree):
    """Each module of ours that is imported, at the top or within a function, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module, node.lineno


@pytest.fixture(scope="module")
def trees():
    return {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


@pytest.fixture(scope="module")
def arrows(trees):
    """What each module imports, with the line."""
    return {name: dict(imported(tree)) for name, tree in trees.items()}


def room(module):
    return [*module.split("."), "vipgate_fs"][1]


def circles(arrows):
    """Modules that lead back to themselves."""

    def reachable(start):
        seen, waiting = set(), list(arrows[start])
        while waiting:
            if (module := waiting.pop()) not in seen:
                seen.add(module)
                waiting += arrows[module]
        return seen

    return sorted(name for name in MODULES if name in reachable(name))


def test_every_room_stands_in_the_document():
    assert {room(name) for name in MODULES} - {"vipgate_fs"} == set(HEIGHT)


def test_no_arrow_runs_up_or_across(arrows):
    assert not arrows["vipgate_fs"]
    wrong = [
        f"{name}:{line} imports {module}"
        for name in arrows.keys() - {"vipgate_fs"}
        for module, line in arrows[name].items()
        if room(module) != room(name) and HEIGHT[room(module)] >= HEIGHT[room(name)]
    ]
    assert wrong == []


def test_there_is_no_circle(arrows):
    assert circles(arrows) == []


def test_imports_within_functions_are_few_and_each_has_its_reason(trees):
    found = {
        (name, node.lineno)
        for name, tree in trees.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert len(found) <= MOST_INNER_IMPORTS, sorted(found)


def test_no_file_grows_into_a_hall():
    lengths = {str(path): len(path.read_text("utf-8").splitlines()) for path in MODULES.values()}
    assert {path: length for path, length in lengths.items() if length > 350} == {}


UNIT = re.compile(r"seconds?|minutes?|hours?|Unix time|monotonic|percent|0 to 1|digits|real time", re.IGNORECASE)
OF_NO_UNIT = ("chance", "rank", "gauges", "counters")
"""A share of 1, what is only compared, and figures, each of which has its unit in its name."""


def numbers(node):
    """What is a float in a public class or function: attributes and arguments with their names, and what comes back."""
    if isinstance(node, ast.ClassDef):
        inner = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        fields = [(each.target.id, each.annotation) for each in node.body if isinstance(each, ast.AnnAssign)]
        return [*fields, *(pair for each in inner for pair in arguments(each))]
    described = "Args:" in (ast.get_docstring(node) or "")
    return [*(arguments(node) if described else ()), (node.name, node.returns)]


def arguments(function):
    return [(each.arg, each.annotation) for each in (*function.args.args, *function.args.kwonlyargs)]


def without_unit(tree):
    for node in ast.walk(tree):
        classes = [node] if isinstance(node, ast.ClassDef) else []
        for owner in classes:
            described = ast.get_docstring(owner) or ""
            for each in (owner, *(one for one in owner.body if isinstance(one, ast.FunctionDef))):
                yield from ((each.lineno, name) for name in unnamed(each, described))
    for each in tree.body:
        if isinstance(each, ast.FunctionDef):
            yield from ((each.lineno, name) for name in unnamed(each, ""))


def unnamed(node, around):
    """Numbers whose unit is neither in their name nor in what is said of them, of the function or of all of the class."""
    said = ast.get_docstring(node)
    if node.name.startswith("_") or said is None or "See " in said:
        return
    for name, kind in numbers(node):
        if name.startswith("_") or kind is None or not re.fullmatch(r"float( \| None)?", ast.unparse(kind)):
            continue
        entry = re.search(rf"^\s*[\w, ]*\b{name}\b[\w, ]*: (.*(?:\n\s{{5,}}.*)*)", said, re.MULTILINE)
        general = (around or said).partition("Attributes:")[0].partition("Args:")[0]
        text = f"{name} {entry[1] if entry else said} {general}"
        if name not in OF_NO_UNIT and not UNIT.search(text) and not re.search(r"\b[Ss]ee ", text):
            yield name


def test_the_unit_of_every_number_is_named(trees):
    found = [f"{name}:{line} {what}" for name, tree in trees.items() for line, what in without_unit(tree)]
    assert found == []
