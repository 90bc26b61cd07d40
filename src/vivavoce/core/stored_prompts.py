"""What a stored prompt makes of an update or a response: the fields that the client left open.

The client's own fields win over the prompt's; an empty text or list counts as left open. The prompt
itself is brought in by whoever tells the session of the event: the core looks nothing up.
Source: protocol reference, "Session configuration" (20, section 2, `prompt`).
"""

import re
from collections.abc import Mapping
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

from vivavoce.core.options import SessionOptions
from vivavoce.core.settings import CheckTool, check_voice, read_tools
from vivavoce.errors import ProtocolError
from vivavoce.protocol.audio_settings import Voice
from vivavoce.protocol.response import (
    ResponseCreateAudio,
    ResponseCreateAudioOutput,
    ResponseCreateParams,
)
from vivavoce.protocol.session import (
    AudioOutputUpdate,
    AudioUpdate,
    PromptText,
    RealtimeSessionUpdate,
    StoredPrompt,
)
from vivavoce.protocol.stored_prompts import PromptTemplate
from vivavoce.protocol.tools import Tool

T = TypeVar("T")
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}")


class Prompted(Struct, frozen=True, kw_only=True):
    """The stored prompt of a session, and what the client itself has set so far."""

    filled: PromptTemplate | None = None
    """With the variables' values in its instructions; None: no prompt."""
    instructions: str | None = None
    tools: tuple[Tool, ...] | None = None
    voice: Voice | None = None


def prompted_update(
    before: Prompted,
    update: RealtimeSessionUpdate,
    found: PromptTemplate | None,
    *,
    options: SessionOptions,
    spoke_already: bool,
    check_tool: CheckTool,
) -> tuple[RealtimeSessionUpdate, Prompted]:
    """Return the update with the prompt's share of it, and what to remember.

    Args:
        before: as remembered.
        update: as the client sent it.
        found: the prompt that the update names, if it names one and there is one.
        options: voices and defaults.
        spoke_already: whether the voice is fixed; then the prompt's does not count any more.
        check_tool: the language model's say on each function tool.

    Raises:
        ProtocolError: the prompt, its version or a variable is unknown, or can't be used here.
    """
    filled = before.filled
    if isinstance(update.prompt, StoredPrompt):
        filled = _usable(update.prompt, found, "session.prompt", options, check_tool)
        named = structs.replace(update.prompt, version=filled.version)
        update = structs.replace(update, prompt=named)
    elif update.prompt is None:
        filled = None
    now = Prompted(
        filled=filled,
        instructions=_or(update.instructions, before.instructions),
        tools=_or(update.tools, before.tools),
        voice=_or(_voice_of(update), before.voice),
    )
    if before.filled is None and filled is None:
        return update, now
    return _with_share_of_prompt(update, now, options, spoke_already=spoke_already), now


def prompted_response(
    params: ResponseCreateParams,
    found: PromptTemplate | None,
    *,
    options: SessionOptions,
    voice_is_fixed: bool,
    check_tool: CheckTool,
) -> ResponseCreateParams:
    """Return the parameters of a response with its own prompt's share of them.

    Args:
        params: as the client sent them.
        found: the prompt that they name, if they name one and there is one.
        options: voices.
        voice_is_fixed: whether the prompt's voice does not count any more.
        check_tool: the language model's say on each function tool.

    Raises:
        ProtocolError: as for `prompted_update`.
    """
    if not isinstance(params.prompt, StoredPrompt):
        return params
    filled = _usable(params.prompt, found, "response.prompt", options, check_tool)
    changes: dict[str, object] = {
        "instructions": _or(params.instructions, "") or filled.instructions
    }
    if filled.tools and not _or(params.tools, ()):
        changes["tools"] = filled.tools
    if filled.voice is not None and not voice_is_fixed:
        audio = _or(params.audio, ResponseCreateAudio())
        output = _or(audio.output, ResponseCreateAudioOutput())
        if isinstance(output.voice, UnsetType):
            output = structs.replace(output, voice=filled.voice)
            changes["audio"] = structs.replace(audio, output=output)
    return structs.replace(params, **changes)


