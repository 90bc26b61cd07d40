"""The playing side of a session: sound goes to the playout of a call, if it is one."""

from collections.abc import Awaitable, Callable

from vivavoce.core.inputs import Input, PlaybackStarted
from vivavoce.protocol.response_events import ResponseDone, ResponseOutputAudioDelta
from vivavoce.protocol.server_events import ServerEvent, SessionClosed, SessionOutputAudioDelta
from vivavoce.runtime.playout import Playout

TRANSLATION = ""
"""In place of a response's id for the sound of a translation, which is one without end."""


class Playing:
    """Belongs to one session; without a playout it does nothing."""

    def __init__(self, playout: Playout | None, post: Callable[[Input], Awaitable[None]]) -> None:
        self._playout = playout
        self._post = post
        self._last_words: SessionClosed | None = None

    def takes(self, event: ServerEvent) -> bool:
        """Take in an event that is sound, or must wait for sound; False: it is for the client."""
        playout = self._playout
        if playout is None:
            return False
        match event:
            case ResponseOutputAudioDelta(response_id=response_id, item_id=item_id, delta=data):
                playout.add(response_id, item_id, data)
                return True
            case SessionOutputAudioDelta(delta=data):
                playout.add(TRANSLATION, "", data)
                return True
            case SessionClosed():
                self._last_words = event
                return True
            case ResponseDone(response=response):
                playout.finish(response.id)
            case _:
                pass
        return False

    def clear(self) -> list[Input]:
        """Drop what is not played yet; return what the session is to be told at once."""
        return [] if self._playout is None else [*self._playout.clear()]

    async def wait_for_room(self) -> None:
        """Wait until enough of what was made before has been played."""
        if self._playout is not None:
            await self._playout.wait_for_room()

    async def last_words(self) -> SessionClosed | None:
        """Wait until all was played, if something is still to be said then; return that."""
        if self._playout is not None and self._last_words is not None:
            await self._playout.wait_until_played()
        return self._last_words

    async def report(self) -> None:
        """Let the session know what is being played, until cancelled."""
        if self._playout is None:
            return
        while True:
            report = await self._playout.report()
            if report != PlaybackStarted(TRANSLATION):
                await self._post(report)
