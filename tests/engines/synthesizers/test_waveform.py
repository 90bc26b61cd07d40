import numpy as np
import pytest

from vivavoce.engines.synthesizers.waveform import (
    PAUSE_AFTER_CLAUSE_MS,
    PAUSE_AFTER_SENTENCE_MS,
    Samples,
    pause_after_ms,
    stretch,
    to_pcm,
    trim,
)

RATE_HZ = 24_000


def voice(duration_ms: int, pitch_hz: float = 150) -> Samples:
    """Return a buzz: a sound with the harmonics of a voice."""
    time_s = np.arange(RATE_HZ * duration_ms // 1000) / RATE_HZ
    harmonics = [np.sin(2 * np.pi * pitch_hz * n * time_s) / n for n in range(1, 20)]
    return np.asarray(0.2 * np.sum(harmonics, axis=0), np.float32)


def silence(duration_ms: int) -> Samples:
    return np.zeros(RATE_HZ * duration_ms // 1000, np.float32)


def duration_ms(samples: Samples) -> float:
    return len(samples) * 1000 / RATE_HZ


def pitch_hz(samples: Samples) -> float:
    correlation = np.correlate(samples, samples[:4000], mode="valid")
    return float(RATE_HZ / (100 + np.argmax(correlation[100:280])))  # 86 to 240 Hz


@pytest.mark.parametrize("tempo", [0.25, 0.5, 0.8, 1.0, 1.25, 1.5])
def test_stretching_changes_the_length_and_not_the_pitch(tempo: float) -> None:
    stretched = stretch(voice(1500), tempo)

    assert duration_ms(stretched) == pytest.approx(1500 / tempo, rel=0.04)
    assert pitch_hz(stretched) == pytest.approx(150, rel=0.02)


def test_nothing_can_be_stretched() -> None:
    assert len(stretch(silence(0), 0.5)) == 0


def test_silence_is_cut_off_both_ends_but_a_little() -> None:
    trimmed = trim(np.concatenate([silence(400), voice(500), silence(600)]))

    assert duration_ms(trimmed) == pytest.approx(500 + 20 + 40, abs=10)


def test_a_pause_inside_is_kept() -> None:
    trimmed = trim(np.concatenate([voice(300), silence(400), voice(300)]))

    assert duration_ms(trimmed) == pytest.approx(1000, abs=10)


def test_faint_noise_counts_as_silence() -> None:
    noise = np.random.default_rng(1).normal(0, 0.001, RATE_HZ).astype(np.float32)

    assert duration_ms(trim(np.concatenate([noise, voice(500), noise]))) < 600


@pytest.mark.parametrize("length_ms", [0, 5, 300])
def test_nothing_is_left_of_silence(length_ms: int) -> None:
    assert len(trim(silence(length_ms))) == 0


def test_the_ends_do_not_click() -> None:
    trimmed = trim(voice(500))

    assert (trimmed[0], trimmed[-1]) == (0, 0)


@pytest.mark.parametrize(
    ("phonemes", "pause_ms"),
    [
        ("hɛlO.", PAUSE_AFTER_SENTENCE_MS),
        ("hɛlO?”", PAUSE_AFTER_SENTENCE_MS),
        ("hɛlO…", PAUSE_AFTER_SENTENCE_MS),
        ("hɛlO,", PAUSE_AFTER_CLAUSE_MS),
        ("hɛlO —", PAUSE_AFTER_CLAUSE_MS),
        ("hɛlO", 0),
        ("", 0),
    ],
)
def test_the_pause_follows_the_punctuation(phonemes: str, pause_ms: int) -> None:
    assert pause_after_ms(phonemes) == pause_ms


def test_samples_become_16_bit_with_a_pause_behind_them() -> None:
    data = to_pcm(np.array([0, 0.25, -0.25], np.float32), gain=2.0, pause_ms=10)

    assert np.frombuffer(data, "<i2")[:3].tolist() == [0, 16_383, -16_383]
    assert data[6:] == bytes(480)


def test_what_is_too_loud_is_clipped_and_does_not_wrap() -> None:
    data = to_pcm(np.array([1.5, -1.5], np.float32), gain=1.0, pause_ms=0)

    assert np.frombuffer(data, "<i2").tolist() == [32_767, -32_768]
