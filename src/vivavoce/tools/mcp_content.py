"""Turns what an MCP tool returns into text, for a model that reads text only.

Imports the MCP library: itself to be imported when used.
"""

import msgspec
from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
)

SMALL_TYPE_CHARACTERS = 100


def result_text(result: CallToolResult, max_characters: int) -> str:
    """Return a result as text: its texts as they are, and a note for each thing that is none.

    Structured content counts only where there is no text: servers repeat it there.
    Source: MCP specification, "Tools", "Structured content".
    """
    parts = [_text(block) for block in result.content]
    has_text = any(isinstance(block, TextContent) and block.text for block in result.content)
    if result.structured_content is not None and not has_text:
        parts.insert(0, msgspec.json.encode(result.structured_content).decode())
    return cut("\n".join(part for part in parts if part), max_characters)


def cut(text: str, max_characters: int) -> str:
    """Return a text at most this long, with a note in place of what is missing."""
    if len(text) <= max_characters:
        return text
    return f"{text[:max_characters]}\n[cut off here: {len(text) - max_characters} more characters]"


def _text(block: ContentBlock) -> str:
    match block:
        case TextContent():
            return block.text
        case ImageContent():
            return _note("image", block.mime_type, block.data)
        case AudioContent():
            return _note("audio", block.mime_type, block.data)
        case ResourceLink():
            about = f": {block.description}" if block.description else ""
            return f"[link to {block.name}, {block.uri}{about}]"
        case EmbeddedResource():
            resource = block.resource
            if isinstance(resource, BlobResourceContents):
                return _note(f"resource {resource.uri}", resource.mime_type, resource.blob)
            return resource.text


def _note(what: str, mime_type: str | None, data: str) -> str:
    kind = f" ({mime_type[:SMALL_TYPE_CHARACTERS]})" if mime_type else ""
    return f"[{what}{kind}, {len(data) * 3 // 4} bytes, which can't be shown as text]"
