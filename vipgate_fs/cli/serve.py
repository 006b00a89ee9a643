"""`vipgate serve`: answer FreeSWITCH's calls."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import output
from vipgate_fs.cli.options import config_option, find_or_exit
from vipgate_fs.config import Loaded
from vipgate_fs.document.sources import Recorder
from vipgate_fs.sentences import said
from vipgate_fs.service import stderr
from vipgate_fs.service.children import WorkersFailed
from vipgate_fs.service.control import CannotControl, Control
from vipgate_fs.service.generation import Generation, NoProcess, Refused, first
from vipgate_fs.service.logs import LEVELS, Log, configure
from vipgate_fs.service.port import CannotListen, Port
from vipgate_fs.service.process import leave_no_core
from vipgate_fs.service.signals import Signals
from vipgate_fs.service.supervisor import Supervisor


@click.command()
@config_option
@click.option(
    "--log-level", type=click.Choice(list(LEVELS)), default="info", show_default=True, help="How much to log."
)
@click.option(
    "--log-format", type=click.Choice(["auto", "text", "json"]), default="auto", help="Default: text on a terminal."
)
def command(config: Path | None, log_level: str, log_format: str) -> None:
    """Serve FreeSWITCH's outbound event socket until SIGTERM or SIGINT; a second one ends at once.

    SIGHUP applies a changed configuration, as `vipgate reload` does.
    """
    leave_no_core()
    stderr.install()
    signals = Signals()
    log = configure(log_level, json={"auto": None, "text": False, "json": True}[log_format])
    path = find_or_exit(config).absolute()  # later the working directory may be gone

    def load() -> Loaded:
        loaded = configuration_files.load(path, Recorder())
        configuration = loaded.configuration
        return replace(loaded, configuration=configuration and replace(configuration, path=path))

    try:
        generation = first(load, log, signals)
    except Refused as refused:
        for finding in refused.findings:
            output.echo(finding, err=True)
        if not refused.findings:
            output.fail(refused.why)
        sys.exit(2 if refused.is_unreadable else 1)
    except NoProcess as failure:
        raise click.ClickException(said(failure)) from None
    for finding in generation.findings:
        output.echo(finding, err=True)
    _serve(generation, path, signals, log, load)


def _serve(generation: Generation, path: Path, signals: Signals, log: Log, load: Callable[[], Loaded]) -> None:
    plan = generation.plan
    try:
        port = Port(plan.host, plan.port)
        with closing(Control(path, Path(plan.folder))) as control:
            cut_off = Supervisor(generation, port, control, signals, log, load).run()
    except (CannotControl, CannotListen, WorkersFailed) as failure:
        raise click.ClickException(said(failure)) from None
    except Exception:  # noqa: BLE001 - it ends the service; whoever watches it starts it again
        log.error("error in the supervisor; workers finish their calls and exit", exception=traceback.format_exc())
        sys.exit(1)
    log.info("ended", calls_cut_off=cut_off)
