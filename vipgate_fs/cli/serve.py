"""`vipgate serve`: answer FreeSWITCH's calls."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import click
import gevent
from gevent.event import Event

from vipgate_fs.cli.options import config_option, load_or_exit
from vipgate_fs.service.logs import LEVELS, configure
from vipgate_fs.service.server import GateServer


@click.command()
@config_option
@click.option(
    "--log-level", type=click.Choice(list(LEVELS)), default="info", show_default=True, help="How much to tell."
)
@click.option(
    "--log-format", type=click.Choice(["auto", "text", "json"]), default="auto", help="Default: text on a terminal."
)
def command(config: Path | None, log_level: str, log_format: str) -> None:
    """Serve FreeSWITCH's outbound event socket until SIGTERM or SIGINT; a second one ends at once."""
    log = configure(log_level, json={"auto": None, "text": False, "json": True}[log_format])
    configuration = load_or_exit(config)
    server = GateServer(configuration, log)
    try:
        server.start()
    except OSError as error:
        where = f"{configuration.server.host}:{configuration.server.port}"
        raise click.ClickException(
            f"can't listen on {where}: {os.strerror(error.errno) if error.errno else error}"
        ) from None
    told_to_end = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, told_to_end.set)
    log.info("listening", host=configuration.server.host, port=server.port, gates=len(configuration.gates))
    told_to_end.wait()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, lambda: server.stop(drain=0))
    log.info("ending", calls=server.calls)
    cut_off = server.stop()
    log.info("ended", calls_cut_off=cut_off)
