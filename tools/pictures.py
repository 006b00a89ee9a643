"""Makes small pictures for the manual of what `make browser SHOTS=FOLDER` has taken: `make pictures`."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

SHOWN = ("overview", "calls", "gate", "review", "guest-pins", "lockouts", "setup")
"""Pages, each in German and English."""
TAKEN_AS = {"calls": "calls-since=7d"}
SIZE = (960, 600)
COLOURS = 200


def main(taken: Path, pictures: Path) -> None:
    """Make them."""
    pictures.mkdir(exist_ok=True)
    for name in SHOWN:
        for language in ("de", "en"):
            with Image.open(taken / f"{TAKEN_AS.get(name, name)}.{language}.desk.light.png") as shot:
                small = shot.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
            few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(pictures / f"{name}.{language}.png", optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
