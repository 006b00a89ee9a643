"""FusionPBX's own schema in a PostgreSQL, as its own PHP makes it, and a site in it.

Nothing of FusionPBX is in this repository: `--fusionpbx` names the folder of its source.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import database_servers
from database_servers import PASSWORD, Server
from freeswitch import site
from freeswitch.audio import TONES

DOMAIN, DOMAIN_UUID = "pbx.example.org", "0b2c1a5e-8d1c-4e57-a6f5-6d2a3c9b7e01"
SCRIPTS = "app/switch/resources/scripts"
CACHE = "/var/cache/fusionpbx"
NEEDED = ("mod_lua", "mod_pgsql", "mod_hash", "mod_db")
"""Modules that FusionPBX's handler and rows use, besides those of the whole suite."""
CONF = "autoload_configs/lua.conf.xml"
_BIND = 'mount --bind "$1" /usr/local/etc && exec php "$2"'
"""FusionPBX looks there for its configuration, and nothing else of this machine does: in a mount namespace of its own."""
_LUA = """<configuration name="lua.conf"><settings>
  <param name="script-directory" value="$${script_dir}/?.lua"/>
  <param name="xml-handler-script" value="app.lua xml_handler"/>
  <param name="xml-handler-bindings" value="dialplan,directory"/>
</settings></configuration>
"""
_VARIABLES = """<include>
  <X-PRE-PROCESS cmd="set" data="esl_password=only-for-this-test"/>
</include>
"""
_EXTENSION = (
    '<extension name="%(name)s" continue="false"><condition field="destination_number" expression="%(number)s">'
)
_DESTINATION = (
    _EXTENSION
    + f"""
<action application="export" data="call_direction=inbound" inline="true"/>
<action application="set" data="domain_uuid={DOMAIN_UUID}" inline="true"/>
<action application="set" data="domain_name={DOMAIN}" inline="true"/>
<action application="transfer" data="%(to)s XML {DOMAIN}"/>
</condition></extension>"""
)
_ANNOUNCEMENT = (
    _EXTENSION
    + f"""
<action application="set" data="continue_on_fail=true"/>
<action application="bridge" data="user/%(name)s@{DOMAIN}"/>
<action application="answer"/><action application="playback" data="tone_stream://%%(3000,0,%(tone)s)"/>
</condition></extension>"""
)


