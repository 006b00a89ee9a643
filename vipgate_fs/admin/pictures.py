"""What is drawn: icons, and a day as a bar that is striped where a gate checks callers. SVG without inline styles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from markupsafe import Markup, escape

ICONS: Final = {
    "overview": '<path d="M4 20V8M20 20V8M4 11h16M4 15h16"/><path d="M8 11l-3 4M13 11l-3 4M18 11l-3 4"/>',
    "calls": '<path d="M5 4h4l2 5-2.5 1.500a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2"/>',
    "guest_pins": '<circle cx="8" cy="15" r="4"/><path d="M11 12l9-9M17 6l3 3M14 9l2 2"/>',
    "lockouts": '<rect x="5" y="11" width="14" height="10" rx="2"/><path d="M8 11V7a4 4 0 0 1 8 0v4"/>',
    "trying": '<path d="M6 4l13 8-13 8z"/>',
    "settings": '<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>',
    "eye": '<path d="M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12"/><circle cx="12" cy="12" r="3"/>',
    "file": '<path d="M14 3H6v18h12V7zM14 3v4h4M9 12h6M9 16h6"/>',
    "warn": '<path d="M12 3L2 20h20zM12 10v4M12 17v.1"/>',
    "bad": '<path d="M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16v.1"/>',
    "good": '<path d="M4 12l5 5L20 6"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "minus": '<path d="M6 6l12 12M18 6L6 18"/>',
    "up": '<path d="M12 19V5M6 11l6-6 6 6"/>',
    "down": '<path d="M12 5v14M6 13l6 6 6-6"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 8v.1"/>',
    "search": '<circle cx="11" cy="11" r="7"/><path d="M16 16l5 5"/>',
}
STRIPES: Final = Markup(
    '<svg class="defs" aria-hidden="true"><defs><pattern id="stripes" width="10" height="10" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="pb" width="10" height="10"/>'
    '<rect class="pa" width="5" height="10"/></pattern></defs></svg>'
)
LOGO: Final = Markup(
    '<svg viewBox="0 0 30 22" aria-hidden="true"><path d="M3 22V4M27 22V4" stroke="currentColor" stroke-width="3.5"/>'
    '<path d="M3 11h24" stroke="#8fd6e3" stroke-width="6"/>'
    '<path d="M9 14l4-6M16 14l4-6M23 14l4-6" stroke="#12303a" stroke-width="2.5"/></svg>'
)
_HOUR: Final = 15.0
"""Units of an hour; a day has 360."""
_APART: Final = 2.5
"""Hours between the texts below a bar, else they meet."""
_NAMES: Final = 76
"""Units for the name of a day."""

Hours = Iterable[tuple[float, float]]
"""Stretches of a day, in hours from its midnight."""


def icon(name: str) -> Markup:
    """An icon, which says nothing that no word says, too."""
    return Markup(f'<svg class="i" viewBox="0 0 24 24" aria-hidden="true">{ICONS[name]}</svg>')  # noqa: S704 - ours


def bar(  # noqa: PLR0913 - all that is drawn
    label: str, active: Hours, now: float, clock: str, *, by_hand: Hours = (), planned: Hours = ()
) -> Markup:
    """A day.

    Args:
        label: what it shows, in a sentence.
        active: when the gate checks callers.
        now: hours since midnight.
        clock: the same as people read it.
        by_hand: where somebody has switched it.
        planned: what the schedule would have there.
    """
    parts = ['<rect class="open" x="0.5" y="4.5" width="359" height="17" rx="3"/>']
    parts += [f'<rect {_place(*each)} y="5" height="16" fill="url(#stripes)"/>' for each in active]
    parts += [f'<rect class="plan" {_place(*each)} y="5" height="16"/>' for each in planned]
    parts += [f'<rect class="shut" {_place(*each)} y="22.5" height="3"/>' for each in by_hand]
    at = round(now * _HOUR, 1)
    anchors = {0: "start", 24: "end"}
    far = [hour for hour in (0, 6, 12, 18, 24) if abs(hour - now) > _APART]
    parts += [
        f'<text x="{hour * _HOUR:g}" y="36" text-anchor="{anchors.get(hour, "middle")}">{hour}</text>' for hour in far
    ]
    anchor = "start" if now < 1 else "end" if now > 23 else "middle"  # noqa: PLR2004
    parts.append(f'<path class="now" d="M{at} 1v24"/>')
    parts.append(f'<text class="nowt" x="{at}" y="36" text-anchor="{anchor}">{escape(clock)}</text>')
    drawn = "".join(parts)
    return Markup(  # noqa: S704 - numbers, and what was escaped
        f'<svg class="day" viewBox="0 0 360 39" role="img" aria-label="{escape(label)}">{drawn}</svg>'
    )


def week(days: Iterable[tuple[str, Hours, bool]], now: float) -> Markup:
    """Days under each other; what they show is said beside the picture.

    Args:
        days: of each its name, when the gate checks callers, and whether it is today.
        now: hours since midnight.
    """
    parts = [
        f'<text x="{_NAMES + hour * _HOUR:g}" y="10" text-anchor="{"start" if not hour else "middle"}">{hour}</text>'
        for hour in range(0, 24, 6)
    ]
    top = 16
    for name, active, is_today in days:
        parts.append(f'<text class="dayname" x="0" y="{top + 12}">{escape(name)}</text>')
        parts.append(f'<rect class="open" x="{_NAMES}" y="{top}" width="360" height="15" rx="2"/>')
        places = ((_NAMES + begin * _HOUR, (end - begin) * _HOUR) for begin, end in active)
        parts += [
            f'<rect x="{x:g}" width="{width:g}" y="{top}" height="15" fill="url(#stripes)"/>' for x, width in places
        ]
        if is_today:
            at = round(_NAMES + now * _HOUR, 1)
            parts.append(f'<path class="now" d="M{at} {top - 1}v17"/>')
        top += 19
    drawn = "".join(parts)
    return Markup(  # noqa: S704 - numbers, and what was escaped
        f'<svg class="day" viewBox="0 0 {_NAMES + 362} {top}" aria-hidden="true">{drawn}</svg>'
    )


def _place(begin: float, end: float) -> str:
    return f'x="{begin * _HOUR:g}" width="{(end - begin) * _HOUR:g}"'
