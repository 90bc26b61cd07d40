"""Which of the user's words are sent as sound: those that nobody answered yet.

Sound costs many times what its words do, and what was answered already is understood.
"""

from collections.abc import Sequence

from vivavoce.interfaces import PromptItem, PromptMessage, PromptToolCall


def after_last_answer(items: Sequence[PromptItem]) -> int:
    """Return the place of the first item behind the last answer or call; 0 if there is none."""
    places = (
        place
        for place, item in enumerate(items)
        if isinstance(item, PromptToolCall)
        or (isinstance(item, PromptMessage) and item.role == "assistant")
    )
    return max(places, default=-1) + 1
