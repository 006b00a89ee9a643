"""Files as people write them, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = st.sampled_from(
    ["a", "office", "4711", "0815", "+49 30 1", "it's", 'say "hi"', "x: y", "#", "yes", "ü", "", "a\\b"]
)
STYLES = ("{}", "'{}'", '"{}"')


@st.composite
def scalars(draw):
    word, style = draw(WORDS), draw(st.sampled_from(STYLES))
    if style == "'{}'":
        return style.format(word.replace("'", "''"))
    if style == '"{}"':
        return style.format(word.replace("\\", "\\\\").replace('"', '\\"'))
    return word if word.replace("-", "").isalnum() else f"'{word.replace(chr(39), chr(39) * 2)}'"


@st.composite
def files(draw):
    """Files as people write them: comments, blank lines, lists in both styles, odd spaces, either line break."""
    lines = ["version: 1", ""] if draw(st.booleans()) else ["# of the office", "version:   1"]
    for number in range(draw(st.integers(1, 4))):
        gap = " " * draw(st.integers(1, 3))
        comment = draw(st.sampled_from(["", "  # a comment", " # it's: {odd} \"quote"]))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            lines.append(f"k{number}:{gap}{draw(scalars())}{comment}")
        elif kind == 1:
            lines += [f"k{number}:{comment}", f"  - {draw(scalars())}", "  # between", f"  -  {draw(scalars())}"]
        elif kind == 2:
            lines.append(f"k{number}: [{draw(scalars())},{gap}{{in: {draw(scalars())}}}]{comment}")
        else:
            lines += [f"k{number}:", f"    in: {draw(scalars())}{comment}", "", f"    'two':{gap}{draw(scalars())}"]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return (end.join(lines) + draw(st.sampled_from(["", end]))).encode()
