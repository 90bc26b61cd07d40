"""The `input` of a response: items of its own, and references to the conversation's.

Source: protocol reference, "response.create" (30-client-events).
"""

from collections.abc import Sequence

from msgspec import UNSET, structs

from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.new_items import new_record
from vivavoce.core.pictures import TakenPictures
from vivavoce.errors import ProtocolError
from vivavoce.ids import NewId
from vivavoce.protocol.audio_settings import AudioFormat
from vivavoce.protocol.items import FunctionCall, FunctionCallOutput, InputItem, ItemReference


def read_input(
    given: Sequence[InputItem],
    conversation: Conversation,
    new_id: NewId,
    input_format: AudioFormat,
    pictures: TakenPictures,
) -> list[ItemRecord]:
    """Return the records a response sees instead of the conversation.

    Raises:
        ProtocolError: a reference or the call of an output does not exist, or an item is refused.
    """
    records = [
        _record(item, conversation, new_id, input_format, f"response.input[{index}]", pictures)
        for index, item in enumerate(given)
    ]
    _check_outputs(records, conversation)
    return records


def _record(
    item: InputItem,
    conversation: Conversation,
    new_id: NewId,
    input_format: AudioFormat,
    where: str,
    pictures: TakenPictures,
) -> ItemRecord:
    if not isinstance(item, ItemReference):
        # Nobody is told of its id; one of the client's choice could be that of another item.
        item = structs.replace(item, id=UNSET)
        return new_record(item, new_id, input_format, where, pictures)
    record = conversation.get(item.id)
    if record is None:
        raise ProtocolError(f"Item with id '{item.id}' does not exist.", param=f"{where}.id")
    return record


def _check_outputs(records: Sequence[ItemRecord], conversation: Conversation) -> None:
    known = {
        record.item.call_id
        for record in (*conversation, *records)
        if isinstance(record.item, FunctionCall)
    }
    for record in records:
        if isinstance(record.item, FunctionCallOutput) and record.item.call_id not in known:
            raise ProtocolError(
                f"Tool call ID '{record.item.call_id}' not found in conversation.",
                param="response.input",
            )
