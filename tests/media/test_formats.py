import numpy as np
import pytest

from vivavoce.media.formats import WireDecoder, WireEncoder, decode, encode, wire_bytes_per_ms
from vivavoce.protocol.audio_settings import AudioFormat, PcmaFormat, PcmFormat, PcmuFormat

G711 = pytest.mark.parametrize("wire", [PcmuFormat(), PcmaFormat()], ids=["pcmu", "pcma"])
EVERY_FORMAT = pytest.mark.parametrize(
    ("wire", "bytes_per_ms"), [(PcmFormat(), 48), (PcmuFormat(), 8), (PcmaFormat(), 8)]
)


def tone(duration_ms: int = 100) -> bytes:
    time_s = np.arange(24 * duration_ms) / 24_000
    return (10_000 * np.sin(2 * np.pi * 440 * time_s)).astype("<i2").tobytes()


@EVERY_FORMAT
def test_a_millisecond_takes_what_the_protocol_says(wire: AudioFormat, bytes_per_ms: int) -> None:
    assert wire_bytes_per_ms(wire) == bytes_per_ms
    assert len(encode(tone(duration_ms=100), wire)) == 100 * bytes_per_ms


@EVERY_FORMAT
def test_the_length_survives_both_ways(wire: AudioFormat, bytes_per_ms: int) -> None:
    assert len(decode(bytes(100 * bytes_per_ms), wire)) == 100 * 48


@G711
def test_g711_keeps_speech_close_to_the_original(wire: AudioFormat) -> None:
    there_and_back = np.frombuffer(decode(encode(tone(), wire), wire), "<i2")

    error = (there_and_back - np.frombuffer(tone(), "<i2").astype(int))[200:-200]

    assert np.sqrt(np.mean(error**2)) < 10_000 / np.sqrt(2) / 50  # 34 dB below the tone


def test_pcm_waits_for_the_other_half_of_a_sample() -> None:
    decoder = WireDecoder(PcmFormat())

    pieces = [decoder.push(b"\x01"), decoder.push(b"\x02\x03\x04\x05"), decoder.push(b"\x06")]

    assert pieces == [b"", b"\x01\x02\x03\x04", b"\x05\x06"]


def test_half_a_sample_at_the_end_is_dropped() -> None:
    assert decode(b"\x01\x02\x03", PcmFormat()) == b"\x01\x02"


@EVERY_FORMAT
@pytest.mark.parametrize("n_bytes", [1, 159, 480])
def test_decoding_does_not_depend_on_the_cuts(
    wire: AudioFormat, bytes_per_ms: int, n_bytes: int
) -> None:
    data = encode(tone(), wire)
    decoder = WireDecoder(wire)

    pieces = [decoder.push(data[at : at + n_bytes]) for at in range(0, len(data), n_bytes)]

    assert b"".join(pieces) + decoder.flush() == decode(data, wire)


@EVERY_FORMAT
@pytest.mark.parametrize("n_bytes", [2, 480, 4802])
def test_encoding_does_not_depend_on_the_cuts(
    wire: AudioFormat, bytes_per_ms: int, n_bytes: int
) -> None:
    encoder = WireEncoder(wire)

    pieces = [encoder.push(tone()[at : at + n_bytes]) for at in range(0, len(tone()), n_bytes)]

    assert b"".join(pieces) + encoder.flush() == encode(tone(), wire)
