"""All that a session is at one moment: its settings, its machines, and what is to be done.

The rules modules (`speech_rules`, `item_rules`, `response_rules`) are functions of this state; one
thing at a time happens to it, from `Session.handle`.
"""

from msgspec import Struct, structs

from vivavoce.core.compaction import Compaction
from vivavoce.core.continuation import Continuation
from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.deadlines import Deadlines, earliest
from vivavoce.core.interludes import Interludes
from vivavoce.core.keypad import Keypad
from vivavoce.core.mcp_calls import McpCalls
from vivavoce.core.mcp_offer import with_server_tools
from vivavoce.core.mcp_servers import McpServers
from vivavoce.core.mcp_tools import CheckServer
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import Output, PrefillPrompt, Send
from vivavoce.core.picture_shelf import PictureShelf
from vivavoce.core.playback import Playback
from vivavoce.core.response import Response
from vivavoce.core.response_settings import ResponseSettings, settings_of_session
from vivavoce.core.responses import Responses
from vivavoce.core.server_tool import WrittenCall
from vivavoce.core.settings import CheckTool, initial_session
from vivavoce.core.stored_prompts import Prompted
from vivavoce.core.tokens import TokenCount
from vivavoce.core.transcriptions import Transcriptions
from vivavoce.core.turn_ends import TurnEnd
from vivavoce.core.turns import Turns
from vivavoce.core.window import ContextWindow
from vivavoce.ids import NewId
from vivavoce.interfaces import PictureFacts, ResponseEvent
from vivavoce.protocol.audio_settings import PcmFormat, TurnDetection
from vivavoce.protocol.response_events import ResponseOutputAudioDelta
from vivavoce.protocol.server_events import ConversationItemAdded, ConversationItemDone, ServerEvent
from vivavoce.protocol.stored_prompts import PromptTemplate


class PauseVerdict(Struct):
    """What the end-of-turn model thinks of the pause under way."""

    asked_at_ms: int | None = None
    """The moment it was asked about; None: not yet."""
    seems_finished: bool = False
    probability: float | None = None
    """Its verdict; None: not yet."""
    end: TurnEnd | None = None
    """What semantic_vad makes of it and of the words; None: not yet, or it is not semantic_vad."""
    is_spent: bool = False
    """Whether an answer was prepared in this pause and failed: not again."""


