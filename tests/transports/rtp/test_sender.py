from itertools import pairwise

import pytest

from tests.transports.rtp.calls import SILENCE, tone
from vivavoce.transports.rtp.codecs import CODECS
from vivavoce.transports.rtp.packets import RtpPacket, parse_rtp
from vivavoce.transports.rtp.sender import AudioSender, OutgoingType
from vivavoce.transports.rtp.settings import CodecName


def outgoing(
    codec: CodecName = "pcmu", packet_ms: int = 20, events: int | None = 101
) -> OutgoingType:
    return OutgoingType(
        codec=CODECS[codec],
        payload_type=CODECS[codec].payload_type,
        parameters={},
        packet_ms=packet_ms,
        event_type=events,
        event_clock_hz=CODECS[codec].clock_hz,
    )


def sent(sender: AudioSender, n_ticks: int) -> list[RtpPacket]:
    packets = [parse_rtp(data) for n in range(n_ticks) for data in sender.tick(tone(440)(n))]
    assert all(packets)
    return [packet for packet in packets if packet is not None]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("packet_ms", [10, 20, 40, 60])
def test_packets_are_as_long_as_agreed_on(codec: CodecName, packet_ms: int) -> None:
    sender = AudioSender()
    sender.set_type(outgoing(codec, packet_ms))

    packets = sent(sender, 30)

    assert len(packets) == 600 // packet_ms
    ticks = CODECS[codec].clock_hz * packet_ms // 1000
    for before, after in pairwise(packets):
        assert after.sequence == (before.sequence + 1) & 0xFFFF
        assert after.timestamp == (before.timestamp + ticks) & 0xFFFFFFFF
    assert [packet.marker for packet in packets] == [True] + [False] * (len(packets) - 1)


def test_nothing_is_sent_before_it_is_known_how() -> None:
    assert AudioSender().tick(SILENCE) == []


def test_a_key_takes_its_time_of_the_stream() -> None:
    sender = AudioSender()
    sender.set_type(outgoing())
    before = sent(sender, 5)

    sender.press("5")
    packets = sent(sender, 8)

    events = [packet for packet in packets if packet.payload_type == 101]
    sound = [packet for packet in packets if packet.payload_type == 0]
    assert len(events) == 7
    assert {packet.timestamp for packet in events} == {before[-1].timestamp + 160 & 0xFFFFFFFF}
    assert [packet.marker for packet in events] == [True] + [False] * 6
    assert sound[0].timestamp == (events[0].timestamp + 800) & 0xFFFFFFFF
    assert sound[0].marker
    assert not sender.is_sending_digits
    assert [packet.sequence for packet in packets] == [
        before[-1].sequence + n & 0xFFFF for n in range(1, len(packets) + 1)
    ]


def test_another_codec_goes_on_with_the_same_stream() -> None:
    sender = AudioSender()
    sender.set_type(outgoing("pcmu"))
    first = sent(sender, 5)

    sender.set_type(outgoing("opus"))
    second = sent(sender, 5)

    assert second[0].payload_type == 96
    assert second[0].sequence == (first[-1].sequence + 1) & 0xFFFF
    assert second[0].ssrc == first[0].ssrc
    assert second[0].marker


@pytest.mark.parametrize("digits", ["1x", "+", " "])
def test_what_is_no_key_is_refused(digits: str) -> None:
    sender = AudioSender()
    sender.set_type(outgoing())

    with pytest.raises(ValueError, match="no key"):
        sender.press(digits)


def test_keys_are_refused_where_the_other_side_takes_none() -> None:
    sender = AudioSender()
    sender.set_type(outgoing(events=None))

    with pytest.raises(ValueError, match="takes no"):
        sender.press("1")
