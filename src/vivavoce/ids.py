"""Ids of the things a session makes, reproducible from a seed.

Source: protocol reference, "Identifiers" (00-overview).
"""

import random
import string
from collections import Counter
from collections.abc import Callable

NewId = Callable[[str], str]
"""Makes an id from its prefix: `new_id("resp")` gives `resp_...`."""

ALPHABET = string.digits + string.ascii_letters
N_CHARACTERS = 21  # what the hosted service uses


def seeded_ids(seed: int) -> NewId:
    """Return a factory of ids that look random and repeat with the seed."""
    chance = random.Random(seed)

    def new_id(prefix: str) -> str:
        return f"{prefix}_{''.join(chance.choices(ALPHABET, k=N_CHARACTERS))}"

    return new_id


def counting_ids() -> NewId:
    """Return a factory for tests: `item_1`, `item_2`, `resp_1`."""
    counts: Counter[str] = Counter()

    def new_id(prefix: str) -> str:
        counts[prefix] += 1
        return f"{prefix}_{counts[prefix]}"

    return new_id
