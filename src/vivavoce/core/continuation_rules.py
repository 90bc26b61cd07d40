"""When the session itself begins the next response, after calls of the server's tools.

| When | and | then |
| --- | --- | --- |
| the last call of a response ends | nothing is answered, nobody speaks | begin a response |
| the last call of a response ends | something is answered, or the user speaks | wait for the end |
| a response is made that sees the outputs | whoever began it | no further one |
| the user speaks | the client creates the responses | leave it to the client |
| the response called a function of the client, or the client cancelled it | - | never |
| as many rounds in a row as are allowed | - | one more, which may call nothing |

A call that waits for approval has not ended. Departs from 50-flows, section 11, where the operator
wants it: `SessionOptions.continue_after_call`.
"""

from dataclasses import replace

from vivavoce.core.mcp_offer import with_server_tools
from vivavoce.core.response_settings import ResponseSettings, settings_of_session
from vivavoce.core.state import SessionState


def go_on(state: SessionState) -> None:
    """Begin the next response, if it is time; to be called after each input."""
    if not state.continuation.due or not state.options.continue_after_call:
        return
    if state.turns.item_id is not None:
        vad = state.vad
        if vad is None or not vad.create_response:
            state.continuation.settle()
        return
    if state.responses.active is not None or not _is_time(state):
        return
    n_rounds = state.continuation.n_rounds + 1
    state.begin_response(_settings(state, is_last=n_rounds > state.options.continue_rounds))
    state.continuation.n_rounds = n_rounds  # a response of anybody else ends the row
    state.start_ready()
    # Also where it could not be started: it would not fare better the next time.
    state.continuation.settle()


def _is_time(state: SessionState) -> bool:
    """Whether all calls of a response have ended."""
    return any(not state.mcp_calls.is_open(one) for one in state.continuation.due)


def _settings(state: SessionState, *, is_last: bool) -> ResponseSettings:
    """Return the session's settings; what had to be called has been called."""
    own = settings_of_session(state.settings, state.check_tool)
    choice = "none" if is_last or own.tool_choice == "none" else "auto"
    made = replace(own, server_choice=None, tool_choice=choice)
    return with_server_tools(made, state.mcp_servers)