class FusionPBX:
    """A system as its installer leaves it, with one domain.

    Args:
        source: of FusionPBX.
        server: has no database of that name yet.
        folder: for this class.
    """

    def __init__(self, source: Path, server: Server, folder: Path) -> None:
        self._port = server.port
        self._url = server.url.replace("/postgres", "/fusionpbx")
        database_servers.administer_outside_transactions(server.url, "CREATE DATABASE fusionpbx")
        self.sql(f"CREATE ROLE fusionpbx SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        here, there = folder / "here", folder / "there"
        for part in ("conf/languages", "scripts", "cache", "here/fusionpbx", "there"):
            (folder / part).mkdir(parents=True)
        text = self._settings(source, folder / "conf", folder / "scripts", folder / "cache")
        (here / "fusionpbx/config.conf").write_text(text, "utf-8")
        text = self._settings(
            Path("/var/www/fusionpbx"), Path("/etc/freeswitch"), Path("/etc/freeswitch/scripts"), Path(CACHE)
        )
        (there / "config.conf").write_text(text, "utf-8")
        self.cache = folder / "cache"
        self.folders = {there: "/etc/fusionpbx", self.cache: CACHE, source / SCRIPTS: "/etc/freeswitch/scripts"}
        self.programs = {"psql": Path(database_servers.binary("psql"))}
        """For the machine whose switch asks it."""
        self._php(source, here, "upgrade_schema")
        self.sql(
            f"INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ('{DOMAIN_UUID}', '{DOMAIN}', true)"
        )
        self._php(source, here, "upgrade_domains")
        self.announcement("1001", TONES["called"])
        self.announcement("1002", TONES["forward"])

    def _settings(self, root: Path, conf: Path, scripts: Path, cache: Path) -> str:
        values = {
            "database.0.type": "pgsql",
            "database.0.host": "127.0.0.1",
            "database.0.port": self._port,
            "database.0.sslmode": "disable",
            "database.0.name": "fusionpbx",
            "database.0.username": "fusionpbx",
            "database.0.password": PASSWORD,
            "database.1.type": "sqlite",
            "database.1.path": "/tmp",
            "database.1.name": "core.db",
            "document.root": root,
            "temp.dir": "/tmp",
            "php.bin": "php",
            "cache.method": "file",
            "cache.location": cache,
            "switch.conf.dir": conf,
            "switch.scripts.dir": scripts,
            "error.reporting": "user",
        }
        return "".join(f"{name} = {value}\n" for name, value in values.items())

    def _php(self, source: Path, etc: Path, name: str) -> None:
        subprocess.run(
            ["unshare", "--mount", "sh", "-c", _BIND, "sh", etc, f"core/upgrade/{name}.php"],
            cwd=source,
            env=os.environ | {"TMPDIR": str(etc)},
            stdout=subprocess.DEVNULL,
            timeout=120,
            check=True,
        )

    def sql(self, *statements: str) -> tuple[object, ...] | None:
        """Run statements; the first row of the last one."""
        return database_servers.administer(self._url, *(statement.replace("%", "%%") for statement in statements))

    @property
    def environment(self) -> dict[str, str]:
        """What psql has to know."""
        return {"PGPORT": str(self._port), "PGPASSWORD": PASSWORD}

    def forget(self) -> None:
        """Remove VIPgate's rows, whatever destinations there are, and the cache."""
        self.sql(
            "DELETE FROM v_dialplans WHERE dialplan_uuid IN (SELECT dialplan_uuid FROM v_destinations)",
            "DELETE FROM v_destinations",
            "DELETE FROM v_dialplans WHERE dialplan_name LIKE 'vipgate%'",
            "DELETE FROM v_dialplan_details WHERE dialplan_uuid NOT IN (SELECT dialplan_uuid FROM v_dialplans)",
        )
        self.goes_by("destination_number")
        self.mode("single")
        self.destination("4971155500", "1001")

    def mode(self, name: str) -> None:
        """How destinations are looked up: `single` or `multiple`."""
        self.sql(
            f"UPDATE v_default_settings SET default_setting_value = '{name}' WHERE default_setting_subcategory = 'dialplan_mode'"
        )
        self.flush()

    def goes_by(self, field: str) -> None:
        """What it takes for the called number."""
        self.sql(
            f"UPDATE v_default_settings SET default_setting_value = '{field}'"
            " WHERE default_setting_category = 'dialplan' AND default_setting_subcategory = 'destination'"
        )
        self.flush()

    def flush(self) -> None:
        """Empty its cache."""
        for file in self.cache.glob("dialplan.*"):
            file.unlink()

    def destination(self, number: str, to: str) -> None:
        """What Dialplan > Destinations writes for a number of the trunk."""
        row = self._row(
            "public", 100, DOMAIN_UUID, _DESTINATION % {"name": number, "number": rf"^\+?({number})$", "to": to}
        )
        self.sql(
            f"INSERT INTO v_destinations (domain_uuid, destination_uuid, dialplan_uuid, destination_type, destination_number,"
            f" destination_context, destination_enabled) VALUES ('{DOMAIN_UUID}', gen_random_uuid(), '{row}', 'inbound', '{number}', 'public', true)"
        )

    def announcement(self, extension: str, tone: int) -> None:
        """An extension without a telephone, whose mailbox answers with a tone, in Hz."""
        self._row(
            DOMAIN, 100, DOMAIN_UUID, _ANNOUNCEMENT % {"name": extension, "number": f"^{extension}$", "tone": tone}
        )

    def _row(self, context: str, order: int, domain: str, xml: str) -> object:
        row = self.sql(
            "INSERT INTO v_dialplans (domain_uuid, dialplan_uuid, dialplan_context, dialplan_name, dialplan_continue, dialplan_order,"
            f" dialplan_enabled, dialplan_xml) VALUES ('{domain}', gen_random_uuid(), '{context}', 'row', false, {order}, true, '{xml}')"
            " RETURNING dialplan_uuid"
        )
        assert row
        return row[0]


def configured(files: dict[str, str]) -> dict[str, str]:
    """FreeSWITCH's files with FusionPBX's handler instead of a dialplan and a directory."""
    loaded = "".join(f'<load module="{name}"/>' for name in NEEDED)
    modules = files[site.MODULES].replace("</modules>", f"{loaded}</modules>")
    # docs/fusionpbx.md asks for this one.
    parameters = '<param name="parse-invite-tel-params" value="true"/>\n  </settings>'
    external = files[site.EXTERNAL].replace("</settings>", parameters)
    lists = files[site.LISTS].replace("$${domain}", DOMAIN)
    kept = {name: text for name, text in files.items() if not name.startswith(("dialplan/", "directory/"))}
    return kept | {
        site.MODULES: modules,
        site.LISTS: lists,
        site.EXTERNAL: external,
        site.VARIABLES: _VARIABLES,
        CONF: _LUA,
    }
