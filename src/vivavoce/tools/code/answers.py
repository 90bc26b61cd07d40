"""What the model and the client are told of a run: short text, for it may be spoken."""

import base64
import binascii

from vivavoce.tools.code.process import Reply, WrittenFile

NOTHING = "(nothing was printed; print a result, or end with an expression)"

_MIME_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}
_MAX_PATH = 100


def answer(reply: Reply, max_characters: int, max_picture_bytes: int) -> str:
    """Return what was printed, the last value or the error, and the files that were written.

    A picture follows as `![NAME](data:...)`, for the client; the model is shown a note instead.

    Args:
        reply: as the sandbox sent it; nothing in it is trusted.
        max_characters: of the text without pictures.
        max_picture_bytes: of all pictures together.
    """
    parts = [reply.printed.rstrip("\n"), reply.value or "", reply.error or ""]
    text = _shortened("\n".join(part for part in parts if part), max_characters)
    files = [_file_line(file) for file in reply.files]
    pictures = []
    for file in reply.files:
        content = _picture(file, max_picture_bytes)
        if content is not None:
            max_picture_bytes -= len(content)
            pictures.append(f"![{_name(file)}]({data_url(_ending(file), content)})")
    lines = [text] if text or files else [NOTHING]
    return "\n".join(line for line in (*lines, *files, *pictures) if line)


def data_url(ending: str, content: bytes) -> str:
    """Return a picture as a URL. `ending` is that of its name, such as `png`."""
    return f"data:{_MIME_TYPES[ending]};base64,{base64.b64encode(content).decode()}"


def _file_line(file: WrittenFile) -> str:
    kind = "picture" if _ending(file) in _MIME_TYPES else "file"
    return f"Wrote the {kind} {_printable(file.path[:_MAX_PATH])} ({file.n_bytes} bytes)."


def _picture(file: WrittenFile, max_bytes: int) -> bytes | None:
    if file.content is None or _ending(file) not in _MIME_TYPES:
        return None
    try:
        content = base64.b64decode(file.content, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if 0 < len(content) <= max_bytes else None


def _ending(file: WrittenFile) -> str:
    return file.path.rpartition(".")[2].lower()


def _name(file: WrittenFile) -> str:
    name = _printable(file.path.rpartition("/")[2][-_MAX_PATH:])
    return "".join(letter for letter in name if letter not in "[]()!")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _shortened(text: str, max_characters: int) -> str:
    left_out = len(text) - max_characters
    if left_out <= 0:
        return text
    half = max_characters // 2
    return f"{text[:half]}\n... ({left_out} characters left out)\n{text[-half:]}"
