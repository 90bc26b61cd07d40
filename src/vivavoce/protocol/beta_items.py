"""Conversation items of the Beta dialect, and their maps to GA and back (70-beta-vs-ga).

The assistant's parts are named `text` and `audio`; pictures and MCP are unknown.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import UNSET, Struct, UnsetType, structs

from vivavoce.protocol.items import (
    ContentPart,
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    InputItem,
    InputText,
    Item,
    ItemReference,
    ItemStatus,
    Message,
    OutputAudio,
    OutputText,
    Text,
)
from vivavoce.protocol.refusals import invalid_value


class BetaAudio(Struct, frozen=True, kw_only=True, tag_field="type", tag="audio"):
    """Speech of an assistant message; never made by a client."""

    audio: bytes | UnsetType = UNSET
    """Only in `conversation.item.retrieved`; base64 on the wire."""
    transcript: str | UnsetType | None = UNSET


BetaPart = InputText | InputAudio | Text | BetaAudio


class BetaMessage(Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """Something said or written."""

    id: str | UnsetType = UNSET
    object: Literal["realtime.item"] | UnsetType = UNSET
    status: ItemStatus | UnsetType = UNSET
    role: Literal["system", "user", "assistant"]
    content: tuple[BetaPart, ...]


BetaItem = BetaMessage | FunctionCall | FunctionCallOutput
BetaInputItem = BetaItem | ItemReference
"""What `response.create.input` may hold."""

_NAMES: Mapping[type[BetaPart], str] = {
    InputText: "input_text",
    InputAudio: "input_audio",
    Text: "text",
    BetaAudio: "audio",
}
_ALLOWED: Mapping[str, tuple[type[BetaPart], ...]] = {
    "system": (InputText,),
    "user": (InputText, InputAudio),
    "assistant": (Text, BetaAudio),
}


# --- towards GA -------------------------------------------------------------------------------


def item_to_ga(item: BetaItem, path: str) -> Item:
    """Return the item with GA's names of parts.

    Args:
        item: as decoded.
        path: where it stands on the wire, such as `item`.

    Raises:
        ProtocolError: a part does not go with the role.
    """
    if not isinstance(item, BetaMessage):
        return item
    parts = [
        _part_to_ga(part, item.role, f"{path}.content[{index}]")
        for index, part in enumerate(item.content)
    ]
    return Message(
        id=item.id, object=item.object, status=item.status, role=item.role, content=tuple(parts)
    )


def input_item_to_ga(item: BetaInputItem, path: str) -> InputItem:
    """Return an item of `response.create.input` with GA's names of parts; else as `item_to_ga`."""
    return item if isinstance(item, ItemReference) else item_to_ga(item, path)


def _part_to_ga(part: BetaPart, role: str, path: str) -> ContentPart:
    if not isinstance(part, _ALLOWED[role]):
        raise invalid_value(
            f"'{_NAMES[type(part)]}'",
            [_NAMES[allowed] for allowed in _ALLOWED[role] if allowed is not BetaAudio],
            param=f"{path}.type",
        )
    match part:
        case Text(text=text):
            return OutputText(text=text)
        case BetaAudio():
            return OutputAudio(audio=part.audio, transcript=part.transcript)
        case _:
            return part


# --- towards Beta -----------------------------------------------------------------------------


def item_to_beta(item: Item) -> BetaItem | None:
    """Return the item as Beta clients know it; None: they know no such item."""
    match item:
        case Message():
            parts = [_part_to_beta(part) for part in item.content]
            return BetaMessage(
                id=item.id,
                object="realtime.item",
                status=item.status,
                role=item.role,
                content=tuple(part for part in parts if part is not None),
            )
        case FunctionCall() | FunctionCallOutput():
            return structs.replace(item, object="realtime.item")
        case _:
            return None


def _part_to_beta(part: ContentPart) -> BetaPart | None:
    match part:
        case OutputText(text=text) | Text(text=text):
            return Text(text=text)
        case OutputAudio(audio=audio, transcript=transcript):
            # Never null: the reference client appends to it.
            return BetaAudio(audio=audio, transcript=transcript or "")
        case InputText() | InputAudio():
            return part
        case _:
            return None
