"""`vipgate serve`: answer FreeSWITCH's calls."""

from __future__ import annotations

import os
from pathlib import Path

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli.options import config_option, load_or_exit
from vipgate_fs.service.control import Control
from vipgate_fs.service.logs import LEVELS, configure
from vipgate_fs.service.port import Port
from vipgate_fs.service.supervisor import Supervisor, WorkersFailed


@click.command()
@config_option
@click.option(
    "--log-level", type=click.Choice(list(LEVELS)), default="info", show_default=True, help="How much to tell."
)
@click.option(
    "--log-format", type=click.Choice(["auto", "text", "json"]), default="auto", help="Default: text on a terminal."
)
def command(config: Path | None, log_level: str, log_format: str) -> None:
    """Serve FreeSWITCH's outbound event socket until SIGTERM or SIGINT; a second one ends at once.

    SIGHUP takes a changed configuration over, as `vipgate reload` does.
    """
    log = configure(log_level, json={"auto": None, "text": False, "json": True}[log_format])
    configuration = load_or_exit(config)
    path, server = configuration.path, configuration.server
    try:
        port = Port(server.host, server.port)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise click.ClickException(f"can't listen on {server.host}:{server.port}: {why}") from None
    try:
        control = Control(path)
    except OSError:
        raise click.ClickException(f"a service for {path} is running") from None
    try:
        cut_off = Supervisor(configuration, port, control, log, lambda: configuration_files.load(path)).run()
    except WorkersFailed as failure:
        raise click.ClickException(str(failure)) from None
    log.info("ended", calls_cut_off=cut_off)
