"""The committed prompts: all there, in the format that mod_sndfile reads, fit to be heard on a telephone."""

import csv
import struct
import wave
from pathlib import Path

import pytest

SOUNDS = Path(__file__).resolve().parent.parent / "sounds"
RATES = (8000, 16000)
MAX_SAMPLE = 32767

with (SOUNDS / "prompts.tsv").open(encoding="utf-8", newline="") as _file:
    PROMPTS = {(row["language"], row["name"]): row["text"] for row in csv.DictReader(_file, delimiter="\t")}
FILES = [(language, rate, name) for language, name in PROMPTS for rate in RATES]


def path(language, rate, name):
    return SOUNDS / language / str(rate) / f"{name}.wav"


def samples(file):
    with wave.open(str(file), "rb") as sound:
        return struct.unpack(f"<{sound.getnframes()}h", sound.readframes(sound.getnframes()))


def seconds(file):
    with wave.open(str(file), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


def decibels(value):
    """dBFS of a sample value, as an amplitude ratio to compare with."""
    return MAX_SAMPLE * 10 ** (value / 20)


def names(language):
    return {name for prompt_language, name in PROMPTS if prompt_language == language}


def test_both_languages_have_the_prompts_that_the_gate_and_vipgate_name():
    assert names("de") == names("en")
    assert names("de") == {
        "vipgate-welcome",
        "vipgate-wrong-pin",
        "vipgate-customer-number",
        "vipgate-rejected",
        "vipgate-one-moment",
    }


def test_there_is_no_sound_that_the_list_does_not_know():
    assert {file for file in SOUNDS.rglob("*") if file.suffix == ".wav"} == {path(*file) for file in FILES}


@pytest.mark.parametrize(
    ("language", "name"), [key for key in PROMPTS if key[1] in ("vipgate-welcome", "vipgate-customer-number")]
)
def test_who_is_to_key_in_digits_is_told_how_to_end(language, name):
    ending = {"de": "und schließen Sie mit der Raute-Taste ab.", "en": "followed by the hash key."}
    assert PROMPTS[language, name].endswith(ending[language])


@pytest.mark.parametrize(("language", "rate", "name"), FILES)
class TestFile:
    def test_is_mono_16_bit_pcm_in_the_rate_of_its_folder(self, language, rate, name):
        with wave.open(str(path(language, rate, name)), "rb") as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, rate)
            assert sound.getcomptype() == "NONE"

    def test_lasts_as_long_as_one_listens(self, language, rate, name):
        assert 1 <= seconds(path(language, rate, name)) <= 8

    def test_is_as_loud_as_speech_on_the_line_and_not_clipped(self, language, rate, name):
        sound = samples(path(language, rate, name))
        assert decibels(-4) <= max(map(abs, sound)) <= decibels(-2)
        assert decibels(-26) <= (sum(sample**2 for sample in sound) / len(sound)) ** 0.5 <= decibels(-12)

    def test_begins_and_ends_with_a_short_silence(self, language, rate, name):
        sound = samples(path(language, rate, name))
        loud = [index for index, sample in enumerate(sound) if abs(sample) > decibels(-40)]
        assert 0.15 <= loud[0] / rate <= 0.25
        assert 0.15 <= (len(sound) - loud[-1]) / rate <= 0.25


@pytest.mark.parametrize(("language", "name"), PROMPTS)
def test_lasts_equally_long_in_every_rate(language, name):
    low, high = (seconds(path(language, rate, name)) for rate in RATES)
    assert low == pytest.approx(high, abs=0.001)
