"""VIPgate's dialplan for a FreeSWITCH of its own kind: what freeswitch-dialplan.xml consists of, and why."""

from __future__ import annotations

from typing import Final

from vipgate_fs.dialplan.layout import TAKEN_WITHIN, USUAL_LONGEST, Layout
from vipgate_fs.dialplan.parts import Action, Condition, Context, Extension
from vipgate_fs.gate.dialable import PATTERN

REVISION: Final = 1
"""Of what the dialplan does. Whoever changes that raises it, so that an older file can be told from an edited one."""
NUMBER: Final = "destination_number"
DIALABLE: Final = f"^{PATTERN}$"
"""Only what a gate can transfer to, and nothing with a space."""
MARK: Final = "vipgate_passed"
REFUSE: Final = Action("hangup", "SUBSCRIBER_ABSENT")


def contexts(layout: Layout) -> tuple[Context, ...]:
    """The contexts of the dialplan, in their order."""
    return (
        Context(layout.entry, _entry(layout), REVISION),
        Context(layout.no_gate, (no_gate(layout),), note="No gate took the call, or the one that did has died."),
        *(_passed(context, others, layout) for context, others in layout.passed.items()),
    )


def _entry(layout: Layout) -> tuple[Extension, ...]:
    first = next(iter(layout.passed))
    return (
        Extension(
            f"{layout.entry}-number-only",
            (
                Condition(
                    NUMBER,
                    f"^({PATTERN});.*$",
                    (Action("transfer", f"$1 XML {layout.entry}"),),
                ),
            ),
            note="Cut off the parameters of a telephone number: +4970222797812;npdi;rn=+4919912345 (RFC 4694), ;tgrp= "
            "(RFC 4904), ;isub=. The SIP profile's parse-invite-tel-params would do the same.",
        ),
        Extension(
            f"{layout.entry}-gate",
            (
                not_passed(
                    "Each call passes through the gate once. No caller can set this variable: sofia stores whatever "
                    'arrives by SIP under its own names or under the prefix "sip_" (a header X-Foo becomes '
                    f"sip_h_X-Foo). Only {first} sets it, and the only way there is through here."
                ),
                Condition(
                    NUMBER,
                    DIALABLE,
                    note='Only what a gate can transfer to, and nothing with a space: the number "12 XML default" '
                    "would choose its own context.",
                ),
                protected(layout),
            ),
            note="Ask a gate. Any decision of the gate (transfer, rejection) ends this list of actions: whatever is "
            'below "socket" runs only if no gate could be reached, or if the gate died during the call.',
        ),
        Extension(
            f"{layout.entry}-round",
            (Condition(NUMBER, DIALABLE, (Action("transfer", f"${{{NUMBER}}} XML {first}"),)),),
            note="Bypass the gate: calls that have passed it and were sent here again, and numbers excluded above.",
        ),
        Extension(
            f"{layout.entry}-not-dialable",
            (
                Condition(
                    NUMBER,
                    "^.*$",
                    (
                        Action("log", "ERR VIPgate: refused, this is no number (a trunk's account? see auto_to_user)"),
                        Action("hangup", "UNALLOCATED_NUMBER"),
                    ),
                ),
            ),
            note="Whatever can't be dialled ends here, with SIP 404. Often it is the account name of a trunk that "
            "registers.",
        ),
    )


def not_passed(note: str = "") -> Condition:
    """Met by a call that has not been through a gate."""
    return Condition(f"${{{MARK}}}", "^$", note=note)


def protected(layout: Layout) -> Condition:
    """The condition for numbers that go through a gate, with the actions that lead there."""
    if layout.only is None:
        note = (
            "EDIT: the numbers that go through the gate. Here: all numbers. Change it only if some numbers must stay "
            "reachable while VIPgate is down; which numbers are protected is set in vipgate.yaml."
        )
    else:
        note = (
            "The numbers that go through the gate: those that vipgate.yaml protects, however they are written, and "
            "some that only look like them. Others stay reachable while VIPgate is down. Print this file anew whenever "
            "you protect other numbers: those that are missing here are not protected."
        )
    return Condition(NUMBER, layout.only or "^.+$", ask(layout), note=note)


def ask(layout: Layout) -> tuple[Action, ...]:
    """The actions that hand a call to a gate, and what follows if there is none."""
    longer = layout.longest.seconds > USUAL_LONGEST
    here = f" Here it is {layout.longest.seconds} s (gate {layout.longest.gate})." if longer else ""
    to_no_gate = f"${{{NUMBER}}} XML {layout.no_gate}"
    return (
        Action(
            "set",
            f"park_timeout={layout.park_timeout}:SUBSCRIBER_ABSENT",
            note="The last resort against a call that hangs in a gate for ever: seconds, then the cause. It must be "
            "longer than the longest PIN dialogue, which it would also end: attempts x 2 numbers x (prompt + "
            f"first_digit + 19 x next_digit), {USUAL_LONGEST} s with VIPgate's defaults.{here}",
        ),
        Action(
            "set",
            "sensitive_dtmf=true",
            note="Digits are PINs: keep them out of FreeSWITCH's log and events.",
        ),
        Action(
            "set",
            "socket_resume=true",
            note='If the gate dies, continue at once below "socket". Otherwise a call would wait until the prompt is '
            "over, or for ever if the gate dies in the very first moment. VIPgate unsets this before it releases a "
            "call, because the end of its connection would also end that call: update VIPgate before you update this "
            "file.",
        ),
        Action(
            "sched_transfer",
            f"+{TAKEN_WITHIN} {to_no_gate}",
            note="A gate has ten seconds to take the call, which it does by cancelling this. A gate that hangs does "
            "not.",
        ),
        Action("set", "vipgate_untaken=${last_sched_id}"),
        Action(
            "socket",
            f"{'|'.join(layout.gates)} async full",
            note="EDIT: the gates, tried in this order. Always write the port. A host that is down must refuse "
            'connections: FreeSWITCH waits about two minutes for a silent one. "full" lets the gate look up users and '
            "groups.",
        ),
        Action(
            "transfer",
            to_no_gate,
            note="No gate could be reached, or the gate died during the call.",
        ),
    )


