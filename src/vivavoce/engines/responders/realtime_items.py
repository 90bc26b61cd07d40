"""The upstream conversation as it is there, and what brings it in line with a prompt.

A prompt shows the conversation whole each time; upstream it is kept. So only what is new is
created, and only what is gone is deleted. What the service has said itself stays as it said it, as
long as the prompt shows the same words.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from msgspec import Struct

from vivavoce.engines.responders.realtime_settings import Json
from vivavoce.engines.responders.sound_places import after_last_answer
from vivavoce.interfaces import (
    PromptItem,
    PromptMessage,
    PromptPicture,
    PromptToolCall,
    PromptToolOutput,
)

Key = tuple[str, ...]
"""What two items have in common that mean the same."""
ROOT = "root"
SIGNS = re.compile(r"[\s.,;:!?…]+")
LENIENT = "gone"
"""Begins the ids of events whose failure does not matter: what they end or delete is gone."""


class UpstreamItem(Struct):
    """One item of a prompt, and what it is upstream."""

    key: Key
    item_ids: list[str]
    """Several where the service said in two messages what the session took for one."""
    call_id: str | None = None
    """Of a call, as it is named upstream."""


class UpstreamConversation:
    """The items of one connection, in order."""

    def __init__(self) -> None:
        self._items: list[UpstreamItem] = []
        self._call_ids: dict[str, str] = {}
        """Upstream ids of calls, by those of the session."""
        self._n_made = 0

    def add(self, items: Sequence[UpstreamItem]) -> None:
        """Take note of what the service has said itself."""
        for item in items:
            if item.call_id is None:  # prompts show words without the spaces around them
                role, words = item.key
                item.key = (role, words.strip())
        self._items += items

    def bring_in_line(self, wanted: Sequence[PromptItem]) -> list[Json]:
        """Return the events that make the conversation what the prompt shows.

        It is taken to be so from now on. An event must be sent before the next is made.
        """
        events: list[Json] = []
        kept: list[UpstreamItem] = []
        new_from = after_last_answer(wanted)
        keys = [key_of(item) for item in wanted]
        here = [item.key for item in self._items]
        for tag, i, i_end, j, j_end in _steps(here, keys):
            if tag == "equal":
                kept += self._recognised(self._items[i:i_end], wanted[j:j_end])
                continue
            events += [event for item in self._items[i:i_end] for event in _deletions(item)]
            for place in range(j, j_end):
                item = self._made(wanted[place])
                event: Json = {
                    "type": "conversation.item.create",
                    "item": self._wire(wanted[place], place >= new_from, item.item_ids[0]),
                }
                if i_end < len(self._items):
                    event["previous_item_id"] = kept[-1].item_ids[-1] if kept else ROOT
                events.append(event)
                kept.append(item)
        self._items = kept
        return events

    def as_input(self, wanted: Sequence[PromptItem]) -> list[Json]:
        """Return the prompt for a response out of band: references to what is there already."""
        known: dict[Key, list[UpstreamItem]] = {}
        for item in self._items:
            known.setdefault(item.key, []).append(item)
        new_from = after_last_answer(wanted)
        return [
            entry
            for place, item in enumerate(wanted)
            for entry in self._entries(item, known.get(key_of(item), []), place >= new_from)
        ]

    def _entries(self, item: PromptItem, known: list[UpstreamItem], is_new: bool) -> Iterator[Json]:
        if not known:
            yield self._wire(item, is_new)
            return
        for item_id in known.pop(0).item_ids:
            yield {"type": "item_reference", "id": item_id}

    def _recognised(
        self, here: Sequence[UpstreamItem], wanted: Sequence[PromptItem]
    ) -> Sequence[UpstreamItem]:
        """Learn how the session calls the calls that the service made."""
        for item, shown in zip(here, wanted, strict=True):
            if isinstance(shown, PromptToolCall) and item.call_id is not None:
                self._call_ids[shown.call_id] = item.call_id
        return here

    def _made(self, item: PromptItem) -> UpstreamItem:
        self._n_made += 1
        return UpstreamItem(key_of(item), [f"item_ours_{self._n_made}"])

    def _wire(self, item: PromptItem, is_new: bool, item_id: str | None = None) -> Json:
        wire = self._content(item, is_new)
        return wire if item_id is None else {"id": item_id, **wire}

    def _content(self, item: PromptItem, is_new: bool) -> Json:
        match item:
            case PromptMessage(role="user", text=text, audio=audio) if audio and (
                is_new or not text
            ):
                part: Json = {"type": "input_audio", "audio": audio}
                return _message("user", part | ({"transcript": text} if text else {}))
            case PromptMessage(role=role, parts=parts) if parts:
                return {"type": "message", "role": role, "content": [_part(p) for p in parts]}
            case PromptMessage(role=role, text=text):
                kind = "output_text" if role == "assistant" else "input_text"
                return _message(role, {"type": kind, "text": text})
            case PromptToolCall(call_id=call_id, name=name, arguments=arguments):
                call = {"call_id": call_id, "name": name, "arguments": arguments}
                return {"type": "function_call", **call}
            case PromptToolOutput(call_id=call_id, output=output):
                call_id = self._call_ids.get(call_id, call_id)
                return {"type": "function_call_output", "call_id": call_id, "output": output}


def key_of(item: PromptItem) -> Key:
    """Return what tells one item from another; the sound only where there are no words.

    So an item stays upstream as it was heard when the session keeps its sound no longer.
    """
    match item:
        case PromptMessage(role=role, parts=parts) if parts:
            return (role, *(p if isinstance(p, str) else p.picture_id for p in parts))
        case PromptMessage(role=role, text="", audio=audio):
            return (role, "", str(len(audio)), str(zlib.crc32(audio)))
        case PromptMessage(role="user", text=text):
            # The last transcript may have other signs than the one an answer was prepared from.
            return ("user", " ".join(SIGNS.split(text.casefold())).strip())
        case PromptMessage(role=role, text=text):
            return (role, text)
        case PromptToolCall(name=name, arguments=arguments):
            return ("call", name, arguments)
        case PromptToolOutput(call_id=call_id, output=output):
            return ("output", call_id, output)


def _steps(here: list[Key], wanted: list[Key]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, here, wanted, autojunk=False).get_opcodes()


def _deletions(item: UpstreamItem) -> Iterator[Json]:
    for item_id in item.item_ids:
        event_id = f"{LENIENT}_{item_id}"
        yield {"type": "conversation.item.delete", "event_id": event_id, "item_id": item_id}


def _part(part: str | PromptPicture) -> Json:
    if isinstance(part, str):
        return {"type": "input_text", "text": part}
    return {"type": "input_image", "image_url": part.image_url, "detail": part.detail}


def _message(role: str, part: Json) -> Json:
    return {"type": "message", "role": role, "content": [part]}
