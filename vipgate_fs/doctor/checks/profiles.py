"""SIP profiles and gateways: how a trunk's calls come in, their digits and media, and who is believed."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.doctor.switch import Gateway, Profile
from vipgate_fs.gate.gate import Gate

_REGISTERING: Final = frozenset(("REGED", "TRYING", "REGISTER"))
"""States of a gateway that is registered, or is just about it, as now and then it is."""

NOT_RUNNING = Mistake(
    "profile-not-running",
    Severity.CRITICAL,
    "the SIP profile {profile} does not run",
    "No call comes in through it.",
    "fs_cli -x 'sofia profile {profile} start'; the switch's log says why it does not: often its port is taken",
)
NOT_RESTARTED = Mistake(
    "profile-not-restarted",
    Severity.CRITICAL,
    "the SIP profile {profile} runs with {name}={live}; its file says {written}",
    "What stands in the file is not in force.",
    "fs_cli -x 'sofia profile {profile} restart' (ends the calls of this profile)",
)
NO_DIGITS = Mistake(
    "dtmf-type",
    Severity.CRITICAL,
    "the SIP profile {profile} has dtmf-type {found}",
    "Digits in the media (RFC 4733), as nearly every trunk sends them, do not arrive: no PIN is ever right.",
    'in the profile: <param name="dtmf-type" value="rfc2833"/>; fs_cli -x \'sofia profile {profile} restart\'',
)
INFO_LOGGED = Mistake(
    "dtmf-info-logged",
    Severity.WARNING,
    "the SIP profile {profile} ignores digits by SIP INFO",
    "It logs each of them as a warning: PINs in the switch's log.",
    'in the profile: <param name="liberal-dtmf" value="true"/>; fs_cli -x \'sofia profile {profile} restart\'',
)
NO_TIMER = Mistake(
    "rtp-timer",
    Severity.WARNING,
    "the SIP profile {profile} has no rtp-timer-name",
    "A prompt waits for the caller's packets: telephones that send none in silence hear nothing.",
    'in the profile: <param name="rtp-timer-name" value="soft"/>; fs_cli -x \'sofia profile {profile} restart\'',
)
TRANSFERS = Mistake(
    "transfers-allowed",
    Severity.WARNING,
    "the SIP profile {profile} lets callers transfer calls (REFER)",
    "Whoever they talk to can be sent on past the gate, to a protected number, or anywhere at your expense.",
    'in the profile: <param name="disable-transfer" value="true"/>; fs_cli -x \'sofia profile {profile} restart\'',
)
NO_MEDIA = Mistake(
    "media-bypassed",
    Severity.CRITICAL,
    "the SIP profile {profile} has {name}=true",
    "The caller's media don't go through the switch: no prompt can be played, and no digit arrives.",
    "remove it from the profile; fs_cli -x 'sofia profile {profile} restart'",
)
ANYBODY = Mistake(
    "caller-unproven",
    Severity.WARNING,
    "the SIP profile {profile} takes calls from anybody, at {address}",
    "Whoever reaches that port writes P-Asserted-Identity as they like; gate {gate} lets callers in by their number.",
    'in the profile: <param name="apply-inbound-acl" value="LIST"/>, a list of your carrier\'s addresses in '
    "autoload_configs/acl.conf.xml; fs_cli -x reloadacl; fs_cli -x 'sofia profile {profile} restart'",
)
BLIND = Mistake(
    "blind-auth",
    Severity.CRITICAL,
    "the SIP profile {profile} has accept-blind-auth=true",
    "Any password is right: whoever reaches its port is one of your users.",
    "remove it from the profile; fs_cli -x 'sofia profile {profile} restart'",
)
ACCOUNT = Mistake(
    "gateway-account",
    Severity.CRITICAL,
    "the gateway {gateway} gives every call the number {number}, its account",
    "No gate protects an account name: calls meet no gate, or are refused.",
    'in the gateway: <param name="extension" value="auto_to_user"/>; '
    "fs_cli -x 'sofia profile {profile} killgw {gateway}'; fs_cli -x 'sofia profile {profile} rescan'",
)
UNREGISTERED = Mistake(
    "gateway-down",
    Severity.WARNING,
    "the gateway {gateway} is not registered: {state}",
    "The carrier does not know where to send calls.",
    "fs_cli -x 'sofia status gateway {gateway}'; user name, password and realm are those of the carrier?",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Each profile that calls from outside come through, and each gateway that registers."""
    if facts.switch is None:
        return
    believers = [gate for gate in facts.configuration.gates if _believes(gate)] if facts.configuration else []
    for profile in facts.profiles:
        yield from _profile(profile)
        if not profile.has("auth-calls") and not profile.has("disable-transfer"):  # own telephones need transfers
            yield TRANSFERS(profile=profile.name)
        if believers and _is_open(profile):
            yield ANYBODY(profile=profile.name, address=profile.get("sip-ip", "?"), gate=believers[0].name)
    for gateway in facts.switch.gateways:
        if not facts.trunks or {gateway.name, gateway.profile} & set(facts.trunks):
            yield from _gateway(gateway)


def _profile(profile: Profile) -> Iterator[Finding]:
    name = profile.name
    if not profile.runs:
        yield NOT_RUNNING(profile=name)
    for parameter, live in profile.live.items():
        written = profile.settings.get(parameter, "")
        if written and live and written.lower() != live.lower():
            yield NOT_RESTARTED(profile=name, name=parameter, live=live, written=written)
    dtmf = profile.get("dtmf-type", "rfc2833")
    if dtmf.lower() != "rfc2833":
        yield NO_DIGITS(profile=name, found=dtmf)
    elif not profile.has("liberal-dtmf"):
        yield INFO_LOGGED(profile=name)
    if profile.get("rtp-timer-name", "none").lower() == "none":
        yield NO_TIMER(profile=name)
    for parameter in ("inbound-bypass-media", "inbound-no-media", "inbound-proxy-media"):
        if profile.has(parameter):
            yield NO_MEDIA(profile=name, name=parameter)
    if profile.has("accept-blind-auth"):
        yield BLIND(profile=name)


def _is_open(profile: Profile) -> bool:
    """Whether it takes calls from the whole network, with no list of who may."""
    try:
        near = ip_address(profile.get("sip-ip", "0.0.0.0")).is_loopback  # noqa: S104 - what the switch listens on
    except ValueError:
        near = False
    return not profile.lists and not profile.has("auth-calls") and not near


def _believes(gate: Gate) -> bool:
    """Whether a gate goes by the caller's number."""
    return gate.enabled and any(step.kind in ("callers", "caller_pin", "webservice", "database") for step in gate.steps)


def _gateway(gateway: Gateway) -> Iterator[Finding]:
    if gateway.registers and gateway.extension.lower() == gateway.username.lower():
        yield ACCOUNT(gateway=gateway.name, number=gateway.username, profile=gateway.profile)
    if gateway.registers and gateway.state not in _REGISTERING:
        yield UNREGISTERED(gateway=gateway.name, state=gateway.state)
