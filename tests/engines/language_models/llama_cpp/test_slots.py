from vivavoce.engines.language_models.llama_cpp.slots import Slot, SlotPool


def take(pool: SlotPool, session_id: str | None, tokens: tuple[int, ...] = ()) -> Slot:
    slot = pool.try_take(session_id, tokens)
    assert slot is not None
    return slot


def use(pool: SlotPool, session_id: str | None, *tokens: int) -> int:
    slot = take(pool, session_id, tokens)
    slot.tokens = list(tokens)
    pool.give_back(slot)
    return slot.index


def test_a_session_keeps_its_slot() -> None:
    pool = SlotPool(2)
    first = use(pool, "a")
    use(pool, "b")

    assert use(pool, "a") == first


def test_a_session_beyond_the_pool_takes_the_slot_idle_for_longest() -> None:
    pool = SlotPool(2)
    first, second = use(pool, "a"), use(pool, "b")
    use(pool, "a")

    assert use(pool, "c") == second
    assert use(pool, "a") == first


def test_a_busy_slot_is_never_taken_from_its_session() -> None:
    pool = SlotPool(2)
    busy = take(pool, "a")
    use(pool, "b")
    use(pool, "b")

    assert use(pool, "c") != busy.index


def test_answers_outside_a_conversation_have_a_slot_of_their_own() -> None:
    pool = SlotPool(2)

    assert {use(pool, "a"), use(pool, "b")} == {0, 1}
    assert use(pool, None) == 2


def test_a_released_slot_goes_to_whom_its_tokens_serve_best() -> None:
    pool = SlotPool(3)
    use(pool, "a", 1, 2, 3)
    best = use(pool, "b", 5, 6, 7)
    use(pool, "c", 5, 9)
    for session_id in "abc":
        pool.forget(session_id)

    assert use(pool, "d", 5, 6, 8) == best


def test_one_slot_serves_one_piece_of_work_at_a_time() -> None:
    pool = SlotPool(1)
    slot = take(pool, "a")

    assert pool.try_take("a", ()) is None
    pool.give_back(slot)
    assert pool.try_take("a", ()) is slot
