"""Options of a database's URL, TLS, logins and character sets; and connections that somebody forgot."""

import time
from contextlib import closing

import database_servers
import pytest
import trustme
from asking import LOOKUP, a_call, database, failure
from building import build, built
from database_servers import PASSWORD
from passable import let_everybody_pass

from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Pass, Reject
from vipgate_fs.identify.database import kinds

PG, MARIADB = "postgresql+psycopg://u:47110815@h/x", "mariadb+pymysql://u:47110815@h/x"


@pytest.fixture
def files(tmp_path):
    """CA and client's certificate beside the configuration."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    ca.issue_cert("gate@example.org").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "own.pem"))
    return tmp_path


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"{MARIADB}?sslmode=require", "unknown option sslmode; allowed: charset, collation, init_command, unix_socket, ssl_ca"),
        (f"{MARIADB}?ssl_mode=REQUIRED", "unknown option ssl_mode"),
        (f"{MARIADB}?ssl-mode=REQUIRED", "unknown option; allowed"),
        (f"{MARIADB}?ssl=true", "unknown option ssl"),
        (f"{MARIADB}?useSSL=true", "unknown option useSSL"),
        (f"{MARIADB}?ssl_disabled=false&ssl_ca=ca.pem", "unknown option ssl_disabled"),
        (f"{MARIADB}?ssl_ca=none.pem", "ssl_ca: there is no file"),
        (f"{MARIADB}?ssl_ca=own.key", "ssl_ca: there is no file"),
        (f"{MARIADB}?ssl_ca=vipgate.yaml", "the ssl_… options can't be used: certificates and keys in PEM format"),
        (f"{MARIADB}?ssl_cert=ca.pem", "the ssl_… options can't be used: certificates and keys in PEM format"),
        (f"{MARIADB}?ssl_key=own.pem&ssl_ca=ca.pem", "ssl_key counts for nothing without ssl_cert"),
        (f"{MARIADB}?ssl_ca=ca.pem&ssl_verify_cert=false", "ssl_verify_cert=false would believe anybody"),
        (f"{MARIADB}?ssl_ca=ca.pem&ssl_check_hostname=maybe", "ssl_check_hostname is neither true nor false"),
        (f"{MARIADB}?ssl_ca=ca.pem&ssl_ca=ca.pem", "the option ssl_ca stands twice"),
        (f"{MARIADB}?charset=utf-8", "no such charset; allowed: MariaDB's, such as utf8mb4 and latin1"),
        (f"{MARIADB}?connect_timeout=3", "connect_timeout is what timeouts says"),
        (f"{MARIADB}?password=x", "password belongs before the ?"),
        (f"{PG}?ssl_ca=ca.pem", "unknown option ssl_ca"),
        (f"{PG}?sslmod=require", "unknown option sslmod; did you mean sslmode?"),
        (f"{PG}?sslmode=verify", "no such sslmode; allowed: disable, allow, prefer, require, verify-ca, verify-full"),
        (f"{PG}?sslrootcert=ca.pem", "sslrootcert counts for nothing with sslmode=prefer; allowed: sslmode=verify-full"),
        (f"{PG}?sslmode=allow&sslcert=own.pem", "sslcert counts for nothing with sslmode=allow"),
        (f"{PG}?sslmode=verify-full&sslrootcert=none.pem", "sslrootcert: there is no file"),
        (f"{PG}?sslmode=verify-full&sslmode=disable", "the option sslmode stands twice"),
        (f"{PG}?tcp_user_timeout=3", "tcp_user_timeout is what timeouts says"),
    ],
)  # fmt: skip
def test_an_option_without_effect_is_refused(files, url, why):
    (files / "vipgate.yaml").write_text("version: 1\n")
    made = build("database", {"url": url, "query": LOOKUP}, files)
    assert made.step is None
    (message,) = [message for severity, _, message in made.said if severity == "error"]
    assert why in message
    assert "4711" not in f"{made.said}"


@pytest.mark.parametrize(
    "url",
    [
        f"{MARIADB}?charset=utf8mb4&ssl_ca=ca.pem&ssl_cert=own.pem&ssl_key=own.pem&ssl_verify_cert=true",
        f"{MARIADB}?ssl_verify_identity=true&collation=utf8mb4_german2_ci",
        f"{MARIADB}?unix_socket=/run/mysqld/mysqld.sock&ssl_cipher=ECDHE-RSA-AES256-GCM-SHA384",
        f"{MARIADB}?ssl_capath=.&ssl_check_hostname=no",
        f"{PG}?sslmode=verify-full&sslrootcert=ca.pem&sslcert=own.pem&sslkey=own.pem&options=endpoint%3Dx",
        f"{PG}?sslmode=require&channel_binding=require&application_name=gate&target_session_attrs=read-only",
        f"{PG}?sslrootcert=system",
        "postgresql+psycopg://u:47110815@/x?host=h1:5432&host=h2:5433",
        PG.replace("+psycopg", ""), PG.replace("postgresql+psycopg", "postgres"),
        MARIADB.replace("+pymysql", ""), MARIADB.replace("mariadb", "mysql"), MARIADB.replace("mariadb+pymysql", "mysql"),
    ],
)  # fmt: skip
def test_what_drivers_and_providers_write_is_taken(files, url):
    made = build("database", {"url": url, "query": LOOKUP}, files)
    assert made.step is not None, made.said
    assert made.said == []
    assert "4711" not in repr(made.step)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def encrypted(authority, tmp_path_factory):
    """A MariaDB with TLS, users of several kinds, and another version than it has."""
    folder = tmp_path_factory.mktemp("tls")
    let_everybody_pass(folder)
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    (folder / "key.pem").chmod(0o644)
    arguments = [f"--ssl-cert={folder}/cert.pem", f"--ssl-key={folder}/key.pem", "--plugin-load-add=auth_ed25519"]
    statements = [
        f"GRANT ALL ON vipgate.* TO ed@localhost IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}')",
        "GRANT ALL ON vipgate.* TO umlaut@localhost IDENTIFIED BY 'päss€łwörd'",
        f"GRANT ALL ON vipgate.* TO secure@localhost IDENTIFIED BY '{PASSWORD}' REQUIRE SSL",
        "CREATE TABLE IF NOT EXISTS vipgate.callers (number VARCHAR(40) CHARACTER SET latin1, pin VARCHAR(20))",
        "INSERT INTO vipgate.callers VALUES ('004917612345678', '0815')",
    ]
    with database_servers.mariadb(arguments, statements) as server:
        yield server


CIPHER = (
    "SELECT CASE WHEN variable_value <> '' THEN 0 END AS reject FROM information_schema.session_status "
    "WHERE variable_name = 'Ssl_cipher'"
)


def over_tls(server, folder, options, host="127.0.0.1", query=CIPHER):
    url = f"mariadb+pymysql://secure:{PASSWORD}@{host}:{server.port}/vipgate?{options}"
    return built("database", {"url": url, "query": query}, folder)


@pytest.mark.parametrize("options", ["ssl_ca=ca.pem", "ssl_ca=ca.pem&ssl_verify_cert=1&ssl_verify_identity=1"])
def test_a_ca_beside_the_configuration_is_found_and_believed(encrypted, authority, tmp_path, options):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    assert over_tls(encrypted, tmp_path, options).identify(a_call()) == Pass()


@pytest.mark.parametrize("options", ["ssl_ca=ca.pem", "ssl_verify_cert=true", "ssl_ca=ca.pem&ssl_check_hostname=false"])
def test_somebody_elses_certificate_is_not_believed(encrypted, tmp_path, options):
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    message = failure(over_tls(encrypted, tmp_path, options))
    assert message.startswith("no connection to the database (OperationalError")
    assert "certificate verify failed" in message
    assert PASSWORD not in message


def test_the_hosts_name_is_checked_unless_that_is_turned_off(encrypted, authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    message = failure(over_tls(encrypted, tmp_path, "ssl_ca=ca.pem", "localhost"))
    assert "certificate verify failed" in message
    asked = over_tls(encrypted, tmp_path, "ssl_ca=ca.pem&ssl_check_hostname=false", "localhost")
    assert asked.identify(a_call()) == Pass()


def test_tls_that_the_server_does_not_have_is_not_gone_without(mariadb_server, authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    made = built("database", {"url": f"{mariadb_server.url}?ssl_ca=ca.pem", "query": LOOKUP}, tmp_path)
    message = failure(made)
    assert message.startswith("no connection to the database (OperationalError")
    assert "SSL is required" in message


@pytest.mark.parametrize(("user", "password"), [("ed", PASSWORD), ("umlaut", "p%C3%A4ss%E2%82%AC%C5%82w%C3%B6rd")])
def test_logins_of_several_kinds(encrypted, user, password):
    asked = database(f"mariadb+pymysql://{user}:{password}@127.0.0.1:{encrypted.port}/vipgate")
    assert asked.identify(a_call()) == AskForPin(Pin("0815"))


@pytest.fixture(scope="module")
def mysql_by_name():
    statements = [
        "CREATE TABLE IF NOT EXISTS vipgate.callers (number VARCHAR(40), pin VARCHAR(20))",
        "INSERT INTO vipgate.callers VALUES ('004917612345678', '0815')",
    ]
    with database_servers.mariadb(["--version=8.0.33-log"], statements) as server:
        yield server


@pytest.mark.parametrize("scheme", ["mariadb+pymysql", "mysql+pymysql", "mysql"])
def test_a_mariadb_that_says_it_is_mysql(mysql_by_name, scheme):
    url = mysql_by_name.url.replace("mariadb+pymysql", scheme)
    assert database(url).identify(a_call()) == AskForPin(Pin("0815"))
    assert failure(database(url, "SELECT sleep(9) AS pin", read=0.3)) == "the query failed (OperationalError 1969)"
    assert failure(database(url, "DELETE FROM callers"))
    assert database(url, "SELECT version() LIKE '8.0.33%' AS reject").identify(a_call()) == Reject()


SMILE = "\U0001f600"


@pytest.mark.parametrize("charset", ["", "?charset=latin1", "?charset=utf8mb4", "?charset=utf8mb3", "?charset=cp1251"])
def test_no_character_of_a_name_makes_a_question_fail(encrypted, charset):
    url = f"{encrypted.url}{charset}"
    for number, name in ((SMILE, "x"), ("x", SMILE), ("ł", "€")):
        query = "SELECT 1 AS reject FROM callers WHERE :caller_number <> number AND :caller_name <> number"
        assert database(url, query).identify(a_call(number, caller_name=name)) is not None
    assert database(url).identify(a_call(caller_name=SMILE)) == AskForPin(Pin("0815"))


@pytest.fixture(scope="module")
def latin1(postgresql_server):
    create = "CREATE DATABASE latin1 TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C'"
    database_servers.administer_outside_transactions(postgresql_server.url, create)
    url = postgresql_server.url.replace("/postgres", "/latin1")
    database_servers.administer(url, *database_servers.CALLERS)
    return url


@pytest.mark.parametrize("encoding", ["", "?client_encoding=utf8"])
def test_no_character_that_the_database_lacks_makes_a_question_fail(latin1, encoding):
    asked = database(f"{latin1}{encoding}")
    assert asked.identify(a_call(SMILE, caller_name="ł")) is None
    assert asked.identify(a_call(caller_name=SMILE)) == AskForPin(Pin("0815"))


@pytest.mark.parametrize("kind", database_servers.URLS)
def test_a_connection_that_a_firewall_forgot_makes_nobody_wait(request, monkeypatch, kind):
    server = request.getfixturevalue(f"{kind}_server")
    monkeypatch.setattr(kinds, "LONGEST_IDLE", 0.2)
    with closing(database_servers.Proxy(server.port)) as proxy:
        asked = database(database_servers.url(kind, proxy.port), read=5, total=5)
        assert asked.identify(a_call())
        proxy.forget()
        time.sleep(0.3)
        started = time.monotonic()
        assert asked.identify(a_call()) == AskForPin(Pin("0815"))
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("kind", database_servers.URLS)
def test_a_connection_is_kept_for_the_next_call(request, kind):
    me = {"postgresql": "pg_backend_pid()", "mariadb": "connection_id()"}[kind]
    asked = database(request.getfixturevalue(f"{kind}_server").url, f"SELECT {me} AS forward")
    assert len({asked.identify(a_call()).target for _ in range(5)}) == 1
    assert kinds.LONGEST_IDLE <= 60
