import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transports.rtp.calls import level_of
from vivavoce.transports.rtp.codecs import (
    CODECS,
    Codec,
    n_samples,
    new_decoder,
    new_encoder,
    usable,
)
from vivavoce.transports.rtp.comfort_noise import ComfortNoise
from vivavoce.transports.rtp.concealment import Concealer


def sound(codec: Codec, ms: int, hz: float = 440.0) -> bytes:
    at = np.arange(codec.pcm_hz * ms // 1000)
    return (8_000 * np.sin(2 * np.pi * hz * at / codec.pcm_hz)).astype("<i2").tobytes()


def samples(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.frombuffer(data, "<i2").astype(np.float64)


def test_every_codec_is_there() -> None:
    assert [codec.name for codec in usable(("pcma", "opus", "g722", "pcmu"))] == [
        "pcma", "opus", "g722", "pcmu",
    ]  # fmt: skip


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@pytest.mark.parametrize("ms", [10, 20, 40, 60])
def test_a_payload_is_as_long_as_its_sound(codec: Codec, ms: int) -> None:
    encoder, decoder = new_encoder(codec, {}), new_decoder(codec)

    payload = encoder.encode(sound(codec, ms))

    assert n_samples(codec, payload) == codec.pcm_hz * ms // 1000
    assert len(decoder.decode(payload)) == 2 * codec.pcm_hz * ms // 1000


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@given(payload=st.binary(max_size=400))
def test_no_payload_raises(codec: Codec, payload: bytes) -> None:
    n_samples(codec, payload)
    new_decoder(codec).decode(payload)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@given(n=st.integers(0, 3_000))
def test_concealment_is_as_long_as_it_is_asked_to_be(codec: Codec, n: int) -> None:
    decoder = new_decoder(codec)
    decoder.decode(new_encoder(codec, {}).encode(sound(codec, 20)))

    assert len(decoder.conceal(n, None)) == 2 * n


def test_opus_spends_no_more_bits_than_the_other_side_likes() -> None:
    opus = CODECS["opus"]
    thrifty = new_encoder(opus, {"maxaveragebitrate": "8000"})
    plain = new_encoder(opus, {"maxaveragebitrate": "x"})
    noise = np.random.default_rng(1).normal(0, 3_000, 480).astype("<i2").tobytes()

    sizes = [sum(len(encoder.encode(noise)) for _ in range(50)) for encoder in (thrifty, plain)]

    assert sizes[0] * 8 <= 9_000
    assert 28_000 <= sizes[1] * 8 <= 36_000


def test_opus_finds_a_lost_packet_again_in_the_one_behind_it() -> None:
    opus = CODECS["opus"]
    encoder = new_encoder(opus, {"useinbandfec": "1"})
    rng = np.random.default_rng(2)
    # Something voiced with a pitch that glides: what is invented can't know where it goes.
    phase = np.cumsum(150 + 100 * np.sin(np.arange(24_000) / 3_000) + rng.normal(0, 1, 24_000))
    harmonics = [np.sin(2 * np.pi * k * phase / 24_000) / k for k in range(1, 12)]
    voice = np.sum(harmonics, axis=0)
    pcm = (6_000 * voice).astype("<i2")
    payloads = [encoder.encode(pcm[n : n + 480].tobytes()) for n in range(0, 24_000, 480)]

    errors = []
    for with_copy in (True, False):
        whole, gapped = new_decoder(opus), new_decoder(opus)
        error = 0.0
        for n, payload in enumerate(payloads[:-1]):
            true = whole.decode(payload)
            if n % 5 == 4:
                copy = payloads[n + 1] if with_copy else None
                error += float(np.sum((samples(gapped.conceal(480, copy)) - samples(true)) ** 2))
            else:
                gapped.decode(payload)
        errors.append(error)

    assert errors[0] < 0.5 * errors[1]


def test_a_lost_piece_goes_on_at_its_pitch_and_fades_away() -> None:
    concealer = Concealer(8_000)
    concealer.take(sound(CODECS["pcmu"], 40, hz=200))

    invented = samples(concealer.conceal(800))

    assert level_of(invented[:80]) == pytest.approx(8_000, rel=0.1)
    assert level_of(invented[240:320]) < 6_000
    assert not invented[480:].any()


def test_sound_before_and_after_a_loss_does_not_click() -> None:
    concealer = Concealer(8_000)
    whole = sound(CODECS["pcmu"], 100, hz=200)

    line = concealer.take(whole[:640]) + concealer.conceal(160) + concealer.take(whole[960:])

    steps = np.abs(np.diff(samples(line)))
    assert steps.max() < 1.5 * np.abs(np.diff(samples(whole))).max()


def test_a_loss_before_any_sound_is_silence() -> None:
    assert not samples(Concealer(8_000).conceal(160)).any()


@given(st.binary(max_size=15))
def test_any_description_of_noise_is_made(payload: bytes) -> None:
    noise = ComfortNoise()

    noise.describe(payload)

    made = samples(noise.make(12_345))
    assert len(made) == 12_345
    assert np.sqrt(np.mean(made**2)) <= 32_768 * 10 ** (-29 / 20)


def test_noise_has_the_spectrum_that_is_described() -> None:
    noise = ComfortNoise()

    noise.describe(bytes([40, 127 - 100]))  # a pole near 0 Hz: dull

    spectrum = np.abs(np.fft.rfft(samples(noise.make(8_000))))
    assert spectrum[:1_000].mean() > 4 * spectrum[3_000:].mean()
