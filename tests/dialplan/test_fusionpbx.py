"""FusionPBX's rows, in a real PostgreSQL with the columns of its tables: what they are, and what its own code makes of them."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import database_servers
import pytest
import sqlalchemy
from click.testing import CliRunner

from vipgate_fs.cli import main
from vipgate_fs.dialplan.sql import quoted

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "vipgate.yaml"
DOMAIN, DOMAIN_UUID = "pbx.example.org", "0b2c1a5e-8d1c-4e57-a6f5-6d2a3c9b7e01"
OTHER, OTHER_UUID = "customer.example.org", "0b2c1a5e-8d1c-4e57-a6f5-6d2a3c9b7e02"
DIALABLE = "^[0-9A-Za-z+*#][0-9A-Za-z+*#._-]{0,63}$"
NUMBER = "${destination_number}"
TABLES = """
CREATE TABLE v_domains (domain_uuid uuid PRIMARY KEY, domain_name text);
CREATE TABLE v_dialplans (
  domain_uuid uuid, dialplan_uuid uuid PRIMARY KEY, app_uuid uuid, hostname text, dialplan_context text,
  dialplan_name text, dialplan_number text, dialplan_destination {flag}, dialplan_continue {flag}, dialplan_xml text,
  dialplan_order numeric, dialplan_enabled {flag}, dialplan_description text);
CREATE TABLE v_dialplan_details (
  domain_uuid uuid, dialplan_uuid uuid, dialplan_detail_uuid uuid PRIMARY KEY, dialplan_detail_tag text,
  dialplan_detail_type text, dialplan_detail_data text, dialplan_detail_break text, dialplan_detail_inline text,
  dialplan_detail_group numeric, dialplan_detail_order numeric, dialplan_detail_enabled {flag});
"""
STOCK = """
INSERT INTO v_domains VALUES ('{uuid}', '{domain}'), ('{other_uuid}', '{other}');
INSERT INTO v_dialplans (domain_uuid, dialplan_uuid, app_uuid, dialplan_context, dialplan_name, dialplan_order, dialplan_enabled)
VALUES (NULL, '00000000-0000-4000-8000-000000000001', NULL, 'public', 'caller-details', 10, 'true'),
  ('{uuid}', '00000000-0000-4000-8000-000000000002', NULL, 'public', '7115551001', 100, 'true'),
  (NULL, '00000000-0000-4000-8000-000000000003', NULL, 'global', 'call-direction', 35, 'true');
