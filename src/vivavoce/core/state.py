"""All that a session is at one moment: its settings, its machines, and what is to be done.

The rules modules (`speech_rules`, `item_rules`, `response_rules`) are functions of this state; one
thing at a time happens to it, from `Session.handle`.
"""

from msgspec import Struct

from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.deadlines import Deadlines
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import Output, PrefillPrompt, Send
from vivavoce.core.response import Response, ResponseSettings
from vivavoce.core.response_settings import settings_of_session
from vivavoce.core.responses import Responses
from vivavoce.core.settings import CheckTool, initial_session
from vivavoce.core.tokens import TokenCount
from vivavoce.core.transcriptions import Transcriptions
from vivavoce.core.turns import Turns
from vivavoce.core.window import ContextWindow
from vivavoce.ids import NewId
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    ConversationItemDone,
    ServerEvent,
)
from vivavoce.protocol.session import ServerVad


class PauseVerdict(Struct):
    """What the end-of-turn model thinks of the pause under way."""

    asked_at_ms: int | None = None
    """The moment it was asked about; None: not yet."""
    seems_finished: bool = False


class SessionState:
    """The machines of one session, joined."""

    def __init__(self, options: SessionOptions, new_id: NewId, check_tool: CheckTool) -> None:
        self.options = options
        self.new_id = new_id
        self.check_tool = check_tool
        self.outputs: list[Output] = []
        self.now = 0.0
        """Monotonic time in seconds of the input at hand."""
        self.session_id = new_id("sess")
        self.settings = initial_session(options, self.session_id, 0)
        self.conversation = Conversation(new_id("conv"))
        self.deadlines = Deadlines()
        self.window = ContextWindow(self.conversation, options.window_tokens, self.emit)
        self.turns = Turns(new_id, self.emit)
        self.turns.configure(self.settings.audio.input)
        self.transcriptions = Transcriptions(
            new_id, self.emit, self.send, extensions=options.extensions
        )
        self.responses = Responses(
            self.session_id, self.conversation, new_id, self.emit, self.send, self._on_done
        )
        self.pause_verdict = PauseVerdict()
        self.spoke_already = False
        """Whether the conversation's voice is fixed by audio already made."""

    @property
    def vad(self) -> ServerVad | None:
        """The session's server_vad, unless turn detection is off."""
        detection = self.settings.audio.input.turn_detection
        return detection if isinstance(detection, ServerVad) else None

    def emit(self, output: Output) -> None:
        """Ask for something to be done."""
        self.outputs.append(output)

    def send(self, event: ServerEvent) -> None:
        """Send the client an event."""
        self.outputs.append(Send(event))

    def event_id(self) -> str:
        """Make the id of a server event."""
        return self.new_id("event")

    def announce_item(self, record: ItemRecord, previous: str | None) -> None:
        """Tell the client of an item that is complete from the start."""
        for event in (ConversationItemAdded, ConversationItemDone):
            self.send(event(event_id=self.event_id(), item=record.item, previous_item_id=previous))

    def own_settings(self) -> ResponseSettings:
        """Return what a response uses that has no settings of its own."""
        return settings_of_session(self.settings, self.check_tool)

    def begin_response(
        self,
        settings: ResponseSettings,
        context: list[ItemRecord] | None = None,
        answers: ItemRecord | None = None,
    ) -> Response:
        """Announce a response; arguments as for `Responses.create`."""
        if settings.in_conversation:
            self.deadlines.stop_idle()
        return self.responses.create(settings, context, answers)

    def start_ready(self) -> None:
        """Start the engine for every response whose transcripts are all there."""
        self.window.truncate(self.settings.truncation)
        fixed = TokenCount(text=self.window.fixed_tokens)
        self.responses.start_ready(fixed, self.now, self.window.fits)

    def prefill(self) -> None:
        """Let the language model read the conversation ahead of the next turn."""
        prompt = self.responses.prompt(self.own_settings(), self.conversation.context)
        self.emit(PrefillPrompt(prompt))

    def _on_done(self, response: Response) -> None:
        if not response.settings.in_conversation:
            return
        for record in response.written:
            self.window.count(record)
        self.spoke_already = self.spoke_already or response.audio_ms > 0
        if self.turns.item_id is None:
            self._await_user(response)
        # The context is cut after an answer and in the background, never in front of one.
        self.window.truncate(self.settings.truncation)
        self.prefill()

    def _await_user(self, response: Response) -> None:
        """Wait for the user from the moment at which the answer has been played."""
        started = self.now if response.first_audio_at is None else response.first_audio_at
        self.deadlines.start_idle(max(self.now, started + response.audio_ms / 1000))
