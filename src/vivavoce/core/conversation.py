"""The ordered list of items, with what the wire does not show: sound, clauses, token counts.

Source: protocol reference, "Client events" (30, conversation.item.*) and "Item objects" (40).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType, structs

from vivavoce.core.long_outputs import shortened
from vivavoce.core.pictures import Picture, let_go, shown_part, whole_part
from vivavoce.core.pictures_in_text import without_pictures
from vivavoce.core.tokens import estimate_tokens
from vivavoce.errors import ProtocolError
from vivavoce.media.formats import encode, wire_bytes_per_ms
from vivavoce.protocol.audio_settings import AudioFormat, PcmFormat
from vivavoce.protocol.items import (
    ContentPart,
    InputAudio,
    InputImage,
    Item,
    McpApprovalRequest,
    Message,
    OutputAudio,
)

KEPT_AUDIO_BYTES = 10 * 60 * 48_000
"""Ten minutes of 24 kHz sound a session; older items are retrieved without audio."""
ROOT = "root"


@dataclass(slots=True)
class Clause:
    """Words of an answer, and the moment of its audio at which they have been spoken."""

    text: str
    end_ms: float


@dataclass(slots=True)
class ItemRecord:
    """One item, as the session keeps it."""

    item: Item
    """As on the wire, without audio bytes."""
    user_audio: dict[int, bytes] = field(default_factory=dict)
    """24 kHz PCM by content index."""
    user_audio_ms: float = 0.0
    heard: dict[int, str] = field(default_factory=dict)
    """Final transcripts by content index; also where the client asked for none."""
    pending: set[int] = field(default_factory=set)
    """Content indexes whose transcript is still awaited."""
    pictures: dict[int, Picture] = field(default_factory=dict)
    """By content index."""
    answer_audio: bytearray = field(default_factory=bytearray)
    """Of an assistant item, in `answer_format`."""
    answer_format: AudioFormat = field(default_factory=PcmFormat)
    shown_format: AudioFormat = field(default_factory=PcmFormat)
    """Of an assistant item, what clients retrieve its sound in; `answer_format` is this or PCM."""
    answer_audio_ms: float = 0.0
    clauses: list[Clause] = field(default_factory=list)
    truncated_ms: int | None = None
    """What the listener heard of an assistant item, when it was not all."""
    text_tokens: int | None = None
    """The engine's count; None until it came."""
    was_cut_off: bool = False
    """Of a call of a server's tool: its arguments never ended, and no model is shown it."""
    called_as: str | None = None
    """Of a call: the name that the language model knows the tool by."""
    longest_output: int | None = None
    """Of an output: how many characters of it the language model is shown; None: all."""
    silence_ms: int = 0
    """Of an item made by the idle timeout: how long nobody spoke."""

    @property
    def item_id(self) -> str:
        """The item's id; every kept item has one."""
        assert isinstance(self.item.id, str)
        return self.item.id

    @property
    def is_awaited(self) -> bool:
        """Whether words of it are still to come: a transcript, or what a picture says."""
        return bool(self.pending) or any(p.words is None for p in self.pictures.values())

    @property
    def image_tokens(self) -> int:
        """Of the pictures that the engine sees."""
        return sum(picture.tokens for picture in self.pictures.values())

    def count_text(self) -> int:
        """Tokens of the item's text: the engine's count, or an estimate until it is there."""
        if self.text_tokens is not None:
            return self.text_tokens
        return estimate_tokens(self.text)

    @property
    def text(self) -> str:
        """Everything in the item that can be read."""
        match self.item:
            case Message(content=parts):
                return " ".join(filter(None, map(self.text_of_part, range(len(parts)))))
            case McpApprovalRequest():
                return ""  # the call itself says it all
            case _:
                named = [getattr(self.item, name, "") for name in ("name", "arguments", "output")]
                texts = [text if isinstance(text, str) else "" for text in named]
                return " ".join(filter(None, (*texts[:2], self.shown(texts[2]))))

    def shown(self, output: str) -> str:
        """Return the output of a call as the language model is shown it."""
        return shortened(without_pictures(output), self.longest_output)

    @property
    def heard_text(self) -> str:
        """Of an assistant's spoken answer, the clauses that were heard to their end."""
        limit = self.truncated_ms
        return "".join(
            clause.text for clause in self.clauses if limit is None or clause.end_ms <= limit
        ).strip()

    def text_of_part(self, index: int) -> str:
        """What can be read of one content part of a message."""
        assert isinstance(self.item, Message)
        match self.item.content[index]:
            case InputAudio():
                return self.heard.get(index, "")
            case InputImage():
                picture = self.pictures[index]
                return f"{picture.words or ''} {picture.quote}".strip()
            case OutputAudio():
                return self.heard_text
            case part:
                text = getattr(part, "text", "")
                return text if isinstance(text, str) else ""

    def set_part(self, index: int, part: ContentPart) -> None:
        """Replace one content part of a message."""
        assert isinstance(self.item, Message)
        content = (*self.item.content[:index], part, *self.item.content[index + 1 :])
        self.item = structs.replace(self.item, content=content)

    def forget_audio(self) -> int:
        """Drop all sound of the item; return how many bytes that freed."""
        freed = len(self.answer_audio) + sum(map(len, self.user_audio.values()))
        self.user_audio = {}
        self.answer_audio = bytearray()
        return freed

    def forget_pictures(self) -> tuple[str, ...]:
        """Let the data of all pictures go; return the ids of those that had any."""
        kept = [(index, picture) for index, picture in self.pictures.items() if picture.url]
        for index, picture in kept:
            let_go(picture)
            self.set_part(index, shown_part(picture))
            self.text_tokens = None
        return tuple(picture.picture_id for _, picture in kept)


