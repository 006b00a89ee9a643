"""The texts of the page as they stand in its source."""

import ast
from pathlib import Path

from jinja2 import Environment
from jinja2.nodes import Call, Const, Name

ADMIN = Path(__file__).parent.parent / "vipgate_fs" / "admin"


def of_code():
    """Every text within the first arguments of `phrase` and `count`, with the file and line where it stands."""
    for path in ADMIN.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(getattr(node, "func", None), "id", getattr(getattr(node, "func", None), "attr", None))
            if isinstance(node, ast.Call) and name in ("phrase", "count"):
                for argument in node.args:
                    for each in ast.walk(argument):
                        if isinstance(each, ast.Constant) and isinstance(each.value, str):
                            yield each.value, f"{path.name}:{each.lineno}"


def of_templates():
    for path in ADMIN.rglob("*.html"):
        for call in Environment().parse(path.read_text("utf-8")).find_all(Call):
            if isinstance(call.node, Name) and call.node.name in ("_", "count"):
                for argument in call.args:
                    yield from ((each.value, f"{path.name}:{each.lineno}") for each in _constants(argument))


def _constants(node):
    if isinstance(node, Const) and isinstance(node.value, str):
        yield node
    yield from node.find_all(Const) if not isinstance(node, Const) else ()


def every():
    return {text: place for text, place in [*of_code(), *of_templates()] if isinstance(text, str) and text.strip()}
