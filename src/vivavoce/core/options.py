"""What a session is told once, at its start, by the operator and about the engines."""

from typing import Literal

from msgspec import Struct

from vivavoce.interfaces import TranscriberAbilities
from vivavoce.protocol.session import RealtimeSessionUpdate, TranscriptionSessionUpdate
from vivavoce.protocol.stored_prompts import PromptTemplate

SessionKind = Literal["realtime", "transcription"]
"""What a session is for; it never changes. `transcription`: it writes down what it hears."""

DEFAULT_INSTRUCTIONS = "You are a friendly voice assistant. Help the user, in the user's language."
"""Small models that are told to answer in words call no tool: so no word of words here. That spoken
answers are plain and brief the language model is told for each."""


PictureUse = Literal["refused", "read", "seen"]
"""What becomes of pictures: refused by name, put into words, or given to the engine as they are."""


class PictureRules(Struct, frozen=True):
    """What holds for the pictures of a session."""

    use: PictureUse = "refused"
    kept_bytes: int = 32 * 1024 * 1024
    """Data URLs that are kept, of all items together; older ones are let go."""


class SessionOptions(Struct, frozen=True, kw_only=True):
    """Settings of the server that the rules depend on. Kept in recordings."""

    model: str = "gpt-realtime"
    """The name the client asked for; echoed."""
    voices: tuple[str, ...] = ("alloy",)
    """Wire names the synthesizer has; empty: any name is passed on."""
    custom_voices: bool = False
    """Whether a voice may be the id of one made from a recording."""
    default_voice: str = "alloy"
    instructions: str = DEFAULT_INSTRUCTIONS
    silence_duration_ms: int = 500
    """Of server_vad when the client does not say."""
    window_tokens: int | None = 8192
    """Context window of the language model, in its own tokens."""
    pause_after_ms: int = 32
    """Silence after which the transcriber is asked for a transcript that covers the pause."""
    prepare_after_ms: int | None = 128
    """Silence after which an answer may be prepared; None: never."""
    judges_turns: bool = False
    """Whether an end-of-turn model exists and must agree before an answer is prepared."""
    has_turn_judge: bool = False
    """Whether an end-of-turn model exists; without one, semantic_vad goes by the words alone."""
    max_duration_s: float = 3600.0
    """Session length (60-errors-limits, section 3)."""
    kind: SessionKind = "realtime"
    transcriber: TranscriberAbilities = TranscriberAbilities()
    """What the transcriber can be asked for."""
    configured: RealtimeSessionUpdate | TranscriptionSessionUpdate | None = None
    """What the session begins with, as if the client had asked for it: bound to its key."""
    configured_prompt: PromptTemplate | None = None
    """The stored prompt that `configured` names; None: it names none, or there is none."""
    reasoning_efforts: tuple[str, ...] = ()
    """How hard the language model can be asked to think; empty: it does not reason."""
    compacts: bool = False
    """Whether what gets too old for the window is summarised instead of dropped."""
    leave_out: tuple[str, ...] = ("reasoning",)
    """Fields that are left out, not refused, where the engines cannot honour them."""
    temperature: float | None = None
    """Of sampling when the client does not say; None: the engine's own. Beta sessions have one."""
    announces_conversation: bool = False
    """Whether `conversation.created` is sent: documented, but seen by Beta clients only."""
    hears_audio: bool = False
    """Whether the responder wants the user's sound in its prompts."""
    pictures: PictureRules = PictureRules()
    """Whether pictures are taken, and what engines are given of them."""
    extensions: bool = False
    """Whether the client asked for `vivavoce.*` events."""
    plays_out: bool = False
    """Whether the server plays the answers itself, and so knows what was heard (WebRTC, SIP)."""
    speaks_lines: bool = False
    """Whether a line that is no answer can be spoken."""
    sounds: tuple[str, ...] = ()
    """Names of the operator's sounds."""
    opening_line: str = ""
    """Spoken before anything else, where the server plays; empty: nothing."""
    tool_list_timeout_s: float = 30.0
    """For a server of tools to say what it offers."""
    tool_call_timeout_s: float = 60.0
    """For a tool that the server runs."""
    continue_after_call: bool = False
    """Whether the session itself begins the next response after calls of servers' tools."""
    continue_rounds: int = 4
    """How often in a row; once more follows, which may call nothing."""
    dtmf_to_conversation: bool = False
    """Whether what a caller types on a telephone becomes a message of the conversation."""
