"""The part of the configuration that is about telephone calls, besides `[sip]` and `[rtp]`."""

from msgspec import Struct

from vivavoce.protocol.webhooks import EventType


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
