"""The events of a realtime service, as far as an answer needs them; all else in them is ignored."""

from msgspec import Struct


class ErrorBody(Struct, frozen=True):
    """What went wrong, in an `error` event or in a failed response."""

    message: str | None = None
    code: str | None = None
    event_id: str | None = None
    """Of the event of ours that caused it."""


class StatusDetails(Struct, frozen=True):
    """Why a response ended as it did."""

    reason: str | None = None
    error: ErrorBody | None = None


class InputTokenDetails(Struct, frozen=True):
    """How the input was counted."""

    cached_tokens: int | None = None


class Usage(Struct, frozen=True):
    """What a response cost."""

    input_tokens: int | None = None
    input_token_details: InputTokenDetails | None = None


class UpstreamResponse(Struct, frozen=True):
    """A response, at its beginning or at its end."""

    id: str = ""
    status: str | None = None
    status_details: StatusDetails | None = None
    usage: Usage | None = None


class OutputItem(Struct, frozen=True):
    """An item that a response makes."""

    id: str = ""
    type: str = ""
    status: str | None = None
    phase: str | None = None
    """Of messages of models that tell their comments from their answers."""
    name: str = ""
    call_id: str | None = None
    arguments: str = ""


class UpstreamEvent(Struct, frozen=True):
    """Any event of the service."""

    type: str
    response: UpstreamResponse | None = None
    response_id: str | None = None
    item: OutputItem | None = None
    delta: str = ""
    error: ErrorBody | None = None

    @property
    def of_response(self) -> str | None:
        """Id of the response that it belongs to."""
        return self.response.id if self.response is not None else self.response_id
