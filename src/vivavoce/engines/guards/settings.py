"""What an operator says of a guard rail: a table `[[guardrails]]` of the configuration."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

DEFAULT_LINE = "I'm sorry, I can't talk about that."

Text = Annotated[str, Meta(min_length=1)]
Kind = Literal["words", "topics", "classifier"]
COMMON = frozenset({"name", "kind", "line", "models", "keys", "report_text"})
OWN: Mapping[str, frozenset[str]] = {
    "words": frozenset({"words", "patterns"}),
    "topics": frozenset({"examples", "threshold", "on_failure"}),
    "classifier": frozenset(
        {
            "url",
            "shape",
            "model",
            "categories",
            "api_key",
            "api_key_file",
            "api_key_env",
            "headers",
            "timeout_s",
            "on_failure",
        }
    ),
}
"""What belongs to each kind; the rest is refused there."""


class GuardrailConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One check of what the assistant says or writes."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    """Of letters, digits, `_` and `-`; in the log, in numbers and in events."""
    kind: Kind
    """`words`: words, phrases, patterns. `topics`: sentences that are like the examples.
    `classifier`: an HTTP address is asked."""
    line: Text = DEFAULT_LINE
    """What is said in place of the rest of an answer that is stopped."""
    models: tuple[str, ...] = ()
    """Only for sessions of these model names; none: of all."""
    keys: tuple[str, ...] = ()
    """Only for sessions of the keys of these names; none: of all."""
    report_text: bool = False
    """Tell control connections also what was not said; it is in no log either way."""
    words: tuple[Text, ...] = ()
    """`words`: words and phrases, in any case, with or without accents. Whole words count."""
    patterns: tuple[Text, ...] = ()
    """`words`: regular expressions, of Python, in any case, within a sentence. Each sentence waits
    for its end."""
    examples: tuple[Text, ...] = ()
    """`topics`: sentences as they must not be said; ten of different kinds are a good number."""
    threshold: Annotated[float, Meta(gt=0, lt=1)] | None = None
    """`topics`: the likeness from which a sentence is of the topic; none: 0.4."""
    url: str | None = None
    """`classifier`: the address that is asked."""
    shape: Literal["vivavoce", "moderations"] = "vivavoce"
    """`classifier`: what is sent and answered; `moderations` is OpenAI's."""
    model: str | None = None
    """`classifier`: sent along with `moderations`."""
    categories: tuple[str, ...] = ()
    """`classifier`: which categories of `moderations` count; none: whatever is flagged."""
    api_key: str | None = None
    """`classifier`: sent as a bearer token."""
    api_key_file: str | None = None
    """`classifier`: or the file that holds it."""
    api_key_env: str | None = None
    """`classifier`: or the environment variable."""
    headers: Mapping[str, str] = {}
    """`classifier`: sent with every request."""
    timeout_s: Annotated[float, Meta(gt=0, le=10)] = 2.0
    """`classifier`: longest wait for a verdict."""
    on_failure: Literal["block", "allow"] = "block"
    """`classifier`, `topics`: what no verdict means."""
