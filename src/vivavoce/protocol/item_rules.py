"""What a client may put into an item, beyond what the types say.

Source: 30-client-events, "conversation.item.create".
"""

import re
from collections.abc import Mapping

from msgspec import UNSET, UnsetType

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

MAX_PICTURES = 16
"""In one item."""

_IMAGE_URL = re.compile(r"data:image/(png|jpeg|jpg|webp|gif);base64,", re.IGNORECASE)
_ELSEWHERE = re.compile(r"(https?|ftp|file)://", re.IGNORECASE)
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
        if sum(isinstance(part, InputImage) for part in item.content) > MAX_PICTURES:
            raise ProtocolError(
                f"Invalid value for '{path}.content': at most {MAX_PICTURES} pictures in an item.",
                param=f"{path}.content",
            )


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
    if isinstance(part, InputImage):
        _check_image_url(part.image_url, f"{path}.image_url")


def _check_image_url(url: str | UnsetType, path: str) -> None:
    """Refuse what is no picture at first sight; what is in it is looked at elsewhere."""
    if isinstance(url, UnsetType):
        raise missing_parameter(path)
    if _IMAGE_URL.match(url) is not None:
        return
    reason = "expected a data URL, 'data:image/png;base64,...', of a PNG, JPEG, WebP or GIF"
    if _ELSEWHERE.match(url) is not None:
        reason = "pictures are not fetched from other addresses; send a data URL"
    raise ProtocolError(f"Invalid value for '{path}': {reason}.", param=path)
