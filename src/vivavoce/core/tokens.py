"""Wire tokens: what usage and `token_limits` count.

Source: protocol reference, "Token accounting" (60-errors-limits, section 5).
"""

import math
from dataclasses import dataclass

USER_AUDIO_MS_PER_TOKEN = 100
ANSWER_AUDIO_MS_PER_TOKEN = 50
CHARACTERS_PER_TOKEN = 4  # English prose; stands in until the engine's own count has come
LOW_DETAIL_TOKENS = 85
TILE_TOKENS = 170
TILE_PX = 512
LONGEST_SIDE_PX = 2048
SHORTEST_SIDE_PX = 768
TOKENS_PER_ITEM = 5  # role marks around each item in a rendered prompt


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens of one thing by modality."""

    text: int = 0
    audio: int = 0
    image: int = 0

    @property
    def total(self) -> int:
        """All together."""
        return self.text + self.audio + self.image

    def __add__(self, other: "TokenCount") -> "TokenCount":
        return TokenCount(
            self.text + other.text, self.audio + other.audio, self.image + other.image
        )


def estimate_tokens(text: str) -> int:
    """Guess the tokens of a text that no tokenizer has counted yet."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def user_audio_tokens(ms: float) -> int:
    """Tokens of what the user said."""
    return int(ms) // USER_AUDIO_MS_PER_TOKEN


def image_tokens(width: int, height: int, detail: str) -> int:
    """Tokens of a picture that the engine sees, as the vendor counts them; `auto` is as `high`.

    Scaled into 2,048 x 2,048 and then to a shorter side of at most 768, it is paid by the tile.
    """
    if detail == "low":
        return LOW_DETAIL_TOKENS
    scale = min(1.0, LONGEST_SIDE_PX / max(width, height))
    scale *= min(1.0, SHORTEST_SIDE_PX / (min(width, height) * scale))
    tiles = math.ceil(width * scale / TILE_PX) * math.ceil(height * scale / TILE_PX)
    return LOW_DETAIL_TOKENS + TILE_TOKENS * tiles


def answer_audio_tokens(ms: float) -> int:
    """Tokens of what the assistant said."""
    return int(ms) // ANSWER_AUDIO_MS_PER_TOKEN
