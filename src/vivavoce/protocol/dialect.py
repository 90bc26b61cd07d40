"""The two dialects of the wire (70-beta-vs-ga)."""

from typing import Literal

Dialect = Literal["ga", "beta"]
"""`beta` is what clients of before September 2025 speak. It holds for a whole connection."""
