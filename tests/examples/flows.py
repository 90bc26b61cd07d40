"""The 31 made-up sequences of the protocol reference, kept in `examples.json` as they are there."""

import json
from pathlib import Path
from typing import Any

FLOWS: dict[str, list[Any]] = json.loads((Path(__file__).parent / "examples.json").read_text())[
    "flows"
]
"""By name: steps with `dir` (`client` or `server`) and `event`."""


def is_beta(flow: str) -> bool:
    """Whether the sequence is of the Beta dialect."""
    return flow.startswith("beta_")


def is_translation(flow: str) -> bool:
    """Whether the sequence is of a translation session."""
    return "translation" in flow


def events_of(flow: str, direction: str) -> list[Any]:
    """Return the events of one direction."""
    return [step["event"] for step in FLOWS[flow] if step["dir"] == direction]
