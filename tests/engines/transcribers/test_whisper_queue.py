import asyncio

from vivavoce.engines.transcribers.whisper_queue import RunQueue


async def _take_turn(queue: RunQueue, urgency: list[int], name: str, order: list[str]) -> None:
    async with queue.turn(lambda: urgency[0]):
        order.append(name)
        await asyncio.sleep(0)


async def test_the_most_urgent_goes_first_then_who_came_first() -> None:
    queue, order = RunQueue(), list[str]()
    async with asyncio.TaskGroup() as tasks, queue.turn(lambda: 0):
        for name, urgency in (("a", 1), ("b", 0), ("c", 1), ("d", 0)):
            tasks.create_task(_take_turn(queue, [urgency], name, order))
        await asyncio.sleep(0)

    assert order == ["b", "d", "a", "c"]


async def test_urgency_may_change_while_one_waits() -> None:
    queue, order, urgency = RunQueue(), list[str](), [1]
    async with asyncio.TaskGroup() as tasks, queue.turn(lambda: 0):
        tasks.create_task(_take_turn(queue, [1], "first", order))
        tasks.create_task(_take_turn(queue, urgency, "in a hurry", order))
        await asyncio.sleep(0)
        urgency[0] = 0

    assert order == ["in a hurry", "first"]


async def test_one_who_gives_up_does_not_hold_up_the_others() -> None:
    queue, order = RunQueue(), list[str]()
    async with asyncio.TaskGroup() as tasks:
        async with queue.turn(lambda: 0):
            waiting = tasks.create_task(_take_turn(queue, [0], "a", order))
            called = tasks.create_task(_take_turn(queue, [1], "b", order))
            tasks.create_task(_take_turn(queue, [2], "c", order))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.sleep(0)
        called.cancel()  # it was given the turn, and has not taken it

    assert order == ["c"]
