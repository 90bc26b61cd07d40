import numpy as np
import pytest

from vivavoce.engines.synthesizers.speakers import HIBARI_VOICE, KOKORO_SPEAKERS, load_styles


def test_the_ten_voices_of_the_protocol_are_there() -> None:
    assert {HIBARI_VOICE, *KOKORO_SPEAKERS} == {
        "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar",
    }  # fmt: skip


@pytest.mark.parametrize("voice", KOKORO_SPEAKERS)
def test_a_speaker_has_a_style_for_each_length_of_text(voice: str) -> None:
    styles = load_styles(KOKORO_SPEAKERS[voice])

    assert styles.shape == (510, 256)
    assert np.isfinite(styles).all()


def test_no_two_voices_are_the_same_speaker() -> None:
    # One half of a style is the timbre, the other the manner of speaking.
    timbres = np.array([load_styles(speaker)[40, :128] for speaker in KOKORO_SPEAKERS.values()])
    timbres /= np.linalg.norm(timbres, axis=1, keepdims=True)
    likeness = timbres @ timbres.T - np.eye(len(timbres))

    assert likeness.max() < 0.9
