"""Owners of calls, for tests: they answer and write down what happens."""

import asyncio

from tests.transports.sip.peer import ANSWER
from vivavoce.transports.sip.events import CallEvent, Reoffer
from vivavoce.transports.sip.incoming import IncomingCall


class Owner:
    """Accepts each call at once, answers each reoffer, and keeps all events."""

    def __init__(self, *, accepts: bool = True, answers: bool = True) -> None:
        self.calls: list[IncomingCall] = []
        self.events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self.began = asyncio.Event()
        self._accepts = accepts
        self._answers = answers

    async def __call__(self, call: IncomingCall) -> None:
        self.calls.append(call)
        self.began.set()
        call.ring()
        if self._accepts:
            call.accept(ANSWER)
        async for event in call.events():
            if isinstance(event, Reoffer) and self._answers:
                event.answer(ANSWER.replace("5000", "5002"))
            self.events.put_nowait(event)

    async def next(self) -> CallEvent:
        async with asyncio.timeout(1000):
            return await self.events.get()

    async def call(self) -> IncomingCall:
        async with asyncio.timeout(1000):
            await self.began.wait()
        return self.calls[-1]
