"""`schedules`: names → spans."""

from __future__ import annotations

from vipgate_fs.document.section import Section
from vipgate_fs.gate.dates import DAY_MINUTES, Dates, clock
from vipgate_fs.gate.schedules import EVERY_DAY, WEEKDAYS, Days, Schedule, Span, Times
from vipgate_fs.sentences import say


def read_schedules(section: Section, *, holidays_known: bool) -> dict[str, Schedule]:
    """The schedules by name, each with those of its spans that are right.

    Args:
        section: `schedules`.
        holidays_known: whether the site says which holidays it has.
    """

    def days(text: str) -> Days:
        parsed = Days.parse(text)
        if parsed.names_holidays and not holidays_known:
            raise ValueError(say("holidays are not known; say which in site.holidays, such as DE-BW"))
        return parsed

    def span(item: Section) -> Span | None:
        start = item.find("from", str)
        times = item.find("from", lambda text: Times.parse(text, None)) or Times()
        if item.is_sound:
            times = item.find("to", lambda text: Times.parse(start, text)) or times
        on_days = item.find("days", days) or EVERY_DAY
        if holidays_known and on_days.kinds == WEEKDAYS:
            item.report.warning(
                item.keys["days"],
                say(
                    "not on public holidays, which belong to no weekday; for every day write no days, or "
                    "mon-sun,holidays"
                ),
            )
        dates = item.find("dates", lambda text: _dates(text, item, holidays_known=holidays_known))
        closed = item.flag("closed")
        return Span(item.line, on_days, times, dates, closed) if item.is_sound else None

    schedules = {
        name: Schedule(name, key.line, tuple(filter(None, map(span, section.sections(name)))))
        for name, key in section.keys.items()
    }
    for name, schedule in schedules.items():
        if schedule.spans and all(span.closed for span in schedule.spans):
            section.report.warning(
                section.keys[name], say("never on: it has only closed spans, which take time out of others")
            )
    return schedules


def _dates(text: str, span: Section, *, holidays_known: bool) -> Dates:
    """The dates of a span. FreeSWITCH and others read times beside a range of dates as one period: both are named."""
    dates = Dates.parse(text)
    start, end = span.find("from", str), span.find("to", str)
    if start is None and end is None:
        return dates
    if dates.is_stretch:
        raise ValueError(say("{text!r} has times, and from or to has others; allowed: times in one of them", text=text))
    if not dates.is_one_day and "days" not in span:
        stretch = f"{dates.first} {start or clock(0)} - {dates.last} {end or clock(DAY_MINUTES)}"
        every_day = "mon-sun,holidays" if holidays_known else "mon-sun"
        raise ValueError(
            say(
                "these times can be one stretch, or those of each day; for one stretch write dates: "
                '"{stretch}" without from and to, for the times of each day write days: {every_day}, too',
                stretch=stretch,
                every_day=every_day,
            )
        )
    return dates
