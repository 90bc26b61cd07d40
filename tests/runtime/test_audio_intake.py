from tests.runtime.fakes import FRAME_BYTES, LevelDetector
from vivavoce.protocol.session import PcmFormat, PcmuFormat
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
