"""What is told when an answer was cut: by the client, or by the server if it does the playing."""

from vivavoce.core.state import SessionState
from vivavoce.protocol.extensions import VivavoceItemHeard
from vivavoce.protocol.server_events import ConversationItemTruncated


def truncate_answer(
    state: SessionState, item_id: str, content_index: int, audio_end_ms: int
) -> None:
    """Forget what the listener did not hear of an answer, and tell the client.

    Raises:
        ProtocolError: there is no such item, it has no audio there, or it is shorter.
    """
    state.conversation.truncate(item_id, content_index, audio_end_ms)
    state.send(
        ConversationItemTruncated(
            event_id=state.event_id(),
            item_id=item_id,
            content_index=content_index,
            audio_end_ms=audio_end_ms,
        )
    )
    record = state.conversation.get(item_id)
    if state.transcriptions.wants_extensions and record is not None:
        # The wire takes the whole transcript away; a page can show what is left of it.
        state.send(
            VivavoceItemHeard(
                event_id=state.event_id(), item_id=item_id, transcript=record.heard_text
            )
        )
    state.prefill()
