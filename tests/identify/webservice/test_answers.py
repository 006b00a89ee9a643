"""From an answer's text to a verdict. DOCUMENTED are the answers that VIPgate's documentation prints, byte for byte."""

import json
import time

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vipgate_fs.gate import dialable
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.identify.webservice.answers import read_answer
from vipgate_fs.resources import resource

SCHEMA = json.loads((resource("schemas") / "webservice-answer.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

ASK = b"""\
{
  askForPin: {
    expectedPIN: "1234",
    forwardCorrectPIN: "100",
    forwardIncorrectPIN: "120",
    maxRetries: 3
  }
}
"""
REJECT = b"{\n  reject: true\n}\n"
PASS = b"{\n  reject: false\n}\n"
FORWARD = b'{\n  forward: "123"\n}\n'
DOCUMENTED = {
    ASK: AskForPin(Pin("1234"), "100", "120", 4),
    REJECT: Reject(),
    PASS: Pass(),
    FORWARD: Forward("123"),
}


@pytest.mark.parametrize("text", DOCUMENTED)
@pytest.mark.parametrize(
    "written",
    [
        lambda text: text,
        lambda text: text.strip(),
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"  ", b"    "),
        lambda text: b"".join(text.split()),
        lambda text: text.replace(b":", b" :"),
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: b"\r\n\xef\xbb\xbf\xef\xbb\xbf \xef\xbb\xbf\n" + text + b"\n\xef\xbb\xbf",
        lambda text: text.replace(b"maxRetries: 3", b'maxRetries: "3"'),
        lambda text: text.replace(b": true", b": 1").replace(b": false", b": 0"),
        lambda text: text.replace(b": true", b': "1"').replace(b": false", b': "0"'),
        lambda text: text.replace(b"{", b"{message: null, ", 1),
        lambda text: text.replace(b"expectedPIN", b"attempts: null, expectedPIN"),
    ],
)
def test_the_documented_answers(text, written):
    assert read_answer(written(text)) == DOCUMENTED[text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"reject": true}', Reject()),
        ('{"reject": false}', Pass()),
        ('{"forward": "123"}', Forward("123")),
        ("{forward: 123}", Forward("123")),
        ('{"forward": "a:b"}', None),
        ('{"forward": "{a: b}"}', None),
        ('{"\\u0072eject": true}', Reject()),
        ("{askForPin: {expectedPIN: 1234}}", AskForPin(Pin("1234"))),
        ('{"askForPin": {"expectedPIN": "0815", attempts: 2}}', AskForPin(Pin("0815"), attempts=2)),
        ('{"askForPin": {"expectedPIN": "0815", "maxRetries": 0}}', AskForPin(Pin("0815"), attempts=1)),
    ],
)
def test_an_answer(text, expected):
    if expected is not None:
        assert read_answer(text.encode()) == expected
    else:
        with pytest.raises(ValueError, match="not dialable"):
            read_answer(text.encode())


@pytest.mark.parametrize("text", [b"{}", b" { } \n", b'{"reject": null}', b"{forward: null, askForPin: null, x: null}"])
def test_nothing_is_dont_know(text):
    assert read_answer(text) is None


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("{forward: 123.0}", Forward("123")),
        ("{forward: 1e3}", Forward("1000")),
        ("{forward: 1e22}", Forward("1" + "0" * 22)),
        ("{forward: 0e" + "9" * 5000 + "}", Forward("0")),
        ("{forward: 12345678901234567890.0}", Forward("12345678901234567890")),
        ("{askForPin: {expectedPIN: 1234.0, maxRetries: 3.0}}", AskForPin(Pin("1234"), attempts=4)),
    ],
)
def test_a_whole_number_is_an_integer_however_it_is_written(text, verdict):
    assert read_answer(text.encode()) == verdict


@pytest.mark.parametrize(
    ("text", "doubted"),
    [
        ('{askForPin: {expectedPIN: "0815", forwardCorrectPIN: "100", maxRetries: 2}}', ""),
        ('{forward: "0100"}', ""),
        ("{reject: 1}", ""),
        ("{forward: 100}", "forward came as a number"),
        ("{askForPin: {expectedPIN: 815}}", "expectedPIN came as a number"),
        ("{askForPin: {expectedPIN: 815.0}}", "expectedPIN came as a number"),
        ('{askForPin: {expectedPIN: "0815", forwardIncorrectPIN: 0}}', "forwardIncorrectPIN came as a number"),
        ("{askForPin: {expectedPIN: 815, forwardCorrectPIN: 100}}", "expectedPIN and forwardCorrectPIN came as"),
    ],
)
def test_a_number_that_may_have_lost_zeros_is_not_taken_in_silence(text, doubted):
    doubt = getattr(read_answer(text.encode()), "doubt", "")
    assert doubt.startswith(doubted)
    assert bool(doubt) == bool(doubted)
    assert "815" not in doubt


