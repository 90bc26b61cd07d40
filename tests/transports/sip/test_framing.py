import pytest

from vivavoce.transports.sip.framing import PING, FramingError, StreamFraming

HEAD = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\n"
MESSAGE = HEAD + b"body"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_and_pings_are_found_however_the_stream_is_cut(size: int) -> None:
    stream = (
        b"\r\n\r\n"
        + MESSAGE
        + b"\r\n"
        + MESSAGE
        + b"\r\n\r\n"
        + MESSAGE.replace(b"Content-Length: 4", b"l:4")
    )
    framing = StreamFraming()
    found = [
        message
        for start in range(0, len(stream), size)
        for message in framing.feed(stream[start : start + size])
    ]

    assert [message for message in found if message != PING] == [
        MESSAGE,
        MESSAGE,
        MESSAGE.replace(b"Content-Length: 4", b"l:4"),
    ]
    assert found[0] == PING
    assert not framing.has_part


def test_a_message_that_is_not_whole_is_waited_for() -> None:
    framing = StreamFraming()

    assert framing.feed(MESSAGE[:-1]) == []
    assert framing.has_part
    assert framing.feed(MESSAGE[-1:]) == [MESSAGE]


@pytest.mark.parametrize(
    "stream",
    [
        b"OPTIONS sip:a SIP/2.0\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 70000\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: x\r\n\r\n",
        b"x" * 70_000,
    ],
)
def test_a_stream_that_cannot_be_cut_is_given_up(stream: bytes) -> None:
    with pytest.raises(FramingError):
        StreamFraming().feed(stream)
