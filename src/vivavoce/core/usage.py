"""Usage objects from token counts.

Source: protocol reference, "Usage" (40-server-events, section 3); DECISION on the two counts of
tokens: the engine's reused share is scaled to wire tokens.
"""

from collections.abc import Sequence

from vivavoce.core.tokens import TokenCount
from vivavoce.interfaces import Finished
from vivavoce.protocol.response import (
    CachedTokensDetails,
    InputTokenDetails,
    OutputTokenDetails,
    Usage,
)


def usage_of(
    input_counts: Sequence[TokenCount], output: TokenCount, finished: Finished | None
) -> Usage:
    """Return the full usage object.

    Args:
        input_counts: tokens of instructions, tools and items, in the order of the prompt.
        output: what was written.
        finished: the engine's own counts, if it got that far.
    """
    total = sum(input_counts, TokenCount())
    cached = _cached(input_counts, _share(finished))
    return Usage(
        total_tokens=total.total + output.total,
        input_tokens=total.total,
        output_tokens=output.total,
        input_token_details=InputTokenDetails(
            text_tokens=total.text,
            audio_tokens=total.audio,
            image_tokens=total.image,
            cached_tokens=cached.total,
            cached_tokens_details=CachedTokensDetails(
                text_tokens=cached.text,
                audio_tokens=cached.audio,
                image_tokens=cached.image,
            ),
        ),
        output_token_details=OutputTokenDetails(text_tokens=output.text, audio_tokens=output.audio),
    )


def _share(finished: Finished | None) -> float:
    if finished is None or not finished.input_tokens or not finished.cached_tokens:
        return 0.0
    return min(1.0, finished.cached_tokens / finished.input_tokens)


def _cached(counts: Sequence[TokenCount], share: float) -> TokenCount:
    # A cache holds a prefix: what comes first in the prompt is what was reused.
    left = int(sum(count.total for count in counts) * share)
    cached = TokenCount()
    for count in counts:
        text = min(count.text, left)
        audio = min(count.audio, left - text)
        image = min(count.image, left - text - audio)
        part = TokenCount(text, audio, image)
        cached, left = cached + part, left - part.total
        if left <= 0:
            break
    return cached
