"""The tables of the configuration: every setting with its default and its meaning.

`docs/reference/configuration.md` is made from them. How they are read is in `config`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from vivavoce.core.options import DEFAULT_INSTRUCTIONS
from vivavoce.engines.guards.settings import GuardrailConfig
from vivavoce.protocol.tools import McpTool
from vivavoce.protocol.webhooks import EventType
from vivavoce.tools.settings import ToolsSettings
from vivavoce.transports.rtp.settings import RtpSettings
from vivavoce.transports.sip.settings import SipSettings

Seconds = Annotated[float, Meta(gt=0)]
Port = Annotated[int, Meta(ge=1024, le=65535)]
Limit = Annotated[int, Meta(ge=1)] | Literal["none"]
Leavable = Literal[
    "reasoning",
    "audio.input.transcription.prompt",
    "audio.input.transcription.keywords",
    "audio.input.transcription.delay",
]


class ServerConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server listens, and who may come in."""

    host: str = "127.0.0.1"
    """Other addresses than loopback ones need keys."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    """0 takes any free one."""
    tls_cert: str | None = None
    """PEM file of the certificate; needs `tls_key`."""
    tls_key: str | None = None
    """PEM file of the certificate's key."""
    tls_self_signed: bool = False
    """Make a certificate on the spot and print its path."""
    api_keys_file: str | None = None
    """A file with one key a line; the environment's `VIVAVOCE_API_KEYS` adds to them. `NAME KEY`
    gives a key a name, for its limits and its usage."""
    max_sessions: Annotated[int, Meta(ge=1)] = 256
    """Beyond this, sessions are refused with 503."""
    drain_timeout_s: Annotated[float, Meta(ge=0, le=8)] = 5.0
    """How long answers under way may go on when the server is told to end."""


class SessionConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for every session unless its client says otherwise."""

    instructions: str = DEFAULT_INSTRUCTIONS
    """Of the language model, until the client sets its own."""
    voice: str = "alloy"
    """Until the client sets its own."""
    silence_duration_ms: Annotated[int, Meta(ge=32, le=10_000)] = 500
    """Silence that ends a turn, until the client sets its own; 200 splits natural speech."""
    prepared_answers: bool = True
    """Prepare an answer while the speaker may still go on."""
    max_prepared: Annotated[int, Meta(ge=0)] | None = None
    """How many answers may be in preparation at once on the whole server; default: two with
    engines on this machine, one for each session with engines elsewhere."""
    max_lead_s: Seconds = 10.0
    """Seconds of sound that a prepared answer may hold."""
    max_duration_s: Seconds = 3600.0
    """Length of a session; then it is closed with `session_expired`."""
    engine_stall_s: Seconds = 15.0
    """An engine without progress for this long ends its response as failed."""
    client_stall_s: Seconds = 20.0
    """A client that takes nothing for this long is let go."""
    resume_s: Annotated[float, Meta(ge=0, le=60)] = 60.0
    """A client that asked for it may come back for this long after a loss; 0: never."""
    compaction: bool = False
    """Summarise what gets too old for the language model's window, instead of forgetting it."""
    leave_out: tuple[Leavable, ...] = ("reasoning",)
    """Fields that are left out of the session, and named in the log, where the engines cannot
    honour them; the others are refused by name."""
    record: Literal["off", "lengths", "full"] = "off"
    """The flight recorder, for `vivavoce replay`: with the length of sound, or all of it."""


class EnginesConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which engines are used: `use` names one, the other keys are its own settings."""

    speech_detector: Mapping[str, object] = msgspec.field(default_factory=lambda: {"use": "silero"})
    turn_judge: Mapping[str, object] = msgspec.field(default_factory=lambda: {"use": "smart-turn"})
    """`use = "none"`: a pause alone is reason enough to prepare an answer."""
    transcriber: Mapping[str, object] = msgspec.field(default_factory=lambda: {"use": "whisper"})
    language_model: Mapping[str, object] = msgspec.field(
        default_factory=lambda: {"use": "llama-cpp"}
    )
    synthesizer: Mapping[str, object] = msgspec.field(default_factory=lambda: {"use": "bundled"})
    picture_reader: Mapping[str, object] = msgspec.field(
        default_factory=lambda: {"use": "text-and-colours"}
    )
    """Puts pictures into words for models that do not see. `use = "none"`: such models get none."""
    responder: Mapping[str, object] = msgspec.field(default_factory=lambda: {"use": "cascade"})
    """`cascade`: the language model and the synthesizer. Others answer and speak by themselves, and
    those two are not opened."""


class PicturesConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures that clients send."""

    max_bytes: Annotated[int, Meta(ge=1, le=17_000_000)] = 10 * 1024 * 1024
    """Of one picture, as a file; an event of a client may have at most 24 MiB, in base64."""
    max_pixels: Annotated[int, Meta(ge=1, le=80_000_000)] = 40_000_000
    """Of one picture; looked at before it is decoded."""
    kept_bytes: Annotated[int, Meta(ge=1024)] = 32 * 1024 * 1024
    """What a session keeps of pictures, in base64; the oldest are let go, and the log says so."""
    check_timeout_s: Seconds = 5.0
    """A picture that takes longer to decode is refused."""


class TranslationConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Translation sessions."""

    use: Literal["auto", "whisper", "language-model", "none"] = "auto"
    """What translates: Whisper, from speech into English; the language model, from transcripts
    into any language; or nothing. `auto`: Whisper where the language model is the bundled one."""
    language: str = "en"
    """The language to translate into, until the client sets its own."""


class ModelsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names that clients ask for, and where model files lie."""

    aliases: tuple[str, ...] = ()
    """Further names for `?model=`, besides those of the reference."""
    folder: str | None = None
    """Where model files are kept; default: `models` in the data folder."""
    source: str | None = None
    """A folder that is searched for model files before any network."""


class OwnLimitsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one key; what is left out is as for the others."""

    sessions: Limit | None = None
    """At once."""
    requests_per_minute: Limit | None = None
    """Responses."""
    tokens_per_minute: Limit | None = None
    """Tokens of responses, in and out."""


class LimitsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each key may use. Without keys, all clients together are one."""

    sessions: Limit = "none"
    """Sessions of a key at once; one more is refused with 429."""
    requests_per_minute: Limit = "none"
    """Responses of a key; one more ends as failed."""
    tokens_per_minute: Limit = "none"
    """Tokens of a key's responses, in and out; when they are used up, responses end as failed."""
    keys: Mapping[str, OwnLimitsConfig] = msgspec.field(default_factory=dict)
    """Tables `[limits.keys.NAME]` with the same settings, for the key of this name."""


class OtlpConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where traces are exported to (OpenTelemetry, OTLP over HTTP)."""

    endpoint: str | None = None
    """Base URL of a collector, such as `http://localhost:4318`; none: traces stay here."""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Sent with every request, such as a key."""


class TracingConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Traces of sessions: what happened when and how long it took, without any words."""

    always: bool = False
    """Trace every session, also where the client does not ask for it."""
    keep_days: Annotated[float, Meta(gt=0)] = 30
    """Older traces are forgotten."""
    max_spans: Annotated[int, Meta(ge=1)] = 100_000
    """Spans kept of all sessions together, about 30 MB; the oldest sessions are forgotten first."""
    otlp: OtlpConfig = msgspec.field(default_factory=OtlpConfig)
    """Table `[tracing.otlp]`: `endpoint` of a collector, and `headers` sent with every request."""


class WebRtcConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calls from browsers, and what acts as one."""

    advertised_addresses: tuple[str, ...] = ()
    """IP addresses at which clients reach this machine, if they are not its own: behind address
    translation, in a container."""
    udp_port_range: tuple[Port, Port] | None = None
    """Lowest and highest local UDP port, `[50000, 50999]`; a call takes one for each address of the
    machine. None: any."""
    echo_cancellation: bool = True
    """Take the assistant's own voice out of the caller's microphone."""


class AnswerConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer every telephone call at once, without any application."""

    model: str | None = None
    """As a client would name it; default: the server's own."""
    instructions: str | None = None
    """Of the language model; default: those of `[session]`."""
    voice: str | None = None
    """Default: that of `[session]`."""
    greeting: str = "Greet the caller in one short sentence and ask what you can do."
    """What the assistant is told to say first; empty: the caller speaks first."""
    greeting_line: str = ""
    """What is said first word for word, in place of `greeting`; the caller hears it sooner. The
    assistant knows that it said so."""
    tools: tuple[McpTool, ...] = ()
    """What the assistant may use, as in a session: `{ type = "mcp", server_label = "files",
    require_approval = "never" }`. Only tools that the server runs; nobody else could."""
    continue_after_call: bool = True
    """The assistant speaks of what a tool brought by itself. `false`: an application does it, by a
    sideband with `response.create`."""


class TelephoneConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens in telephone calls; they come in by `[sip]`."""

    dtmf_to_conversation: bool = False
    """What a caller types becomes a message of the conversation, after `#`, a pause of 2.5 seconds
    or when the caller speaks; else only the application is told of each key."""
    echo_cancellation: bool = False
    """Take the assistant's own voice out of what is heard. Telephones do that themselves, and it
    makes it harder for a quiet caller to interrupt."""
    answer: AnswerConfig | None = None
    """Table `[telephone.answer]`: answer every call, without any application; else calls ring
    until an application accepts them, which it learns of by `[[webhooks]]`."""


class WebhookConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events are delivered to, signed as Standard Webhooks."""

    url: str
    """Of the endpoint; a 2xx status within 5 seconds is success, anything else is tried again."""
    secret_env: str | None = None
    """The environment variable that holds the signing secret, `whsec_...`."""
    secret_file: str | None = None
    """Or the file that holds it."""
    events: tuple[EventType, ...] = ("realtime.call.incoming",)
    """Which ones; `vivavoce.call.ended` tells of every telephone call that is over."""


class PlaybackConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the callers of calls may be played that is no part of the conversation."""

    sounds_folder: str | None = None
    """A folder of sound files (WAV, MP3, Ogg, FLAC), read at the start; `rings.wav` is the sound
    `rings` of `vivavoce.playback.play`."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration."""

    profile: Literal["standard", "light"] = "standard"
    """`light` has a smaller language model: sooner, and less clever."""
    scripted: str | None = None
    """A file that scripts every engine: no model is loaded."""
    server: ServerConfig = ServerConfig()
    session: SessionConfig = SessionConfig()
    engines: EnginesConfig = msgspec.field(default_factory=EnginesConfig)
    pictures: PicturesConfig = PicturesConfig()
    translation: TranslationConfig = TranslationConfig()
    models: ModelsConfig = ModelsConfig()
    limits: LimitsConfig = msgspec.field(default_factory=LimitsConfig)
    tracing: TracingConfig = msgspec.field(default_factory=TracingConfig)
    webrtc: WebRtcConfig = WebRtcConfig()
    sip: SipSettings | None = None
    """Table `[sip]`: take telephone calls; without it there are none."""
    rtp: RtpSettings = RtpSettings()
    """Table `[rtp]`: the sound of telephone calls."""
    telephone: TelephoneConfig = TelephoneConfig()
    """Table `[telephone]`."""
    playback: PlaybackConfig = PlaybackConfig()
    """Table `[playback]`: sounds for `vivavoce.playback.play`, over WebRTC and SIP."""
    tools: ToolsSettings = msgspec.field(default_factory=ToolsSettings)
    """Table `[tools]`: what the server runs itself on behalf of sessions, such as MCP servers."""
    guardrails: tuple[GuardrailConfig, ...] = ()
    """Tables `[[guardrails]]`, one for each check of what the assistant says."""
    webhooks: tuple[WebhookConfig, ...] = ()
    """Tables `[[webhooks]]`, one for each endpoint that is told of telephone calls."""
