"""The command `vipgate`. Each subcommand is a module of its own with a click command named `command`."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from vipgate_fs.cli import language, output

SUBCOMMANDS: Final = (
    "init",
    "check",
    "explain",
    "test",
    "diff",
    "replay",
    "audit",
    "call",
    "demo",
    "serve",
    "reload",
    "status",
    "doctor",
    "lockouts",
    "calls",
    "pin",
    "override",
    "dialplan",
    "prompts",
    "admin",
    "files",
)
COOPERATIVE: Final = frozenset(("call", "demo", "serve"))
"""Those that serve calls: for them Python's own sockets wait without making other calls wait."""


def _remember(context: click.Context, _parameter: click.Parameter, given: Path | None) -> Path | None:
    """Options given before a subcommand apply to it, too, unless it overrides them."""
    if given is not None:
        context.meta["vipgate.config"] = given
    return context.meta.get("vipgate.config")


config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_remember,
    help="The configuration; default: $VIPGATE_CONFIG, ./vipgate.yaml, /etc/vipgate/vipgate.yaml.",
)
"""Gives `config`, wherever it was said: `vipgate --config FILE pin list`, `pin --config FILE list`, `pin list …`."""


class Subcommands(click.Group):
    """Imports a subcommand when it is asked for: `vipgate check` does not wait for what only `serve` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of those that exist, in the order in which someone meets them."""
        return [name for name in SUBCOMMANDS if find_spec(f"{__name__}.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return language.translated(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand that is to run; only for it, and before it is imported, Python is made cooperative."""
        if args and args[0] == "serve":  # a reload while it starts: the file is yet to be read
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if args and args[0] in COOPERATIVE:
            from gevent import monkey  # noqa: PLC0415 - the others do not need it

            monkey.patch_all()
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a subcommand; what is wrong with how it was called is said in the user's language."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            error.message = language.spoken(error.message)  # type: ignore[misc]
            raise

    def main(self, *arguments: Any, **more: Any) -> NoReturn:
        """Run a subcommand and end the process: 1 when what it says can't be written, as on a full disk."""
        code: Any = 0
        given = next(iter(arguments), more.get("args"))
        output.stand_in_for_what_is_closed()
        output.say_what_can_be_written()
        with language.speaking(sys.argv[1:] if given is None else given):
            try:
                click.Group.main(language.translated(self), *arguments, **more)
            except SystemExit as end:
                code = end.code
            except OSError as error:
                if error.filename is not None:
                    raise
                sys.exit(output.report_unwritable(error))
            sys.exit(output.flush_or_fail() or code)


@click.group(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"]})
@config_option
@click.version_option(package_name="vipgate-fs", prog_name="vipgate")
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:  # noqa: ARG001 - `_remember` has taken it
    """VIPgate for FreeSWITCH: important callers get through, the others do not."""
    context.color = output.has_color()
