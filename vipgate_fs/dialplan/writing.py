"""A dialplan as the text of an XML file that FreeSWITCH includes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

from vipgate_fs.dialplan.layout import Layout
from vipgate_fs.dialplan.parts import Action, Condition, Context, Extension
from vipgate_fs.dialplan.standard import contexts

_WIDTH: Final = 127
_HEAD: Final = """\
<?xml version="1.0"?>
<!--
  VIPgate's part of the dialplan. Copy it to conf/dialplan/vipgate.xml and let the trunk's calls begin in the context
  "{entry}" (param "context" of the trunk's SIP profile or gateway). docs/freeswitch.md explains it step by step.

{ways}

  Places to edit are marked EDIT; `vipgate dialplan` prints this file for your configuration instead. Write no
  preprocessor tag into a comment, because FreeSWITCH runs it even there, and no context "{called}" into this file,
  because FreeSWITCH sees only the first of two contexts with the same name.
-->
<include>
"""


def as_xml(layout: Layout) -> str:
    """The text of the file. Well-formed, whatever the layout's names are."""
    ways = "\n".join(_ways(layout))
    head = _HEAD.format(entry=_spoken(layout.entry), called=_spoken(layout.called), ways=ways)
    return head + "\n".join(_context(context) for context in contexts(layout)) + "</include>\n"


def attribute(text: str) -> str:
    """A text between the quotes of an attribute."""
    return escape(text, {'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


def _ways(layout: Layout) -> Iterator[str]:
    for context, others in layout.passed.items():
        begin = f"    trunk > {layout.entry} > a gate decides > {context} > "
        yield _spoken(f"{begin}{layout.called:<9} the called number").rstrip()
        yield _spoken(f"{' ' * (len(begin) - 2)}> {others:<9} another target, chosen by your configuration")


def _context(context: Context) -> str:
    revision = f' revision="{context.revision}"' if context.revision is not None else ""
    note = _comment(context.note, 2) if context.note else ""
    extensions = "\n".join(_extension(each) for each in context.extensions)
    gap = "\n" if len(context.extensions) > 1 else ""
    return f'{note}  <context name="{attribute(context.name)}"{revision}>\n{gap}{extensions}  </context>\n'


def _extension(extension: Extension) -> str:
    more = ' continue="true"' if extension.continues else ""
    note = _comment(extension.note, 4) if extension.note else ""
    body = "".join(map(_condition, extension.conditions))
    return f'{note}    <extension name="{attribute(extension.name)}"{more}>\n{body}    </extension>\n'


def _condition(condition: Condition) -> str:
    note = _comment(condition.note, 6) if condition.note else ""
    compared = f' field="{attribute(condition.field)}" expression="{attribute(condition.expression)}"'
    tag = f"{note}      <condition{compared if condition.field else ''}"
    if not condition.actions:
        return f"{tag}/>\n"
    closing = f"        <!-- {textwrap.indent(condition.closing, ' ' * 8).lstrip()}\n        -->\n"
    actions = "".join(map(_action, condition.actions))
    return f"{tag}>\n{actions}{closing if condition.closing else ''}      </condition>\n"


def _action(action: Action) -> str:
    note = _comment(action.note, 8) if action.note else ""
    name = "anti-action" if action.anti else "action"
    inline = ' inline="true"' if action.inline else ""
    what = f'application="{attribute(action.application)}" data="{attribute(action.data)}"{inline}'
    return f"{note}        <{name} {what}/>\n"


def _comment(text: str, indent: int) -> str:
    space = " " * indent
    lines = textwrap.fill(
        f"<!-- {_spoken(text)} -->",
        _WIDTH,
        initial_indent=space,
        subsequent_indent=f"{space}     ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"{lines}\n"


def _spoken(text: str) -> str:
    """Nothing in it ends a comment."""
    return re.sub(r"-(?=-)", "- ", text)
