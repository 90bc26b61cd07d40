"""`/v1/prompts`: the stored prompts that sessions may name. For the operator only."""

from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from vivavoce.api.admission import AdmittedKey
from vivavoce.api.errors import error_response, json_response
from vivavoce.api.gateway import Gateway
from vivavoce.core.settings import check_voice, read_tools
from vivavoce.errors import ProtocolError
from vivavoce.protocol.codec import decode_body
from vivavoce.protocol.stored_prompts import Instructions, PromptId
from vivavoce.protocol.tools import FunctionTool
from vivavoce.store.prompts import (
    PromptContent,
    PromptVersion,
    add_prompt,
    find_prompt,
    list_prompts,
    list_versions,
    remove_prompt,
)


class NewPrompt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/prompts`: a prompt, or the next version of one that is there."""

    id: PromptId | UnsetType = UNSET
    """None given: one is made."""
    instructions: Instructions
    tools: tuple[FunctionTool, ...] = ()
    voice: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class ShownPrompt(Struct, frozen=True, kw_only=True):
    """One version of a prompt."""

    id: str
    object: str = "prompt"
    version: str
    created_at: int
    """Of this version, Unix seconds."""
    instructions: str
    tools: tuple[FunctionTool, ...]
    voice: str | None
    versions: tuple[str, ...] | UnsetType = UNSET
    """All there are, oldest first; where one prompt was asked for."""


class PromptList(Struct, frozen=True, kw_only=True):
    """The newest version of every prompt."""

    object: str = "list"
    data: tuple[ShownPrompt, ...]
    has_more: bool = False


class RemovedPrompt(Struct, frozen=True, kw_only=True):
    """What is left of a prompt."""

    id: str
    object: str = "prompt.deleted"
    deleted: bool = True


_DECODER = msgspec.json.Decoder(NewPrompt)


class Prompts:
    """The handlers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def index(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """List all prompts."""
        found = await self._gateway.database.run(list_prompts)
        return json_response(PromptList(data=tuple(_shown(prompt) for prompt in found)))

    async def add(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Keep a prompt, or a new version of it."""
        gateway = self._gateway
        try:
            body = decode_body(await request.read(), _DECODER)
            self._check(body)
        except ProtocolError as error:
            return error_response(400, error)
        prompt_id = gateway.new_id("pmpt") if isinstance(body.id, UnsetType) else body.id
        content = PromptContent(instructions=body.instructions, tools=body.tools, voice=body.voice)
        added = await gateway.database.run(
            partial(add_prompt, prompt_id=prompt_id, content=content, now_s=gateway.clock.wall())
        )
        return json_response(_shown(added))

    async def show(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Return the newest version, or the one that the query names, and the list of all."""
        database, prompt_id = self._gateway.database, request.match_info["prompt_id"]
        version = request.query.get("version")
        found = await database.run(partial(find_prompt, prompt_id=prompt_id, version=version))
        if found is None:
            return _not_found(prompt_id, version)
        versions = await database.run(partial(list_versions, prompt_id=prompt_id))
        return json_response(_shown(found, tuple(versions)))

    async def remove(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Forget a prompt with all its versions."""
        prompt_id = request.match_info["prompt_id"]
        was_there = await self._gateway.database.run(partial(remove_prompt, prompt_id=prompt_id))
        if not was_there:
            return _not_found(prompt_id, None)
        return json_response(RemovedPrompt(id=prompt_id))

    def _check(self, prompt: NewPrompt) -> None:
        """Refuse what no session could use; before the engines are open, sessions find out."""
        engines = self._gateway.engines
        if engines is None:
            return
        try:
            read_tools(prompt.tools, "", engines.language_model.check_tool)
        except ProtocolError as error:
            param = (error.param or "").removeprefix(".")
            raise ProtocolError(error.message, code=error.code, param=param) from error
        if prompt.voice is not None:
            check_voice(prompt.voice, self._gateway.options, "voice")


def _shown(kept: PromptVersion, versions: tuple[str, ...] | UnsetType = UNSET) -> ShownPrompt:
    template = kept.template
    return ShownPrompt(
        id=template.id,
        version=template.version,
        created_at=kept.created_at,
        instructions=template.instructions,
        tools=template.tools,
        voice=template.voice,
        versions=versions,
    )


def _not_found(prompt_id: str, version: str | None) -> web.Response:
    message = f"Prompt with id '{prompt_id[:100]}' not found."
    param = "id"
    if version is not None:
        message = f"Prompt with id '{prompt_id[:100]}' and version '{version[:100]}' not found."
        param = "version"
    return error_response(404, ProtocolError(message, code="prompt_not_found", param=param))
