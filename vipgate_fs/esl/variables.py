"""Channel variables in a connect reply, by their names as FreeSWITCH compares them: in upper and lower case alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from vipgate_fs.esl.wire import Headers

_PREFIX: Final = "variable_"


def variables(channel: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Those of some names that are set, by these names, however the dialplan or a SIP message has spelled them.

    sofia names a variable after a header as the message spells it: `sip_h_p-called-party-id`, too.
    """
    wanted = tuple(names)
    found = {name: value for name in wanted if (value := channel.get(_PREFIX + name)) is not None}
    missing = {name: _PREFIX + name for name in wanted if name not in found}
    if missing and not (isinstance(channel, Headers) and channel.lacks(missing.values())):
        folded = {header.lower(): value for header, value in channel.items() if header.startswith(_PREFIX)}
        others = {name: folded.get(header.lower()) for name, header in missing.items()}
        found |= {name: value for name, value in others.items() if value is not None}
    return found
