import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

from tests.recordings import recording
from vivavoce.engines.log_mel import log_mel
from vivavoce.engines.three_to_two import to_16_khz


def test_it_is_what_whisper_was_trained_with() -> None:
    speech = to_16_khz(recording("cards-001").data)

    assert np.allclose(log_mel(speech), FeatureExtractor()(speech, padding=0), atol=2e-4)


def test_ten_milliseconds_are_one_column() -> None:
    assert log_mel(np.zeros(16_000, np.float32)).shape == (80, 100)
