"""One line in the log for each turn of a user: why it ended."""

import logging

from vivavoce.core.outputs import TurnEnded

LOG = logging.getLogger(__name__)


def log_turn_end(ended: TurnEnded) -> None:
    """Write the line."""
    verdict = "" if ended.probability is None else f", judged {ended.probability:.2f}"
    LOG.info(
        "turn %s ended: %s after %d ms of silence%s",
        ended.item_id,
        ended.reason,
        ended.silence_ms,
        verdict,
    )
