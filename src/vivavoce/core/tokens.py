"""Wire tokens: what usage and `token_limits` count.

Source: protocol reference, "Token accounting" (60-errors-limits, section 5).
"""

from dataclasses import dataclass

USER_AUDIO_MS_PER_TOKEN = 100
ANSWER_AUDIO_MS_PER_TOKEN = 50
CHARACTERS_PER_TOKEN = 4  # English prose; stands in until the engine's own count has come
TOKENS_PER_ITEM = 5  # role marks around each item in a rendered prompt


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens of one thing by modality."""

    text: int = 0
    audio: int = 0

    @property
    def total(self) -> int:
        """Both together."""
        return self.text + self.audio

    def __add__(self, other: "TokenCount") -> "TokenCount":
        return TokenCount(self.text + other.text, self.audio + other.audio)


def estimate_tokens(text: str) -> int:
    """Guess the tokens of a text that no tokenizer has counted yet."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def user_audio_tokens(ms: float) -> int:
    """Tokens of what the user said."""
    return int(ms) // USER_AUDIO_MS_PER_TOKEN


def answer_audio_tokens(ms: float) -> int:
    """Tokens of what the assistant said."""
    return int(ms) // ANSWER_AUDIO_MS_PER_TOKEN
