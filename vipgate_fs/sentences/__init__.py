"""What VIPgate says to people: English texts that know their template and its parts, and so can be translated.

A `Sentence` is its English text: it goes wherever a str goes, into the log, a record or a comparison. Whoever speaks
another language makes the text anew from template and parts (`vipgate_fs.sentences.catalogue`); nothing is ever
recognised by its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Self

_ANYTHING: Final = "{text}"
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class Sentence(str):
    """An English text, or a piece of one, that can be said in other languages, too. Made by `say`.

    Attributes:
        template: what a catalogue has a translation of, such as `gate {gate} is disabled`.
        plural: the template for more than one, by the part `count`; None: there is none.
        parts: what stands in its braces. They may be sentences, moments, numbers, errors with a sentence as their text.
    """

    __slots__ = ("parts", "plural", "template")
    template: str
    plural: str | None
    parts: Mapping[str, object]

    def __new__(cls, template: str, plural: str | None, parts: Mapping[str, object]) -> Self:
        """The text in English."""
        chosen = template if plural is None or parts["count"] == 1 else plural
        self = super().__new__(cls, chosen.format_map(parts))
        self.template, self.plural, self.parts = template, plural, parts
        return self

    def __str__(self) -> Self:
        """Itself: so `str(error)` of an error that was raised with a sentence is that sentence."""
        return self

    def __deepcopy__(self, _memory: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (self.template, self.plural, dict(self.parts))


def say(template: str, plural: str | None = None, /, **parts: object) -> Sentence:
    """A sentence, or a piece of one.

    Templates are written out where this is called, never put together: the catalogue is compared with the source.

    Args:
        template: in English, as for `str.format`, with names in its braces.
        plural: the same for any `count` but 1.
        parts: by those names.
    """
    return Sentence(template, plural, parts) if parts else _alone(template)


@cache
def _alone(template: str) -> Sentence:
    return Sentence(template, None, _NOTHING)


def verbatim(text: str) -> Sentence:
    """A text without parts that stands in a file of data, such as a schema: the catalogue has that, too."""
    return Sentence(text.replace("{", "{{").replace("}", "}}"), None, _NOTHING)


NOTHING: Final = say("")
"""A piece that is left out."""


def said(what: object) -> Sentence:
    """Anything as a sentence, such as an error: its own, or a text that is the same in every language."""
    text = str(what)
    return text if isinstance(text, Sentence) else Sentence(_ANYTHING, None, {"text": text})


def joined(separator: str, pieces: Iterable[str]) -> Sentence:
    """The pieces that are not empty, with a separator of punctuation between them."""
    present = [*filter(None, pieces)]
    if len(present) == 1 and isinstance(present[0], Sentence):
        return present[0]
    parts = {f"part{number}": piece for number, piece in enumerate(present, 1)}
    return Sentence(separator.join(f"{{{name}}}" for name in parts), None, parts)


def listed(pieces: Sequence[str]) -> Sentence:
    """Such as `users, groups and numbers`."""
    if len(pieces) < 2:  # noqa: PLR2004 - nothing to join
        return joined("", pieces)
    return say("{most} and {last}", most=joined(", ", pieces[:-1]), last=pieces[-1])


def alternatives(pieces: Sequence[str]) -> Sentence:
    """Such as `users, groups or numbers`."""
    if len(pieces) < 2:  # noqa: PLR2004 - nothing to join
        return joined("", pieces)
    return say("{most} or {last}", most=joined(", ", pieces[:-1]), last=pieces[-1])


def as_data(what: str) -> dict[str, Any]:
    """Template and parts for programs, `{"key": …, "parts": {…}}`; {} for a text that is no sentence."""
    if not isinstance(what, Sentence):
        return {}
    return {"key": what.template, "parts": {name: _datum(part) for name, part in what.parts.items()}}


def _datum(part: object) -> Any:
    if isinstance(part, bool | int | float) or part is None:
        return part
    text = str(part)
    is_plain = not isinstance(text, Sentence) or text.template in ("", _ANYTHING)
    return text[:] if is_plain else {"text": text, **as_data(text)}
