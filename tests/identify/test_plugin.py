import sys
import threading
import time
from itertools import count

import pytest
from asking import a_call, under_gevent
from building import build, built

from vipgate_fs.aside import AT_ONCE
from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.pins import Pin, PinTable
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.identify import plugin
from vipgate_fs.resources import resource

NAMES = (f"plugin_of_test_{number}" for number in count())
PREAMBLE = """
from vipgate_fs.gate.pins import Pin, PinTable
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.gate.step import StepFailed
"""


@pytest.fixture
def write(tmp_path):
    """Writes a plug-in beside the configuration; gives the name of its module."""
    written = []

    def write(body, preamble=PREAMBLE):
        name = next(NAMES)
        (tmp_path / f"{name}.py").write_text(
            f"{preamble}\n\ndef identify(call, **options):\n    {body}\n", errors="surrogateescape"
        )
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


@pytest.fixture
def step(write, tmp_path):
    def make(body, **values):
        return built("plugin", {"call": f"{write(body)}:identify"} | values, tmp_path)

    return make


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("return None", None),
        ("pass", None),
        ("return {}", None),
        ("return Pass()", Pass()),
        ("return Reject()", Reject()),
        ("return Forward('123')", Forward("123")),
        ("return AskForPin(Pin('0815'), 'a', 'b', 3)", AskForPin(Pin("0815"), "a", "b", 3)),
        ("return {'reject': True}", Reject()),
        ("return {'reject': False}", Pass()),
        ("return {'forward': 123}", Forward("123")),
        ("return {'askForPin': {'expectedPIN': '0815', 'maxRetries': 2}}", AskForPin(Pin("0815"), attempts=3)),
        ("return Reject() if call.caller == '+4917612345678' and call.called == '7000' else None", Reject()),
        ("return {'forward': options['to']}", Forward("0100")),
    ],
)
def test_the_function_answers(step, body, verdict):
    assert step(body, options={"to": "0100"}).identify(a_call()) == verdict


def test_it_is_given_nothing_that_a_caller_wrote_to_make_it_fail(step):
    call = a_call(caller_name="x\0y\ud800", dialled="7000\r", variables={"v": "a\nb"})
    body = (
        "return Forward(call.dialled.strip()) if (call.caller_name, call.variables['v']) == ('x y?', 'a b') else None"
    )
    assert step(body).identify(call) == Forward("7000")


def test_a_table_of_pins_is_an_answer(step):
    verdict = step("return AskForPin(PinTable({'1': Pin('0815')}))").identify(a_call())
    assert isinstance(verdict.expected, PinTable)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise KeyError('47110815')", "the plug-in raised KeyError (plugin_of_test_"),
        ("raise SystemExit('47110815')", "the plug-in raised SystemExit ("),
        ("raise KeyboardInterrupt", "the plug-in raised KeyboardInterrupt ("),
        ("raise TimeoutError", "the plug-in raised TimeoutError ("),
        ("import gevent; raise gevent.GreenletExit", "the plug-in raised GreenletExit ("),
        # Not `return identify(call)`: CPython 3.13 does not bound the recursion of a function that takes keywords.
        ("again = lambda: again(); return again()", "the plug-in raised RecursionError ("),
        ("raise StepFailed('the CRM is closed')", "the CRM is closed"),
        ("return '47110815'", "is of type str; allowed"),
        ("return True", "is of type bool; allowed"),
        ("return Pass", "is of type type; allowed"),
        ("yield Pass()", "is of type generator; allowed"),
        ("return Forward('${system id}')", "not dialable"),
        ("return Forward('100 XML default')", "not dialable"),
        ("return Forward(100)", "not dialable"),
        ("return Forward(None)", "not dialable"),
        ("return AskForPin(Pin('1'), correct='a,b')", "not dialable"),
        ("return AskForPin(Pin('1'), incorrect='-x')", "not dialable"),
        ("return AskForPin('47110815')", "neither a Pin nor a PinTable"),
        ("return AskForPin(Pin('1'), attempts=11)", "attempts out of range"),
        ("return {'forward': 'a b'}", "forward is not dialable"),
        ("return {'reject': True, 'forward': '1'}", "not a verdict"),
        ("return {'askForPin': {'expectedPIN': '4711 0815'}}", "expectedPIN is no PIN"),
        ("import time; time.sleep(4)", "no answer from the plug-in within 0.3 s"),
        ("return {call: 1}[0]", "the plug-in raised"),
    ],
)
def test_whatever_it_does_is_its_own_failure(step, capfd, body, why):
    made = step(body, timeout="0.3s", options={"pin": "47110815"})
    started = time.monotonic()
    with pytest.raises(StepFailed) as failed:
        made.identify(a_call())
    assert time.monotonic() - started < 3
    assert why in str(failed.value)
    shown = str(failed.value) + repr(made) + "".join(capfd.readouterr())
    assert "4711" not in shown


def test_it_says_where_an_exception_came_from(step):
    made = step("return 1 / 0")
    with pytest.raises(StepFailed, match=rf"ZeroDivisionError \({made.module}\.py:8\)"):
        made.identify(a_call())