class SessionState:
    """The machines of one session, joined."""

    def __init__(
        self,
        options: SessionOptions,
        new_id: NewId,
        check_tool: CheckTool,
        check_server: CheckServer,
    ) -> None:
        self.answers = options.kind == "realtime"
        """Whether there are answers at all."""
        self.options = options if self.answers else structs.replace(options, prepare_after_ms=None)
        self.new_id = new_id
        self.check_tool = check_tool
        self.check_server = check_server
        self.outputs: list[Output] = []
        self.now = 0.0
        """Monotonic time in seconds of the input at hand."""
        self.session_id = new_id("sess")
        self.settings = initial_session(options, self.session_id, 0)
        self.prompted = Prompted()
        self.found_prompt: PromptTemplate | None = None
        """The stored prompt that the input at hand names, if there is one."""
        self.found_pictures: tuple[PictureFacts, ...] = ()
        """What the pictures in the input at hand are."""
        self.asker: int | None = None
        """The connection that the input at hand came by; None: none, it is no client's."""
        self.conversation = Conversation(new_id("conv"))
        self.deadlines = Deadlines()
        self.window = self._new_window()
        self.turns = Turns(new_id, self.emit)
        self.turns.configure(self.settings.audio.input)
        self.transcriptions = Transcriptions(
            new_id, self.emit, self.send, kind=options.kind, extensions=options.extensions
        )
        self.pictures = PictureShelf(options.pictures.kept_bytes, self.emit)
        self.mcp_servers = McpServers(
            self.conversation, new_id, self.emit, self.send, options.tool_list_timeout_s
        )
        self.mcp_calls = McpCalls(
            self.conversation,
            new_id,
            self.emit,
            self.send,
            self.mcp_servers.address,
            self._on_call_ended,
            options.tool_call_timeout_s,
        )
        self.continuation = Continuation()
        """After calls of servers' tools."""
        self.responses = Responses(
            self.session_id,
            self.conversation,
            new_id,
            self.emit,
            self.send,
            self._on_done,
            lambda written: self.mcp_calls.take(written, self.now),
            servers=self.mcp_servers,
            calls=self.mcp_calls,
            hears_audio=options.hears_audio,
            sound_format=PcmFormat() if options.plays_out else None,
        )
        self.playback = Playback()
        """Of the answers, where the server plays them."""
        self.interludes = Interludes()
        """Lines and sounds that are no part of the conversation."""
        self.keypad = Keypad()
        """Of a telephone."""
        self.compaction = Compaction(self.conversation, new_id, self.emit)
        self.pause_verdict = PauseVerdict()
        self.left_out: set[str] = set()
        """What the log has already been told to be left out."""
        self.spoke_already = False
        """Whether the conversation's voice is fixed by audio already made."""

    @property
    def vad(self) -> TurnDetection | None:
        """The session's turn detection, unless it is off."""
        return self.settings.audio.input.turn_detection

    def emit(self, output: Output) -> None:
        """Ask for something to be done."""
        self.outputs.append(output)

    def send(self, event: ServerEvent) -> None:
        """Send all connections an event."""
        if self.options.plays_out and isinstance(event, ResponseOutputAudioDelta):
            if self.playback.queue(event.response_id):
                self.outputs.append(Send(event))
            return
        self.outputs.append(Send(event))

    def answer(self, event: ServerEvent) -> None:
        """Send an event to the connection that asked, and to no other."""
        self.outputs.append(Send(event, self.asker))

    def event_id(self) -> str:
        """Make the id of a server event."""
        return self.new_id("event")

    def announce_item(self, record: ItemRecord, previous: str | None) -> None:
        """Tell the client of an item that is complete from the start."""
        for event in (ConversationItemAdded, ConversationItemDone):
            self.send(event(event_id=self.event_id(), item=record.item, previous_item_id=previous))

    def own_settings(self) -> ResponseSettings:
        """Return what a response uses that has no settings of its own."""
        own = settings_of_session(self.settings, self.check_tool)
        return with_server_tools(own, self.mcp_servers)

    def begin_response(
        self,
        settings: ResponseSettings,
        context: list[ItemRecord] | None = None,
        answers: ItemRecord | None = None,
    ) -> Response:
        """Announce a response; arguments as for `Responses.create`."""
        if settings.in_conversation:
            self.deadlines.stop_idle()
            self.compaction.give_up()
            self.continuation.n_rounds = 0
        return self.responses.create(settings, context, answers)

    def start_ready(self) -> None:
        """Start the engine for every response whose transcripts are all there."""
        self.window.truncate(self.settings.truncation)
        fixed = TokenCount(text=self.window.fixed_tokens)
        begun = self.responses.active
        waited = begun is not None and not begun.job_id
        self.responses.start_ready(fixed, self.now, self.window.fits)
        if waited and begun is not None and begun.job_id:
            self.continuation.settle()

    @property
    def next_deadline(self) -> float | None:
        """Monotonic time in seconds at which a `Tick` is wanted; None: never."""
        return earliest(
            (
                self.deadlines.next,
                self.mcp_servers.next_deadline,
                self.mcp_calls.next_deadline,
                self.responses.patience_until,
            )
        )

    def configure_window(self) -> None:
        """Let the window follow the instructions, and the tools as far as they are known."""
        self.window.configure(self.settings, self.own_settings().tools)

    def prefill(self) -> None:
        """Let the language model read the conversation ahead of the next turn."""
        if not self.answers:
            return
        prompt = self.responses.prompt(self.own_settings(), self.conversation.context)
        self.emit(PrefillPrompt(prompt))

    def _new_window(self) -> ContextWindow:
        if self.answers:
            return ContextWindow(self.conversation, self.options.window_tokens, self.emit)
        return ContextWindow(self.conversation, None, _count_nothing)

    def await_user_after_playback(self) -> None:
        """Wait for the user from now on, unless somebody speaks or something is being answered."""
        is_played = self.playback.is_busy or self.interludes.is_busy
        is_quiet = self.turns.item_id is None and not is_played
        if is_quiet and self.responses.active is None:
            self.deadlines.start_idle(self.now)

    def _on_call_ended(self, written: WrittenCall) -> None:
        if written.record.item_id in self.conversation:
            self.window.count(written.record)
            if written.is_whole:
                self.continuation.call_ended(written.response_id)
        if not self.responses.call_ended(written.response_id) and self.responses.active is None:
            self.prefill()

    def _on_done(self, response: Response) -> None:
        self.playback.forget(response.response_id)
        if not response.settings.in_conversation:
            return
        self.continuation.response_ended(response)
        for record in response.written:
            self.window.count(record)
        self.spoke_already = self.spoke_already or response.audio_ms > 0
        if self.turns.item_id is None:
            self._await_user(response)
        # The context is cut after an answer and in the background, never in front of one.
        self.window.truncate(self.settings.truncation)
        self.prefill()
        if self.options.compacts:
            self._compact()

    def _compact(self) -> None:
        covers = self.window.outgrown(self.settings.truncation)
        if covers:
            prompt = self.responses.prompt(self.own_settings(), self.conversation.context)
            self.compaction.begin(prompt, covers)

    def write_summary(self, job_id: str, event: ResponseEvent) -> None:
        """Take a report that may be of the summary under way; at its end, it becomes an item."""
        record = self.compaction.advance(job_id, event)
        if record is not None:
            self.announce_item(record, self.conversation.add(record))
            self.window.count(record)
            self.prefill()

    def _await_user(self, response: Response) -> None:
        """Wait for the user from the moment at which the answer has been played."""
        if self.options.plays_out:
            self.await_user_after_playback()
            return
        started = self.now if response.first_audio_at is None else response.first_audio_at
        self.deadlines.start_idle(max(self.now, started + response.audio_ms / 1000))


def _count_nothing(output: Output) -> None:
    """No language model reads what is only written down."""
