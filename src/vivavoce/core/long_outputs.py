"""Outputs of calls that are too long for the model's window: both ends are shown, and the gap."""

WINDOW_SHARE = 8
"""One output has this part of the window; a small model reads 1,000 tokens in many seconds."""

_CHARACTERS_PER_TOKEN = 4


def longest_output(window_tokens: int | None) -> int | None:
    """Return how many characters of an output fit an engine's window; None when it is not known."""
    return None if window_tokens is None else window_tokens * _CHARACTERS_PER_TOKEN // WINDOW_SHARE


def shortened(output: str, longest: int | None) -> str:
    """Return an output as the model is shown it."""
    if longest is None or len(output) <= longest:
        return output
    half = longest // 2
    left_out = len(output) - 2 * half
    return f"{output[:half]}\n[{left_out} characters left out]\n{output[-half:]}"
