"""Bytes of the wire to typed events and back.

Whatever arrives, decoding raises `ProtocolError` and nothing else; the error carries the code,
the `param` and the client's `event_id` that the answer needs.
"""

import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import pybase64
from msgspec import UNSET, Struct, structs

from vivavoce.errors import ProtocolError
from vivavoce.protocol.client_events import (
    ClientEvent,
    ConversationItemCreate,
    InputAudioBufferAppend,
    ResponseCreate,
    SessionInputAudioBufferAppend,
    SessionUpdate,
    TranslationClientEvent,
    VivavocePlaybackPlay,
)
from vivavoce.protocol.item_rules import check_audio, check_item
from vivavoce.protocol.refusals import refusal, unknown_parameter
from vivavoce.protocol.response_events import (
    ResponseCreated,
    ResponseDone,
    ResponseOutputAudioDelta,
)
from vivavoce.protocol.server_events import ServerEvent, SessionCreated, SessionUpdated
from vivavoce.protocol.session import RealtimeSession

T = TypeVar("T")
MAX_DEPTH = 100
"""Levels of nesting in an event: more than any schema needs, far less than Python's stack."""
MAX_EVENT_ID_CHARS = 512
ENCODED = "vivavoce.server_event_encoded"
"""Audit event (PEP 578) raised with the bytes of each encoded event: tests look on through it."""

_BIG_APPEND_BYTES = 3000
"""Above it the plain form of an append pays: 100 ms of sound take 1.4 us instead of 3.4."""
_PLAIN_APPEND = re.compile(
    rb'\s*\{\s*"type"\s*:\s*"input_audio_buffer\.append"\s*,\s*"audio"\s*:\s*"'
)
_EVENT_ID = re.compile(rb'"event_id"\s*:\s*"([^"\\]{1,512})"')

_GA_DECODER = msgspec.json.Decoder(ClientEvent)
_TRANSLATION_DECODER = msgspec.json.Decoder(TranslationClientEvent)
_ENCODER = msgspec.json.Encoder()


def decode_client_event(text: str | bytes) -> ClientEvent:
    """Read one event of a realtime or transcription session.

    Raises:
        ProtocolError: it is no event that such a session knows (60-errors-limits, section 2).
    """
    return decode_with(text, _GA_DECODER, _without_temperature)


def decode_with(
    text: str | bytes,
    decoder: msgspec.json.Decoder[Any],
    to_client_event: Callable[[Any], ClientEvent],
) -> ClientEvent:
    """Read one event of a dialect.

    Args:
        text: of the event.
        decoder: of the dialect's events.
        to_client_event: turns a decoded one into the event the session knows; may raise
            `ProtocolError`.

    Raises:
        ProtocolError: it is no event that the dialect knows.
    """
    data = _utf8(text)
    append = _plain_append(data) if len(data) > _BIG_APPEND_BYTES else None
    if append is not None:
        return append
    event: ClientEvent = _decode(data, decoder, to_client_event)
    return event


def decode_translation_event(text: str | bytes) -> TranslationClientEvent:
    """Read one event of a translation session.

    Raises:
        ProtocolError: it is no event that such a session knows.
    """
    event: TranslationClientEvent = _decode(_utf8(text), _TRANSLATION_DECODER, lambda event: event)
    return event