def test_what_never_ends_stops_nobody_but_its_own_step(step):
    endless = step("import time; options['begun'].append(call); time.sleep(4)", timeout="0.2s", options={"begun": []})
    other = step("return Pass()")
    failures = []

    def ask():
        with pytest.raises(StepFailed) as failed:
            endless.identify(a_call())
        failures.append(str(failed.value))

    threads = [threading.Thread(target=ask) for _ in range(3 * AT_ONCE)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    assert other.identify(a_call()) == Pass()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 3
    assert failures == ["no answer from the plug-in within 0.2 s"] * len(threads)
    assert len(endless.options["begun"]) == AT_ONCE


@pytest.mark.parametrize(
    ("values", "preamble", "message"),
    [
        ({"call": "no_such_module_{}:identify"}, "", "there is no module no_such_module_"),
        ({"call": "{}.inner:identify"}, "", "there is no module plugin_of_test_"),
        ({"call": "{}:identifi"}, "", "has no function identifi"),
        ({"call": "{}:identify"}, "4711 = (", "is not valid Python: line 1"),
        ({"call": "{}:identify"}, "x = '\udcff4711'", "is not valid Python"),
        ({"call": "{}:identify"}, "x = '\x004711'", "is not valid Python"),
        ({"call": "{}:identify", "timeout": "0s"}, "", "found 0s"),
        ({"entry_point": "nobody"}, "", "no entry point nobody in the group vipgate.steps"),
    ],
)
def test_what_is_wrong_is_said_without_running_anything(write, tmp_path, values, preamble, message):
    name = write("return None", f"{preamble}\nimport pathlib; pathlib.Path(__file__).with_suffix('.ran').touch()")
    values = {key: value.format(name) for key, value in values.items()}
    ((severity, path, found),) = build("plugin", values, tmp_path).said
    assert (severity, message in found, "4711" in found) == ("error", True, False)
    assert path in {(key,) for key in values}
    assert {path.suffix for path in tmp_path.iterdir()} == {".py"}


def test_a_function_of_a_module_in_c_is_not_missed():
    assert build("plugin", {"call": "math:sqrt"}).said == []


@pytest.mark.parametrize("preamble", ["from os.path import *", "def __getattr__(name): return lambda call: None"])
def test_a_function_that_may_be_there_is_not_missed(write, tmp_path, preamble):
    assert build("plugin", {"call": f"{write('return None', preamble)}:other"}, tmp_path).said == []


def test_a_module_of_a_package_is_found_without_running_the_package(tmp_path):
    package = tmp_path / "vip_package_of_test"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("import pathlib; pathlib.Path(__file__).with_suffix('.ran').touch()")
    (package / "inner" / "__init__.py").touch()
    (package / "inner" / "deep.py").write_text("def identify(call): return {'forward': call.called}")
    step = built("plugin", {"call": "vip_package_of_test.inner.deep:identify"}, tmp_path)
    assert not (package / "__init__.ran").exists()
    assert step.identify(a_call()) == Forward("7000")


def test_only_what_the_configuration_names_is_found_beside_it(write, step):
    neighbour = write("return None")
    assert step("return None").identify(a_call()) is None
    assert step(f"import {neighbour}").identify
    with pytest.raises(StepFailed, match="ModuleNotFoundError"):
        step("import " + write("pass", "# never named")).identify(a_call())


@pytest.mark.parametrize(
    ("caller", "verdict"),
    [("+498912345678", Forward("200")), ("+493012345678", Forward("300")), (WITHHELD, Reject()), ("7001", None)],
)
def test_the_example(caller, verdict):
    options = {"branches": {"+4989": "200", "+4930": "300"}}
    step = built("plugin", {"call": "plugin:identify", "options": options}, resource("examples"))
    assert step.identify(a_call(caller)) == verdict


def test_an_installed_module_is_not_replaced_by_a_file_beside_the_configuration(tmp_path):
    (tmp_path / "json.py").write_text("def loads(call): return {'reject': False}")
    step = built("plugin", {"call": "json:loads"}, tmp_path)
    with pytest.raises(StepFailed, match="raised TypeError"):
        step.identify(a_call())


def test_an_entry_point_is_called(monkeypatch, write, tmp_path):
    metadata = tmp_path / "some_package-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: some-package\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[{plugin.GROUP}]\ncrm = {write('return Reject()')}:identify\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert built("plugin", {"entry_point": "crm"}).identify(a_call()) == Reject()


def test_the_gate_goes_on_while_a_plug_in_blocks_under_gevent(tmp_path, monkeypatch):
    (tmp_path / "blocking_of_test.py").write_text(
        "from gevent.monkey import get_original\n"
        "def slow(call): get_original('time', 'sleep')(30)\n"
        "def quick(call): return {'reject': True}\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    slow = {"call": "blocking_of_test:slow", "timeout": "5s"}
    started = time.monotonic()
    under_gevent("plugin", slow, slow | {"call": "blocking_of_test:quick"})
    assert time.monotonic() - started < 25, "the process ends without waiting for it"


def test_options_of_the_environment(step, write, tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_PIN", "08154711")
    options = {"pin": {"env": "TEST_PIN"}, "crm": {"password": {"env": "TEST_PIN"}}, "branches": {"env": {"a": "b"}}}
    made = step("return None", options=options)
    assert made.options == {"pin": "08154711", "crm": {"password": "08154711"}, "branches": {"env": {"a": "b"}}}
    assert "08154711" not in repr(made)
    values = {"call": f"{write('return None')}:identify", "options": {"pin": {"env": "TEST_NOWHERE"}}}
    assert len(build("plugin", values, tmp_path).said) == 1
