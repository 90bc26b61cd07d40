"""Responses of the Beta dialect, and their maps to GA and back.

Sources: 40-server-events, section 3; 30-client-events, "response.create"; 70-beta-vs-ga.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from vivavoce.protocol.beta_items import BetaInputItem, BetaItem, input_item_to_ga, item_to_beta
from vivavoce.protocol.beta_session import (
    BetaAudioFormat,
    BetaModalities,
    BetaToolChoice,
    Temperature,
)
from vivavoce.protocol.beta_session_maps import (
    format_to_beta,
    format_to_ga,
    given,
    modalities_to_beta,
    modalities_to_ga,
)
from vivavoce.protocol.response import (
    Metadata,
    OutputTokenDetails,
    Response,
    ResponseCreateAudio,
    ResponseCreateAudioOutput,
    ResponseCreateParams,
    ResponseStatus,
    StatusDetails,
    Usage,
)
from vivavoce.protocol.session import MaxOutputTokens, Modality
from vivavoce.protocol.tools import FunctionTool


class BetaResponseCreateParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What differs from the session for this one response."""

    conversation: Literal["auto", "none"] | UnsetType = UNSET
    input: tuple[BetaInputItem, ...] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    modalities: BetaModalities | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    output_audio_format: BetaAudioFormat | UnsetType = UNSET
    tools: tuple[FunctionTool, ...] | UnsetType = UNSET
    tool_choice: BetaToolChoice | UnsetType = UNSET
    temperature: Temperature | UnsetType = UNSET
    max_output_tokens: MaxOutputTokens | UnsetType = UNSET
    max_response_output_tokens: MaxOutputTokens | UnsetType = UNSET
    """Both names are in use; this one counts when both are there."""
    metadata: Metadata | UnsetType | None = UNSET


class BetaCachedTokensDetails(Struct, frozen=True, kw_only=True):
    """The part of the input that did not have to be read again, by kind."""

    text_tokens: int
    audio_tokens: int


class BetaInputTokenDetails(Struct, frozen=True, kw_only=True):
    """The input of a response by kind; there are no pictures."""

    text_tokens: int
    audio_tokens: int
    cached_tokens: int
    cached_tokens_details: BetaCachedTokensDetails


class BetaUsage(Struct, frozen=True, kw_only=True):
    """The cost of a response."""

    total_tokens: int
    input_tokens: int
    output_tokens: int
    input_token_details: BetaInputTokenDetails
    output_token_details: OutputTokenDetails


class BetaResponse(Struct, frozen=True, kw_only=True):
    """One answer: its settings, its items, its outcome."""

    object: Literal["realtime.response"] = "realtime.response"
    id: str
    status: ResponseStatus
    status_details: StatusDetails | None
    output: tuple[BetaItem, ...]
    conversation_id: str | None
    modalities: tuple[Modality, ...]
    voice: str | None
    output_audio_format: BetaAudioFormat
    temperature: float | UnsetType
    max_output_tokens: int | Literal["inf"]
    usage: BetaUsage | None
    metadata: dict[str, str] | None


def response_params_to_ga(params: BetaResponseCreateParams) -> ResponseCreateParams:
    """Return the overrides in GA's nested form.

    Raises:
        ProtocolError: an item of `input` has parts that do not go with its role.
    """
    items = params.input
    if not isinstance(items, UnsetType):
        ga_items = tuple(
            input_item_to_ga(item, f"response.input[{index}]") for index, item in enumerate(items)
        )
    limit = params.max_response_output_tokens
    output = ResponseCreateAudioOutput(
        format=format_to_ga(params.output_audio_format), voice=params.voice
    )
    return ResponseCreateParams(
        conversation=params.conversation,
        input=UNSET if isinstance(items, UnsetType) else ga_items,
        instructions=params.instructions,
        output_modalities=modalities_to_ga(params.modalities),
        audio=ResponseCreateAudio(output=output),
        tools=given(params.tools),
        tool_choice=params.tool_choice,
        temperature=params.temperature,
        max_output_tokens=params.max_output_tokens if isinstance(limit, UnsetType) else limit,
        metadata=params.metadata,
    )


def response_to_beta(response: Response, spoken_as: tuple[Modality, ...]) -> BetaResponse:
    """Return the flat form of a response.

    Args:
        response: as the session made it.
        spoken_as: the modalities that stand for spoken answers, as the client gave them.
    """
    items = [item_to_beta(item) for item in response.output]
    return BetaResponse(
        id=response.id,
        status=response.status,
        status_details=response.status_details,
        output=tuple(item for item in items if item is not None),
        conversation_id=response.conversation_id,
        modalities=modalities_to_beta(response.output_modalities, spoken_as),
        voice=response.audio.output.voice,
        output_audio_format=format_to_beta(response.audio.output.format),
        temperature=response.temperature,
        max_output_tokens=response.max_output_tokens,
        usage=None if response.usage is None else _usage_to_beta(response.usage),
        metadata=response.metadata,
    )


def _usage_to_beta(usage: Usage) -> BetaUsage:
    read = usage.input_token_details
    cached = read.cached_tokens_details
    return BetaUsage(
        total_tokens=usage.total_tokens,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        input_token_details=BetaInputTokenDetails(
            text_tokens=read.text_tokens,
            audio_tokens=read.audio_tokens,
            cached_tokens=read.cached_tokens,
            cached_tokens_details=BetaCachedTokensDetails(
                text_tokens=cached.text_tokens, audio_tokens=cached.audio_tokens
            ),
        ),
        output_token_details=usage.output_token_details,
    )
