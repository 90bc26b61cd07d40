"""What a client may put into an item, beyond what the types say.

Source: 30-client-events, "conversation.item.create".
"""

from collections.abc import Mapping

from msgspec import UNSET

from vivavoce.errors import ProtocolError
from vivavoce.protocol.items import (
    ContentPart,
    InputAudio,
    InputImage,
    InputItem,
    InputText,
    Message,
    OutputAudio,
    OutputText,
    Text,
)
from vivavoce.protocol.refusals import invalid_value, missing_parameter

MAX_AUDIO_BYTES = 15 * 1024 * 1024
"""In one append, and in one part of an item (60-errors-limits, section 3)."""

_TYPES: Mapping[type[ContentPart], str] = {
    InputText: "input_text",
    InputAudio: "input_audio",
    InputImage: "input_image",
    OutputText: "output_text",
    OutputAudio: "output_audio",
    Text: "text",
}
_ALLOWED: Mapping[str, tuple[type[ContentPart], ...]] = {
    "system": (InputText,),
    "user": (InputText, InputAudio, InputImage),
    "assistant": (OutputText, Text),
}


def check_item(item: InputItem, path: str) -> None:
    """Refuse parts that do not go with the role, and sound that is missing or too long.

    Args:
        item: as decoded.
        path: where it stands on the wire, such as `item` or `response.input[0]`.

    Raises:
        ProtocolError: names the part at fault.
    """
    if isinstance(item, Message):
        for index, part in enumerate(item.content):
            _check_part(part, item.role, f"{path}.content[{index}]")


def check_audio(audio: bytes, path: str) -> None:
    """Refuse sound that is too long for one event.

    Raises:
        ProtocolError: `invalid_value`, with the path as `param`.
    """
    if len(audio) > MAX_AUDIO_BYTES:
        raise ProtocolError(
            f"Invalid value for '{path}': {len(audio)} bytes of audio are more than the "
            f"{MAX_AUDIO_BYTES} that are allowed at once.",
            code="invalid_value",
            param=path,
        )


def _check_part(part: ContentPart, role: str, path: str) -> None:
    if role == "assistant" and isinstance(part, OutputAudio):
        # The assistant's sound can't be made up; the hosted service asks for text in its place.
        raise missing_parameter(f"{path}.text")
    if not isinstance(part, _ALLOWED[role]):
        raise invalid_value(
            f"'{_TYPES[type(part)]}'",
            [_TYPES[allowed] for allowed in _ALLOWED[role]],
            param=f"{path}.type",
        )
    if isinstance(part, InputAudio):
        if part.audio is UNSET:
            raise missing_parameter(f"{path}.audio")
        check_audio(part.audio, f"{path}.audio")
