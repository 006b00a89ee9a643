"""FusionPBX's silent ways round the gate, in a real PostgreSQL with the rows that `vipgate dialplan` prints."""

from __future__ import annotations

from pathlib import Path

import database_servers
import pytest
import sqlalchemy
from click.testing import CliRunner
from doctor.recorded import Site

from vipgate_fs.cli import main
from vipgate_fs.doctor.fusionpbx import Unreadable, ask_fusionpbx

DOMAIN, DOMAIN_UUID = "pbx.example.org", "0b2c1a5e-8d1c-4e57-a6f5-6d2a3c9b7e01"
CONFIGURATION = f"""version: 1
site: {{country: DE, domain: {DOMAIN}}}
gates:
  support:
    protects: {{numbers: ["+49 711 55500"]}}
    identify:
      - static_pin: {{pin: "081547293"}}
"""
TABLES = {
    "v_domains": "domain_uuid uuid, domain_name text",
    "v_destinations": "dialplan_uuid uuid, destination_number text",
    "v_default_settings": "default_setting_category text, default_setting_subcategory text, default_setting_value text, "
    "default_setting_enabled boolean",
    "v_dialplans": "domain_uuid uuid, dialplan_uuid uuid, app_uuid uuid, dialplan_context text, dialplan_name text, "
    "dialplan_continue boolean, dialplan_xml text, dialplan_order numeric, dialplan_enabled boolean, "
    "dialplan_description text",
    "v_dialplan_details": "domain_uuid uuid, dialplan_uuid uuid, dialplan_detail_uuid uuid, dialplan_detail_tag text, "
    "dialplan_detail_type text, dialplan_detail_data text, dialplan_detail_inline text, dialplan_detail_group numeric, "
    "dialplan_detail_order numeric, dialplan_detail_enabled boolean",
}
"""Columns of FusionPBX's tables, as far as they matter."""
STOCK = (
    (
        "public",
        "caller-details",
        10,
        False,
        '<extension name="caller-details" continue="true"><condition field="${caller_destination}" expression="^$"><action application="set" data="caller_destination=${destination_number}"/></condition></extension>',
    ),
    (
        "public",
        "4971155500",
        100,
        True,
        '<extension name="d"><condition field="{field}" expression="{expression}"><action application="export" data="call_direction=inbound" inline="true"/><action application="set" data="domain_name={domain}" inline="true"/><action application="transfer" data="1001 XML {domain}"/></condition></extension>',
    ),
    (
        DOMAIN,
        "local",
        890,
        True,
        '<extension name="local"><condition field="destination_number" expression="^(\\d{3,4})$"><action application="bridge" data="user/$1@${domain_name}"/></condition></extension>',
    ),
    (
        "global",
        "auto-answer",
        25,
        False,
        '<extension name="auto-answer" continue="true"><condition field="${sip_h_Call-Info}" expression="answer-after=0"><action application="export" data="sip_h_Call-Info="/></condition></extension>',
    ),
    (
        "global",
        "pick-up",
        290,
        False,
        '<extension name="pick-up"><condition field="destination_number" expression="^\\*8$"/><condition field="${sip_h_X-pick-up}" expression="^(.+)$"><action application="bridge" data="user/$1@${domain_name}"/></condition></extension>',
    ),
    (
        "global",
        "echo",
        300,
        False,
        '<extension name="echo"><condition field="destination_number" expression="^\\*9196$"><action application="echo"/></condition></extension>',
    ),
)


