import wave
from pathlib import Path

import av
import numpy as np
import pytest

from vivavoce.errors import ConfigError
from vivavoce.media.pcm import Pcm
from vivavoce.media.wav import read_wav, write_wav


def write(path: Path, rate_hz: int, n_channels: int = 1) -> None:
    """Write a second of a 440 Hz tone, the same in every channel."""
    tone = (10_000 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(n_channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.repeat(tone, n_channels).tobytes())


def frequency_hz(sound: Pcm) -> float:
    spectrum = np.abs(np.fft.rfft(np.frombuffer(sound.data, "<i2")))
    return float(np.argmax(spectrum) * sound.rate_hz / sound.n_samples)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_any_rate_and_number_of_channels_is_read_as_24_khz_mono(
    tmp_path: Path, rate_hz: int, n_channels: int
) -> None:
    write(tmp_path / "tone.wav", rate_hz, n_channels)

    sound = read_wav(tmp_path / "tone.wav")

    assert (sound.rate_hz, sound.duration_ms) == (24_000, 1000)
    assert frequency_hz(sound) == 440


def test_mu_law_files_are_read(tmp_path: Path) -> None:
    tone = (10_000 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000)).astype("<i2")
    with av.open(str(tmp_path / "tone.wav"), "w") as file:
        stream = file.add_stream("pcm_mulaw", rate=8_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 8_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)

    sound = read_wav(tmp_path / "tone.wav")

    assert sound.duration_ms == 1000
    assert frequency_hz(sound) == 440


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    sound = Pcm(b"\x01\x02\x03\x04" * 1000)

    write_wav(tmp_path / "sound.wav", sound)

    assert read_wav(tmp_path / "sound.wav") == sound


def test_a_missing_file_is_the_operators_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.wav"):
        read_wav(tmp_path / "missing.wav")


def test_a_file_without_sound_is_the_operators_error(tmp_path: Path) -> None:
    (tmp_path / "page.wav").write_text("this is no sound")

    with pytest.raises(ConfigError, match=r"page\.wav"):
        read_wav(tmp_path / "page.wav")


def test_a_folder_that_does_not_exist_is_the_operators_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write"):
        write_wav(tmp_path / "no" / "sound.wav", Pcm(b""))