"""
MEASURED = {
    ("public", 20, "vipgate", False): [
        ("condition", "${vipgate_passed}", "^$", None),
        ("condition", "destination_number", DIALABLE, None),
        ("action", "set", "park_timeout=900:SUBSCRIBER_ABSENT", None),
        ("action", "set", "sensitive_dtmf=true", None),
        ("action", "set", "socket_resume=true", None),
        ("action", "sched_transfer", f"+10 {NUMBER} XML vipgate-no-gate", None),
        ("action", "set", "vipgate_untaken=${last_sched_id}", None),
        ("action", "socket", "127.0.0.1:8084|127.0.0.1:8086 async full", None),
        ("action", "transfer", f"{NUMBER} XML vipgate-no-gate", None),
        ("anti-action", "hangup", "INVALID_NUMBER_FORMAT", None),
    ],
    ("vipgate-no-gate", 1, "vipgate-no-gate", False): [
        ("condition", "destination_number", "^.+$", None),
        ("action", "log", "ERR VIPgate: no gate answered, or it died during the call: the caller is refused", None),
        ("action", "hangup", "SUBSCRIBER_ABSENT", None),
    ],
    ("vipgate-passed", 1, "vipgate-marks", True): [
        ("condition", "", "", None),
        ("action", "export", "vipgate_passed=true", None),
        ("action", "multiunset", "sensitive_dtmf park_timeout socket_resume vipgate_untaken", None),
        ("action", "set", "transfer_ringback=%(1000,4000,425)", None),
    ],
    ("vipgate-passed", 2, "vipgate-called-number", False): [
        ("condition", f"{NUMBER}|${{rdnis}}", r"^([^|]+)\|\1$", None),
        ("action", "transfer", f"{NUMBER} XML public", None),
    ],
    ("vipgate-passed", 3, "vipgate-other-target", False): [
        ("condition", "destination_number", "^.+$", None),
        ("action", "export", "call_direction=inbound", "true"),
        ("action", "set", f"domain_uuid={DOMAIN_UUID}", "true"),
        ("action", "set", f"domain_name={DOMAIN}", "true"),
        ("action", "transfer", f"{NUMBER} XML {DOMAIN}", None),
    ],
}
"""The rows that worked on a FusionPBX, with what our own dialplan has learnt since: socket_resume, transfer_ringback."""


@cache
def printed(*options, config=EXAMPLE):
    result = CliRunner().invoke(main, ["dialplan", "--config", str(config), "--format", "fusionpbx", *options])
    assert result.exit_code == 0, result.output
    return result.stdout


class FusionPbx:
    """Its database, and what its code reads from it."""

    def __init__(self, url):
        self.url = url
        self.notices = []

    def run(self, *texts):
        engine = sqlalchemy.create_engine(self.url, poolclass=sqlalchemy.NullPool)
        try:
            with engine.connect() as connection:
                driver = connection.connection.driver_connection
                driver.autocommit = True
                driver.add_notice_handler(lambda notice: self.notices.append(notice.message_primary))
                for text in texts:
                    driver.execute(text)
        finally:
            engine.dispose()

    def rows(self, statement):
        engine = sqlalchemy.create_engine(self.url, poolclass=sqlalchemy.NullPool)
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.exec_driver_sql(statement)]
        finally:
            engine.dispose()

    @property
    def ours(self):
        return {
            (context, int(order), name, str(continues).lower() == "true"): [detail[:4] for detail in self.details(uuid)]
            for context, order, name, continues, uuid in self.rows(
                "SELECT dialplan_context, dialplan_order, dialplan_name, dialplan_continue, dialplan_uuid "
                "FROM v_dialplans WHERE dialplan_description LIKE 'VIPgate: %%' ORDER BY dialplan_context, dialplan_order"
            )
        }

    def details(self, uuid):
        """In the order in which its pages and its import read them."""
        return self.rows(
            "SELECT dialplan_detail_tag, dialplan_detail_type, dialplan_detail_data, dialplan_detail_inline, "
            f"dialplan_detail_group FROM v_dialplan_details WHERE dialplan_uuid = '{uuid}' "
            "AND dialplan_detail_enabled = 'true' ORDER BY dialplan_detail_group, "
            "array_position(array['condition', 'action', 'anti-action'], dialplan_detail_tag), dialplan_detail_order"
        )

    def everything(self):
        return self.rows("SELECT * FROM v_dialplans ORDER BY dialplan_uuid") + self.rows(
            "SELECT * FROM v_dialplan_details ORDER BY dialplan_detail_uuid"
        )


@pytest.fixture(scope="module")
def database(postgresql):
    url = database_servers.url("postgresql", postgresql.port)
    database_servers.administer_outside_transactions(url, "CREATE DATABASE fusionpbx")
    yield sqlalchemy.make_url(url).set(database="fusionpbx")
    database_servers.administer_outside_transactions(url, "DROP DATABASE fusionpbx WITH (FORCE)")


@pytest.fixture
def fusionpbx(database, request):
    """With its tables as FusionPBX 5 has them; a parameter says of what type its flags are."""
    made = FusionPbx(database)
    made.run("DROP TABLE IF EXISTS v_domains, v_dialplans, v_dialplan_details")
    made.notices.clear()
    made.run(TABLES.format(flag=getattr(request, "param", "boolean")))
    made.run(STOCK.format(uuid=DOMAIN_UUID, domain=DOMAIN, other_uuid=OTHER_UUID, other=OTHER))
    return made


def rendered_by_fusionpbx(fusionpbx, uuid):
    """What its class dialplan makes of the details: one text after the other, nothing escaped, in `public` with a mark."""
    ((context, name),) = fusionpbx.rows(
        f"SELECT dialplan_context, dialplan_name FROM v_dialplans WHERE dialplan_uuid = '{uuid}'"
    )
    text, is_first = f'<extension name="{name}">', context == "public"
    for _, group in itertools.groupby(fusionpbx.details(uuid), key=lambda detail: detail[4]):
        pending = None
        for tag, kind, written, inline, _ in group:
            data = written.replace("$$", "$")
            if tag == "condition":
                text += f"{pending}/>" if pending else ""
                pending = f'<condition field="{kind}" expression="{data}"'
                continue
            text += f"{pending}>" if pending else ""
            pending = None
            if tag == "action" and is_first:
                text += '<action application="export" data="call_direction=inbound" inline="true"/>'
                is_first = False
            text += f'<{tag} application="{kind}" data="{data.replace("$$", "$")}"{f" inline={chr(34)}{inline}{chr(34)}" if inline else ""}/>'
        text += f"{pending}/>" if pending else "</condition>"
    return ET.canonicalize(f"{text}</extension>", strip_text=True)


@pytest.mark.parametrize("fusionpbx", ["boolean", "text"], ids=["5.x", "4.x"], indirect=True)
def test_the_rows_are_those_that_worked(fusionpbx):
    fusionpbx.run(printed("--others", DOMAIN))
    assert fusionpbx.ours == MEASURED
    assert fusionpbx.rows(
        "SELECT count(*) FROM v_dialplans WHERE dialplan_description LIKE 'VIPgate%%' AND domain_uuid IS NOT NULL"
    ) == [(0,)]
    assert fusionpbx.rows("SELECT count(*) FROM v_dialplan_details WHERE domain_uuid IS NOT NULL") == [(0,)]
    assert fusionpbx.notices == []


def test_psql_takes_them_as_the_manual_says(fusionpbx):
    manual = (ROOT / "docs" / "fusionpbx.md").read_text("utf-8")
    typed = re.search(r"^psql (.*) fusionpbx < ", manual, re.MULTILINE)[1].replace(
        "--username fusionpbx", "--username vipgate"
    )
    command = [database_servers.binary("psql"), *typed.split(), "--port", str(fusionpbx.url.port), "fusionpbx"]
    done = subprocess.run(
        command,
        input=printed("--others", DOMAIN),
        env={"PGPASSWORD": database_servers.PASSWORD},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert fusionpbx.ours == MEASURED


OPTIONS = [
    ["--others", DOMAIN],
    ["--others", DOMAIN, "--match-to"],
    ["--others", DOMAIN, "--only-protected"],
    ["--others", DOMAIN, "--fail-open", "--gate", "[2001:db8::5]:8084"],
    ["--in-domains"],
]


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_saving_a_row_in_its_pages_changes_nothing(fusionpbx, options):
    """They write the XML anew from the details."""
    fusionpbx.run(printed(*options))
    stored = fusionpbx.rows("SELECT dialplan_uuid, dialplan_xml FROM v_dialplans WHERE dialplan_xml IS NOT NULL")
    assert len(stored) >= 4
    for uuid, text in stored:
        plain = re.sub(r' (continue|uuid)="[^"]*"', "", ET.canonicalize(text, strip_text=True))
        assert plain == rendered_by_fusionpbx(fusionpbx, uuid)


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_twice_is_as_good_as_once(fusionpbx, options):
    fusionpbx.run(printed(*options))
    before = fusionpbx.everything()
    fusionpbx.run(printed(*options))
    assert fusionpbx.everything() == before


def test_other_options_take_the_place_of_the_former_and_removing_leaves_nothing(fusionpbx):
    before = fusionpbx.everything()
    for options in OPTIONS:
        fusionpbx.run(printed(*options))
        assert {name for _, _, name, _ in fusionpbx.ours} >= {"vipgate", "vipgate-marks", "vipgate-no-gate"}
        assert any("to-number" in name for _, _, name, _ in fusionpbx.ours) == ("--match-to" in options)
    fusionpbx.run(printed("--remove"))
    assert fusionpbx.everything() == before


def test_rows_that_somebody_has_deleted_are_made_anew_over_their_details(fusionpbx):
    """DELETE FROM v_dialplans, by hand or by a script, leaves the details of its rows."""
    before = fusionpbx.everything()
    for text in (printed("--others", DOMAIN), printed("--remove")):
        fusionpbx.run(printed("--others", DOMAIN))
        fusionpbx.run("DELETE FROM v_dialplans WHERE dialplan_name LIKE 'vipgate%'")
        fusionpbx.run(text)
        assert fusionpbx.ours in (MEASURED, {})
    assert fusionpbx.everything() == before


def test_rows_that_its_import_has_made_are_replaced(fusionpbx):
    """The import gives them UUIDs of its own; the app_uuid is ours."""
    text = printed("--others", DOMAIN)
    fusionpbx.run(text)
    fusionpbx.run("UPDATE v_dialplan_details SET dialplan_uuid = gen_random_uuid(); DELETE FROM v_dialplan_details")
    fusionpbx.run("UPDATE v_dialplans SET dialplan_uuid = gen_random_uuid() WHERE dialplan_description LIKE 'VIPgate%'")
    fusionpbx.run(text)
    assert fusionpbx.ours == MEASURED


def test_a_domain_that_does_not_exist_changes_nothing(fusionpbx):
    before = fusionpbx.everything()
    with pytest.raises(Exception, match=r"has no domain typo\.example\.org"):
        fusionpbx.run(printed("--others", "typo.example.org"))
    assert fusionpbx.everything() == before


def test_the_rows_are_the_same_however_the_server_reads_backslashes(fusionpbx):
    fusionpbx.run("SET standard_conforming_strings = off", printed("--others", DOMAIN))
    assert fusionpbx.ours == MEASURED


@pytest.mark.parametrize("order", [0, 10, 15, 20])
def test_a_row_before_the_gate_is_named(fusionpbx, order):
    fusionpbx.run(f"UPDATE v_dialplans SET dialplan_order = {order} WHERE dialplan_name = '7115551001'")
    fusionpbx.run(printed("--others", DOMAIN))
    assert fusionpbx.notices == [
        f"the row 7115551001 (order {order}) stands before the gate: calls that it takes go round it"
    ]


@pytest.mark.parametrize("mode", ["multiple", "single"])
def test_a_call_from_outside_meets_the_gate_before_its_destination(fusionpbx, mode):
    """In mode single the handler takes the number's own row, and those of `public` that have no domain."""
    fusionpbx.run(printed("--others", DOMAIN, "--match-to"))
    taken = "dialplan_context = 'public'"
    if mode == "single":
        taken = "(dialplan_context LIKE '%%public%%' AND domain_uuid IS NULL OR dialplan_name = '7115551001')"
    names = fusionpbx.rows(
        f"SELECT dialplan_name FROM v_dialplans WHERE {taken} AND dialplan_enabled = 'true' ORDER BY dialplan_order"
    )
    assert [name for (name,) in names] == [
        "caller-details",
        "vipgate-to-dialable",
        "vipgate-to-number",
        "vipgate",
        "7115551001",
    ]


