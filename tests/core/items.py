"""Item records with good defaults."""

from typing import Literal

from vivavoce.core.conversation import Clause, Conversation, ItemRecord
from vivavoce.protocol.items import (
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    InputText,
    Message,
    OutputAudio,
    OutputText,
)

Role = Literal["system", "user", "assistant"]


def said(
    text: str, *, item_id: str = "item", role: Role = "user", tokens: int | None = None
) -> ItemRecord:
    """Return a written message."""
    part = OutputText(text=text) if role == "assistant" else InputText(text=text)
    message = Message(id=item_id, role=role, content=(part,))
    return ItemRecord(message, text_tokens=tokens)


def heard(text: str, *, ms: float = 0.0, item_id: str = "item") -> ItemRecord:
    """Return a spoken message of the user."""
    message = Message(id=item_id, role="user", content=(InputAudio(transcript=None),))
    return ItemRecord(message, heard={0: text}, user_audio_ms=ms)


def spoken(*clauses: tuple[str, float], ms: float, truncated_ms: int | None = None) -> ItemRecord:
    """Return a spoken message of the assistant: its clauses with their ends."""
    message = Message(id="answer", role="assistant", content=(OutputAudio(transcript=None),))
    return ItemRecord(
        message,
        clauses=[Clause(text, end_ms) for text, end_ms in clauses],
        answer_audio_ms=ms,
        truncated_ms=truncated_ms,
    )


def called(
    call_id: str = "call_1",
    *,
    name: str = "f",
    item_id: str = "call",
    status: Literal["completed", "incomplete"] = "completed",
    tokens: int | None = None,
) -> ItemRecord:
    """Return a function call."""
    call = FunctionCall(id=item_id, name=name, call_id=call_id, arguments="{}", status=status)
    return ItemRecord(call, text_tokens=tokens)


def returned(
    call_id: str = "call_1", output: str = "1", *, item_id: str = "out", tokens: int | None = None
) -> ItemRecord:
    """Return what came of a function call."""
    item = FunctionCallOutput(id=item_id, call_id=call_id, output=output)
    return ItemRecord(item, text_tokens=tokens)


def conversation(*records: ItemRecord) -> Conversation:
    """Return a conversation of these items."""
    made = Conversation("conv")
    for record in records:
        made.add(record)
    return made
