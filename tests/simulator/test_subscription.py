import pytest

from vipgate_fs.simulator.events import Event
from vipgate_fs.simulator.subscription import Subscription


def event(name: str, **headers: str) -> Event:
    return Event(name, [("Event-Name", name), ("Unique-ID", "mine"), *headers.items()])


COMPLETE = event("CHANNEL_EXECUTE_COMPLETE", Application="answer")
HANGUP = event("CHANNEL_HANGUP")
PARK = event("CHANNEL_PARK")
JOB = Event("BACKGROUND_JOB", [("Event-Name", "BACKGROUND_JOB"), ("Job-Owner-UUID", "mine")])
FOREIGN = Event("CHANNEL_PARK", [("Event-Name", "CHANNEL_PARK"), ("Unique-ID", "another")])
ALL = (COMPLETE, HANGUP, PARK, JOB, FOREIGN)


@pytest.mark.parametrize(
    ("commands", "replies", "wanted"),
    [
        ([], [], ()),
        (["myevents"], ["+OK Events Enabled"], (COMPLETE, HANGUP, PARK)),
        (["myevents", "myevents"], ["+OK Events Enabled", "-ERR aready enabled."], (COMPLETE, HANGUP, PARK)),
        (
            ["filter Event-Name CHANNEL_HANGUP", "myevents"],
            ["+OK filter added. [Event-Name]=[CHANNEL_HANGUP]", "+OK Events Enabled"],
            (HANGUP,),
        ),
        (
            ["myevents", "filter Event-Name CHANNEL_HANGUP", "filter add Event-Name CHANNEL_PARK"],
            [
                "+OK Events Enabled",
                "+OK filter added. [Event-Name]=[CHANNEL_HANGUP]",
                "+OK filter added. [Event-Name]=[CHANNEL_PARK]",
            ],
            (HANGUP, PARK),
        ),
        (
            ["myevents", "filter unique-id mine", "filter Event-Name -CHANNEL_PARK"],
            [
                "+OK Events Enabled",
                "+OK filter added. [unique-id]=[mine]",
                "+OK filter added. [Event-Name]=[-CHANNEL_PARK]",
            ],
            (COMPLETE, HANGUP),
        ),
        (
            ["myevents", "filter Event-Name /HANGUP|PARK/"],
            ["+OK Events Enabled", "+OK filter added. [Event-Name]=[/HANGUP|PARK/]"],
            (HANGUP, PARK),
        ),
        (
            ["myevents", "filter Event-Name X", "filter delete Event-Name X"],
            ["+OK Events Enabled", "+OK filter added. [Event-Name]=[X]", "+OK filter deleted. [Event-Name][X]"],
            (COMPLETE, HANGUP, PARK),
        ),
        (
            ["myevents", "filter Event-Name X", "filter delete all"],
            ["+OK Events Enabled", "+OK filter added. [Event-Name]=[X]", "+OK filter deleted. [all][]"],
            (COMPLETE, HANGUP, PARK),
        ),
        (["filter Event-Name"], ["-ERR invalid syntax"], ()),
        (["event plain ALL"], ["+OK event listener enabled plain"], ALL),
        (["event json CHANNEL_PARK"], ["+OK event listener enabled json"], (PARK, FOREIGN)),
        (["event plain BACKGROUND_JOB channel_hangup"], ["+OK event listener enabled plain"], (HANGUP, JOB)),
        (["event plain"], ["-ERR no keywords supplied"], ()),
        (
            ["myevents", "event plain BACKGROUND_JOB"],
            ["+OK Events Enabled", "+OK event listener enabled plain"],
            (COMPLETE, HANGUP, PARK, JOB),
        ),
        (
            ["myevents", "nixevent CHANNEL_PARK CHANNEL_HANGUP"],
            ["+OK Events Enabled", "+OK events nixed"],
            (COMPLETE,),
        ),
        (["event plain ALL", "nixevent ALL"], ["+OK event listener enabled plain", "+OK events nixed"], ()),
        (["nixevent"], ["-ERR no keywords supplied"], ()),
        (["myevents", "noevents"], ["+OK Events Enabled", "+OK no longer listening for events"], ()),
        (["noevents"], ["-ERR not listening for events"], ()),
    ],
)
def test_what_is_sent(commands, replies, wanted):
    subscription = Subscription("mine")
    methods = {
        "myevents": subscription.my_events,
        "event": subscription.add,
        "nixevent": subscription.remove,
        "filter": subscription.filter,
        "noevents": lambda _: subscription.clear(),
    }

    assert [
        methods[name](argument) for name, _, argument in (command.partition(" ") for command in commands)
    ] == replies
    assert tuple(item for item in ALL if subscription.wants(item)) == wanted


@pytest.mark.parametrize(("command", "kind"), [("", "plain"), ("json", "json"), ("JSON", "json")])
def test_format_of_my_events(command, kind):
    subscription = Subscription("mine")

    subscription.my_events(command)

    assert subscription.format == kind
