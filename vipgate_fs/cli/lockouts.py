"""`vipgate lockouts`: list who is locked out, or close to it, and unlock them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from vipgate_fs.cli import output, words
from vipgate_fs.cli.options import complete_gate, config_option, load_essentials_or_exit
from vipgate_fs.cli.stores import SiteStore
from vipgate_fs.config.essentials import Essentials
from vipgate_fs.gate.call import storable
from vipgate_fs.gate.lockout import AccountKind, Lockout
from vipgate_fs.identify.caller_pin import NUMBER
from vipgate_fs.sentences import say
from vipgate_fs.service.audit_trail import audit
from vipgate_fs.store import tallies
from vipgate_fs.store.tallies import Kept


@click.group(invoke_without_command=True)
@config_option
@output.format_option
@click.pass_context
def command(context: click.Context, config: Path | None, style: str) -> None:
    """List the callers, customer numbers and gates with failed attempts or a lockout; `clear` unlocks them."""
    if context.invoked_subcommand is not None:
        return
    essentials = load_essentials_or_exit(config)
    kept = SiteStore(essentials).do(lambda connection: list(tallies.kept(connection)), reads=True)
    listed = list(_listed(kept, essentials, time.time()))
    if style == "json":
        output.show_json(listed)
    else:
        _print(listed)


@command.command()
@config_option
@click.option("--gate", metavar="NAME", shell_complete=complete_gate, help="Only at this gate.")
@click.option("--caller", metavar="NUMBER", help="Only this caller's own; 'anonymous' for withheld numbers.")
@click.option("--customer", metavar="NUMBER", help="Only those of this customer number.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@output.format_option
def clear(
    config: Path | None,
    gate: str | None,
    caller: str | None,
    customer: str | None,
    everything: bool,  # noqa: FBT001 - click passes all by name
    style: str,
) -> None:
    """Clear failed attempts and lockouts: those of a gate, of a caller, of a customer number, or all of them."""
    essentials = load_essentials_or_exit(config)
    if everything == any(each is not None for each in (gate, caller, customer)):
        raise click.UsageError(say("say whose: --gate, --caller or --customer; or --all"))
    if caller is not None and customer is not None:
        raise click.UsageError(say("say either --caller or --customer"))
    for option, value, wanted in (
        ("--caller", caller, "a number, or 'anonymous' for withheld numbers"),
        ("--customer", customer, "a customer number"),
    ):
        if value is not None and not value.strip():
            raise click.UsageError(say("{option} is empty: {wanted}", option=option, wanted=wanted))
    if gate is not None and gate not in essentials.gates:
        raise click.BadParameter(
            say("no such gate; there are {gates}", gates=", ".join(essentials.gates)), param_hint="--gate"
        )
    kinds: tuple[AccountKind, ...] = ()
    who = customer
    if customer is not None:
        kinds = ("customer", "known_customer")
    elif caller is not None:
        kinds, who = ("caller",), storable(essentials.site.plan.caller(caller))
    cleared = SiteStore(essentials).do(lambda connection: tallies.clear(connection, gate, kinds, who))
    if caller is not None and not cleared and not NUMBER.fullmatch(who or "0"):
        why = say("{caller} is no telephone number, and no caller of that name has failed attempts", caller=caller)
        raise click.BadParameter(why, param_hint="--caller")
    audit("lockouts clear", gate=gate, caller=caller, customer=customer, cleared=cleared)
    nothing = say("there was nothing to clear: see vipgate lockouts")
    text = say("cleared: {count}", count=cleared) if cleared else nothing
    output.report(style, {"cleared": cleared}, text)


def _listed(kept: list[Kept], essentials: Essentials, now: float) -> Iterator[dict[str, Any]]:
    for item in kept:
        account, tally = item.account, item.tally
        failures = tally.at(now, essentials.gates.get(account.gate, Lockout()).of(account)).failures
        is_locked = tally.is_locked(now)
        if failures or is_locked:
            yield {
                **account._asdict(),
                "failures": failures,
                "locked_until": output.iso(tally.locked_until, essentials.site.calendar) if is_locked else None,
            }


def _print(listed: list[dict[str, Any]]) -> None:
    head = (say("gate"), say("of"), say("who"), say("failed attempts"), say("locked until"))
    rows = []
    for each in listed:
        until = each["locked_until"] or "-"
        rows.append((each["gate"], words.account(each["kind"]), _who(each), str(each["failures"]), until))
    output.show_table(head, rows)


def _who(listed: dict[str, Any]) -> str:
    return listed["who"] or (say("withheld") if listed["kind"] == "caller" else say("all"))
