"""The input audio buffer counts time on, whatever it forgets."""

from vivavoce.core.input_audio import MAX_BUFFER_MS, InputAudioBuffer
from vivavoce.media.pcm import BYTES_PER_MS


def tone(ms: int, value: int = 0) -> bytes:
    return bytes([value]) * (ms * BYTES_PER_MS)


def test_times_count_all_audio_ever_appended() -> None:
    buffer = InputAudioBuffer()

    buffer.append(tone(300))
    buffer.clear()
    buffer.append(tone(200))

    assert (buffer.start_ms, buffer.end_ms, buffer.duration_ms) == (300, 500, 200)


def test_a_cut_is_the_sound_between_two_times() -> None:
    buffer = InputAudioBuffer()
    buffer.append(tone(10, 1) + tone(10, 2) + tone(10, 3))

    assert buffer.cut(10, 20) == tone(10, 2)
    assert buffer.cut(25, 99) == tone(5, 3)
    assert buffer.cut(20, 10) == b""


def test_a_cut_holds_only_what_is_still_kept() -> None:
    buffer = InputAudioBuffer()
    buffer.append(tone(10, 1) + tone(10, 2))

    buffer.keep_last(5)

    assert buffer.cut(0, 20) == tone(5, 2)
    assert buffer.start_ms == 15


def test_less_than_the_limit_is_kept_whole() -> None:
    buffer = InputAudioBuffer()
    buffer.append(tone(10))

    buffer.keep_last(10)

    assert buffer.duration_ms == 10


def test_what_lies_before_a_time_can_be_dropped() -> None:
    buffer = InputAudioBuffer()
    buffer.append(tone(10))

    buffer.drop_before(4)
    assert buffer.start_ms == 4
    buffer.drop_before(4)
    assert buffer.start_ms == 4
    buffer.drop_before(99)
    assert (buffer.start_ms, buffer.end_ms) == (10, 10)


def test_a_buffer_that_begins_within_a_millisecond_starts_at_the_next() -> None:
    buffer = InputAudioBuffer()
    buffer.append(bytes(BYTES_PER_MS + 2))
    buffer.clear()

    buffer.append(tone(10))

    assert buffer.start_ms == 2
    assert len(buffer.cut(buffer.start_ms, 5)) == 3 * BYTES_PER_MS


def test_the_newest_quarter_of_an_hour_is_kept() -> None:
    buffer = InputAudioBuffer()
    buffer.append(bytes(MAX_BUFFER_MS * BYTES_PER_MS))

    buffer.append(tone(20))

    assert buffer.start_ms == 20
    assert buffer.duration_ms == MAX_BUFFER_MS
