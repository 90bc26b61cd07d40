"""Which items still fit the model's window, and which have to go.

Whole items go from the oldest on, a call together with its output; instructions and tools stay.
Source: protocol reference, "Context, truncation, caching" (50-flows, section 18).
"""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType, structs

from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.prompt import count_record
from vivavoce.core.tokens import TOKENS_PER_ITEM
from vivavoce.protocol.items import FunctionCall, FunctionCallOutput
from vivavoce.protocol.session import RetentionRatio

KEPT_SHARE = 0.6
"""`auto` cuts this deep in one go, so that the prefix is stable for many turns after."""
MAX_RESERVED_TOKENS = 1024
"""Kept free for the next turn and its answer, or a quarter of a smaller window."""
NEARLY_FULL = 0.85
"""Of the window or the client's limit: where compaction begins, some turns ahead of truncation."""
UNKNOWN_WINDOW_TOKENS = 28_672
"""Input budget where the engine's window is not known (90-uncertain, 18)."""

Truncation = str | RetentionRatio


def input_budget(window_tokens: int | None) -> int:
    """Tokens of the engine that instructions, tools and items may fill."""
    if window_tokens is None:
        return UNKNOWN_WINDOW_TOKENS
    return window_tokens - min(MAX_RESERVED_TOKENS, window_tokens // 4)


def engine_tokens(record: ItemRecord) -> int:
    """Tokens of an item in the rendered prompt: its text, its pictures, the marks around it."""
    return record.count_text() + record.image_tokens + TOKENS_PER_ITEM


def fits(records: Sequence[ItemRecord], fixed_tokens: int, window_tokens: int | None) -> bool:
    """Whether the engine can take these items beside its instructions and tools."""
    return fixed_tokens + sum(map(engine_tokens, records)) <= input_budget(window_tokens)


def truncate(
    conversation: Conversation,
    truncation: Truncation,
    fixed_tokens: int,
    window_tokens: int | None,
) -> bool:
    """Drop what is too old from the context; return whether anything was dropped.

    Args:
        conversation: whose `dropped` grows.
        truncation: the session's field.
        fixed_tokens: the engine's count of instructions and tools.
        window_tokens: the engine's window, None if it is not known.
    """
    if truncation == "disabled":
        return False
    before = len(conversation.dropped)
    budget = input_budget(window_tokens) - fixed_tokens
    if isinstance(truncation, RetentionRatio):
        limit = _post_instruction_limit(truncation, budget)
        _cut(conversation, limit, int(limit * truncation.retention_ratio), wire=True)
        # The engine's window holds whatever the client set.
        _cut(conversation, budget, int(budget * truncation.retention_ratio), wire=False)
    else:
        _cut(conversation, budget, int((budget + fixed_tokens) * KEPT_SHARE) - fixed_tokens)
    return len(conversation.dropped) > before


def outgrown(
    conversation: Conversation,
    truncation: Truncation,
    fixed_tokens: int,
    window_tokens: int | None,
) -> list[ItemRecord]:
    """Return what `truncate` would drop of a window that is nearly full; drops nothing."""
    kept, context = set(conversation.dropped), conversation.context
    early = None if window_tokens is None else int(window_tokens * NEARLY_FULL)
    if isinstance(truncation, RetentionRatio):
        truncation = _nearly(truncation)
    truncate(conversation, truncation, fixed_tokens, early)
    gone, conversation.dropped = conversation.dropped - kept, kept
    return [record for record in context if record.item_id in gone]


def _nearly(truncation: RetentionRatio) -> RetentionRatio:
    limits = truncation.token_limits
    if isinstance(limits, UnsetType) or limits is None:
        return truncation
    if not isinstance(limits.post_instructions, int):
        return truncation
    early = int(limits.post_instructions * NEARLY_FULL)
    return structs.replace(
        truncation, token_limits=structs.replace(limits, post_instructions=early)
    )


def _post_instruction_limit(truncation: RetentionRatio, budget: int) -> int:
    limits = truncation.token_limits
    if limits is UNSET or limits is None or not isinstance(limits.post_instructions, int):
        return budget
    return limits.post_instructions


def _cut(conversation: Conversation, limit: int, keep: int, *, wire: bool = False) -> None:
    records = conversation.context
    sizes = [count_record(r).total if wire else engine_tokens(r) for r in records]
    total = sum(sizes)
    if total <= limit:
        return
    dropped_calls: set[str] = set()
    for record, size in zip(records[:-1], sizes, strict=False):  # the newest item always stays
        if total <= max(keep, 0):
            break
        total -= size
        conversation.dropped.add(record.item_id)
        if isinstance(record.item, FunctionCall) and isinstance(record.item.call_id, str):
            dropped_calls.add(record.item.call_id)
    for record in conversation.context:
        if isinstance(record.item, FunctionCallOutput) and record.item.call_id in dropped_calls:
            conversation.dropped.add(record.item_id)
