"""Prompts: the switch finds and may read them, in the rates of the trunk's codecs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vipgate_fs.config.sounds import RATES, at_rate
from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.doctor.numbers import prompts_of

_WIDE: Final = {"G722": "16000", "OPUS": "48000", "SILK": "16000", "SIREN": "16000", "L16": "16000"}
"""Codecs whose rate their name does not say, and what a prompt is played at."""

MISSING = Mistake(
    "prompt-missing",
    Severity.CRITICAL,
    "the switch finds no {prompt}, nor one in a folder of a rate beside it",
    "Callers hear nothing, and each attempt fails at once.",
    "copy VIPgate's folder sounds to the switch's machine, and name it: site.sounds; "
    "a prompt of your own: prompts of gate {gate}",
)
UNREADABLE = Mistake(
    "prompt-unreadable",
    Severity.CRITICAL,
    "the switch's user can't read {prompt}",
    "Callers hear nothing, and each attempt fails at once.",
    "chmod o+r {prompt}, and chmod o+x for each folder above it",
)
ONE_RATE = Mistake(
    "prompt-rate",
    Severity.WARNING,
    "{prompt} is not there at {rate} Hz, as the other prompts are; the SIP profile {profile} uses that rate",
    "It is converted for each caller, and sounds duller than the others.",
    "sox -G {prompt} -r {rate} {wanted}",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Each prompt that a gate plays."""
    if facts.switch is None or facts.configuration is None:
        return
    files = facts.switch.files
    prompts = {prompt: gate.name for gate in facts.configuration.gates if gate.enabled for prompt in prompts_of(gate)}
    rates = {prompt: {rate for rate in RATES if files.get(at_rate(prompt, rate))} for prompt in prompts}
    for prompt, gate in prompts.items():
        if not files.get(prompt) and not rates[prompt]:
            yield MISSING(prompt=prompt, gate=gate)
    for hidden in facts.machine.hidden:
        yield UNREADABLE(prompt=hidden)
    everywhere = set().union(*rates.values())
    for profile in facts.profiles:
        for rate in sorted(rates_of(profile.get("inbound-codec-prefs")) & everywhere):
            for prompt, there in rates.items():
                if there and rate not in there and not files.get(prompt):
                    source = at_rate(prompt, max(there, key=int))
                    wanted = at_rate(prompt, rate)
                    yield ONE_RATE(prompt=source, rate=rate, profile=profile.name, wanted=wanted)


def rates_of(codecs: str) -> set[str]:
    """The rates of a profile's codecs, in Hz: `OPUS,G722,PCMA,L16@16000h`."""
    return {_rate(codec.strip()) for codec in codecs.split(",") if codec.strip()}


def _rate(codec: str) -> str:
    name, *options = codec.split("@")
    written = (option[:-1] for option in options if option.endswith("h") and option[:-1].isdigit())
    return next(written, _WIDE.get(name.upper(), "8000"))
