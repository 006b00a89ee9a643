"""Real database servers in temporary folders, for as long as the tests need them."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy
from ports import free_port

PASSWORD = "s3cr3t-p4ssword"
URLS = {
    "postgresql": "postgresql+psycopg://vipgate:{password}@127.0.0.1:{port}/postgres",
    "mariadb": "mariadb+pymysql://vipgate:{password}@127.0.0.1:{port}/vipgate",
}


CALLERS = [
    "CREATE TABLE callers (number VARCHAR(40), pin VARCHAR(20))",
    "INSERT INTO callers VALUES ('004917612345678', '0815'), ('7001', '0816'), ('', '0817'), ('x''y', '0818')",
]


def url(kind, port, password=PASSWORD):
    return URLS[kind].format(password=password, port=port)


def binary(name):
    """The path of a server's program; without it the test is skipped, but not in continuous integration."""
    places = os.pathsep.join([*map(str, Path("/usr/lib/postgresql").glob("*/bin")), "/usr/sbin", os.environ["PATH"]])
    path = shutil.which(name, path=places)
    if path is None:
        missing(f"{name} is not installed")
    return path


def missing(what):
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
        f"{what}; .ci/packages lists what these tests need"
    )


def unprivileged(user):
    """Who runs a server in our place when we are root: servers refuse to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(user)
    except KeyError:
        missing(f"there is no user {user}, and root may not run this server itself")
    return user


class Server:
    """One server, which can be stopped and started again on the same port."""

    def __init__(self, kind, command, user, end, port):
        self.kind, self.command, self.user, self.end, self.port = kind, command, user, end, port
        self.url = url(kind, port)
        self.process = None

    def start(self):
        with tempfile.TemporaryFile() as log:
            self.process = subprocess.Popen(self.command, user=self.user, stdout=log, stderr=log, cwd="/")
            self._wait_for_it(log)

    def _wait_for_it(self, log):
        until = time.monotonic() + 30
        while not self._answers():
            if self.process.poll() is not None:
                log.seek(0)
                pytest.fail(f"{self.command[0]} ended with {self.process.returncode}: {log.read().decode()[-2000:]}")
            assert time.monotonic() < until, f"{self.command[0]} does not answer"
            time.sleep(0.05)

    def _answers(self):
        """It listens before it is ready to answer."""
        with suppress(sqlalchemy.exc.OperationalError):
            try:
                return administer(self.url, "SELECT 1")
            except sqlalchemy.exc.InvalidRequestError:  # one that says it is MySQL has answered, too
                return True

    def stop(self):
        self.process.send_signal(self.end)
        self.process.wait(30)

    @contextmanager
    def stopped(self):
        self.stop()
        try:
            yield
        finally:
            self.start()


@contextmanager
def running(kind, prepare, user, end):
    """A server that runs as `user` when we are root; `prepare(folder, port)` makes its files and tells its command."""
    as_user = unprivileged(user)
    folder = Path(tempfile.mkdtemp(prefix="vipgate-"))
    server = None
    try:
        if as_user:
            shutil.chown(folder, as_user)
        port = free_port()
        server = Server(kind, prepare(folder, port, as_user), as_user, end, port)
        server.start()
        yield server
    finally:
        if server and server.process and server.process.poll() is None:
            server.stop()
        shutil.rmtree(folder)


def _run(command, user, **more):
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr


def _postgresql(folder, port, user):
    initdb, postgres = binary("initdb"), binary("postgres")
    data, password = folder / "data", folder / "password"
    password.write_text(PASSWORD)
    if user:
        shutil.chown(password, user)
    _run(
        [
            initdb,
            "-D",
            data,
            "-U",
            "vipgate",
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--no-sync",
            "-E",
            "UTF8",
        ],
        user,
    )
    settings = {"fsync": "off", "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "40"}
    return [postgres, "-D", data, "-p", str(port), *(f"--{key}={value}" for key, value in settings.items())]


def _mariadb(folder, port, user, arguments=(), statements=()):
    install, mariadbd = binary("mariadb-install-db"), binary("mariadbd")
    data = folder / "data"
    _run(
        [install, "--no-defaults", f"--datadir={data}", "--skip-test-db", "--auth-root-authentication-method=normal"],
        user,
    )
    setup = folder / "setup.sql"
    setup.write_text(
        f"CREATE DATABASE IF NOT EXISTS vipgate;\n"
        f"GRANT ALL ON vipgate.* TO vipgate@localhost IDENTIFIED BY '{PASSWORD}';\n"
        + "".join(f"{statement};\n" for statement in statements),
        "utf-8",
    )
    if user:
        shutil.chown(setup, user)
    return [
        *(mariadbd, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1"),
        *(f"--socket={folder}/socket", f"--init-file={setup}", "--innodb-flush-log-at-trx-commit=0"),
        *arguments,
    ]


def postgresql():
    return running("postgresql", _postgresql, "postgres", signal.SIGINT)


def mariadb(arguments=(), statements=()):
    """With further arguments, and statements that it runs as root when it starts."""
    prepare = partial(_mariadb, arguments=arguments, statements=statements)
    return running("mariadb", prepare, "mysql", signal.SIGTERM)


@contextmanager
def pgbouncer(server, *settings):
    """The URL of a PgBouncer in front of a PostgreSQL server; `settings` are lines of its section [pgbouncer]."""
    program, as_user, port = binary("pgbouncer"), unprivileged("postgres"), free_port()
    folder = Path(tempfile.mkdtemp(prefix="vipgate-"))
    process = None
    try:
        (folder / "users").write_text(f'"vipgate" "{PASSWORD}"\n')
        lines = [
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1",
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {folder}/users",
            *settings,
        ]
        (folder / "pgbouncer.ini").write_text("\n".join(lines))
        for path in (folder, *folder.iterdir()):
            if as_user:
                shutil.chown(path, as_user)
        command = [program, "--quiet", folder / "pgbouncer.ini"]
        process = subprocess.Popen(command, user=as_user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        until = time.monotonic() + 30
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, f"pgbouncer ended with {process.returncode}"
            assert time.monotonic() < until, "pgbouncer does not listen"
            time.sleep(0.05)
        yield url("postgresql", port)
    finally:
        if process:
            process.kill()
            process.wait(30)
        shutil.rmtree(folder)


class Proxy:
    """Stands before a server on a port of its own and can be told to keep the server's answers to itself."""

    def __init__(self, port):
        self.server_port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.silent = threading.Event()
        self.forgotten = set()
        self.sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
                self.sockets += [client, server]
                threading.Thread(target=self._pump, args=(client, server, None), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, self.silent), daemon=True).start()

    def forget(self):
        """Drop whatever comes on the connections that stand now, without a word, as a firewall does."""
        self.forgotten |= set(self.sockets)

    def _pump(self, source, sink, silent):
        with suppress(OSError):
            while data := source.recv(65536):
                if not (silent and silent.is_set()) and source not in self.forgotten:
                    sink.sendall(data)
            if source not in self.forgotten:
                sink.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        for each in [self.listener, *self.sockets]:
            each.close()


def administer_outside_transactions(url, statement):
    """Runs a statement that no transaction takes, such as CREATE DATABASE."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def administer(url, *statements):
    """Runs statements as somebody who may write; the first row of the last one."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    try:
        with engine.begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
            return tuple(result.first()) if result.returns_rows else None
    finally:
        engine.dispose()
