"""`docs/configuration.md` says what the schema says: `python tests/test_configuration_document.py` rewrites it."""

import json
from pathlib import Path

from vipgate_fs.document import schema

DOCUMENT = Path(__file__).parent.parent / "docs" / "configuration.md"
SCHEMA = schema.load()
HEAD = """\
# The configuration file

Every setting with its meaning, its values and its default. This page is generated from `schemas/vipgate.schema.json`;
`vipgate check` reports what is wrong with a file. An editor with yaml-language-server shows the same while you type if the
file's first line names the schema: `# yaml-language-server: $schema=/PATH/vipgate.schema.json`, with the folder that
`vipgate files schemas` prints. A relative path there starts at the file; for `/etc/vipgate/vipgate.yaml` write an absolute one.

Unknown keys, duplicate keys, anchors and tags are errors. Numbers, PINs, times and dates go in quotes. Relative paths start
at the file's folder. Changes apply after `vipgate reload` or a restart of the service; the files that the configuration
names, such as lists of callers and PINs, are also read only then.

Write numbers as people do: `+49 7022 27978-12`, `07022 27978 12`. In patterns, `?` stands for one digit and `*` for any
digits or none, also at the beginning or in the middle (`*721*`, at most three). A range has both ends in full: `7000-7099`,
`+4971155501..+4971155509`; `+49 711 55501-09` could also be a number, and is refused. A number has at most 15 digits (E.164);
up to six digits are an extension. Patterns are compared with a number's international form: `*0711*` does not match +49711….

**An exception inside a range**: among several gates (or several rows of a list) the most specific one wins, in whatever order
they are written. A full number beats a pattern, more written digits beat fewer, and `70??` beats `70*`; a range counts by how
many numbers it has: `7010-7019` beats `7000-7099`. So a gate for `+49 89 123456*` protects the company, and another one for
`+49 89 123456-10` the boss. Two gates whose targets match a number equally well are an error. Users and groups have no such
measure: between a gate for one of them and a gate for the number, the order of the file decides. `vipgate explain` shows which
target won over which.
"""
STEPS = [f"step.{name}" for name in SCHEMA["$defs"]["step"]["properties"]]
SECTIONS = {
    "The file": SCHEMA,
    **{
        f"`{name}`": SCHEMA["$defs"][name]
        for name in ("schedule", "gate", "lockout", *SCHEMA["$defs"]["step"]["properties"], "timeouts", "verdict")
    },
}
VALUES = ("pin", "secret", "duration", "target", "moment", "time", "sound", "directory_name", "name")
"""Definitions of single values, described once."""


def document() -> str:
    parts = [HEAD]
    for title, section in SECTIONS.items():
        parts += [f"\n## {title}\n", f"\n{section['description']}\n" if section is not SCHEMA else "", table(section)]
    parts += ["\n## Values\n\n| value | | such as |\n|---|---|---|\n"]
    for value in (SCHEMA["$defs"][name] for name in VALUES):
        examples = ", ".join(map(shown, value["examples"]))
        parts.append(f"| {value['title']} | {described(value)} | {examples} |\n")
    return "".join(parts)


def table(section) -> str:
    rows = [
        f"| `{path}` | {described(sub, required=required)} | {shown(sub.get('default'))} |\n"
        for path, sub, required in settings(section)
    ]
    return "\n| setting | | default |\n|---|---|---|\n" + "".join(rows) if rows else ""


def settings(section, prefix=""):
    """Every setting of a section with its path; what has a section of its own is not gone into."""
    section = section.get("items", section)
    if "$ref" in section:
        section = definition(section)
    for name, sub in section.get("properties", {}).items():
        yield f"{prefix}{name}", sub, name in section.get("required", ())
        if "$ref" not in sub and not sub.get("writeOnly"):
            yield from settings(sub, f"{prefix}{name}." if "object" in sub.get("type", "") else f"{prefix}{name}[].")
        elif sub.get("$ref", "").endswith("/dated_pins"):
            yield from settings(definition(sub), f"{prefix}{name}[].")


def definition(sub):
    return SCHEMA["$defs"][sub["$ref"].rpartition("/")[2]]


def described(sub, *, required=False) -> str:
    text = sub["description"].rstrip(".") + "."
    if "enum" in sub:
        text += f" One of {', '.join(f'`{word}`' for word in sub['enum'])}."
    elif "minimum" in sub and sub["type"] == "integer":
        text += f" {sub['minimum']} to {sub['maximum']}."
    elif section := sub.get("$ref", "").rpartition("/")[2]:
        text += f" See {section}." if f"`{section}`" in SECTIONS else ""
    return ("**Required.** " if required else "") + text.replace("|", "\\|")


def shown(default) -> str:
    return "" if default is None else f"`{default if isinstance(default, str) else json.dumps(default)}`"


def test_the_document_says_what_the_schema_says():
    assert DOCUMENT.read_text("utf-8") == document(), f"rewrite it: python {Path(__file__).name}"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
