"""Sentences as JSON, so that what is kept can be said in any language later."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

from vipgate_fs.sentences import Sentence
from vipgate_fs.sentences.catalogue import placeholders

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_MOMENT: Final = "at"
_DATE: Final = "on"
_FEW: Final = 2000
"""Different sentences of which the JSON is kept: many calls have the same reason."""


def cleaned(what: str, clean: Callable[[str], str]) -> str:
    """A text after `clean`; still a sentence if its parts, each of them cleaned, make the same text."""
    text = clean(what[:])
    if not isinstance(what, Sentence):
        return text
    sentence = _each(what, clean)
    return sentence if sentence == text else text


def _each(sentence: Sentence, clean: Callable[[str], str]) -> Sentence:
    parts = {name: _part(part, clean) for name, part in sentence.parts.items()}
    return Sentence(sentence.template, sentence.plural, parts)


def _part(part: object, clean: Callable[[str], str]) -> object:
    if isinstance(part, int | float | dt.date) or part is None:
        return part
    text = str(part)
    return _each(text, clean) if isinstance(text, Sentence) else clean(text)


def to_json(what: str) -> str | None:
    """A sentence with its parts; None for a text that is the same in every language."""
    if not isinstance(what, Sentence) or not what:
        return None
    return _JSON.encode(_datum(what))


def pack(what: str, most: int) -> bytes:
    """A text as a message of so many bytes at most: with what makes it a sentence if there is room, else cut off."""
    whole = json.dumps([what[:], to_json(what)], ensure_ascii=False).encode("utf-8", "replace")
    return whole if len(whole) <= most else what.encode("utf-8", "replace")[:most]


def unpack(message: str) -> str:
    """What `pack` has made a message of."""
    with suppress(ValueError, TypeError):
        text, kept = json.loads(message)
        return from_json(str(text), kept)
    return message


def _datum(part: object) -> Any:
    if isinstance(part, dt.datetime):
        return {_MOMENT: part.isoformat()}
    if isinstance(part, dt.date):
        return {_DATE: part.isoformat()}
    if isinstance(part, bool | int | float) or part is None:
        return part
    text = str(part)
    if not isinstance(text, Sentence):
        return text
    plural = {} if text.plural is None else {"plural": text.plural}
    return {"key": text.template, **plural, "parts": {name: _datum(each) for name, each in text.parts.items()}}


@lru_cache(_FEW)
def from_json(text: str, kept: str | None) -> str:
    """The sentence that `to_json` kept; the text alone where nothing was kept, or what makes another text."""
    if kept is None:
        return text
    try:
        sentence = _sentence(json.loads(kept))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return text
    return sentence if sentence == text else text


def _sentence(datum: Any) -> Any:
    """What `_datum` made; of what others may have written, only what `say` could have made."""
    if not isinstance(datum, dict):
        return datum
    if _MOMENT in datum:
        return dt.datetime.fromisoformat(datum[_MOMENT])
    if _DATE in datum:
        return dt.date.fromisoformat(datum[_DATE])
    template, plural = datum["key"], datum.get("plural")
    parts = {name: _sentence(part) for name, part in datum["parts"].items()}
    for each in filter(None, (template, plural)):
        if not placeholders(each) <= parts.keys():
            raise ValueError(template)
    return Sentence(template, plural, parts)
