#!/usr/bin/env python3
"""Make the prompts of prompts.tsv: LANGUAGE/RATE/NAME.wav beside this file, mono, 16 bit PCM.

Needs espeak-ng (German), flite (English) and sox. The same versions of these make the same bytes each time.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPEAK = {
    "de": ["espeak-ng", "-v", "de", "-s", "145", "-w", "{wav}", "{text}"],
    "en": ["flite", "-voice", "slt", "-o", "{wav}", "-t", "{text}"],
}
PASSBAND = {8000: "300-3400", 16000: "100-7000"}
"""In Hz by sampling rate: what a narrowband (ITU-T G.712) and a wideband telephone (ITU-T P.341) let through."""
SILENCE = 0.2
"""Seconds before and after: the first syllable must not fall into the moment in which the audio path opens."""
PEAK = -3
"""dBFS. It puts the speech itself at about -20 dBFS (RMS), where speech on a telephone line is."""
_TRIM = "silence 1 0.02 0.5% reverse"


def sox(source: Path, target: Path, effects: str) -> None:
    """Run sox without dither: dither is noise, and different each time."""
    subprocess.run(["sox", "-D", source, "-b", "16", "-e", "signed-integer", target, *effects.split()], check=True)


def make(name: str, language: str, text: str, folder: Path) -> None:
    """Speak one prompt and write it in every rate.

    Both rates come from one recording that is cut to its length first, so both last equally long.
    """
    spoken, cut = folder / "spoken.wav", folder / "cut.wav"
    subprocess.run([word.format(wav=spoken, text=text) for word in SPEAK[language]], check=True)
    sox(spoken, cut, f"channels 1 gain -n -6 rate -v 48000 {_TRIM} {_TRIM} pad {SILENCE} {SILENCE}")
    for rate, passband in PASSBAND.items():
        target = HERE / language / str(rate) / f"{name}.wav"
        target.parent.mkdir(parents=True, exist_ok=True)
        sox(cut, target, f"sinc {passband} gain -n {PEAK} rate -v {rate} gain -n {PEAK}")


def main() -> int:
    """Make everything; returns the exit code."""
    missing = [tool for tool in ("espeak-ng", "flite", "sox") if shutil.which(tool) is None]
    if missing:
        print(f"make_sounds: {', '.join(missing)} not found. Try: apt-get install {' '.join(missing)}", file=sys.stderr)
        return 1
    with (HERE / "prompts.tsv").open(encoding="utf-8", newline="") as file, tempfile.TemporaryDirectory() as folder:
        for row in csv.DictReader(file, delimiter="\t"):
            make(**row, folder=Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
