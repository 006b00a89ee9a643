"""A span changes nothing exactly when the schedule is the same without it: held to brute force."""

import datetime as dt
import json
import random
from dataclasses import replace

import pytest
from preview import pairs

from vipgate_fs import config
from vipgate_fs.preview import meaning
from vipgate_fs.preview.spans import idle_spans
from vipgate_fs.preview.times import Horizon, Timeline

SAMPLES = [day * 1440 + minute for day in range(40) for minute in range(0, 1440, 30)]


@pytest.mark.parametrize("seed", range(20))
def test_idle_spans_are_those_that_can_be_left_out(seed):
    content = json.dumps(pairs.whole(random.Random(seed))).encode()
    configuration = config.load_text(content).configuration
    for gate in configuration.gates if configuration else ():
        if gate.active is None or all(span.closed for span in gate.active.schedule.spans):
            continue
        schedule, horizon = gate.active.schedule, Horizon(pairs.FIRST, 40, configuration.site.calendar)
        idle = {place for place, _ in idle_spans(schedule, horizon)}
        left = [place for place in range(len(schedule.spans)) if place not in idle]

        def states(places, schedule=schedule, horizon=horizon):
            spans = tuple(schedule.spans[place] for place in places)
            timeline = Timeline(replace(schedule, spans=spans), horizon)
            return [timeline.on(minute) for minute in SAMPLES]

        assert states(left) == states(range(len(schedule.spans)))
        if all(schedule.spans[place].closed for place in left):
            continue  # the others are closed for ever, and that is what is said of them
        for place in left:
            assert states([each for each in left if each != place]) != states(left)


@pytest.mark.parametrize("seed", range(20))
def test_any_configuration_that_is_valid_can_be_looked_at(seed):
    content = json.dumps(pairs.whole(random.Random(seed))).encode()
    configuration = config.load_text(content).configuration
    if configuration is not None:
        found = meaning.findings(configuration, content, dt.datetime(2026, 11, 27, tzinfo=dt.UTC))
        assert not any(pin in each.message for each in found for pin in pairs.PINS)