def test_each_route_has_its_domain(fusionpbx, tmp_path):
    file = tmp_path / "vipgate.yaml"
    step = [{"static_pin": {"pin": "081512345"}}]
    gates = {
        "a": {"protects": {"numbers": ["7000"]}, "identify": step},
        "b": {"protects": {"numbers": ["7001"]}, "identify": step, "route": {"context": "vipgate-passed-b@x"}},
    }
    file.write_text(json.dumps({"version": 1, "site": {"domain": DOMAIN}, "gates": gates}))
    fusionpbx.run(printed("--others", f"vipgate-passed-b@x={OTHER}", config=file))
    ends = {context: details[-1][2] for (context, order, *_), details in fusionpbx.ours.items() if order == 3}
    assert ends == {"vipgate-passed": f"{NUMBER} XML {DOMAIN}", "vipgate-passed-b@x": f"{NUMBER} XML {OTHER}"}
    assert [details[2][2] for (context, order, *_), details in fusionpbx.ours.items() if order == 3] == [
        f"domain_uuid={DOMAIN_UUID}",
        f"domain_uuid={OTHER_UUID}",
    ]


def test_the_variant_in_the_domains_contexts(fusionpbx):
    fusionpbx.run(printed("--in-domains"))
    gate = fusionpbx.ours["global", 38, "vipgate", False]
    assert gate[:3] == [
        ("condition", "${call_direction}", "^inbound$", None),
        *MEASURED["public", 20, "vipgate", False][:2],
    ]
    assert fusionpbx.ours["vipgate-passed", 2, "vipgate-other-target", False] == [
        ("condition", "destination_number", "^.+$", None),
        ("action", "transfer", f"{NUMBER} XML ${{domain_name}}", None),
    ]


