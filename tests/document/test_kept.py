"""Secrets in files: where they are looked for, and what may be wrong with them."""

import os

import pytest

from vipgate_fs import config
from vipgate_fs.document import kept

SECRET = "s3cr3t-p1n"
ENDS = "ends in a line break, which is not taken for a part of the secret"


@pytest.fixture
def write(tmp_path):
    def write(content, name="secret", mode=0o600):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)
        return file

    return write


@pytest.mark.parametrize(
    ("content", "text", "remarks"),
    [
        (b"s3cr3t", "s3cr3t", []),
        (b"s3cr3t\n", "s3cr3t", [ENDS]),
        (b"s3cr3t\r\n\r\n", "s3cr3t", [ENDS]),
        (b" s3cr3t ", " s3cr3t ", []),
        (b"a\nb", "a\nb", []),
        (b"\xef\xbb\xbfs3cr3t", "s3cr3t", []),
        ("wörd€".encode(), "wörd€", []),
    ],
)
def test_what_a_file_or_a_variable_holds(write, tmp_path, monkeypatch, content, text, remarks):
    write(content)
    assert kept.from_file("secret", tmp_path) == (text, remarks)
    monkeypatch.setenv("TEST_SECRET", os.fsdecode(content))
    assert kept.from_environment("TEST_SECRET", tmp_path) == (text, remarks)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "no text in UTF-8"), (b"x" * 65537, "larger than 64 KiB")],
)
def test_what_no_secret_is(write, tmp_path, content, why):
    write(content)
    with pytest.raises(ValueError, match=why):
        kept.from_file("secret", tmp_path)


def test_a_credential_of_systemd_goes_before_a_file_beside_the_configuration(write, tmp_path, monkeypatch):
    write(b"beside")
    assert kept.from_file("secret", tmp_path) == ("beside", [])
    write(b"loaded", "credentials/secret", 0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert kept.from_file("secret", tmp_path) == ("loaded", [])
    write(b"other", "other")
    assert kept.from_file("other", tmp_path) == ("other", [])
    assert kept.from_file(str(tmp_path / "secret"), tmp_path / "no") == ("beside", [])


def test_without_systemd_it_is_said_why_there_may_be_no_credential(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ValueError, match=r"No such file or directory .systemd's credentials are only there for the"):
        kept.from_file("secret", tmp_path)
    with pytest.raises(ValueError, match=r"No such file or directory$"):
        kept.from_file("/no/such/secret", tmp_path)


def test_what_is_no_file_makes_nobody_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, why in (("pipe", "not a regular file$"), (".", "Is a directory$")):
        with pytest.raises(ValueError, match=why):
            kept.from_file(name, tmp_path)


def test_a_file_that_everybody_can_read_is_remarked_upon(write, tmp_path):
    file = write(b"s3cr3t", mode=0o644)
    assert kept.from_file("secret", tmp_path) == (
        "s3cr3t",
        [f"everybody can read {file}; chmod o-r, and chgrp it to the service's group"],
    )


PLACES = {
    "identify: [{static_pin: {pin: %s}}]": "84711",
    "identify: [{caller_pin: {pins: {'004917612345678': %s}}}]": "84711",
    "identify: [{caller_pin: {pins: {'004917612345678': {totp: %s}}}}]": "KRUGS4ZANFZSA3TPOQQGCIDTMVRXEZLU",
    "identify: [{webservice: {url: 'https://example.org', auth: {bearer: %s}}}]": SECRET,
    "identify: [{webservice: {url: 'https://example.org', auth: {basic: {user: a, password: %s}}}}]": SECRET,
    "identify: [{webservice: {url: 'https://example.org', headers: {X-Key: %s}}}]": SECRET,
    "identify: [{webservice: {url: 'https://example.org', sign_key: %s}}]": SECRET,
    "identify: [{database: {url: 'mariadb+pymysql://a@h/d', query: 'SELECT :gate', password: %s}}]": SECRET,
    "identify: [{plugin: {call: 'json:loads', options: {key: %s}}}]": SECRET,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("line_break", [b"", b"\n"])
def test_wherever_a_secret_may_be_written_a_file_may_hold_it(write, tmp_path, place, line_break):
    write(PLACES[place].encode() + line_break)
    loaded = load(tmp_path, f"    {place % '{file: secret}'}")
    assert loaded.configuration is not None, loaded.findings
    assert [found.message for found in loaded.findings] == [ENDS] * bool(line_break)
    assert not loaded.holds_secrets
    assert PLACES[place] not in f"{loaded.configuration!r}{loaded.findings}"


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_text_is_refused_there_and_not_first_by_a_call(tmp_path, monkeypatch, place):
    """An ISO 8859-1 locale on the way: `check` was content with it, or ended in a traceback, and so did each call."""
    monkeypatch.setenv("TEST_SECRET", os.fsdecode(PLACES[place].encode() + b"\xe4"))
    (finding,) = load(tmp_path, f"    {place % '{env: TEST_SECRET}'}").findings
    assert finding.message == "TEST_SECRET is no text in UTF-8"


def test_the_store_may_be_kept_in_a_file_too(write, tmp_path):
    write(b"postgresql+psycopg://vipgate:s3cr3t-p1n@db.example.com/vipgate")
    loaded = load(tmp_path, "    identify: [{static_pin: {pin: '84711'}}]\nstore: {file: secret}")
    assert loaded.findings == ()
    assert loaded.configuration.store.url.reveal().endswith("@db.example.com/vipgate")


def test_what_does_not_fit_is_not_shown(write, tmp_path):
    write(b"847-11-0815")
    loaded = load(tmp_path, "    identify: [{static_pin: {pin: {file: secret}}}]")
    (finding,) = loaded.findings
    assert finding.message.startswith("what this file holds does not fit; allowed: 1 to 20 digits")
    assert "0815" not in str(finding)


def load(folder, lines):
    text = f"version: 1\ngates:\n  support:\n    protects: {{numbers: ['7000']}}\n{lines}\n"
    return config.load_text(text, folder / "vipgate.yaml")
