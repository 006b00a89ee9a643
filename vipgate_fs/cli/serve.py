"""`vipgate serve`: answer FreeSWITCH's calls."""

from __future__ import annotations

import sys
import traceback
from dataclasses import replace
from pathlib import Path

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli.options import config_option, load_or_exit
from vipgate_fs.service.children import WorkersFailed
from vipgate_fs.service.control import Control
from vipgate_fs.service.logs import LEVELS, configure
from vipgate_fs.service.port import CannotListen, Port
from vipgate_fs.service.supervisor import Supervisor


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
    path, server = configuration.path.absolute(), configuration.server  # later the working directory may be gone
    configuration = replace(configuration, path=path)
    try:
        port = Port(server.host, server.port)
    except CannotListen as error:
        raise click.ClickException(str(error)) from None
    try:
        control = Control(path)
    except OSError:
        raise click.ClickException(f"a service for {path} is running") from None
    try:
        cut_off = Supervisor(configuration, port, control, log, lambda: configuration_files.load(path)).run()
    except (CannotListen, WorkersFailed) as failure:
        raise click.ClickException(str(failure)) from None
    except Exception:  # noqa: BLE001 - it ends the service; whoever watches it starts it again
        log.error("error in the supervisor; workers finish their calls and end", exception=traceback.format_exc())
        sys.exit(1)
    log.info("ended", calls_cut_off=cut_off)
