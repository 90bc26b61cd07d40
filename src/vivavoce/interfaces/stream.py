"""How engines answer: piece by piece, and closable at any moment."""

from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")
Stream = AsyncGenerator[T, None]
"""Closing it frees what it holds."""
