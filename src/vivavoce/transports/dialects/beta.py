"""What clients of before September 2025 speak (70-beta-vs-ga). The session hears GA only."""

from collections.abc import Sequence

from vivavoce.protocol.beta_client_events import (
    BetaClientEvent,
    BetaSessionUpdate,
    client_event_to_ga,
)
from vivavoce.protocol.beta_codec import BETA_DECODER, SPOKEN_AS, encode_beta_event
from vivavoce.protocol.client_events import ClientEvent
from vivavoce.protocol.codec import decode_with
from vivavoce.protocol.items import InputAudio, Message
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    InputAudioBufferCleared,
    ServerEvent,
)
from vivavoce.protocol.transcription_events import (
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionDelta,
    ConversationItemInputAudioTranscriptionFailed,
)


class BetaCodec:
    """A `DialectCodec`. Remembers what GA's events do not say of the client's wishes."""

    def __init__(self) -> None:
        self._spoken_as = SPOKEN_AS
        """The modalities with which the client last asked for speech."""
        self._seen: set[str] = set()
        """User's speech that is an item already and whose transcript may still come."""
        self._early: dict[str, list[bytes]] = {}
        """Words of speech that is no item yet: the reference client throws on unknown items."""

    def decode(self, text: bytes) -> ClientEvent:
        """See `DialectCodec`."""
        return decode_with(text, BETA_DECODER, self._to_ga)

    def encode(self, event: ServerEvent) -> Sequence[bytes]:
        """See `DialectCodec`: none for what Beta lacks, more where words were kept back."""
        text = encode_beta_event(event, self._spoken_as)
        if text is None:
            return ()
        match event:
            case ConversationItemInputAudioTranscriptionDelta(item_id=item_id) if (
                item_id not in self._seen
            ):
                self._early.setdefault(item_id, []).append(text)
                return ()
            case (
                ConversationItemInputAudioTranscriptionCompleted(item_id=item_id)
                | ConversationItemInputAudioTranscriptionFailed(item_id=item_id)
            ):
                self._seen.discard(item_id)
                return (*self._early.pop(item_id, ()), text)
            case InputAudioBufferCleared():
                self._early.clear()
            case ConversationItemAdded(item=Message(id=str() as item_id, content=content)) if any(
                isinstance(part, InputAudio) for part in content
            ):
                self._seen.add(item_id)
                return (text, *self._early.pop(item_id, ()))
            case _:
                pass
        return (text,)

    def _to_ga(self, event: BetaClientEvent) -> ClientEvent:
        if isinstance(event, BetaSessionUpdate):
            modalities = event.session.modalities
            if isinstance(modalities, tuple) and "audio" in modalities:
                self._spoken_as = modalities
        return client_event_to_ga(event)
