from vivavoce.protocol.response_events import ResponseOutputAudioDelta
from vivavoce.protocol.server_events import InputAudioBufferCleared
from vivavoce.runtime.kept_events import MAX_BYTES, KeptEvents
from vivavoce.runtime.outbox import Waiting, sized


def event(number: int) -> Waiting:
    return sized(InputAudioBufferCleared(event_id=f"event_{number}"))


def large(number: int) -> Waiting:
    delta = ResponseOutputAudioDelta(
        event_id=f"event_{number}",
        response_id="resp_1",
        item_id="item_1",
        output_index=0,
        content_index=0,
        delta=b"",
    )
    return Waiting(delta, MAX_BYTES // 2)


def kept_after(kept: KeptEvents, event_id: str) -> list[str] | None:
    after = kept.after(event_id)
    return None if after is None else [entry.event.event_id for entry in after]


def filled(n_events: int) -> KeptEvents:
    kept = KeptEvents()
    for number in range(1, n_events + 1):
        kept.add(event(number), now=float(number))
    return kept


def test_what_followed_an_event_comes_back_in_order() -> None:
    kept = filled(4)

    assert kept_after(kept, "event_2") == ["event_3", "event_4"]
    assert kept_after(kept, "event_4") == []
    assert kept_after(kept, "event_9") is None


def test_after_the_last_event_dropped_all_is_kept_and_before_it_not() -> None:
    kept = filled(4)

    kept.drop_before(3.0)

    assert kept_after(kept, "event_2") == ["event_3", "event_4"]
    assert kept_after(kept, "event_1") is None


def test_the_last_event_is_known_when_nothing_is_kept_any_more() -> None:
    kept = filled(2)

    kept.drop_before(100.0)

    assert kept_after(kept, "event_2") == []
    assert kept.size_bytes == 0


def test_the_oldest_go_when_there_is_no_room() -> None:
    kept = KeptEvents()
    for number in (1, 2, 3):
        kept.add(large(number), now=0.0)

    assert kept_after(kept, "event_1") == ["event_2", "event_3"]
    assert kept.size_bytes == MAX_BYTES


def test_a_client_may_come_back_after_either_name_of_the_place_at_which_it_was() -> None:
    kept = filled(3)

    kept.resumed("event_2", "event_resumed")

    assert kept_after(kept, "event_1") is None
    assert kept_after(kept, "event_2") == ["event_3"]
    assert kept_after(kept, "event_resumed") == ["event_3"]


def test_a_second_return_to_the_same_place_replaces_the_name_of_the_first() -> None:
    kept = filled(3)

    kept.resumed("event_2", "event_resumed_1")
    kept.resumed("event_resumed_1", "event_resumed_2")

    assert kept_after(kept, "event_resumed_1") == ["event_3"]
    assert kept_after(kept, "event_resumed_2") == ["event_3"]
