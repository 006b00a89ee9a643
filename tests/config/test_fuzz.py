"""Whatever stands in a file, loading it ends in findings."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from vipgate_fs import config

GOOD = [file.read_bytes() for file in sorted(Path(__file__).parent.joinpath("good").glob("*.yaml"))]
WORDS = sorted({word for content in GOOD for word in re.findall(rb"[\w.+*-]+|[^\w\s]|\s+", content)})
TOKENS = [
    *WORDS,
    b"\t",
    b"\x00",
    b"\xff",
    "\u2028".encode(),
    b"&a",
    b"*a",
    b"<<: ",
    b"!!str ",
    b"? ",
    b"- ",
    b"|\n",
    b"%",
    b"@",
]
EXAMPLES = settings(max_examples=200)  # `make fuzz` tries for as long as it is given


def check(content):
    loaded = config.load_text(content)
    assert (loaded.configuration is None) == any(finding.severity == "error" for finding in loaded.findings)
    lines = content.count(b"\n") + content.count(b"\r") + 1
    for finding in loaded.findings:
        assert 1 <= finding.line <= lines
        assert finding.column >= 1
        assert len(str(finding).splitlines()) == 1


@EXAMPLES
@given(st.binary(max_size=200))
def test_bytes(content):
    check(content)


@EXAMPLES
@given(st.text(max_size=200))
def test_text(text):
    check(text.encode("utf-8", "surrogatepass"))


@EXAMPLES
@given(st.lists(st.sampled_from(TOKENS), max_size=60))
def test_tokens_in_any_order(tokens):
    check(b"".join(tokens))


@EXAMPLES
@given(st.data())
def test_good_files_with_changes(data):
    content = data.draw(st.sampled_from(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        new = data.draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=6), st.just(content[end : end + 60])))
        content = content[:start] + new + content[end:]
    check(content)