def test_the_cure_for_destinations_that_go_by_to(fusionpbx):
    fusionpbx.run(printed("--others", DOMAIN, "--match-to"))
    assert fusionpbx.ours["public", 18, "vipgate-to-dialable", True] == [
        ("condition", "${vipgate_passed}", "^$", None),
        ("condition", "${sip_to_user}", DIALABLE, None),
        ("anti-action", "hangup", "INVALID_NUMBER_FORMAT", None),
    ]
    *_, (_, field, expression, _), transfer = fusionpbx.ours["public", 19, "vipgate-to-number", False]
    assert (field, transfer[2]) == (f"${{sip_to_user}}|{NUMBER}", "$2 XML public")
    assert re.search(expression, "1001|5001")[2] == "1001"
    assert [re.search(expression, text) for text in ("1001|1001", "a b|1001", "|1001", "1 XML x|1001")] == [None] * 4


def test_with_protected_numbers_only_others_meet_no_gate_and_are_not_refused(fusionpbx):
    fusionpbx.run(printed("--others", DOMAIN, "--only-protected"))
    ((uuid,),) = fusionpbx.rows("SELECT dialplan_uuid FROM v_dialplans WHERE dialplan_name = 'vipgate'")
    groups = [(tag, int(group)) for tag, *_, group in fusionpbx.details(uuid)]
    assert groups[:4] == [("condition", 0), ("condition", 0), ("anti-action", 0), ("condition", 1)]
    assert {tag for tag, group in groups[4:]} == {"action"}


