import wave

import pytest

from vipgate_fs.simulator import media


def write(path, seconds: float, rate: int = 8000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\0\0" * round(seconds * rate))


@pytest.mark.parametrize(
    ("sound", "seconds"),
    [
        ("tone_stream://%(3000,0,600)", 3.0),
        ("tone_stream://%(200,100,500)", 0.3),
        ("tone_stream://%(200,100,500);%(1000,0,300)", 1.3),
        ("tone_stream://%(500,500,425);loops=3", 3.0),
        ("silence_stream://1500", 1.5),
        ("silence_stream://250,1400", 0.25),
        ("file_string://tone_stream://%(100,0,1)!tone_stream://%(200,0,1)", 0.3),
        ("/no/such/file.wav", None),
        ("file_string:///no/such/file.wav!/nor/this.wav", None),
        ("http_cache://example.org/a.wav", None),
    ],
)
def test_length(sound, seconds):
    assert media.seconds(sound) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize("sound", ["tone_stream://%(500,500,425);loops=-1", "silence_stream://-1"])
def test_endless(sound):
    assert media.seconds(sound) > 3600


@pytest.mark.parametrize(
    ("there", "rate", "seconds"),
    [
        ({"8000/a.wav": 1.0, "16000/a.wav": 2.0, "a.wav": 3.0}, 8000, 1.0),
        ({"8000/a.wav": 1.0, "16000/a.wav": 2.0, "a.wav": 3.0}, 16000, 2.0),
        ({"16000/a.wav": 2.0, "a.wav": 3.0}, 8000, 2.0),
        ({"a.wav": 3.0}, 8000, 3.0),
        ({}, 8000, None),
    ],
)
def test_the_folder_of_the_channels_rate_comes_first(tmp_path, there, rate, seconds):
    for name, length in there.items():
        write(tmp_path / name, length)

    assert media.seconds("a.wav", tmp_path, rate) == seconds
    assert media.seconds(str(tmp_path / "a.wav"), None, rate) == seconds


def test_what_is_no_wav_file_is_no_sound(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF, but not quite")

    assert media.seconds("a.wav", tmp_path) is None


@pytest.mark.parametrize(
    ("played", "length", "variables"),
    [
        (0.5, 0.5, ("4000", "0", "500", "4000")),
        (2.98, 20, ("23840", "4", "4096", "32768")),
        (2.08, 3, ("16640", "3", "3000", "24000")),
    ],
)
def test_what_the_switch_says_of_a_playback(played, length, variables):
    assert tuple(media.playback_variables(played, length).values()) == variables