class Fusion:
    """A site with FusionPBX: its database, its cache, its config.conf."""

    def __init__(self, url, folder):
        self.url, self.cache = url, folder / "cache"
        self.cache.mkdir()
        self.config = folder / "config.conf"
        self.config.write_text(
            f"# of the test\ndatabase.0.type = pgsql\ndatabase.0.host = 127.0.0.1\ndatabase.0.port = {url.port}\n"
            f"database.0.name = {url.database}\ndatabase.0.username = vipgate\ndatabase.0.password = {url.password}\n"
            f"cache.method = file\ncache.location = {self.cache}\n"
        )

    def run(self, *statements):
        """Run statements, each a text or a text with its parameters, in one transaction that no disk is waited for."""
        engine = sqlalchemy.create_engine(self.url, poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            driver.execute("SET synchronous_commit = off")
            driver.commit()
            for statement in statements:
                driver.execute(*([statement] if isinstance(statement, str) else statement))
            driver.commit()
        engine.dispose()

    def fill(self, mode, field="destination_number", expression="^\\+?4971155500$"):
        rows = []
        for number, (context, name, order, of_domain, text) in enumerate(STOCK):
            uuid = f"00000000-0000-4000-8000-00000000000{number}"
            written = text.replace("{field}", field).replace("{expression}", expression).replace("{domain}", DOMAIN)
            insert = "INSERT INTO v_dialplans VALUES (%s, %s, NULL, %s, %s, false, %s, %s, true, '')"
            rows.append((insert, (DOMAIN_UUID if of_domain else None, uuid, context, name, written, order)))
            if name.isdigit():
                rows.append(("INSERT INTO v_destinations VALUES (%s, %s)", (uuid, name)))
        self.run(
            *(f"DELETE FROM {table}" for table in TABLES),
            ("INSERT INTO v_domains VALUES (%s, %s)", (DOMAIN_UUID, DOMAIN)),
            ("INSERT INTO v_default_settings VALUES ('destinations', 'dialplan_mode', %s, true)", (mode,)),
            ("INSERT INTO v_default_settings VALUES ('dialplan', 'destination', %s, true)", (field,)),
            *rows,
        )

    def protect(self, folder, *options):
        """Run what `vipgate dialplan` prints."""
        file = folder / "vipgate.yaml"
        file.write_text(CONFIGURATION)
        printed = CliRunner().invoke(main, ["dialplan", "--config", str(file), "--format", "fusionpbx", *options])
        assert printed.exit_code == 0, printed.output
        self.run(printed.stdout)

    def mistakes(self):
        site = Site()
        site.configuration = CONFIGURATION
        for command in (
            "sofia xmlstatus gateway",
            "sofia xmlstatus profile external",
            "xml_locate configuration configuration name sofia.conf",
        ):
            site.answers[command] = site.answers[command].replace("vipgate", "public")
            site.answers[command] = site.answers[command].replace(
                'name="dtmf', 'name="parse-invite-tel-params" value="true"/><param name="dtmf'
            )
        site.fusionpbx = ask_fusionpbx(self.config)
        return site.mistakes()


@pytest.fixture(scope="module")
def database(postgresql):
    """A database of its own would cost two checkpoints: its tables stand in the one that there is."""
    url = sqlalchemy.make_url(database_servers.url("postgresql", postgresql.port))
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        for table, columns in TABLES.items():
            connection.exec_driver_sql(f"CREATE TABLE {table} ({columns})")
    yield url
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {', '.join(TABLES)}")
    engine.dispose()


@pytest.fixture
def fusion(database, tmp_path):
    return Fusion(database, tmp_path)


@pytest.fixture(params=["multiple", "single"])
def mode(request):
    return request.param


def test_a_site_as_the_manual_makes_it_has_nothing(fusion, mode, tmp_path):
    fusion.fill(mode)
    fusion.protect(tmp_path)
    assert fusion.mistakes() == []
    fusion.fill(mode, field="${sip_to_user}")
    fusion.protect(tmp_path, "--match-to")
    assert fusion.mistakes() == []


def test_without_rows_everybody_goes_round_the_gate(fusion, mode):
    fusion.fill(mode)
    assert fusion.mistakes() == ["fusionpbx-row-missing", "gate-bypassed"]


def test_a_row_of_a_domain_is_left_out_in_mode_single_only(fusion, mode, tmp_path):
    fusion.fill(mode)
    fusion.protect(tmp_path)
    fusion.run(("UPDATE v_dialplans SET domain_uuid = %s WHERE dialplan_name = 'vipgate'", (DOMAIN_UUID,)))
    found = fusion.mistakes()
    assert found[0] == "fusionpbx-row-domain"
    assert ("gate-bypassed" in found) == (mode == "single")


def test_a_row_that_was_saved_without_details_is_empty(fusion, tmp_path):
    fusion.fill("multiple")
    fusion.protect(tmp_path)
    fusion.run("UPDATE v_dialplans SET dialplan_xml = NULL WHERE dialplan_name = 'vipgate'")
    assert fusion.mistakes()[:2] == ["fusionpbx-row-empty", "fusionpbx-row-missing"]


def test_a_destination_above_the_gate_goes_round_it(fusion, mode, tmp_path):
    fusion.fill(mode)
    fusion.protect(tmp_path)
    fusion.run("UPDATE v_dialplans SET dialplan_order = 5 WHERE dialplan_name = '4971155500'")
    assert fusion.mistakes() == ["gate-bypassed"]


def test_what_was_kept_from_before_the_gate_is_stale(fusion, tmp_path):
    fusion.fill("single")
    fusion.protect(tmp_path)
    (fusion.cache / "dialplan.public.4971155500").write_text('<document><action application="transfer"/></document>')
    (fusion.cache / "dialplan.public.4971155501").write_text('<document><action application="socket"/></document>')
    (fusion.cache / f"dialplan.{DOMAIN}").write_text('<document><action application="bridge"/></document>')
    assert fusion.mistakes() == ["fusionpbx-cache-stale"]


def test_a_destination_that_goes_by_to(fusion, mode, tmp_path):
    fusion.fill(mode, field="${sip_to_user}")
    fusion.protect(tmp_path)
    assert "another-header-decides" in fusion.mistakes()


def test_a_destination_with_prefix_and_area_code_takes_longer_numbers_in_mode_multiple(fusion, mode, tmp_path):
    fusion.fill(mode, expression="(\\+?4971155500$|^071155500$)")
    fusion.protect(tmp_path)
    assert fusion.mistakes() == (["another-number-leads-there"] if mode == "multiple" else [])


def test_a_context_of_its_own_as_for_a_plain_freeswitch_gets_the_rows_of_all(fusion, tmp_path):
    """The trunk's context `vipgate` has no row: outside callers get the feature codes."""
    fusion.fill("multiple")
    answer = ask_fusionpbx(fusion.config).dialplan(["vipgate"])
    (context,) = (each for each in answer if each.get("name") == "vipgate")
    assert [extension.get("name") for extension in context] == ["auto-answer", "pick-up", "echo"]


def test_without_fusionpbx_there_is_nothing_to_ask(tmp_path):
    assert ask_fusionpbx(tmp_path / "config.conf") is None


def test_a_database_that_does_not_answer_is_unknown_and_its_password_not_shown(tmp_path):
    config = tmp_path / "config.conf"
    config.write_text("database.0.host = 127.0.0.1\ndatabase.0.port = 1\ndatabase.0.password = s3cret\n")
    with pytest.raises(Unreadable) as error:
        ask_fusionpbx(config)
    assert "s3cret" not in str(error.value)
    assert Path(config).exists()
