"""A call's way through a dialplan, held against mod_dialplan_xml.c."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from vipgate_fs.doctor.way import End, begin, shown, ways

NUMBER = "+4971155500"


def dialplan(extensions, **contexts):
    others = "".join(f'<context name="{name}">{text}</context>' for name, text in contexts.items())
    return ET.fromstring(f'<section><context name="trunk">{extensions}</context>{others}</section>')


def extension(condition, action="bridge user/1", **attributes):
    application, _, data = action.partition(" ")
    written = "".join(f' {name.rstrip("_")}="{value}"' for name, value in attributes.items())
    return f'<extension name="e"{written}>{condition[:-2]}><action application="{application}" data="{data}"/></condition></extension>'


def to(expression, **attributes):
    written = "".join(f' {name.rstrip("_")}="{value}"' for name, value in attributes.items())
    return f'<condition field="destination_number" expression="{expression}"{written}/>'


def test_what_is_no_number_is_not_true():
    written = extension(to("^.+$"), "log a", continue_="--5")
    (way,) = ways(dialplan(written), begin(NUMBER, "trunk", {}))
    assert way.end is End.REFUSED


GATE = extension(to("^.+$"), "socket 127.0.0.1:8084 async full")
INTO = extension(to("^(.+)$"), "transfer $1 XML inner")


def end(extensions, number=NUMBER, **contexts):
    """How the way ends that needs nothing special."""
    way = next(ways(dialplan(extensions, **contexts), begin(number, "trunk", {"domain": "example.org"})))
    assert way.provided == ()
    return way.end, way.last


def ends(extensions, **contexts):
    """How each way ends, and what it needs."""
    return {(way.end, way.provided) for way in ways(dialplan(extensions, **contexts), begin(NUMBER, "trunk", {}))}


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        (GATE, (End.GATE, "socket 127.0.0.1:8084 async full")),
        ("", (End.NOWHERE, f"no extension of context trunk does anything for {NUMBER}")),
        (extension(to("^5")), (End.NOWHERE, f"no extension of context trunk does anything for {NUMBER}")),
        (extension(to("55500$")) + GATE, (End.THROUGH, "bridge user/1")),
        (extension(to("^.+$"), "hangup USER_BUSY") + GATE, (End.REFUSED, "hangup USER_BUSY")),
        (extension(to("^.+$"), "set a=b", continue_="true") + GATE, (End.GATE, "socket 127.0.0.1:8084 async full")),
        (extension(to("^.+$"), "set a=b") + GATE, (End.REFUSED, "nothing more to do")),
        (extension(to("^.+$"), "bridge user/${domain}"), (End.THROUGH, "bridge user/example.org")),
        (extension(to("^.+$"), "bridge user/$1"), (End.THROUGH, "bridge user/$1")),
        (extension(to("(..)$"), "bridge user/$1"), (End.THROUGH, "bridge user/00")),
        (extension(to("/^\\+49.*A?$/i"), "bridge user/1"), (End.THROUGH, "bridge user/1")),
        (extension(to("^.+$"), "transfer 1 XML nowhere"), (End.NOWHERE, "there is no context nowhere")),
        (extension(to("^.+$"), "transfer 1 enum inner"), (End.UNKNOWN, "transfer 1 enum inner")),
        (
            extension(to("^.+$"), "transfer ${sip_to_user} XML inner"),
            (End.NOWHERE, "there is no context inner"),
        ),
        (extension(to("^.+$"), "transfer hangup inline"), (End.REFUSED, "hangup")),
        (extension(to("^.+$"), "transfer 1"), (End.ROUND, "transfer 1")),
        (extension(to("^.+$"), "lua decide.lua"), (End.UNKNOWN, "nothing more to do")),
        (
            extension(to("^.+$"), "lua decide.lua", continue_="true") + GATE,
            (End.GATE, "socket 127.0.0.1:8084 async full"),
        ),
    ],
    ids=range(18),
)
def test_what_becomes_of_a_call(extensions, expected):
    assert end(extensions) == expected


def test_a_transfer_hunts_anew_and_remembers_the_number_before():
    inner = extension('<condition field="${destination_number}|${rdnis}" expression="^([^|]+)\\|\\1$"/>', "bridge same")
    other = extension(to("^.+$"), "bridge other")
    assert end(INTO, inner=inner + other) == (End.THROUGH, "bridge same")
    assert end(extension(to("^.+$"), "transfer 7 XML inner"), inner=inner + other) == (End.THROUGH, "bridge other")


def test_names_of_contexts_applications_and_variables_are_found_in_any_case():
    sets = extension(to("^.+$"), "SET Leads=round", continue_="true").replace("<action", '<action inline="true"')
    round_it = extension(
        '<condition field="${LEADS}" expression="^round$"/>', "Transfer ${Destination_Number} xml INNER"
    )
    assert end(sets + round_it + GATE, inner=extension(to("^.+$"), "BRIDGE user/1")) == (End.THROUGH, "bridge user/1")


def test_the_first_of_two_contexts_counts_and_global_stands_in_for_one_that_is_missing():
    two = ET.fromstring(
        f'<section><context name="trunk">{extension(to("."))}</context><context name="trunk">{GATE}</context>'
        f'<context name="global">{GATE}</context></section>'
    )
    assert [way.end for way in ways(two, begin(NUMBER, "trunk", {}))] == [End.THROUGH]
    assert [way.end for way in ways(two, begin(NUMBER, "elsewhere", {}))] == [End.GATE]


def several(rule, *expressions):
    each = "".join(f'<regex field="destination_number" expression="{expression}"/>' for expression in expressions)
    return f'<condition regex="{rule}">{each}</condition>'


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (to("^.+$", break_="on-true") + to("^5"), True),
        (to("^5", break_="never") + to("^.+$"), True),
        (to("^5") + to("^.+$"), False),
        (to("^.+$", break_="always") + to("^5"), True),
        (several("all", "^.4", "^5"), False),
        (several("any", "^5", "^.4"), True),
        (several("xor", "4", "8"), True),
        (several("xor", "4", "7"), False),
        ("<condition/>", True),
    ],
    ids=range(9),
)
def test_conditions_one_after_the_other(conditions, expected):
    """Actions of a condition count when that one matches, whatever becomes of the extension."""
    text = f'<extension name="e">{conditions}</extension>'
    root = ET.fromstring(text)
    matching = ET.SubElement(root.findall("condition")[-1 if "never" in text or expected is False else 0], "action")
    matching.set("application", "bridge")
    assert (end(ET.tostring(root, "unicode") + GATE)[0] is End.THROUGH) == expected


def test_an_anti_action_takes_those_that_do_not_match():
    text = f'<extension name="e">{to("^5")[:-2]}><anti-action application="bridge" data="x"/></condition></extension>'
    assert end(text + GATE) == (End.THROUGH, "bridge x")


def test_a_condition_within_a_condition_decides_on_its_extension():
    inner = f'{to("^5")[:-2]}><action application="bridge" data="x"/></condition>'
    text = f'<extension name="e">{to("^.+$")[:-2]}>{inner}</condition></extension>'
    assert end(text + GATE)[0] is End.GATE
    assert end(text.replace("^5", "^.4") + GATE)[0] is End.THROUGH


def test_what_only_a_call_knows_is_tried_both_ways():
    above = extension('<condition field="${sip_from_user}" expression="^boss$"/>')
    assert ends(above + GATE) == {(End.GATE, ()), (End.THROUGH, ("${sip_from_user} matches ^boss$",))}
    at_night = extension('<condition wday="2-6" time-of-day="20:00-06:00"/>')
    assert ends(at_night + GATE) == {(End.GATE, ()), (End.THROUGH, ("it is wday=2-6 time-of-day=20:00-06:00",))}
    by_function = extension('<condition field="${user_exists(id 1 x)}" expression="^true$"/>')
    assert ends(by_function + GATE) == {(End.GATE, ()), (End.THROUGH, ("${user_exists(id 1 x)} matches ^true$",))}


def test_a_number_that_only_the_call_knows_may_be_any():
    to_header = extension(to("^.+$"), "transfer ${sip_to_user} XML inner")
    assert ends(to_header, inner=GATE) == {(End.GATE, ("destination_number matches ^.+$",)), (End.NOWHERE, ())}
    assert ends(extension(to("^.+$"), "transfer 1 XML ${sip_h_X-Context}")) == {(End.UNKNOWN, ())}


def test_a_variable_that_nobody_has_set_is_empty_and_an_inline_one_counts_at_once():
    guard = '<condition field="${vipgate_passed}" expression="^$"/>'
    assert ends(extension(guard, "socket 127.0.0.1:8084")) == {(End.GATE, ())}
    sets = f'<extension name="s" continue="true">{to(".")[:-2]}><action application="set" data="vipgate_passed=1" inline="true"/></condition></extension>'
    assert ends(sets + extension(guard, "socket 127.0.0.1:8084")) == {(End.NOWHERE, ())}
    assert ends(sets.replace(' inline="true"', "") + extension(guard, "socket 127.0.0.1:8084")) == {(End.GATE, ())}


def test_a_dialplan_full_of_questions_ends():
    text = "".join(
        extension(f'<condition field="${{sip_h_X-{n}}}" expression="x"/>', continue_="true") for n in range(40)
    )
    assert len(list(ways(dialplan(text + GATE), begin(NUMBER, "trunk", {})))) == 96


@pytest.mark.parametrize(
    ("application", "data", "expected"),
    [
        ("bridge", "{sip_auth_password=47110815}sofia/gateway/a/1", "bridge sofia/gateway/a/1"),
        ("bridge", "<a=1>{b=${c},sip_auth_password=47110815}[d=2]user/1,[d=47110815]user/2", "bridge user/1,user/2"),
        ("bridge", "{a=${b}47110815,c=${d}}user/1@${domain}", "bridge user/1@${domain}"),
        ("conference", "3000@default+47110815", "conference"),
        ("play_and_get_digits", "4 4 1 5000 # a b c 47110815", "play_and_get_digits"),
        ("set", "vipgate_verdict=pin:47110815", "set"),
        ("transfer", "1000 XML default", "transfer 1000 XML default"),
        ("socket", "127.0.0.1:8084 async full", "socket 127.0.0.1:8084 async full"),
    ],
)
def test_what_may_be_secret_in_an_action_is_not_shown(application, data, expected):
    assert shown(application, data) == expected
    written = extension(to("^.+$"), f"{application} {data}".replace("<", "&lt;").replace(">", "&gt;"))
    for way in ways(dialplan(written), begin(NUMBER, "trunk", {})):
        assert "47110815" not in f"{way.last} {way.description}"
