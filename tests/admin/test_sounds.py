"""Recordings that are uploaded: converted, heard and named, or refused clearly, whatever they are."""

from __future__ import annotations

import io
import os
import re
import shutil
import struct
import tempfile
import wave
import zipfile
from pathlib import Path

import pytest
import yaml
from recordings import made_by_sox, needs_sox, tone

from vipgate_fs.admin import sounds
from vipgate_fs.admin.versions import Versions
from vipgate_fs.exposure import may_read
from vipgate_fs.secret import Secret
from vipgate_fs.store.database import Database
from vipgate_fs.store.key import make_key
from vipgate_fs.store.schema import make

NOBODY = 65534
FORMATS = ("wav", "mp3", "flac", "ogg", "aiff", "au", "caf", "amr-nb", "w64", "wv", "voc", "sph")


def header(rate=8000, channels=1, bits=16, size=16000, kind=1):
    """The head of a WAV file that says what it likes."""
    width = max(1, bits // 8) * max(1, channels)
    form = struct.pack("<HHIIHH", kind, channels, rate, (rate * width) & 0xFFFFFFFF, width & 0xFFFF, bits)
    return (
        b"RIFF"
        + struct.pack("<I", 0xFFFFFFFF)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", size)
    )


def bomb():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("welcome.wav", b"\0" * 10_000_000)
    return content.getvalue()


@needs_sox
@pytest.mark.parametrize("kind", FORMATS)
def test_what_sox_reads_becomes_a_wav_file_for_each_rate(tmp_path, kind):
    path = sounds.take(
        tone(kind, channels="1" if kind == "amr-nb" else "2"), tmp_path / "new", "gate/Ü ../x", ("8000", "16000")
    )
    assert path.parent == tmp_path / "new"
    assert path.name.startswith("gate-x-")
    for rate in ("8000", "16000"):
        with wave.open(str(path.parent / rate / path.name)) as made:
            assert (made.getframerate(), made.getnchannels(), made.getsampwidth()) == (int(rate), 1, 2)
            assert 0.9 < made.getnframes() / made.getframerate() < 1.2
        assert (path.parent / rate / path.name).stat().st_mode & 0o777 == 0o644
    assert sounds.playable(str(path)) == path.parent / "16000" / path.name
    assert sorted(each.name for each in path.parent.iterdir()) == ["16000", "8000"]


NO_AUDIO = {
    "nothing": b"",
    "a ZIP bomb": bomb(),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "a list that names other files": b"#EXTM3U\n/etc/passwd\n",
    "a list of another kind": b"[playlist]\nFile1=/etc/passwd\n",
    "an executable": b"\x7fELF" + b"\0" * 100,
    "text": b"hello",
    "a WAV file with a web page in it": b"RIFF\x10\0\0\0WAVE<html><script>",
    "a head alone": header(),
    "a head that promises gigabytes": header(size=0xFFFFFFFF),
    "a rate of nothing": header(rate=0) + b"\0" * 16000,
    "a rate of gigahertz": header(rate=0xFFFFFFFF) + b"\0" * 16000,
    "no channel": header(channels=0) + b"\0" * 16000,
    "65535 channels": header(channels=65535) + b"\0" * 16000,
    "no bits": header(bits=0) + b"\0" * 16000,
    "an unknown kind": header(kind=0x1234) + b"\0" * 16000,
    "MP3 in name only": b"ID3" + os.urandom(2000),
    "FLAC in name only": b"fLaC" + os.urandom(2000),
    "Ogg in name only": b"OggS" + b"\0" * 26 + b"vorbis" + os.urandom(2000),
    "AIFF in name only": b"FORM\0\0\xff\xffAIFF" + os.urandom(2000),
}


@needs_sox
@pytest.mark.parametrize("data", NO_AUDIO.values(), ids=NO_AUDIO)
def test_what_is_no_recording_is_refused_and_leaves_nothing(tmp_path, data):
    with pytest.raises(ValueError, match=r"\w"):
        sounds.take(data, tmp_path, "x", ("8000",))
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


@needs_sox
def test_a_head_that_lies_about_the_length_gets_what_is_there(tmp_path):
    path = sounds.take(header(size=0xFFFFFFF0) + b"\x10\x20" * 8000, tmp_path, "x", ("8000",))
    assert sounds.playable(str(path)).stat().st_size < 20_000


@needs_sox
def test_minutes_of_silence_in_a_few_bytes_are_refused_before_they_are_unpacked(tmp_path):
    silence = made_by_sox("flac", "trim", "0", "120", rate="8000", channels="1")
    with pytest.raises(ValueError, match="longer than 60 s"):
        sounds.take(silence, tmp_path, "x", ("8000", "16000"))


def test_only_sound_files_can_be_heard(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("RIFF of a secret")
    assert sounds.playable(str(secret)) is None
    assert sounds.playable("/etc/passwd") is None
    assert sounds.playable(str(tmp_path)) is None


def test_recordings_that_nobody_names_go_after_a_day(tmp_path):
    (tmp_path / "8000").mkdir()
    names = ["named.wav", "old.wav", "new.wav"]
    for name in names:
        (tmp_path / "8000" / name).touch()
    for name in names[:2]:
        os.utime(tmp_path / "8000" / name, (1, 1))
    sounds.forget(tmp_path, [b"prompts: {welcome: /a/named.wav}"])
    assert sorted(each.name for each in (tmp_path / "8000").iterdir()) == ["named.wav", "new.wav"]


PLACE = "/gates/hotline/prompts"


@needs_sox
def test_a_recording_is_uploaded_heard_and_used(page, file):
    visitor = page.administrator()
    form = visitor.go(PLACE).form(PLACE)
    shown = visitor.upload(form, "file.welcome", "../../evil.mp3", tone("mp3"), do="upload:welcome")
    assert shown.status == 200
    source = shown.html.partition('<audio controls preload="none" src="')[2].partition('"')[0].replace("&amp;", "&")
    heard = visitor.ask("GET", source)
    assert (heard.status, heard.headers["Content-Type"], heard.body[:4]) == (200, "audio/wav", b"RIFF")
    assert len(heard.body) > 16_000
    review = visitor.send(shown.form(PLACE))
    assert "hotline-welcome-" in review.text
    assert "Saved and applied" in visitor.send(review.form("/save")).text
    folder = file.parent / "sounds"
    assert sorted({each.parent.name for each in folder.rglob("*.wav")}) == ["16000", "8000"]
    written = yaml.safe_load(file.read_bytes())["gates"]["hotline"]["prompts"]["welcome"]
    assert written.startswith(f"{folder}/hotline-welcome-")
    assert not list(file.parent.rglob("evil*"))


@needs_sox
def test_what_is_no_audio_is_refused_on_the_page_and_nothing_is_changed(page, file):
    visitor = page.administrator()
    form = visitor.go(PLACE).form(PLACE)
    refused = visitor.upload(form, "file.welcome", "welcome.wav", NO_AUDIO["SVG"], do="upload:welcome")
    assert refused.status == 422
    assert "no audio file" in refused.text
    assert visitor.upload(form, "file.x", "x.wav", b"", do="upload:x").status == 422
    assert visitor.upload(form, "file.welcome", "x.wav", b"", do="upload:welcome").status == 422
    assert visitor.upload(form, "file.welcome", "x.wav", b"\0" * (21 * 2**20), do="upload:welcome").status == 413


def test_nothing_but_a_gates_own_prompts_is_played_and_only_to_administrators(page, file):
    visitor = page.administrator()
    assert visitor.ask("GET", "/gates/hotline/sound/welcome").body[:4] == b"RIFF"
    for path in ("/gates/hotline/sound/x", "/gates/nobody/sound/welcome", "/gates/hotline/sound/..%2fwelcome"):
        assert visitor.ask("GET", path).status == 404
    form = visitor.go(PLACE).form(PLACE)
    shown = visitor.send(form, do="more:", **{"gates.hotline.prompts.welcome": str(file)})
    draft = shown.form(PLACE)["fields"]["draft"]
    assert visitor.ask("GET", f"/gates/hotline/sound/welcome?draft={draft}").status == 404
    desk = page.front_desk()
    assert desk.ask("GET", "/gates/hotline/sound/welcome").status == 403
    assert (
        desk.upload({**form, "fields": desk.go("/try").form("/try")["fields"]}, "file.welcome", "x", b"x").status == 403
    )


@needs_sox
def test_where_the_unit_lets_others_through_the_switch_plays_what_was_uploaded_and_reads_nothing_else():
    unit = (Path(__file__).parent.parent.parent / "deploy" / "vipgate.service").read_text("utf-8")
    umask = os.umask(int(re.search(r"^UMask=(\d+)$", unit, re.MULTILINE)[1], 8))
    state = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        state.chmod(int(re.search(r"^StateDirectoryMode=(\d+)$", unit, re.MULTILINE)[1], 8))
        path = sounds.take(tone("wav"), state / "sounds", "welcome", ("8000",))
        assert may_read(path.parent / "8000" / path.name, NOBODY, set())
        Versions(state / "versions").keep(b"version: 1")
        database = Database(Secret(f"sqlite:///{state / 'vipgate.db'}"), make)
        database.transact(lambda connection: None)
        database.close()
        make_key(state / "vipgate.key")
        others = [each for each in state.rglob("*") if each.is_file() and "sounds" not in each.parts]
        assert len(others) >= 2
        assert [each for each in others if may_read(each, NOBODY, set())] == []
        assert not state.stat().st_mode & 0o044
    finally:
        os.umask(umask)
        shutil.rmtree(state)
