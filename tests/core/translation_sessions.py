"""A translation session under test, and what is looked for in what it puts out."""

from collections.abc import Iterable

import msgspec

from tests.sdk_types import check_server_event
from vivavoce.core.inputs import (
    AudioHeard,
    Input,
    SessionOpened,
    TranscriptionProgress,
    TranslationClientSent,
    TranslationProgress,
)
from vivavoce.core.outputs import Output, Send, StartTranslation
from vivavoce.core.translation import TranslationRules
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.ids import counting_ids
from vivavoce.interfaces import FRAME_MS, Transcript, TranslationEvent
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.client_events import SessionClose, TranslationUpdate
from vivavoce.protocol.codec import decode_translation_event
from vivavoce.protocol.server_events import ErrorEvent, ServerEvent

TRANSCRIBED: dict[str, object] = {"audio": {"input": {"transcription": {"model": "whisper-1"}}}}


class Running:
    """A session under test; what it asked for is kept."""

    def __init__(self, options: TranslationOptions | None = None) -> None:
        self.rules = TranslationRules(options or TranslationOptions(), new_id=counting_ids())
        self.outputs: list[Output] = []
        self.now = 0.0
        self.tell(SessionOpened(wall_s=1_000))

    def tell(self, item: Input) -> list[Output]:
        outputs = self.rules.handle(item, self.now)
        for output in outputs:
            if isinstance(output, Send):
                check_server_event(output.event)
        self.outputs += outputs
        return outputs

    def hear(self, probability: float, ms: int) -> list[Output]:
        outputs: list[Output] = []
        for _ in range(ms // FRAME_MS):
            audio = AudioHeard(bytes(FRAME_MS * BYTES_PER_MS), (probability,))
            outputs += self.tell(audio)
        return outputs

    def say(self, ms: int = 960) -> list[Output]:
        """Speak, and fall silent for long enough to end the utterance."""
        return [*self.hear(0.9, ms), *self.hear(0.0, 512)]

    def send(self, event: dict[str, object]) -> list[Output]:
        decoded = decode_translation_event(msgspec.json.encode(event))
        assert isinstance(decoded, TranslationUpdate | SessionClose)
        return self.tell(TranslationClientSent(decoded))

    def update(self, session: dict[str, object]) -> list[Output]:
        return self.send({"type": "session.update", "session": session, "event_id": "mine"})

    def close(self) -> list[Output]:
        return self.send({"type": "session.close"})

    def report(self, utterance_id: str, *events: TranslationEvent) -> list[Output]:
        return [
            output
            for event in events
            for output in self.tell(TranslationProgress(utterance_id, event))
        ]

    def transcribe(self, utterance_id: str, text: str) -> list[Output]:
        return self.tell(TranscriptionProgress(utterance_id, Transcript(text)))


def events(outputs: Iterable[Output]) -> list[ServerEvent]:
    return [output.event for output in outputs if isinstance(output, Send)]


def types(outputs: Iterable[Output]) -> list[str]:
    return [
        str(type(output.event).__struct_config__.tag)
        if isinstance(output, Send)
        else type(output).__name__
        for output in outputs
    ]


def deltas(outputs: Iterable[Output], kind: str) -> str:
    return "".join(
        getattr(event, "delta", "")
        for event in events(outputs)
        if type(event).__struct_config__.tag == f"session.{kind}_transcript.delta"
    )


def errors(outputs: Iterable[Output]) -> list[str | None]:
    return [event.error.code for event in events(outputs) if isinstance(event, ErrorEvent)]


def started(outputs: Iterable[Output]) -> list[StartTranslation]:
    return [output for output in outputs if isinstance(output, StartTranslation)]


def lengths_ms(running: Running) -> list[int]:
    return [len(one.request.audio) // BYTES_PER_MS for one in started(running.outputs)]