@pytest.mark.parametrize(
    "text",
    [
        *(
            "{reject: 2}",
            '{reject: "false"}',
            "{reject: -1}",
            '{reject: ""}',
            "{reject: [1]}",
            "{askForPin: {expectedPIN: null}}",
            *(f"{{askForPin: {{expectedPIN: {pin}}}}}" for pin in ("0", "-0", "0.0", "0e3", "true", "false", "[815]")),
            *(f'{{askForPin: {{expectedPIN: "{pin}"}}}}' for pin in ("", " 0815 ", "0815#", "٣٣٣٣", "1e3", "9" * 21)),
        ),
        *(
            '{askForPin: {expectedPIN: "0815", maxRetries: "10"}}',
            '{askForPin: {expectedPIN: "0815", maxRetries: " 2"}}',
        ),
        *('{askForPin: {expectedPIN: "0815", attempts: "0"}}', '{askForPin: {expectedPIN: "0815", attempts: "2.0"}}'),
        *('{askForPin: {expectedPIN: "0815", attempts: "٣"}}', '{reject: false, forward: "1", askForPin: null}'),
        *("", " ", "null", "true", "1", '"reject"', "[]", "{", "}", "{reject}", "{reject: }", "{reject: True}"),
        *("{reject: yes}", "{reject: true,}", "{reject: true} {}", "{reject: true, reject: true}", "{: true}"),
        *("{'reject': true}", "{reject = true}", "reject: true", "{re ject: true}", "{1: true}", '{"reject: true}'),
        *(
            "{reject: NaN}",
            "{forward: Infinity}",
            "{forward: 1.5}",
            "{forward: 1e64}",
            "{forward: 1e999999999}",
            "{forward: 1e" + "9" * 5000 + "}",
            "{forward: 1e-" + "9" * 5000 + "x}",
            "{forward: 0123}",
            "{forward: -1}",
        ),
        *("// no\n{reject: true}", "<html>", "{forward: " + "9" * 5000 + "}", "[" * 60_000, "{a:" * 20_000),
        *('{"reject": true, "forward": "1"}', '{"x": 1}', '{"reject": {"reject": true}}', "{reject:true}\x00"),
        *('{askForPin: {expectedPIN: "0815", "expectedPIN": "0816"}}', '{askForPin: "0815"}', "{askForPin: {}}"),
    ],
)
def test_what_is_no_answer(text):
    with pytest.raises(ValueError) as caught:
        read_answer(text.encode())
    error = caught.value
    assert "0815" not in f"{error}{error.__cause__}"
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize("part", ['"', "\\", '"\\"', "a", "a ", "a:", " ", "{", '"a":', "a\\", '""a'])
@pytest.mark.parametrize("beginning", ["", "{", '{"', "{a"])
def test_no_answer_takes_long_to_read(part, beginning):
    text = (beginning + part * 65536)[:65536].encode()
    started = time.process_time()
    with pytest.raises(ValueError):
        read_answer(text)
    assert time.process_time() - started < 0.25


TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["123", "0815", "1", "0", "02", "10", "007", "${x}", "-1", "*97", "1 2", "a\n"]),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 12),
    st.integers(0, 10**22),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1, 12).map(round).map(float),
    TEXTS,
)
KEYS = ["expectedPIN", "forwardCorrectPIN", "forwardIncorrectPIN", "attempts", "maxRetries"]
QUESTIONS = st.fixed_dictionaries(
    {"expectedPIN": st.one_of(st.just("0815"), st.just(815), SCALARS)},
    optional={key: st.one_of(st.integers(0, 10), SCALARS) for key in KEYS[1:]},
)
ANSWERS = st.one_of(
    st.fixed_dictionaries({"askForPin": QUESTIONS}),
    st.dictionaries(
        st.sampled_from(["reject", "forward", "askForPin", "x"]),
        st.one_of(SCALARS, QUESTIONS, st.dictionaries(st.sampled_from([*KEYS, "x"]), SCALARS)),
        max_size=3,
    ),
    SCALARS,
)


@settings(max_examples=400)
@given(
    ANSWERS.filter(lambda answer: '\\n"' not in json.dumps(answer))
)  # Python's $ ignores a last line end, ECMA-262's does not
def test_the_schema_says_what_is_an_answer(answer):
    try:
        read_answer(json.dumps(answer).encode())
        read = True
    except ValueError:
        read = False
    assert read == VALIDATOR.is_valid(answer)


def test_the_schema_is_one_and_its_examples_are_answers():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["target"]["pattern"] == f"^{dialable.PATTERN}$"
    for example in SCHEMA["examples"]:
        read_answer(json.dumps(example).encode())


TOKENS = [
    *'{}[]:," \\\n',
    "reject",
    "forward",
    "askForPin",
    *KEYS,
    "true",
    "false",
    '"123"',
    '"${x}"',
    '"1 2"',
    "0815",
    "99",
]
BODIES = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(TOKENS), max_size=24).map(lambda tokens: "".join(tokens).encode()),
    ANSWERS.map(lambda answer: json.dumps(answer).encode()),
    st.tuples(st.sampled_from(list(DOCUMENTED)), st.integers(0, 99), st.binary(max_size=3)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    ),
    st.tuples(
        st.sampled_from(['{"forward": %s}', '{"askForPin": {"expectedPIN": "1", "forwardCorrectPIN": %s}}']), TEXTS
    ).map(lambda parts: (parts[0] % json.dumps(parts[1])).encode()),
)


@settings(max_examples=1000)
@given(BODIES)
def test_no_answer_is_anything_but_a_verdict_or_refused(body):
    try:
        answer = read_answer(body)
    except ValueError:
        return
    match answer:
        case None | Pass() | Reject():
            pass
        case Forward(target):
            assert dialable.is_dialable(target)
        case AskForPin(_, correct, incorrect, attempts):
            assert all(dialable.is_dialable(target) for target in (correct, incorrect) if target is not None)
            assert attempts is None or 1 <= attempts <= 10
        case _:
            pytest.fail("something else")
