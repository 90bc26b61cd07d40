"""The model of the other voices: Kokoro 82M, 92 MB, a third of real time on one core.

It is driven by hibari's phonemes, which follow the same conventions. Source: the inputs are those
of kokoro-onnx: tokens with a 0 at both ends, the style vector for their number, the speed.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from vivavoce.engines.onnx_options import onnx_options
from vivavoce.engines.synthesizers.phonemes import Phonemizer, cut_phonemes
from vivavoce.engines.synthesizers.speakers import Speaker, load_styles
from vivavoce.engines.synthesizers.waveform import Samples
from vivavoce.errors import ConfigError

_FIRST_PHONEMES = 40  # two seconds of speech, 0.7 s of work: what a listener waits for
_OTHER_PHONEMES = 120  # eight seconds; far below the 500 that the model can take
_CANCEL_CHECK_S = 0.02


class KokoroVoices:
    """Speaks with Kokoro's speakers. Any thread may use it, `max_parallel` of them at once."""

    def __init__(
        self,
        model_path: Path,
        *,
        threads: int,
        max_parallel: int,
        to_ids: Callable[[str], list[int]],
        phonemizers: Mapping[bool, Phonemizer],
    ) -> None:
        """Load the model.

        Args:
            model_path: the ONNX file.
            threads: for one piece of sound.
            max_parallel: sounds made at once.
            to_ids: turns phonemes into tokens, with the 0 at both ends.
            phonemizers: by whether they are British.

        Raises:
            ConfigError: the file is missing, or is no model.
        """
        self._session = _load(model_path, threads)
        self._runs = ThreadPoolExecutor(max_parallel, thread_name_prefix="kokoro")
        self._to_ids = to_ids
        self._phonemizers = phonemizers
        self._styles: dict[str, npt.NDArray[np.float32]] = {}

    def speak(
        self, text: str, speaker: Speaker, cancelled: Callable[[], bool]
    ) -> Iterator[tuple[str, Samples]]:
        """Yield phonemes and their sound, the first 2 s and then up to 8 s at a time.

        Ends early, within 100 ms, when `cancelled()` turns true.
        """
        first = _FIRST_PHONEMES
        for sentence in self._phonemizers[speaker.is_british].sentences(text):
            for phonemes in cut_phonemes(sentence, first, _OTHER_PHONEMES):
                samples = self._run(phonemes, speaker, cancelled)
                if samples is None:
                    return
                yield phonemes, samples
            first = _OTHER_PHONEMES

    def _run(
        self, phonemes: str, speaker: Speaker, cancelled: Callable[[], bool]
    ) -> Samples | None:
        """Return the sound, or None when nobody wants it any more."""
        tokens = self._to_ids(phonemes)
        inputs = {
            "tokens": np.array([tokens], np.int64),
            "style": self._style(speaker, len(tokens) - 2),
            "speed": np.ones(1, np.float32),
        }
        options = onnxruntime.RunOptions()
        run = self._runs.submit(self._session.run, None, inputs, options)
        while not wait([run], _CANCEL_CHECK_S).done:
            if cancelled():
                options.terminate = True  # ends the run before its next operator, in about 10 ms
                wait([run])
                return None
        samples: Samples = run.result()[0].reshape(-1)
        return samples

    def _style(self, speaker: Speaker, n_phonemes: int) -> npt.NDArray[np.float32]:
        styles = self._styles.get(speaker.style)
        if styles is None:
            styles = self._styles[speaker.style] = load_styles(speaker)
        return styles[n_phonemes - 1 : n_phonemes]


def _load(model_path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnx_options(threads)
    try:
        data = model_path.read_bytes()
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise ConfigError(f"cannot read the model: {error}", path="kokoro_path") from error
    except Exception as error:  # the library's own classes share no other parent
        raise ConfigError(f"{model_path} is no model: {error}", path="kokoro_path") from error
