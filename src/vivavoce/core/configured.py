"""The session that a key brings along, and how any update is applied together with its prompt."""

from collections.abc import Mapping

from msgspec import structs

from vivavoce.core.left_out import paths_left_out, without
from vivavoce.core.mcp_tools import CheckServer, McpDefinition, read_servers, refuse_servers
from vivavoce.core.options import SessionOptions
from vivavoce.core.settings import CheckTool, initial_session, merge
from vivavoce.core.stored_prompts import Prompted, prompted_update
from vivavoce.core.transcription_session import merge_transcription
from vivavoce.protocol.session import RealtimeSession, RealtimeSessionUpdate
from vivavoce.protocol.stored_prompts import PromptTemplate


def updated_session(
    current: RealtimeSession,
    prompted: Prompted,
    update: object,
    found: PromptTemplate | None,
    *,
    options: SessionOptions,
    spoke_already: bool,
    check_tool: CheckTool,
    check_server: CheckServer = refuse_servers,
    known: Mapping[str, McpDefinition] | None = None,
) -> tuple[RealtimeSession, Prompted, Mapping[str, McpDefinition]]:
    """Return the session after an update, its prompt to be remembered, its servers of tools.

    Args:
        current: the effective session; not changed.
        prompted: its prompt.
        update: the `session` of a `session.update`.
        found: the stored prompt that the update names, if it names one and there is one.
        options: voices and defaults.
        spoke_already: whether the voice is fixed by audio already made.
        check_tool: the language model's say on each function tool.
        check_server: the operator's say on each server of tools.
        known: the servers of tools that were set up before, by label.

    Raises:
        ProtocolError: a field is refused or wrong; nothing is to be applied then.
    """
    defined: Mapping[str, McpDefinition] = {}
    update = without(update, paths_left_out(update, options))
    if options.kind == "transcription":
        return merge_transcription(current, update, options=options), prompted, defined
    if isinstance(update, RealtimeSessionUpdate):
        tools, defined = read_servers(update.tools, "session", known or {}, check_server)
        update = structs.replace(update, tools=tools)
        update, prompted = prompted_update(
            prompted,
            update,
            found,
            options=options,
            spoke_already=spoke_already,
            check_tool=check_tool,
        )
    merged = merge(
        current, update, options=options, spoke_already=spoke_already, check_tool=check_tool
    )
    return merged, prompted, defined


def configured_session(
    options: SessionOptions,
    session_id: str,
    check_tool: CheckTool,
    check_server: CheckServer = refuse_servers,
) -> RealtimeSession:
    """Return the session that a connection with these options finds; `expires_at` is 0.

    Raises:
        ProtocolError: `options.configured` cannot be honoured, as for an update.
    """
    session = initial_session(options, session_id, 0)
    if options.configured is None:
        return session
    configured, _, _ = updated_session(
        session,
        Prompted(),
        options.configured,
        options.configured_prompt,
        options=options,
        spoke_already=False,
        check_tool=check_tool,
        check_server=check_server,
    )
    return configured
