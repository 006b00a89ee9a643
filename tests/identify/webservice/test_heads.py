"""Heads of answers as servers write them. What could change where an answer ends is not mended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webservice_peer import BODY, GOOD, Peer, a_call, answering

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import Pass
from vipgate_fs.identify.webservice.heads import mended

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 17\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"X Powered By: PHP/8.2\r\n" + LENGTH + b"\r\n" + BODY,
        OK + LENGTH + b"PHP Warning\r\n\r\n" + BODY,
        OK + b"  continued\r\n" + LENGTH + b"\r\n" + BODY,
        OK + b"Odd line\r\n  and more of it\r\n" + LENGTH + b"\r\n" + BODY,
        OK + b": no name\r\n" + LENGTH + b"\r\n" + BODY,
        OK + "Größe: 1\r\n".encode() + LENGTH + b"\r\n" + BODY,
        OK + b"Set-Cookie : a=b\r\nContent-Length : 17\r\n\r\n" + BODY,
        OK + b"Content-Length:\t17 \r\n\r\n" + BODY,
        OK + b"transfer-encoding: Identity\r\n" + LENGTH + b"\r\n" + BODY,
        OK + b"X-Folded: a\r\n  b\r\n" + LENGTH + b"\r\n" + BODY,
        (OK + LENGTH + b"\r\n").replace(b"\r", b"") + BODY,
        b"\r\n" + GOOD,
        b"\n\r\n\n" + GOOD,
        b"HTTP/1.1 103 E\r\nOdd line\r\n\r\n\r\n" + GOOD,
        b"HTTP/1.1 200\r\n" + LENGTH + b"\r\n" + BODY,
        b"HTTP/1.1 200 OK \xe4\r\nX: \x01\r\n" + LENGTH + b"\r\n" + BODY,
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 9999])
def test_what_curl_overlooks_is_overlooked(step, answer, piece):
    """Also when it comes in pieces; and the connection is used again."""

    def serve(side):
        while side.request():
            for start in range(0, len(answer), piece):
                side.send(answer[start : start + piece])

    with Peer(serve) as peer:
        made = step(peer.url())
        assert [made.identify(a_call()) for _ in range(2)] == [Pass(), Pass()]
        assert peer.connections == 1


@pytest.mark.parametrize(
    "head",
    [
        b"Content Length: 5\r\n" + LENGTH,
        b"Content-Length 17\r\n",
        b"Content_Length: 17\r\nContent-Length 5\r\n",
        b"Transfer Encoding: chunked\r\n" + LENGTH,
        b"Transfer-Encoding: identity, chunked\r\n" + LENGTH,
        b"Odd line\r\n Content-Length: 5\r\n" + LENGTH,
        b"Transfer-Encoding: identity\r\n  , chunked\r\n" + LENGTH,
        LENGTH + b"Content-Length : 5\r\n",
        b" Content-Length: 5\r\n" + LENGTH,
        b"X: a\0b\r\n" + LENGTH,
        b"X: a\rContent-Length: 5\r\n" + LENGTH,
    ],
)
def test_a_line_about_where_the_answer_ends_is_not_guessed_at(step, head):
    with Peer(answering(OK + head + b"\r\n" + BODY)) as peer, pytest.raises(StepFailed, match="breaks the rules"):
        step(peer.url()).identify(a_call())


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r\n", codec="latin-1")).map(lambda text: text.encode("latin-1"))
    )
)
def test_a_head_stays_one_head(lines):
    head = b"\r\n".join([b"HTTP/1.1 200 OK", *filter(None, lines), b"", b""])
    left = mended(head)
    assert left.count(b"\r\n\r\n") == 1
    assert left.endswith(b"\r\n\r\n")
    assert mended(left) == left
