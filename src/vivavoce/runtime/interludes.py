"""Carries out what a session asks of lines and sounds that are no part of the conversation."""

from collections.abc import Mapping
from contextlib import aclosing

from vivavoce.core.inputs import Input, InterludeFailed
from vivavoce.core.outputs import PlayLine, PlaySound, StopInterlude
from vivavoce.interfaces import Speak
from vivavoce.runtime.jobs import Jobs, Watch
from vivavoce.runtime.playout import Playout

LINE = "line "

InterludeOrder = PlayLine | PlaySound | StopInterlude


class Interludes:
    """Belongs to one session; never waits."""

    def __init__(
        self, playout: Playout | None, jobs: Jobs, speak: Speak | None, sounds: Mapping[str, bytes]
    ) -> None:
        """Begin.

        Args:
            playout: of the call; None: it is none, and nothing is asked for.
            jobs: of the session.
            speak: speaks lines; None: none are asked for.
            sounds: the operator's by name, 24 kHz 16-bit mono.
        """
        self._playout = playout
        self._jobs = jobs
        self._speak = speak
        self._sounds = sounds

    def carry_out(self, order: InterludeOrder) -> list[Input]:
        """Do what is asked; return what the session must be told at once."""
        playout = self._playout
        if playout is None:
            return []
        match order:
            case PlayLine():
                self._start_line(playout, order)
                return []
            case PlaySound(playback_id=playback_id, sound=name, data=data, loops=loops):
                heard = data if name is None else self._sounds[name]
                return [*playout.play_sound(playback_id, heard, loops=loops)]
            case StopInterlude(playback_id=playback_id):
                self._jobs.cancel(LINE + playback_id)
                return [*playout.stop(playback_id)]

    def _start_line(self, playout: Playout, order: PlayLine) -> None:
        speak, playback_id = self._speak, order.playback_id
        assert speak is not None  # else the session had refused it
        playout.begin_line(playback_id)

        async def say(watch: Watch) -> None:
            async with aclosing(speak(order.text, order.voice, order.speed)) as sounds:
                watch.engine_is_asked()
                async for sound in sounds:
                    watch.engine_has_answered()
                    playout.add_to_line(playback_id, sound.data)
                    await playout.wait_for_room()
                    if not playout.has_line(playback_id):
                        return  # it was interrupted
                    watch.engine_is_asked()
            playout.finish_line(playback_id)

        def failed(message: str, code: str) -> InterludeFailed:
            return InterludeFailed(playback_id, message)

        self._jobs.start(LINE + playback_id, say, failed)
