from collections.abc import Callable

import numpy as np
import pytest

from vivavoce.media.g711 import a_law_to_pcm, mu_law_to_pcm, pcm_to_a_law, pcm_to_mu_law

LAWS = pytest.mark.parametrize(
    ("to_pcm", "from_pcm"),
    [(mu_law_to_pcm, pcm_to_mu_law), (a_law_to_pcm, pcm_to_a_law)],
    ids=["mu-law", "A-law"],
)
Convert = Callable[[bytes], bytes]
EVERY_CODE = bytes(range(256))


def samples(pcm: bytes) -> list[int]:
    return [int(sample) for sample in np.frombuffer(pcm, np.int16)]


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xFE, 8), (0xEF, 132), (0x6F, -132)],
)
def test_mu_law_codes_mean_what_table_2_of_the_recommendation_says(code: int, sample: int) -> None:
    assert samples(mu_law_to_pcm(bytes([code]))) == [sample]


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0xD4, 24), (0xC5, 264), (0xF5, 528)],
)
def test_a_law_codes_mean_what_table_1_of_the_recommendation_says(code: int, sample: int) -> None:
    assert samples(a_law_to_pcm(bytes([code]))) == [sample]


@LAWS
def test_a_code_survives_decoding_and_encoding(to_pcm: Convert, from_pcm: Convert) -> None:
    decoded = to_pcm(EVERY_CODE)

    assert to_pcm(from_pcm(decoded)) == decoded


@LAWS
def test_every_sample_is_encoded_as_the_nearest_code_of_its_segment(
    to_pcm: Convert, from_pcm: Convert
) -> None:
    every = np.arange(-32768, 32768).astype(np.int16)
    error = np.abs(np.frombuffer(to_pcm(from_pcm(every.tobytes())), np.int16) - every.astype(int))
    # A step is a sixteenth of its segment, so nothing is off by more than half of that; the few
    # samples beyond the last code are clipped to it.
    assert np.all(
        error <= np.maximum(np.abs(every.astype(int)) / 32 + 8, 0) + 512 * (every == -32768)
    )


@LAWS
def test_nothing_becomes_nothing(to_pcm: Convert, from_pcm: Convert) -> None:
    assert (to_pcm(b""), from_pcm(b"")) == (b"", b"")
