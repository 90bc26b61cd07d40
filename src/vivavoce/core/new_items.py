"""Items that a client brings: checked, completed, and turned into records.

Source: protocol reference, "conversation.item.create" (30-client-events).
"""

from msgspec import UNSET, UnsetType, structs

from vivavoce.core.conversation import ItemRecord
from vivavoce.core.pictures import TakenPictures, shown_part
from vivavoce.ids import NewId
from vivavoce.media.formats import decode
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.audio_settings import AudioFormat
from vivavoce.protocol.items import (
    ContentPart,
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    InputImage,
    Item,
    Message,
    OutputText,
    Text,
)


def new_record(
    item: Item,
    new_id: NewId,
    input_format: AudioFormat,
    where: str,
    pictures: TakenPictures,
) -> ItemRecord:
    """Return the record of an item as the server keeps it: with an id, completed.

    Args:
        item: as the client sent it; its id is kept.
        new_id: makes the id if there is none.
        input_format: what its audio is encoded in.
        where: path of the item for errors, such as `item`.
        pictures: of the event that brought it.

    Raises:
        ProtocolError: the item or a part of it is of a refused kind. (That parts fit their role
            was checked when the event was decoded.)
    """
    item_id = item.id if isinstance(item.id, str) and item.id else new_id("item")
    match item:
        case Message():
            return _message_record(item, item_id, input_format, where, pictures)
        case FunctionCall(call_id=call_id):
            call_id = call_id if isinstance(call_id, str) else new_id("call")
            return ItemRecord(_completed(item, item_id, call_id=call_id))
        case FunctionCallOutput():
            return ItemRecord(_completed(item, item_id))
        case _:  # of servers' tools: history that a client brings back, or an approval
            return ItemRecord(structs.replace(item, id=item_id))


def user_audio_record(item_id: str, audio: bytes) -> ItemRecord:
    """Return the record of committed speech: 24 kHz PCM that awaits its transcript."""
    message = Message(
        id=item_id,
        object="realtime.item",
        status="completed",
        role="user",
        content=(InputAudio(transcript=None),),
    )
    return ItemRecord(
        message, user_audio={0: audio}, user_audio_ms=len(audio) / BYTES_PER_MS, pending={0}
    )


def _completed(item: Item, item_id: str, **changes: object) -> Item:
    return structs.replace(
        item,
        id=item_id,
        object="realtime.item",
        status="completed",
        **changes,
    )


def _message_record(
    item: Message, item_id: str, input_format: AudioFormat, where: str, taken: TakenPictures
) -> ItemRecord:
    record = ItemRecord(item)
    for index, part in enumerate(item.content):
        if isinstance(part, InputImage):
            place = f"{where}.content[{index}]"
            record.pictures[index] = taken.take(part, f"{item_id}.{index}", place)
    parts = tuple(
        _part(record, index, part, input_format) for index, part in enumerate(item.content)
    )
    record.item = _completed(item, item_id, content=parts, phase=UNSET)
    record.user_audio_ms = sum(map(len, record.user_audio.values())) / BYTES_PER_MS
    return record


def _part(
    record: ItemRecord,
    index: int,
    part: ContentPart,
    input_format: AudioFormat,
) -> ContentPart:
    match part:
        case InputImage():
            return shown_part(record.pictures[index])
        case Text(text=text):
            return OutputText(text=text)
        case InputAudio(audio=audio, transcript=transcript):
            return _audio_part(record, index, audio, transcript, input_format)
        case _:
            return part


def _audio_part(
    record: ItemRecord,
    index: int,
    audio: bytes | UnsetType,
    transcript: str | UnsetType | None,
    input_format: AudioFormat,
) -> InputAudio:
    text = transcript if isinstance(transcript, str) else None
    if isinstance(audio, bytes):
        record.user_audio[index] = decode(audio, input_format)
    if text is None:
        record.pending.add(index)
    else:
        record.heard[index] = text
    return InputAudio(transcript=text)
