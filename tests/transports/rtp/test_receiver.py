"""From packets to the line of sound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transports.rtp.calls import Ear, level_of, pitch_hz
from vivavoce.transports.rtp.codecs import CODECS, PCMU, Codec, new_encoder
from vivavoce.transports.rtp.packets import RtpPacket
from vivavoce.transports.rtp.receiver import AudioReceiver, IncomingType

EVERY = {
    **{codec.payload_type: IncomingType(codec=codec) for codec in CODECS.values()},
    13: IncomingType(is_noise=True),
    101: IncomingType(),
}


def talk(codec: Codec, n_packets: int, hz: float = 440.0) -> list[RtpPacket]:
    encoder = new_encoder(codec, {"useinbandfec": "1"})
    n_samples = codec.pcm_hz // 50
    at = np.arange(n_samples * n_packets)
    sound = (8_000 * np.sin(2 * np.pi * hz * at / codec.pcm_hz)).astype("<i2")
    ticks = codec.clock_hz // 50
    return [
        RtpPacket(
            codec.payload_type,
            n,
            n * ticks,
            1,
            encoder.encode(sound[n * n_samples : (n + 1) * n_samples].tobytes()),
        )
        for n in range(n_packets)
    ]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_lost_packets_are_hardly_heard(codec: Codec) -> None:
    ear = Ear()
    receiver = AudioReceiver(ear.on_heard)
    receiver.set_types(EVERY)

    for n, packet in enumerate(talk(codec, 200)):
        if n % 20 != 7:
            receiver.push(packet, n * 0.02)
        receiver.advance(n * 0.02 + 0.01)

    heard = ear.samples(skip_ms=200)
    assert len(ear.heard) == 200
    assert receiver.concealed_ms == 200
    assert pitch_hz(heard) == pytest.approx(440, abs=1)
    assert level_of(heard) == pytest.approx(8_000, rel=0.08)


def test_each_packet_is_heard_the_moment_it_comes() -> None:
    ear = Ear()
    receiver = AudioReceiver(ear.on_heard)
    receiver.set_types(EVERY)

    for n, packet in enumerate(talk(CODECS["g722"], 20)):
        receiver.push(packet, n * 0.02)
        assert len(ear.heard) == n + 1


def test_noise_that_is_described_is_heard_at_its_level() -> None:
    ear = Ear()
    receiver = AudioReceiver(ear.on_heard)
    receiver.set_types(EVERY)
    for packet in talk(PCMU, 5):
        receiver.push(packet, packet.sequence * 0.02)

    receiver.push(RtpPacket(13, 5, 800, 1, bytes([40])), 0.1)
    for tick in range(6, 100):
        receiver.advance(tick * 0.02)

    noise = ear.samples(skip_ms=500)
    level_db = 20 * np.log10(np.sqrt(np.mean(noise**2)) / 32_768)
    assert level_db == pytest.approx(-40, abs=1)


def test_sound_that_comes_faster_than_time_goes_by_is_dropped_in_the_end() -> None:
    ear = Ear()
    receiver = AudioReceiver(ear.on_heard)
    receiver.set_types(EVERY)

    for packet in talk(PCMU, 500):
        receiver.push(packet, packet.sequence * 0.001)

    assert len(ear.heard) <= 25 + 51
    assert receiver.dropped_ms > 8_000


def test_a_burst_after_a_stall_is_kept_and_won_back_in_a_long_silence() -> None:
    ear = Ear()
    receiver = AudioReceiver(ear.on_heard)
    receiver.set_types(EVERY)
    packets = talk(PCMU, 50)
    quiet = [
        RtpPacket(0, n, n * 160, 1, b"\xff" * 160) for n in range(50, 250)
    ]  # two seconds and more of silence that is sent

    receiver.push(packets[0], 0.0)
    for tick in range(1, 25):
        receiver.advance(tick * 0.02)
    for packet in packets[1:25]:
        receiver.push(packet, 0.5)
    n_after_burst = len(ear.heard)
    for packet in packets[25:] + quiet:
        receiver.push(packet, packet.sequence * 0.02)

    assert n_after_burst >= 25 + 18
    assert len(ear.heard) == pytest.approx(250, abs=4)


def test_a_payload_type_nobody_agreed_on_is_nothing() -> None:
    receiver = AudioReceiver(Ear().on_heard)
    receiver.set_types(EVERY)

    assert not receiver.push(RtpPacket(77, 0, 0, 1, b"x"), 0.0)
    assert not receiver.push(RtpPacket(0, 0, 0, 1, b""), 0.0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*EVERY, 77]),
            st.integers(0, 40),
            st.integers(0, 2_000),
            st.integers(1, 2),
            st.binary(max_size=330),
            st.integers(0, 60),
        ),
        max_size=30,
    )
)
@settings(max_examples=100, deadline=None)
def test_no_payloads_raise_and_every_piece_is_20_ms(
    heads: list[tuple[int, int, int, int, bytes, int]],
) -> None:
    ear = Ear()
    receiver = AudioReceiver(ear.on_heard)
    receiver.set_types(EVERY)
    now_s = 0.0

    for payload_type, sequence, timestamp, ssrc, payload, wait_ms in heads:
        now_s += wait_ms / 1000
        receiver.push(RtpPacket(payload_type, sequence, timestamp, ssrc, payload), now_s)
        receiver.advance(now_s + 0.02)

    assert all(len(piece) == 960 for piece in ear.heard)


@given(st.lists(st.booleans(), min_size=10, max_size=60))
@settings(max_examples=40, deadline=None)
def test_the_line_is_as_long_as_the_time_whatever_is_lost(came: list[bool]) -> None:
    ear = Ear()
    receiver = AudioReceiver(ear.on_heard)
    receiver.set_types(EVERY)
    packets = talk(PCMU, len(came) + 2)

    for packet, is_here in zip(packets, [True, *came, True], strict=True):
        if is_here:
            receiver.push(packet, packet.sequence * 0.02)
        receiver.advance(packet.sequence * 0.02 + 0.01)
    receiver.advance(packets[-1].sequence * 0.02 + 0.03)

    assert len(ear.heard) in (len(packets), len(packets) - 1)