def _usable(
    prompt: StoredPrompt,
    found: PromptTemplate | None,
    where: str,
    options: SessionOptions,
    check_tool: CheckTool,
) -> PromptTemplate:
    if found is None:
        raise _not_found(prompt, where)
    read_tools(found.tools, where, check_tool)
    if found.voice is not None:
        check_voice(found.voice, options, f"{where}.voice")
    values = _values(prompt, f"{where}.variables")
    return structs.replace(found, instructions=_filled(found.instructions, values, where))


def _not_found(prompt: StoredPrompt, where: str) -> ProtocolError:
    name = prompt.id[:100]
    if isinstance(prompt.version, str):
        message = f"Prompt with id '{name}' and version '{prompt.version[:100]}' not found."
        return ProtocolError(message, code="prompt_not_found", param=f"{where}.version")
    return ProtocolError(
        f"Prompt with id '{name}' not found.", code="prompt_not_found", param=f"{where}.id"
    )


def _values(prompt: StoredPrompt, where: str) -> Mapping[str, str]:
    values: dict[str, str] = {}
    for name, value in (_or(prompt.variables, None) or {}).items():
        if not isinstance(value, (str, PromptText)):
            raise ProtocolError(
                f"'{where}.{name}' is not supported: only text can be put into a prompt here.",
                param=f"{where}.{name}.type",
            )
        if isinstance(value, str):
            values[name] = value
            continue
        if value.prompt_cache_breakpoint not in (UNSET, None):
            param = f"{where}.{name}.prompt_cache_breakpoint"
            raise ProtocolError(
                f"'{param}' is not supported: what the language model has read is kept anyway.",
                param=param,
            )
        values[name] = value.text
    return values


def _filled(text: str, values: Mapping[str, str], where: str) -> str:
    names = set(_VARIABLE.findall(text))
    for name in sorted(names - values.keys()):
        raise ProtocolError(
            f"Missing prompt variable: '{name}'.",
            code="missing_required_parameter",
            param=f"{where}.variables.{name}",
        )
    for name in sorted(values.keys() - names):
        raise ProtocolError(
            f"Unknown prompt variable: '{name[:100]}'.",
            code="unknown_parameter",
            param=f"{where}.variables.{name[:100]}",
        )
    return _VARIABLE.sub(lambda match: values[match[1]], text)


def _with_share_of_prompt(
    update: RealtimeSessionUpdate, now: Prompted, options: SessionOptions, *, spoke_already: bool
) -> RealtimeSessionUpdate:
    """Say outright what the fields are that the update changes, itself or through its prompt."""
    base = now.filled or PromptTemplate(id="", version="", instructions=options.instructions)
    own = now.instructions if now.filled is None else now.instructions or None
    is_new = update.prompt is not UNSET
    if is_new or update.instructions is not UNSET:
        update = structs.replace(update, instructions=base.instructions if own is None else own)
    if is_new or update.tools is not UNSET:
        update = structs.replace(update, tools=now.tools or base.tools)
    if is_new and not spoke_already:
        update = _with_voice(update, now.voice or base.voice or options.default_voice)
    return update


def _voice_of(update: RealtimeSessionUpdate) -> Voice | UnsetType:
    if isinstance(update.audio, UnsetType) or isinstance(update.audio.output, UnsetType):
        return UNSET
    return update.audio.output.voice


def _with_voice(update: RealtimeSessionUpdate, voice: Voice) -> RealtimeSessionUpdate:
    audio = _or(update.audio, AudioUpdate())
    output = structs.replace(_or(audio.output, AudioOutputUpdate()), voice=voice)
    return structs.replace(update, audio=structs.replace(audio, output=output))


def _or(value: T | UnsetType, default: T) -> T:
    return default if isinstance(value, UnsetType) else value
