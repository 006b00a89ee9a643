"""docs/reliability.md: a line for each fault, as it was measured."""

from __future__ import annotations

RULE = "|---|---|--:|--:|\n"
"""What stands above its lines, with what explains them."""


def text(document, reports):
    """The document, with the lines of tests that recorded one."""
    lines = []
    for each in sorted(reports, key=lambda report: report.nodeid.partition("::")[0]):
        row = dict(each.user_properties)
        if "fault" in row:
            lost, recovery = f"{row['lost']} of {row['others']}", row["recovery"]
            shown = "none needed" if recovery is None else f"{recovery:.1f} s"
            lines.append(f"| {row['fault']} | {row['experienced']} | {lost} | {shown} |")
    return "".join(document.partition(RULE)[:2]) + "\n".join(lines) + "\n"
