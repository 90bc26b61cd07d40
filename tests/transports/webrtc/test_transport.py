"""One call's events and sound, over a peer that does as it is told."""

import asyncio
from dataclasses import dataclass, field

import msgspec
import pytest

from vivavoce.errors import TransportClosed
from vivavoce.ids import counting_ids
from vivavoce.interfaces import MalformedEvent, TrackSound
from vivavoce.protocol.client_events import InputAudioBufferClear, InputAudioBufferCommit
from vivavoce.protocol.server_events import InputAudioBufferCleared
from vivavoce.transports.dialects.ga import GaCodec
from vivavoce.transports.webrtc.peer import FRAME_BYTES
from vivavoce.transports.webrtc.transport import (
    MAX_EARLY_EVENTS,
    MAX_WAITING_TEXT_BYTES,
    WRITE_AHEAD_BYTES,
    WebRtcTransport,
)

COMMIT = b'{"type": "input_audio_buffer.commit"}'
CLEARED = InputAudioBufferCleared(event_id="event_1")
SILENCE = bytes(FRAME_BYTES)


@dataclass
class FakePeer:
    """Keeps what it is given."""

    has_channel: bool = True
    is_connected: bool = True
    unsent_bytes: int = 0
    microphone: bytes = b""
    sent: list[bytes] = field(default_factory=list)
    played: list[bytes] = field(default_factory=list)
    n_drained: int = 0
    is_closed: bool = False

    def play(self, frame: bytes) -> None:
        self.played.append(frame)

    def heard(self) -> bytes:
        return self.microphone

    def send(self, text: bytes) -> None:
        if self.is_closed:
            raise TransportClosed
        self.sent.append(text)

    async def drain(self) -> None:
        self.n_drained += 1

    def close(self) -> None:
        self.is_closed = True


def connected(peer: FakePeer, *, is_open: bool = True) -> WebRtcTransport:
    codec = GaCodec()
    transport = WebRtcTransport(codec.decode, codec.encode, counting_ids())
    transport.peer = peer
    if is_open:
        transport.on_open(262_144)
    return transport


async def test_texts_are_received_in_order() -> None:
    transport = connected(FakePeer())
    transport.on_text(COMMIT)
    transport.on_text(b'{"type": "input_audio_buffer.clear"}')
    assert await transport.receive() == InputAudioBufferCommit()
    assert await transport.receive() == InputAudioBufferClear()


def test_sound_is_told_with_what_was_played_before_it() -> None:
    peer = FakePeer(microphone=b"\1\2" * 480)
    transport = connected(peer)
    transport.play(lambda: b"\3\4" * 480)
    assert peer.played == [b"\3\4" * 480]
    assert transport.hear() == TrackSound(b"\1\2" * 480, b"\3\4" * 480)


def test_before_the_call_is_connected_nothing_is_taken_from_what_is_to_be_played() -> None:
    transport = connected(FakePeer(is_connected=False))
    transport.play(lambda: pytest.fail("a frame was taken, and nobody hears it"))


def test_what_was_played_while_nothing_was_heard_is_told_with_what_is_heard_next() -> None:
    peer = FakePeer()
    transport = connected(peer)
    frames = [sample * 480 for sample in (b"\1\0", b"\2\0", b"\3\0")]
    for frame in frames[:2]:
        assert transport.hear() is None
        transport.play(lambda frame=frame: frame)
    peer.microphone = b"\7\0" * 480
    assert transport.hear() == TrackSound(peer.microphone, frames[0] + frames[1])
    transport.play(lambda: frames[2])
    assert transport.hear() == TrackSound(peer.microphone, frames[2])


async def test_what_is_no_event_is_told_as_such() -> None:
    transport = connected(FakePeer())
    transport.on_text(b"nonsense")
    transport.on_binary()
    for _ in range(2):
        assert isinstance(await transport.receive(), MalformedEvent)


async def test_events_before_the_channel_is_open_are_sent_when_it_is() -> None:
    peer = FakePeer()
    transport = connected(peer, is_open=False)
    await transport.send(CLEARED)
    assert peer.sent == []
    transport.on_open(262_144)
    assert [msgspec.json.decode(text)["type"] for text in peer.sent] == [
        "input_audio_buffer.cleared"
    ]


async def test_nobody_who_never_comes_is_waited_for_without_end() -> None:
    transport = connected(FakePeer(), is_open=False)
    for _ in range(MAX_EARLY_EVENTS):
        await transport.send(CLEARED)
    with pytest.raises(TransportClosed):
        await transport.send(CLEARED)


async def test_without_a_channel_events_go_nowhere() -> None:
    peer = FakePeer(has_channel=False)
    await connected(peer, is_open=False).send(CLEARED)
    assert peer.sent == []


async def test_sending_waits_for_a_slow_client_and_ends_with_it() -> None:
    peer = FakePeer(unsent_bytes=WRITE_AHEAD_BYTES + 1)
    transport = connected(peer)
    assert transport.unsent_bytes == WRITE_AHEAD_BYTES + 1
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(transport.send(CLEARED))
        await asyncio.sleep(0)
        assert not sending.done()
        peer.unsent_bytes = 0
        transport.on_room()
        await sending
        peer.unsent_bytes = WRITE_AHEAD_BYTES + 1
        failing = tasks.create_task(raises_closed(transport))
        await asyncio.sleep(0)
        transport.on_end()
        await failing


async def raises_closed(transport: WebRtcTransport) -> None:
    with pytest.raises(TransportClosed):
        await transport.send(CLEARED)


async def test_the_end_is_received_after_what_came_before() -> None:
    transport = connected(FakePeer())
    transport.on_text(COMMIT)
    transport.on_end()
    assert await transport.receive() == InputAudioBufferCommit()
    assert await transport.receive() is None
    with pytest.raises(TransportClosed):
        await transport.send(CLEARED)


async def test_a_flood_of_messages_ends_the_call() -> None:
    transport = connected(FakePeer())
    for _ in range(MAX_WAITING_TEXT_BYTES // 1_000_000 + 1):
        transport.on_text(b"x" * 1_000_000)
    while await transport.receive() is not None:
        pass


async def test_closing_lets_the_last_words_out_and_frees_the_peer() -> None:
    peer = FakePeer()
    transport = connected(peer)
    await transport.close(1000, "")
    assert (peer.n_drained, peer.is_closed) == (1, True)
    assert await transport.receive() is None
    transport.play(lambda: SILENCE)
    assert transport.hear() is None
    assert peer.played == []
    await transport.close(1000, "")
    assert peer.n_drained == 1


async def test_a_peer_that_is_gone_is_not_waited_for() -> None:
    peer = FakePeer()
    transport = connected(peer)
    transport.on_end()
    await transport.close(1000, "")
    assert (peer.n_drained, peer.is_closed) == (0, True)
