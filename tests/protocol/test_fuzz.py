"""Nothing a client sends makes decoding raise anything but `ProtocolError`."""

import copy
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol.examples import example_events, instance
from vivavoce.errors import ProtocolError
from vivavoce.protocol.beta_client_events import BetaClientEvent, client_event_to_ga
from vivavoce.protocol.beta_codec import BETA_DECODER
from vivavoce.protocol.client_events import ClientEvent
from vivavoce.protocol.codec import decode_client_event, decode_translation_event, decode_with

FAST = settings(max_examples=400, deadline=None, derandomize=True, database=None)

_TYPES = [msgspec.inspect.type_info(union) for union in (ClientEvent, BetaClientEvent)]
EVENTS = [event for _, event in example_events("client", translation=False)] + [
    instance(node, variant=variant, full=True)
    for union in _TYPES
    if isinstance(union, msgspec.inspect.UnionType)
    for node in union.types
    for variant in range(4)
]
DECODERS: list[Callable[[str | bytes], object]] = [
    decode_client_event,
    decode_translation_event,
    partial(decode_with, decoder=BETA_DECODER, to_client_event=client_event_to_ga),
]

odd_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, 2**64, -(10**40), 10**400, float("nan"), float("inf"), 1e308]),
    st.floats(),
    st.text(alphabet=st.characters(exclude_categories=())),
    st.sampled_from(["\ud800", "a\udfff", "\0", "`$.x`", " - at `$.y`", "key", "audio/pcm"]),
)
odd_values = st.recursive(
    odd_scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def _try(text: str | bytes) -> None:
    """Decode; what comes out, event or refusal, must be whole enough to be written again."""
    for decode in DECODERS:
        assert len(msgspec.json.encode(_decoded(decode, text))) < 1_000_000


def _decoded(decode: Callable[[str | bytes], object], text: str | bytes) -> object:
    try:
        return decode(text)
    except ProtocolError as error:
        return [error.kind, error.code, error.param, error.event_id, error.message]


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [(*place, key) for key, _ in children] + [
        deeper for key, child in children for deeper in _places(child, (*place, key))
    ]


@st.composite
def mutated_events(draw: st.DrawFn) -> Any:
    event = copy.deepcopy(draw(st.sampled_from(EVENTS)))
    for _ in range(draw(st.integers(1, 3))):
        places = _places(event)
        if not places:
            break
        *parents, key = draw(st.sampled_from(places))
        target = event
        for parent in parents:
            target = target[parent]
        match draw(st.sampled_from(["replace", "delete", "add"])):
            case "replace":
                target[key] = draw(odd_values)
            case "delete":
                del target[key]
            case _ if isinstance(target, dict):
                target[draw(st.text())] = draw(odd_values)
            case _:
                target.append(draw(odd_values))
    return event


@FAST
@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    _try(data)


@FAST
@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text(text: str) -> None:
    _try(text)


@FAST
@given(odd_values)
def test_any_json(value: object) -> None:
    _try(json.dumps(value))


@FAST
@given(mutated_events(), st.booleans())
def test_events_with_wrong_members(event: object, ascii_only: bool) -> None:
    _try(json.dumps(event, ensure_ascii=ascii_only))


@FAST
@given(st.sampled_from(EVENTS), st.data())
def test_events_with_wrong_bytes(event: object, data: st.DataObject) -> None:
    text = bytearray(json.dumps(event).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 8)))
        text[start:end] = data.draw(st.binary(max_size=8))
    _try(bytes(text))


def test_bombs() -> None:
    for opening in ("[", '{"type":', '{"event_id":[', '{"item":{"content":[', '"\\', '{"a":"b",'):
        for count in (90, 1_000, 200_000):
            _try(opening * count)
            _try('{"type":"session.update","x":' + opening * count)
    _try("9" * 1_000_000)
    _try('{"type":"conversation.item.truncate","audio_end_ms":' + "9" * 100_000 + "}")
