"""The Beta types of the official client as judge of every event that Beta clients get.

As strict as `sdk_types`. The package still ships the types, marked as deprecated.
"""

import warnings
from functools import cache
from typing import Any, get_args

import msgspec
import pydantic

from tests.sdk_types import extras_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from openai.types.beta.realtime.realtime_server_event import RealtimeServerEvent

KNOWN_EXTRAS = frozenset(
    {
        # The types lack what live captures and the reference's examples have
        # (20-session-config, sections 9 and 10; 40-server-events, section 3).
        "session.id",
        "session.object",
        "session.expires_at",
        "session.prompt",
        "session.client_secret",
        "session.include",
        "session.input_audio_noise_reduction",
        "session.turn_detection.eagerness",
        "response.usage.input_token_details.cached_tokens_details",
        "response.status_details.error.message",
    }
)
KNOWN_EXTRA_NAMES = frozenset({"obfuscation"})
MODELS = {True: "gpt-realtime", False: "whisper-1"}
"""Put in for a session's model and its transcription's: the types list those of their day."""
_NO_SECRET = {"value": "", "expires_at": 0}
"""The types demand it; sessions that were not just minted have null (70-beta-vs-ga)."""


def parse_with_beta_sdk(data: bytes) -> pydantic.BaseModel | None:
    """Parse an encoded server event of a Beta connection; None for `vivavoce.*`.

    Raises:
        AssertionError: the official types do not allow it.
    """
    raw = msgspec.json.decode(data)
    name = raw["type"]
    if name.startswith("vivavoce."):
        return None
    if name.startswith("transcription_session."):
        raw["session"]["client_secret"] = raw["session"]["client_secret"] or _NO_SECRET
        raw["type"] = name = "transcription_session.updated"  # there is no type of the other
    for holder in (raw.get("session"), raw.get("session", {}).get("input_audio_transcription")):
        if holder and isinstance(holder.get("model"), str):
            holder["model"] = MODELS[holder is raw["session"]]
    if isinstance(raw.get("session", {}).get("tool_choice"), dict):
        raw["session"]["tool_choice"] = "auto"  # typed as text, documented as an object, too
    model = _models().get(name)
    assert model is not None, f"the SDK knows no Beta event {name}"
    try:
        event = model.model_validate_json(msgspec.json.encode(raw), strict=True)
    except pydantic.ValidationError as error:
        raise AssertionError(f"the SDK refuses {data[:2000]!r}: {error}") from error
    extras = [
        path
        for path in extras_of(event)
        if path not in KNOWN_EXTRAS and path.rpartition(".")[2] not in KNOWN_EXTRA_NAMES
    ]
    assert not extras, f"the SDK does not know {extras} in {data[:2000]!r}"
    return event


@cache
def _models() -> dict[str, type[pydantic.BaseModel]]:
    models: tuple[Any, ...] = get_args(get_args(RealtimeServerEvent)[0])
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in models}
