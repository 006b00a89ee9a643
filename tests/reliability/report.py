"""docs/reliability.md: a line for each fault, as it was measured."""

from __future__ import annotations

HEAD = """\
# What breaks, and what callers notice

Written by `make reliability`: each line is a test, with a service of real processes and simulated calls.

- **experiences**: the caller whose connection, worker or store it is.
- **lost beside**: calls that went on at the same time, or began after it, and did not end as they should.
- **recovery**: seconds from the fault until a new caller is asked for their PIN, or until what was gone is used again.

The tests shorten the times after which a gate gives a silent FreeSWITCH up: 10 seconds for `connect`, 5 for a reply to a command,
and in a prompt two minutes more than the longest entry takes.

| fault | the caller experiences | lost beside | recovery |
|---|---|--:|--:|
"""


def text(reports):
    """The table, of tests that recorded a line."""
    lines = []
    for each in sorted(reports, key=lambda report: report.nodeid.partition("::")[0]):
        row = dict(each.user_properties)
        if "fault" in row:
            lost, recovery = f"{row['lost']} of {row['others']}", row["recovery"]
            shown = "none needed" if recovery is None else f"{recovery:.1f} s"
            lines.append(f"| {row['fault']} | {row['experienced']} | {lost} | {shown} |")
    return HEAD + "\n".join(lines) + "\n"