class TestFiles:
    """Those of an app folder, which app defaults import."""

    @pytest.fixture
    def files(self, tmp_path):
        def write(*options):
            printed("--others", DOMAIN, "--app", str(tmp_path / "vipgate"), *options)
            return sorted((tmp_path / "vipgate").rglob("*.*"))

        return write

    def test_they_are_imported_as_the_rows_that_worked(self, files):
        paths = files("--domain-uuid", f"{DOMAIN}={DOMAIN_UUID}")
        assert {path.parent.relative_to(path.parents[5]) for path in paths} == {
            Path("vipgate/resources/switch/conf/dialplan")
        }
        imported = {}
        for path in paths:
            root = ET.fromstring(path.read_text("utf-8"))
            assert (root.tag, root.get("global"), root.get("number")) == ("extension", "true", "")
            details = []
            for condition in root.findall("condition"):
                details.append(("condition", condition.get("field"), condition.get("expression"), None))
                for tag in ("action", "anti-action"):
                    details += [
                        (tag, each.get("application"), each.get("data"), each.get("inline"))
                        for each in condition.findall(tag)
                    ]
            imported[root.get("context"), int(root.get("order")), root.get("name"), root.get("continue") == "true"] = (
                details
            )
        assert imported == MEASURED

    def test_they_have_the_app_uuids_of_the_rows(self, files, tmp_path):
        texts = [path.read_text("utf-8") for path in files("--domain-uuid", f"{DOMAIN}={DOMAIN_UUID}")]
        uuids = {re.search('app_uuid="(.*?)"', text)[1] for text in texts}
        assert len(uuids) == len(MEASURED)
        assert all(uuid in printed("--others", DOMAIN) for uuid in uuids)

    @pytest.mark.parametrize(
        "options", [[], ["--domain-uuid", f"{OTHER}={OTHER_UUID}"], ["--domain-uuid", f"{DOMAIN}=x"]]
    )
    def test_they_need_the_domains_uuid(self, tmp_path, options):
        arguments = [
            "dialplan",
            "--config",
            str(EXAMPLE),
            "--format",
            "fusionpbx",
            "--others",
            DOMAIN,
            "--app",
            str(tmp_path),
        ]
        result = CliRunner().invoke(main, [*arguments, *options])
        assert (result.exit_code, "UUID" in result.output) == (2, True)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "--others names FusionPBX's domain"),
        (["--others", "a'b"], "can't be the name of a context"),
        (["--others", "a b; DROP TABLE v_dialplans"], "can't be the name of a context"),
        (["--others", DOMAIN, "--in-domains", "--match-to"], "To plays no part"),
        (["--others", DOMAIN, "--order", "12"], "13<=x<=998"),
        (["--others", DOMAIN, "--diff", str(EXAMPLE)], "--diff compares XML files"),
    ],
)
def test_what_can_not_be_meant_is_refused(options, why):
    result = CliRunner().invoke(main, ["dialplan", "--config", str(EXAMPLE), "--format", "fusionpbx", *options])
    assert (result.exit_code, why in result.output) == (2, True)


