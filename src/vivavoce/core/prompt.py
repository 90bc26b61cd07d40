"""What the language model is shown of a conversation.

The prompt only ever grows at its end as the conversation goes on: a call without an output is
shown with a placeholder, and an output that comes after other items is told as news.
Source: protocol reference, "Flows" (50, section 9, asynchronous function calling).
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from vivavoce.core.conversation import ItemRecord
from vivavoce.core.pictures import Picture
from vivavoce.core.tokens import TokenCount, answer_audio_tokens, user_audio_tokens
from vivavoce.interfaces import (
    PromptItem,
    PromptMessage,
    PromptPicture,
    PromptToolCall,
    PromptToolOutput,
)
from vivavoce.protocol.items import (
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    McpCall,
    Message,
)

Role = Literal["system", "user", "assistant"]
PENDING_OUTPUT = '{"status": "pending"}'
MAX_SILENCE_NOTE_S = 30


def prompt_items(
    records: Sequence[ItemRecord], *, hears_audio: bool = False
) -> tuple[PromptItem, ...]:
    """Return the items as the model sees them, in order.

    Args:
        records: the items of the context.
        hears_audio: whether spoken words of the user come with their sound, where it is kept.
    """
    return tuple(_in_order(records, hears_audio=hears_audio))


def count_record(record: ItemRecord) -> TokenCount:
    """Wire tokens of one item."""
    audio = user_audio_tokens(record.user_audio_ms) + answer_audio_tokens(_heard_ms(record))
    return TokenCount(record.count_text(), audio, record.image_tokens)


def _heard_ms(record: ItemRecord) -> float:
    if record.truncated_ms is None:
        return record.answer_audio_ms
    return min(record.truncated_ms, record.answer_audio_ms)


def _in_order(records: Sequence[ItemRecord], *, hears_audio: bool) -> Iterator[PromptItem]:
    names: dict[str, str] = {}
    waiting: list[str] = []  # calls just made, whose outputs belong right behind them
    for record in records:
        match record.item:
            case FunctionCall(status="incomplete"):
                continue  # cut in the middle of its arguments: nobody ran it
            case FunctionCall(call_id=str() as call_id, name=name, arguments=arguments):
                names[call_id] = name
                waiting.append(call_id)
                yield PromptToolCall(call_id, name, arguments)
            case McpCall() if record.was_cut_off:
                continue  # as above
            case McpCall(output=None, error=None, arguments=arguments, name=name):
                waiting.append(record.item_id)
                yield PromptToolCall(record.item_id, record.called_as or name, arguments)
            case McpCall(arguments=arguments, name=name) as call:
                yield PromptToolCall(record.item_id, record.called_as or name, arguments)
                yield PromptToolOutput(record.item_id, record.shown(_outcome(call)))
            case FunctionCallOutput(call_id=call_id, output=output) if call_id in waiting:
                waiting.remove(call_id)
                yield PromptToolOutput(call_id, record.shown(output))
            case FunctionCallOutput(call_id=call_id, output=output):
                name = names.get(call_id, call_id)
                news = f"The result of {name} has come: {record.shown(output)}"
                yield PromptMessage("system", news)
            case Message(role=role):
                yield from (PromptToolOutput(call_id, PENDING_OUTPUT) for call_id in waiting)
                waiting.clear()
                yield from _message(record, role, hears_audio=hears_audio)
            case _:
                pass
    yield from (PromptToolOutput(call_id, PENDING_OUTPUT) for call_id in waiting)


def _outcome(call: McpCall) -> str:
    """Return what the model is told of a call that has ended."""
    return f"Error: {call.error.message}" if call.error is not None else call.output or ""


def _message(record: ItemRecord, role: Role, *, hears_audio: bool) -> Iterator[PromptItem]:
    if record.silence_ms:
        seconds = min(MAX_SILENCE_NOTE_S, round(record.silence_ms / 1000))
        note = f"The user has been silent for {seconds} seconds. Ask whether they are still there."
        yield PromptMessage("system", note)
        return
    if record.pictures or (hears_audio and role == "user"):
        yield from _user_parts(record, hears_audio=hears_audio)
        return
    text = record.text.strip()
    if text:
        yield PromptMessage(role, text)


def _user_parts(record: ItemRecord, *, hears_audio: bool) -> Iterator[PromptMessage]:
    """Yield messages of their own for speech with its sound, and for pictures put into words."""
    assert isinstance(record.item, Message)
    together: list[str | PromptPicture] = []
    for index, part in enumerate(record.item.content):
        picture = record.pictures.get(index)
        if picture is not None and picture.words == "":
            together.append(PromptPicture(picture.picture_id, picture.url, picture.detail))
        elif picture is None and not (hears_audio and isinstance(part, InputAudio)):
            together.append(record.text_of_part(index).strip())
        else:
            yield from _joined(together)
            together = [] if picture is None else [picture.quote]
            yield from _speech(record, index) if picture is None else _described(picture)
    yield from _joined(together)


def _joined(parts: Sequence[str | PromptPicture]) -> Iterator[PromptMessage]:
    parts = tuple(part for part in parts if part)
    text = " ".join(part for part in parts if isinstance(part, str))
    has_picture = any(isinstance(part, PromptPicture) for part in parts)
    if parts:
        yield PromptMessage("user", text, parts=parts if has_picture else ())


def _described(picture: Picture) -> Iterator[PromptMessage]:
    # Told by the user, small models take the words for a picture that they see.
    if picture.words:
        yield PromptMessage("system", picture.words)


def _speech(record: ItemRecord, index: int) -> Iterator[PromptMessage]:
    """Yield spoken words with their sound: what is typed has none."""
    if index in record.heard:
        text = record.heard[index].strip()
        audio = record.user_audio.get(index, b"") if text else b""  # or it is noise
    elif index in record.pending:
        return
    else:
        text, audio = "", record.user_audio.get(index, b"")  # the transcriber failed
    if text or audio:
        yield PromptMessage("user", text, audio)
