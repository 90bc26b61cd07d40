"""The model names that clients may ask for.

Source: 60-errors-limits, section 6. They are names that existing clients send, all served alike.
"""

from msgspec import Struct

DEFAULT_MODEL = "gpt-realtime"
MODEL_NAMES = (
    DEFAULT_MODEL,
    "gpt-realtime-2025-08-28",
    "gpt-realtime-1.5",
    "gpt-realtime-2",
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-realtime-mini",
    "gpt-realtime-mini-2025-10-06",
    "gpt-realtime-mini-2025-12-15",
    "gpt-4o-realtime-preview",
    "gpt-4o-realtime-preview-2024-10-01",
    "gpt-4o-realtime-preview-2024-12-17",
    "gpt-4o-realtime-preview-2025-06-03",
    "gpt-4o-mini-realtime-preview",
    "gpt-4o-mini-realtime-preview-2024-12-17",
    "gpt-audio-1.5",
    "gpt-audio-mini",
    "gpt-audio-mini-2025-10-06",
    "gpt-audio-mini-2025-12-15",
)

TRANSLATION_MODEL_NAMES = ("gpt-realtime-translate",)
"""For `/v1/realtime/translations` only."""


class Model(Struct, frozen=True, kw_only=True):
    """One entry of `GET /v1/models`."""

    id: str
    object: str = "model"
    created: int
    """Unix time; here the start of the server."""
    owned_by: str = "vivavoce"


class ModelList(Struct, frozen=True, kw_only=True):
    """The answer to `GET /v1/models`."""

    object: str = "list"
    data: tuple[Model, ...]


def list_models(names: tuple[str, ...], created: int) -> ModelList:
    """Return the list of all names."""
    return ModelList(data=tuple(Model(id=name, created=created) for name in names))
