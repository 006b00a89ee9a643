"""`schedules`: names → spans."""

from __future__ import annotations

from vipgate_fs.config.reading import Reader, boolean
from vipgate_fs.document.nodes import Mapping
from vipgate_fs.gate.dates import DAY_MINUTES, Dates, clock
from vipgate_fs.gate.schedules import EVERY_DAY, WEEKDAYS, Days, Schedule, Span, Times


def read_schedules(node: Mapping, reader: Reader, *, holidays_known: bool) -> dict[str, Schedule]:
    """The schedules by name, each with those of its spans that are right.

    Args:
        node: of `schedules`.
        reader: takes what is wrong.
        holidays_known: whether the site says which holidays it has.
    """

    def days(text: str) -> Days:
        parsed = Days.parse(text)
        if parsed.names_holidays and not holidays_known:
            raise ValueError("holidays are not known; say which in site.holidays, such as DE-BW")
        return parsed

    def span(item: Mapping) -> Span | None:
        start = reader.value(item, "from", str, None)
        times = reader.value(item, "from", lambda text: Times.parse(text, None), Times())
        if reader.report.is_sound(item):
            times = reader.value(item, "to", lambda text: Times.parse(start, text), times)
        on_days = reader.value(item, "days", days, EVERY_DAY)
        if holidays_known and on_days.kinds == WEEKDAYS:
            reader.report.warning(
                item.keys["days"],
                "not on public holidays, which belong to no weekday; for every day write no days, or mon-sun,holidays",
            )
        dates = reader.value(item, "dates", lambda text: _dates(text, item, holidays_known=holidays_known), None)
        closed = reader.value(item, "closed", boolean, default=False)
        return Span(item.line, on_days, times, dates, closed) if reader.report.is_sound(item) else None

    def spans(name: str) -> tuple[Span, ...]:
        items = (span(item) for item in node.items(name) if isinstance(item, Mapping))
        return tuple(item for item in items if item is not None)

    schedules = {name: Schedule(name, key.line, spans(name)) for name, key in node.keys.items()}
    for name, schedule in schedules.items():
        if schedule.spans and all(span.closed for span in schedule.spans):
            reader.report.warning(node.keys[name], "never on: it has only closed spans, which take time out of others")
    return schedules


def _dates(text: str, span: Mapping, *, holidays_known: bool) -> Dates:
    """The dates of a span. Times beside a range of them are one stretch to FreeSWITCH and others, so both are named."""
    dates = Dates.parse(text)
    start, end = (item.text if (item := span.scalar(key)) else None for key in ("from", "to"))
    if start is None and end is None:
        return dates
    if dates.is_stretch:
        raise ValueError(f"{text!r} has times, and from or to has others; allowed: times in one of them")
    if not dates.is_one_day and "days" not in span.keys:
        stretch = f"{dates.first} {start or clock(0)} - {dates.last} {end or clock(DAY_MINUTES)}"
        every_day = "mon-sun,holidays" if holidays_known else "mon-sun"
        raise ValueError(
            f'these times can be one stretch, or those of each day; for one stretch write dates: "{stretch}" without '
            f"from and to, for the times of each day write days: {every_day}, too"
        )
    return dates