class Conversation:
    """The default conversation of a session."""

    def __init__(self, conversation_id: str) -> None:
        self.conversation_id = conversation_id
        self._records: list[ItemRecord] = []
        self._by_id: dict[str, ItemRecord] = {}
        self.dropped: set[str] = set()
        """Items that context truncation took from the prompt; they can still be retrieved."""

    def __iter__(self) -> Iterator[ItemRecord]:
        return iter(self._records)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._by_id

    @property
    def last_item_id(self) -> str | None:
        """Id of the newest item."""
        return self._records[-1].item_id if self._records else None

    @property
    def context(self) -> list[ItemRecord]:
        """The items that the model sees."""
        return [record for record in self._records if record.item_id not in self.dropped]

    def get(self, item_id: str) -> ItemRecord | None:
        """Return the record of an item, if there is one."""
        return self._by_id.get(item_id)

    def add(
        self, record: ItemRecord, previous_item_id: str | UnsetType | None = UNSET
    ) -> str | None:
        """Insert an item and return the id of the one before it.

        Args:
            record: the item, whose id is new.
            previous_item_id: UNSET or None appends, `root` puts it first, an id after that item.

        Raises:
            ProtocolError: the id exists already, or the previous item does not.
        """
        if record.item_id in self._by_id:
            raise duplicate_item_id(record.item_id)
        place = self._place_after(previous_item_id)
        self._records.insert(place, record)
        self._by_id[record.item_id] = record
        self._bound_audio(record)
        return self._records[place - 1].item_id if place else None

    def previous_of(self, item_id: str) -> str | None:
        """Return the id of the item before this one; None for the first or an unknown one."""
        previous = None
        for record in self._records:
            if record.item_id == item_id:
                return previous
            previous = record.item_id
        return None

    def delete(self, item_id: str) -> None:
        """Remove an item.

        Raises:
            ProtocolError: there is no such item.
        """
        record = self.find(item_id, "deleting", "item_delete_invalid_item_id")
        self._records.remove(record)
        del self._by_id[item_id]
        self.dropped.discard(item_id)

    def retrieve(self, item_id: str, input_format: AudioFormat) -> Item:
        """Return the item with its audio, as far as that is kept.

        Args:
            item_id: which.
            input_format: what user audio is encoded in.

        Raises:
            ProtocolError: there is no such item.
        """
        record = self.find(item_id, "retrieving", "item_retrieve_invalid_item_id")
        if not isinstance(record.item, Message):
            return record.item
        parts = tuple(
            _with_audio(part, record, index, input_format)
            for index, part in enumerate(record.item.content)
        )
        return structs.replace(record.item, content=parts)

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Forget what the listener did not hear of an assistant item.

        Raises:
            ProtocolError: there is no such item, it has no audio there, or it is shorter.
        """
        record = self.find(item_id, "truncating", "item_truncate_invalid_item_id")
        _check_truncation(record, content_index, audio_end_ms)
        record.truncated_ms = audio_end_ms
        del record.answer_audio[int(audio_end_ms * wire_bytes_per_ms(record.answer_format)) :]
        record.set_part(content_index, OutputAudio(transcript=None))
        record.text_tokens = None

    def find(self, item_id: str, doing: str, code: str) -> ItemRecord:
        """Return the record of an item.

        Raises:
            ProtocolError: with `code`, if there is no such item.
        """
        record = self._by_id.get(item_id)
        if record is None:
            raise ProtocolError(
                f"Error {doing} item: the item with id '{item_id}' does not exist.",
                code=code,
                param="item_id",
            )
        return record

    def _place_after(self, previous_item_id: str | UnsetType | None) -> int:
        if previous_item_id is UNSET or previous_item_id is None:
            return len(self._records)
        if previous_item_id == ROOT:
            return 0
        for place, record in enumerate(self._records):
            if record.item_id == previous_item_id:
                return place + 1
        raise ProtocolError(
            f"Error adding item: the previous item with id '{previous_item_id}' does not exist.",
            code="item_create_invalid_previous_item_id",
            param="previous_item_id",
        )

    def _bound_audio(self, newest: ItemRecord) -> None:
        kept = 0
        for record in reversed(self._records):
            kept += len(record.answer_audio) + sum(map(len, record.user_audio.values()))
            # The newest is still to be transcribed, however long it is.
            if kept > KEPT_AUDIO_BYTES and record is not newest:
                kept -= record.forget_audio()


def duplicate_item_id(item_id: str) -> ProtocolError:
    """Return the error for an id that is taken already."""
    return ProtocolError(
        f"Error adding item: an item with id '{item_id}' already exists.",
        code="item_create_duplicate_item_id",
        param="item.id",
    )


def _with_audio(
    part: ContentPart, record: ItemRecord, index: int, input_format: AudioFormat
) -> ContentPart:
    match part:
        case InputImage():
            return whole_part(part, record.pictures[index])
        case InputAudio() if index in record.user_audio:
            return structs.replace(part, audio=encode(record.user_audio[index], input_format))
        case OutputAudio() if record.answer_audio:
            sound = bytes(record.answer_audio)
            if record.shown_format != record.answer_format:
                sound = encode(sound, record.shown_format)
            return structs.replace(part, audio=sound)
        case _:
            return part


def _check_truncation(record: ItemRecord, content_index: int, audio_end_ms: int) -> None:
    item = record.item
    has_audio = (
        isinstance(item, Message)
        and item.role == "assistant"
        and 0 <= content_index < len(item.content)
        and isinstance(item.content[content_index], OutputAudio)
    )
    if not has_audio:
        raise ProtocolError(
            "Only model output audio messages can be truncated", code="unsupported_content_type"
        )
    length_ms = int(record.answer_audio_ms if record.truncated_ms is None else record.truncated_ms)
    if audio_end_ms > length_ms:
        raise ProtocolError(
            f"Audio content of {length_ms}ms is already shorter than {audio_end_ms}ms",
            param="audio_end_ms",
        )
    if audio_end_ms < 0:
        raise ProtocolError("Invalid value: audio_end_ms may not be negative", param="audio_end_ms")
