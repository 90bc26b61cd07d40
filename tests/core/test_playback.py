"""What the listener is being played."""

from vivavoce.core.playback import Playback


def test_a_response_is_pending_from_its_first_sound_to_its_end() -> None:
    playback = Playback()
    assert not playback.is_busy
    assert playback.queue("resp_1")
    assert playback.is_busy
    assert playback.is_pending("resp_1")
    assert playback.start("resp_1")
    assert playback.end("resp_1")
    assert not playback.is_busy


def test_what_is_no_news_is_told_so() -> None:
    playback = Playback()
    assert not playback.start("resp_1")
    assert not playback.end("resp_1")
    playback.queue("resp_1")
    playback.start("resp_1")
    assert not playback.start("resp_1")


def test_a_cut_says_whether_anything_was_heard() -> None:
    playback = Playback()
    playback.queue("resp_1")
    assert not playback.cut("resp_1")
    playback.queue("resp_2")
    playback.start("resp_2")
    assert playback.cut("resp_2")
    assert not playback.is_busy


def test_further_sound_of_a_cut_response_is_not_wanted_until_it_is_forgotten() -> None:
    playback = Playback()
    playback.queue("resp_1")
    playback.cut("resp_1")
    assert not playback.queue("resp_1")
    playback.forget("resp_1")
    assert playback.queue("resp_1")
