"""`vipgate prompts`: prompts in a voice of the site's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, Never

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.admin import sounds
from vipgate_fs.admin.telephone import NotRecorded, Speaker, record
from vipgate_fs.cli import output
from vipgate_fs.cli.check import load
from vipgate_fs.cli.language import spoken
from vipgate_fs.cli.options import config_option
from vipgate_fs.cli.stores import work_as_owner
from vipgate_fs.cli.switch import switch_options
from vipgate_fs.doctor.asking import connected, find_socket
from vipgate_fs.esl.inbound import Unreachable
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import of_file

PROMPTS: Final = ("welcome", "wrong_pin", "customer_number", "rejected")
"""Settings below `prompts:` of a gate."""


@click.group()
@config_option
def command(config: Path | None) -> None:
    """Record prompts in a voice of your own."""


@command.command("record")
@config_option
@click.argument("prompt", type=click.Choice(PROMPTS))
@click.option("--call", "number", required=True, metavar="NUMBER", help="Whom the switch calls: your extension.")
@click.option("--context", default="default", show_default=True, help="Of the dialplan, that reaches this number.")
@switch_options
@output.format_option
def record_prompt(
    config: Path | None,
    prompt: str,
    number: str,
    context: str,
    place: tuple[str, int] | None,
    password_file: Path | None,
    settings: Path | None,
    style: str,
) -> None:
    """Record a prompt by telephone: the switch calls, you speak, hear it, and keep it.

    Speak after the tone, end with #. After you have heard it, 1 keeps it, and 2 lets you speak again. Run it on the
    switch's machine, as root. No gate plays it before the configuration names it: the line to write is printed.

    Exit status: 0 when recorded, 1 when nothing was kept, 2 when it can't be.
    """
    try:
        path = configuration_files.find(config)
        configuration = load(path).configuration
        if configuration is None:
            _end(2, say("{path} can't be used: vipgate check", path=path))
        if not sounds.is_possible():
            _end(2, say("sox is missing: apt-get install sox"))
        speaker = Speaker(as_dialled(number), context)
        with connected(find_socket(place, password_file, settings)) as switch:
            data = record(switch, speaker, lambda text: click.echo(spoken(text), err=style == "json"))
        where = sounds.folder(path, configuration)
        work_as_owner(where)  # the service, which looks after the recordings on its page
        file = sounds.take(data, where, prompt.replace("_", "-"), sounds.rates(configuration.site))
    except NotRecorded as fault:
        _end(1, str(fault))
    except (Unreachable, ValueError) as fault:
        _end(2, str(fault))
    except OSError as error:
        _end(2, of_file(error))
    output.report(
        style,
        {"prompt": prompt, "file": str(file)},
        say("Kept. In the gate that is to play it:"),
        f'    prompts: {{{prompt}: "{file}"}}',
        say("then vipgate check && vipgate reload"),
    )


def _end(code: int, why: str) -> Never:
    click.echo(spoken(why), err=True)
    sys.exit(code)
