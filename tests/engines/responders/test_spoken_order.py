"""Words right before their sound."""

from vivavoce.engines.responders.spoken_order import MAX_HELD_MS, SpokenOrder
from vivavoce.interfaces import AudioDelta, TextDelta
from vivavoce.media.pcm import silence

SECOND = silence(1000).data
Event = TextDelta | AudioDelta


def told(order: SpokenOrder, *news: str | bytes) -> list[Event]:
    events: list[Event] = []
    for each in news:
        if isinstance(each, str):
            order.push_words(each)
        else:
            events += order.push_sound(each)
    return events


def words(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, TextDelta)]


def test_words_that_come_with_their_sound_are_passed_on_as_they_come() -> None:
    events = told(SpokenOrder(1.0), "One, ", SECOND, "two, ", SECOND)

    assert events == [
        TextDelta("One, "),
        AudioDelta(SECOND),
        TextDelta("two, "),
        AudioDelta(SECOND),
    ]


def test_words_in_pieces_are_joined_and_their_tokens_counted() -> None:
    events = told(SpokenOrder(1.0), "It", " is", " so", SECOND)

    assert events[0] == TextDelta("It is so", 3)


def test_words_that_run_ahead_wait_for_their_sound() -> None:
    order = SpokenOrder(1.0)
    told(order, "It is a fine day today. ", "We shall go to the sea. ", "And then home. Yes")

    early = told(order, SECOND)
    later = told(order, SECOND)  # 24 letters take more than a second and less than two
    last = told(order, SECOND)

    assert words(early) == ["It is a fine day today. "] or words(early) == [
        "It is a fine day today."
    ]
    assert words(later) == []
    assert len(words(last)) == 1


def test_all_words_are_given_once_and_in_order() -> None:
    order = SpokenOrder(1.0)
    text = "It is a fine day today. We shall go to the sea, and then home. Yes."

    events = [*told(order, text, SECOND, SECOND), *order.flush()]

    assert "".join(words(events)) == text


def test_faster_speech_lets_words_go_sooner() -> None:
    text = "It is a fine day today. We shall go to the sea. And then home. Yes"

    slow = told(SpokenOrder(0.5), text, SECOND, SECOND, SECOND)
    fast = told(SpokenOrder(1.5), text, SECOND, SECOND, SECOND)

    assert len(words(slow)) < len(words(fast))


def test_sound_waits_for_its_first_words() -> None:
    order, short = SpokenOrder(1.0), silence(100).data

    assert told(order, short) == []
    assert told(order, "Well, ", short) == [TextDelta("Well, "), AudioDelta(short + short)]


def test_sound_without_words_does_not_wait_for_ever() -> None:
    order, hum = SpokenOrder(1.0), silence(MAX_HELD_MS).data

    assert told(order, hum) == [AudioDelta(hum)]


def test_what_is_held_is_given_at_the_end() -> None:
    order, short = SpokenOrder(1.0), silence(100).data

    told(order, short)

    assert list(order.flush()) == [AudioDelta(short)]


def test_half_a_sample_waits_for_its_other_half() -> None:
    order = SpokenOrder(1.0)

    assert told(order, "Oh", b"abc", b"d") == [
        TextDelta("Oh"),
        AudioDelta(b"ab"),
        AudioDelta(b"cd"),
    ]
    assert list(order.flush()) == []
