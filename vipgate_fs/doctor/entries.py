"""Where calls from outside come in: the contexts of profiles and gateways that somebody without a password reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vipgate_fs.doctor.switch import Profile, Switch
from vipgate_fs.sentences import say


@dataclass(frozen=True, slots=True)
class Entry:
    """A way in.

    Attributes:
        name: such as `profile external`.
        context: that its calls begin in.
        profile: through which they come; None: not through sofia.
    """

    name: str
    context: str
    profile: Profile | None = None


def entries_of(switch: Switch, trunks: Iterable[str] = ()) -> tuple[Entry, ...]:
    """Every way in; of those profiles and gateways only that are named, if any are."""
    found = {(entry.name, entry.context): entry for entry in _entries(switch)}
    return tuple(one for one in found.values() if not trunks or one.name.split()[-1] in trunks)


def _entries(switch: Switch) -> Iterator[Entry]:
    by_name = {profile.name: profile for profile in switch.profiles}
    for profile in switch.profiles:
        for context in contexts_of(profile, switch):
            yield Entry(say("profile {name}", name=profile.name), context, profile)
    for gateway in switch.gateways:  # whoever reaches any profile names one in the Request-URI: ;gw=NAME (sofia.c)
        yield Entry(say("gateway {name}", name=gateway.name), gateway.context, by_name.get(gateway.profile))
    for context in switch.verto_contexts:
        if context:
            yield Entry("verto", context)


def contexts_of(profile: Profile, switch: Switch) -> Iterator[str]:
    """The contexts that a profile's callers get into without a password (sofia.c, sofia_handle_sip_i_invite).

    `apply-inbound-acl` may name one context for whom the list allows and one for all others: LIST:PASS:FAIL.
    """
    own = profile.get("context", "default")
    is_open = not profile.has("auth-calls") or profile.has("accept-blind-auth")
    if is_open and not profile.lists:
        yield own
    for each in profile.lists:
        name, allowed, refused = (*each.split(":"), "", "")[:3]
        if is_open or lets_in(name, switch):
            yield allowed or own
        if refused:
            yield refused


def lets_in(name: str, switch: Switch) -> bool:
    """Whether an access control list allows any address that is not one of the directory's users."""
    access = switch.access.get(name)
    return access is not None and (access.allows or any(access.networks))
