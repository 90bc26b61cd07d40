import numpy as np

from tests.runtime.fakes import FRAME_BYTES, LevelDetector
from vivavoce.interfaces import TrackSound
from vivavoce.media.formats import encode
from vivavoce.protocol.audio_settings import NoiseReduction, PcmFormat, PcmuFormat
from vivavoce.runtime.audio_intake import AudioIntake


def test_an_append_comes_in_pieces_with_the_frames_they_complete() -> None:
    intake = AudioIntake(LevelDetector())

    heard = list(intake.take(b"\x01\x01" * (FRAME_BYTES // 2) * 10, PcmFormat()))

    assert [len(piece.data) for piece in heard] == [9600, 5760]
    assert [len(piece.probabilities) for piece in heard] == [6, 4]


def test_half_a_sample_waits_for_the_next_append() -> None:
    intake = AudioIntake(LevelDetector())

    heard = [piece for data in (b"\x01", b"\x02\x03") for piece in intake.take(data, PcmFormat())]

    assert [piece.data for piece in heard] == [b"\x01\x02"]


def test_a_change_of_format_changes_what_the_next_bytes_mean() -> None:
    intake = AudioIntake(LevelDetector())
    list(intake.take(bytes(9600), PcmFormat()))

    heard = list(intake.take(b"\xff" * 1600, PcmuFormat()))

    assert abs(len(heard[0].data) - 9600) < 200


def test_no_bytes_are_no_audio() -> None:
    assert not list(AudioIntake(LevelDetector()).take(b"", PcmFormat()))


def test_what_is_cleaned_is_what_the_detector_and_the_session_get() -> None:
    noise = np.random.default_rng(1).normal(0, 1000, 48_000).astype("<i2").tobytes()
    intake = AudioIntake(LevelDetector())
    reduction = NoiseReduction(type="far_field", strength=1.0)

    heard = list(intake.take(noise, PcmFormat(), reduction))

    assert sum(len(piece.data) for piece in heard) == len(noise)
    assert rms(heard[-1].data) < 0.4 * rms(noise)


def test_noise_reduction_works_on_g711_too_and_can_be_turned_off() -> None:
    noise = np.random.default_rng(1).normal(0, 1000, 48_000).astype("<i2").tobytes()
    wire = encode(noise, PcmuFormat())
    intake = AudioIntake(LevelDetector())
    reduction = NoiseReduction(type="far_field", strength=1.0)

    cleaned = list(intake.take(wire, PcmuFormat(), reduction))
    plain = list(intake.take(wire, PcmuFormat(), None))

    assert rms(cleaned[-1].data) < 0.4 * rms(plain[-1].data)


def call_with_echo(*, cancels_echo: bool) -> bytes:
    """Return what is heard of a call in which noise is played, and comes back 100 ms later."""
    played = np.random.default_rng(1).normal(0, 4000, 96_000).astype("<i2")
    echo = np.concatenate((np.zeros(2_400, "<i2"), played // 4))
    intake = AudioIntake(LevelDetector(), cancels_echo=cancels_echo)
    cuts = [slice(at, at + 480) for at in range(0, len(played), 480)]
    sounds = [TrackSound(echo[cut].tobytes(), played[cut].tobytes()) for cut in cuts]
    return b"".join(heard.data for sound in sounds for heard in intake.take_track(sound))


def test_what_a_call_plays_is_taken_out_of_its_microphone() -> None:
    last_s = slice(-48_000, None)
    plain, clean = (call_with_echo(cancels_echo=cancels)[last_s] for cancels in (False, True))

    assert rms(clean) < 0.1 * rms(plain)


def rms(data: bytes) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(data, "<i2").astype(np.float64) ** 2)))