_LOGGED: Final = Action("log", "ERR VIPgate: no gate answered, or it died during the call: the caller is refused")
_WHY_CLOSED: Final = (
    "Fail closed. SUBSCRIBER_ABSENT is SIP 480 Temporarily Unavailable (RFC 3261, 21.4.18), which is true, and of this "
    "number only. 503 would mean to the carrier that the whole switch is down: it would retry the call on other routes "
    "and might take the trunk out of service. 486 would trigger forwarding on busy."
)
_OFFER: Final = """\
EDIT, to let everybody through while VIPgate is down: replace the two actions above with these.
     vipgate_untaken is still set only if no gate took the call: a caller whose gate dies is hung up on even then.
<action application="sched_cancel" data="${vipgate_untaken}"/>
<action application="transfer"
        data="%s"/>"""


def no_gate(layout: Layout) -> Extension:
    """What becomes of a call that no gate took."""
    passed = f"${{{NUMBER}}} XML {next(iter(layout.passed))}"
    onward = f"${{cond('${{vipgate_untaken}}' == '' ? hangup inline : {passed})}}"
    if layout.fails_open:
        opened = (
            Action(
                "sched_cancel",
                "${vipgate_untaken}",
                note="Fail open, as you chose: everybody gets through while VIPgate is down. "
                "vipgate_untaken is still set only if no gate took the call: a caller whose gate dies is hung up on.",
            ),
            Action("transfer", onward),
        )
        return Extension(layout.no_gate, (Condition(NUMBER, "^.+$", opened),))
    refused = Action(REFUSE.application, REFUSE.data, note=_WHY_CLOSED)
    return Extension(layout.no_gate, (Condition(NUMBER, "^.+$", (_LOGGED, refused), closing=_OFFER % onward),))


def marks(name: str, *applied: Action) -> Extension:
    """The extension that marks a passed call and takes away what was set for the gate."""
    return Extension(
        f"{name}-marks",
        (
            Condition(
                actions=(
                    Action(
                        "export",
                        f"{MARK}=true",
                        note="Exported, so that legs the call is bridged to have it as well, should one of them lead "
                        "back here.",
                    ),
                    Action("multiunset", "sensitive_dtmf park_timeout socket_resume vipgate_untaken"),
                    *applied,
                )
            ),
        ),
        continues=True,
    )


def called_number(name: str, context: str) -> Extension:
    """The extension that leads the called number on to where outside callers may go."""
    return Extension(
        f"{name}-called-number",
        (
            Condition(
                f"${{{NUMBER}}}|${{rdnis}}",
                r"^([^|]+)\|\1$",
                (
                    Action(
                        "transfer",
                        f"${{{NUMBER}}} XML {context}",
                        note="EDIT: the context that the trunk's calls entered before VIPgate.",
                    ),
                ),
            ),
        ),
        note="The called number (rdnis is the number before the transfer; \\1 matches the same text again): the caller "
        "chose it, so it goes where outside callers may go, as it would without VIPgate. Sent to "
        '"default", it could become an international call at your expense.',
    )


def other_target(name: str, context: str, *before: Action) -> Extension:
    """The extension that leads targets on that the configuration or a webservice chose."""
    return Extension(
        f"{name}-other-target",
        (
            Condition(
                NUMBER,
                "^.+$",
                (
                    *before,
                    Action(
                        "transfer",
                        f"${{{NUMBER}}} XML {context}",
                        note="EDIT: the context of your own extensions.",
                    ),
                ),
            ),
        ),
        note="Another target, chosen by your configuration or your webservice, not by the caller.",
    )


RINGBACK: Final = Action(
    "set",
    "transfer_ringback=%(1000,4000,425)",
    note="After a PIN the call is already answered: without this the caller would hear nothing while your phone rings.",
)


def _passed(context: str, others: str, layout: Layout) -> Context:
    name = prefix(context, layout)
    domain = Action("set", "domain_name=$${domain}")
    return Context(
        context,
        (marks(name, RINGBACK), called_number(name, layout.called), other_target(name, others, domain)),
        note="Where gates send the calls they let through (route.context in vipgate.yaml).",
    )


def prefix(context: str, layout: Layout) -> str:
    """What the names of a context's extensions begin with: the first context's as they have always been."""
    return layout.entry if context == next(iter(layout.passed)) else context
