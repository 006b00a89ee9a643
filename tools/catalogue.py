"""Compares the German catalogue with what VIPgate says: `make sentences`.

What lacks its German is added to languages/de/LC_MESSAGES/vipgate.po with an empty text, to be written by whoever
knows German, and what nobody says any more is removed. The exit status is 1 while something is empty.
"""

from __future__ import annotations

import ast
import json
import re
import string
import sys
from importlib import import_module
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from vipgate_fs.cli import SUBCOMMANDS, language
from vipgate_fs.cli import main as vipgate
from vipgate_fs.sentences import verbatim

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "vipgate_fs"
CATALOGUE = ROOT / "languages" / "de" / "LC_MESSAGES" / "vipgate.po"
HEADER = r"""# What VIPgate says, in German. `make sentences` adds what is new and removes what nobody says any more.
# Words: a caller is "Anrufer", an attempt "Versuch", withheld "unterdrückt"; see the terms in CONTRIBUTING.md.
msgid ""
msgstr ""
"Project-Id-Version: vipgate-fs\n"
"Language: de\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""


def has_words(template):
    """Whether a template says anything besides its parts: only then it needs a translation."""
    return any(re.search(r"[^\W\d_]", literal) for literal, *_ in string.Formatter().parse(template))


def templates(source):
    """Each template of a source with its line: (line, template, plural). One that is not written out is an error."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            texts = [ast.literal_eval(argument) for argument in node.args]
            yield node.lineno, texts[0], texts[1] if len(texts) > 1 else None
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Mistake":
            yield from ((node.lineno, ast.literal_eval(argument), None) for argument in node.args[2:])


def said():
    """(template, plural) → where it is said, of the whole package."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for line, template, plural in templates(path.read_text("utf-8")):
            found.setdefault((template, plural), f"{path.relative_to(ROOT)}:{line}")
    for path in sorted((ROOT / "schemas").glob("vipgate*.json")):
        for message in messages(json.loads(path.read_text("utf-8"))):
            found.setdefault((message, None), str(path.relative_to(ROOT)))
    return found


def messages(schema):
    """What a schema says of what it allows."""
    if isinstance(schema, dict):
        for message in schema.get("removed", {}).values():
            yield verbatim(message).template
        if isinstance(message := schema.get("errorMessage"), str):
            yield verbatim(message).template
        for inner in schema.values():
            yield from messages(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from messages(inner)


def helps():
    """What the commands and their options say of themselves → where."""
    commands = {"vipgate": vipgate} | {name: import_module(f"vipgate_fs.cli.{name}").command for name in SUBCOMMANDS}
    found = {(language.OPTION.help, None): "vipgate_fs/cli/language.py"}
    while commands:
        name, command = commands.popitem()
        commands |= {f"{name} {inner}": each for inner, each in getattr(command, "commands", {}).items()}
        options = (option.help for option in command.params if isinstance(option, click.Option))
        found |= {(text, None): f"vipgate {name}" for text in (*language.paragraphs(command), *options) if text}
    return found


def catalogue():
    """(template, plural) → the message of the catalogue."""
    messages = ((message.id if message.pluralizable else (message.id, None), message) for message in _read())
    return {pair: message for pair, message in messages if pair[0]}


def is_clicks(message):
    """Whether click says it: such texts have a comment that says so."""
    return "click" in message.auto_comments


def _read():
    with CATALOGUE.open("rb") as file:
        return read_po(file)


def main():
    """Bring the catalogue up to date. The exit status."""
    known, new = catalogue(), Catalog()
    needed = {pair for pair in said() if has_words(pair[0]) or pair in known} | helps().keys()
    empty = 0
    for pair in sorted(needed | {pair for pair, message in known.items() if is_clicks(message)}, key=str):
        message = known.get(pair)
        text = message.string if message else ("", "") if pair[1] else ""
        empty += not all(text)
        new.add(pair if pair[1] else pair[0], text, auto_comments=message.auto_comments if message else ())
    with CATALOGUE.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, new, width=120, no_location=True, omit_header=True)
    return int(empty > 0)


if __name__ == "__main__":
    sys.exit(main())