def decode_body(data: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Read the JSON object that a request brings; nothing at all counts as an empty one.

    Raises:
        ProtocolError: it is not what the decoder wants; `param` names the member.
    """
    data = data.strip() or b"{}"
    if not data.startswith(b"{"):
        raise ProtocolError("The body of the request must be a JSON object.", code="invalid_json")
    body: T = _decode_typed(data, decoder)
    return body


def encode_server_event(event: ServerEvent) -> bytes:
    """Write one event: `UNSET` members left out, None as null, bytes as base64."""
    if isinstance(event, ResponseOutputAudioDelta):
        data = _encode_audio_delta(event)
    else:
        data = _ENCODER.encode(_as_ga(event))
    sys.audit(ENCODED, data)
    return data


# --- the two common events --------------------------------------------------------------------


def _plain_append(data: bytes) -> InputAudioBufferAppend | None:
    """Read an append with nothing but `type` and `audio`, in that order, the usual form.

    None: it has another form, or its base64 is wrong; the general way finds out.
    """
    head = _PLAIN_APPEND.match(data)
    if head is None or not data.endswith(b'"}'):
        return None
    try:
        audio = pybase64.b64decode(memoryview(data)[head.end() : -2], validate=True)
    except ValueError:
        return None
    check_audio(audio, "audio")
    return InputAudioBufferAppend(audio=audio)


def _encode_audio_delta(event: ResponseOutputAudioDelta) -> bytes:
    """Fill in a template: 0.6 us for 100 ms of sound instead of 3.1."""
    return (
        b'{"type":"response.output_audio.delta","event_id":%b,"response_id":%b,"item_id":%b,'
        b'"output_index":%d,"content_index":%d,"delta":"%b"}'
    ) % (
        _ENCODER.encode(event.event_id),
        _ENCODER.encode(event.response_id),
        _ENCODER.encode(event.item_id),
        event.output_index,
        event.content_index,
        pybase64.b64encode(event.delta),
    )


# --- the general way --------------------------------------------------------------------------


class _Envelope(Struct):
    """As much of an event as can be read when the rest is wrong."""

    event_id: object = UNSET


_ENVELOPE_DECODER = msgspec.json.Decoder(_Envelope)


def _utf8(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ProtocolError("The event is not valid Unicode.", code="invalid_json") from None


def _decode(
    data: bytes, decoder: msgspec.json.Decoder[Any], to_client_event: Callable[[Any], Any]
) -> Any:
    try:
        event = to_client_event(_decode_typed(data, decoder))
        _check(event)
    except ProtocolError as error:
        error.event_id = _recovered_event_id(data)
        raise
    return event


def _decode_typed(data: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        _check_depth(data)
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        event = _decode_without_nulls(data, decoder) if b"null" in data else None
        if event is None:
            raise refusal(error, decoder.type) from None
        return event
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"The event is not valid JSON: {error}.", code="invalid_json") from None


def _check(event: ClientEvent | TranslationClientEvent) -> None:
    match event:
        case InputAudioBufferAppend(audio=audio) | SessionInputAudioBufferAppend(audio=audio):
            check_audio(audio, "audio")
        case ConversationItemCreate(item=item):
            check_item(item, "item")
        case VivavocePlaybackPlay(audio=bytes() as audio):
            check_audio(audio, "audio")
        case ResponseCreate(response=response) if response is not UNSET:
            for index, input_item in enumerate(response.input or ()):
                check_item(input_item, f"response.input[{index}]")
        case _:
            pass


def _without_temperature(event: ClientEvent) -> ClientEvent:
    """Refuse what the types hold for Beta clients alone."""
    match event:
        case SessionUpdate(session=session) if getattr(session, "temperature", UNSET) is not UNSET:
            raise unknown_parameter("session.temperature")
        case ResponseCreate(response=response) if response is not UNSET and (
            response.temperature is not UNSET
        ):
            raise unknown_parameter("response.temperature")
        case _:
            return event


def _as_ga(event: ServerEvent) -> ServerEvent:
    """Leave out what the types hold for Beta clients alone."""
    match event:
        case SessionCreated(session=RealtimeSession(temperature=float()) as session):
            return structs.replace(event, session=structs.replace(session, temperature=UNSET))
        case SessionUpdated(session=RealtimeSession(temperature=float()) as session):
            return structs.replace(event, session=structs.replace(session, temperature=UNSET))
        case ResponseCreated(response=response) | ResponseDone(response=response) if (
            response.temperature is not UNSET
        ):
            return structs.replace(event, response=structs.replace(response, temperature=UNSET))
        case _:
            return event


def _recovered_event_id(data: bytes) -> str | None:
    try:
        event_id = _ENVELOPE_DECODER.decode(data).event_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _EVENT_ID.search(data)
        return None if found is None else found[1].decode(errors="replace")
    if isinstance(event_id, str) and len(event_id) <= MAX_EVENT_ID_CHARS:
        return event_id
    return None


# --- nesting ----------------------------------------------------------------------------------


_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A JSON string, or the rest of the text when it does not end: no byte is searched twice."""
_BRACKET = re.compile(rb"[\[\]{}]")


def _check_depth(data: bytes) -> None:
    """Refuse nesting that would overflow the stack of whoever walks through a tool's schema."""
    if data.count(b"{") + data.count(b"[") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", data)):
        depth += 1 if bracket[0] in b"{[" else -1
        if depth > MAX_DEPTH:
            raise _too_deep()


def _too_deep() -> ProtocolError:
    return ProtocolError(f"The event is nested more than {MAX_DEPTH} levels deep.")


# --- nulls ------------------------------------------------------------------------------------

_FREE_FORM = frozenset(
    {"session", "parameters", "metadata", "variables", "input_schema", "annotations"}
)
"""Members in which null means something, or is the client's own business."""


def _decode_without_nulls(data: bytes, decoder: msgspec.json.Decoder[Any]) -> Any | None:
    """Read an event again without the nulls that some clients write for "not given".

    Null in `session` means "clear", and stays. None: that does not make it a valid event.
    """
    try:
        return decoder.decode(_ENCODER.encode(_without_nulls(msgspec.json.decode(data))))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _without_nulls(value: object) -> object:
    if isinstance(value, list):
        return [_without_nulls(member) for member in value]
    if isinstance(value, dict):
        return {
            name: member if name in _FREE_FORM else _without_nulls(member)
            for name, member in value.items()
            if member is not None
        }
    return value
