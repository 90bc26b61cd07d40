"""The keys that a caller presses, until what was typed is complete."""

MOST_KEYS = 64
"""Of one entry: a longer one is taken as it stands."""
END_KEY = "#"
PAUSE_S = 2.5
"""Without a further key after this long, the caller has finished."""


class Keypad:
    """Knows only itself."""

    def __init__(self) -> None:
        self._keys = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was pressed since the last entry."""
        return not self._keys

    def press(self, key: str) -> bool:
        """Note a key; return whether the entry is complete with it."""
        self._keys += key
        return key == END_KEY or len(self._keys) >= MOST_KEYS

    def take(self) -> str:
        """Return what was typed, and begin anew."""
        keys, self._keys = self._keys, ""
        return keys
