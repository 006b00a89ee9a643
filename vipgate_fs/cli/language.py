"""The language that commands speak: of `--language`, else of the environment. JSON and the log stay as they are."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import click

from vipgate_fs.sentences.catalogue import ENGLISH, LANGUAGES, catalogue, in_language, preferred, translation

_LANGUAGE: Final = ContextVar("language", default=ENGLISH)
_NAME: Final = "--language"

OPTION: Final = click.Option(
    [_NAME],
    type=click.Choice(LANGUAGES),
    expose_value=False,
    help="Of what people read; default: that of the environment ($LANGUAGE, $LC_ALL, $LC_MESSAGES, $LANG), else en.",
)
"""Of every command. `speaking` has read it before click does, so that help and errors are in it, too."""


@contextmanager
def speaking(arguments: Sequence[str]) -> Iterator[None]:
    """Speak the language of a command line, until the command has ended."""
    wanted = preferred(os.environ)
    for place, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if option == _NAME:
            wanted = value if equals else "".join(arguments[place + 1 : place + 2])
    before = _LANGUAGE.set(wanted if wanted in LANGUAGES else ENGLISH)
    if _LANGUAGE.get() != ENGLISH:
        _translate_click()
    try:
        yield
    finally:
        _LANGUAGE.reset(before)


def chosen() -> str:
    """The language that commands speak, such as `de`."""
    return _LANGUAGE.get()


def spoken(what: object) -> str:
    """A sentence in the language that commands speak."""
    return in_language(what, _LANGUAGE.get())


def translated(command: click.Command) -> click.Command:
    """The command with its help in the language that commands speak, and with the option that chooses it."""
    result = copy.copy(command)
    result._help_option = None  # noqa: SLF001 - click keeps it, with the names and the language of its first use
    result.params = list(map(_translated, [*command.params, OPTION]))
    result.help = "\n\n".join(map(_spoken_help, paragraphs(command)))
    if isinstance(result, click.Group):
        result.commands = {name: translated(inner) for name, inner in result.commands.items()}
    return result


def paragraphs(command: click.Command) -> list[str]:
    """The paragraphs of a command's help, each in one line: so it is looked up, however it is wrapped."""
    return [" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n")]


def _spoken_help(text: str) -> str:
    return translation(text, _LANGUAGE.get())


def _translated(parameter: click.Parameter) -> click.Parameter:
    if not isinstance(parameter, click.Option) or not parameter.help:
        return parameter
    result = copy.copy(parameter)
    result.help = _spoken_help(parameter.help)
    return result


def _translate_click() -> None:
    """Look click's own words up in our catalogue: it knows only gettext's compiled files and the environment."""

    def gettext(message: str) -> str:
        return translation(message, _LANGUAGE.get())

    def ngettext(one: str, many: str, count: int) -> str:
        return catalogue(_LANGUAGE.get()).ngettext(one, many, count)

    module: Any
    for module in (click.core, click.decorators, click.exceptions, click.formatting, click.parser, click.types):
        for name, function in (("_", gettext), ("ngettext", ngettext)):
            if hasattr(module, name):
                setattr(module, name, function)
