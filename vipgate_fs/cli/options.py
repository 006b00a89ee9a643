"""What several subcommands take, and how they find the configuration."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.config.model import Configuration

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration; default: $VIPGATE_CONFIG, ./vipgate.yaml, /etc/vipgate/vipgate.yaml.",
)


def load_or_exit(path: Path | None) -> Configuration:
    """The configuration, or an end of the command: exit 1 with all findings, exit 2 when the file can't be read."""
    try:
        path = configuration_files.find(path)
        loaded = configuration_files.load(path)
    except OSError as error:
        click.echo(f"Error: {error.filename or path}: {error.strerror or error}", err=True)
        sys.exit(2)
    for finding in loaded.findings:
        click.echo(str(finding), err=True)
    if loaded.configuration is None:
        sys.exit(1)
    return loaded.configuration