@pytest.mark.parametrize("context", ["vipgate-public", "vipgate.public", "vipgate-Public-2"])
def test_a_context_that_would_count_as_public_is_refused(tmp_path, context):
    """In mode single the handler takes every row whose context has `public` in it, the mark of passed calls among them."""
    gate = {"protects": {"numbers": ["7000"]}, "otherwise": {"reject": True}, "route": {"context": context}}
    file = tmp_path / "vipgate.yaml"
    file.write_text(json.dumps({"version": 1, "site": {"domain": DOMAIN}, "gates": {"g": gate}}))
    result = CliRunner().invoke(main, ["dialplan", "--config", str(file), "--format", "fusionpbx"])
    assert (result.exit_code, "calls would pass unasked" in " ".join(result.output.split())) == (2, True)


@pytest.mark.parametrize("option", [["--in-domains"], ["--match-to"], ["--remove"], ["--app", "x"], ["--order", "30"]])
def test_fusionpbxs_options_are_refused_for_xml(option):
    result = CliRunner().invoke(main, ["dialplan", "--config", str(EXAMPLE), *option])
    assert (result.exit_code, "need --format fusionpbx" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("protects", "options", "domain_variable", "note"),
    [
        ({"groups": ["sales"]}, ["--in-domains"], "domain_name", "ring groups and call groups are no groups"),
        ({"users": ["1001"]}, [], None, "only if it is their number alias"),
        ({"users": ["1001"]}, ["--in-domains"], None, "set site.domain_variable: domain_name"),
        ({"users": ["1001"]}, ["--in-domains"], "domain_name", None),
        ({"numbers": ["1001"]}, [], None, None),
    ],
)
def test_what_protects_nobody_there_is_named(tmp_path, protects, options, domain_variable, note):
    site = {"domain": DOMAIN, **({"domain_variable": domain_variable} if domain_variable else {})}
    file = tmp_path / "vipgate.yaml"
    file.write_text(
        json.dumps({"version": 1, "site": site, "gates": {"g": {"protects": protects, "otherwise": {"reject": True}}}})
    )
    result = CliRunner().invoke(main, ["dialplan", "--config", str(file), "--format", "fusionpbx", *options])
    assert result.exit_code == 0
    assert (note in result.stderr) if note else result.stderr == ""


@pytest.mark.parametrize("text", ["", "'", "''", "\\", "\\'", "a\\1'b", "$x$", "\n"])
def test_whatever_a_text_is_it_stays_a_text(postgresql, text):
    url = database_servers.url("postgresql", postgresql.port)
    assert database_servers.administer(url, f"SELECT {quoted(text).replace('%', '%%')}") == (text,)
