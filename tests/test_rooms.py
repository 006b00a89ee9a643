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
def arrows():
    """What each module imports, with the line."""
    return {name: dict(imported(ast.parse(path.read_text("utf-8")))) for name, path in MODULES.items()}


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


def test_imports_within_functions_are_few_and_each_has_its_reason():
    found = []
    for path in MODULES.values():
        lines = path.read_text("utf-8").splitlines()
        for function in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(function, ast.FunctionDef):
                found += [
                    (path.name, node.lineno, lines[node.lineno - 1])
                    for node in ast.walk(function)
                    if isinstance(node, ast.Import | ast.ImportFrom)
                ]
    assert len(found) <= MOST_INNER_IMPORTS, found


def test_no_file_grows_into_a_hall():
    lengths = {str(path): len(path.read_text("utf-8").splitlines()) for path in MODULES.values()}
    assert {path: length for path, length in lengths.items() if length > 350} == {}
