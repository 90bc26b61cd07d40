"""Text that grows piece by piece, with the spaces that belong between sentences."""

SCRIPTS_WITHOUT_SPACES = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x9FFF))
"""Thai and Lao, Burmese, Khmer, Chinese and Japanese."""
FULL_WIDTH = (0xFF00, 0xFFEF)  # the punctuation of the last two


class JoinedText:
    """Joins pieces that belong together to what came before them."""

    def __init__(self) -> None:
        self._last = ""
        """The last character so far."""
        self._is_begun = False
        """Whether the sentence under way has any letters yet."""

    def begin(self) -> None:
        """A new sentence, or a new speaker: a space may be needed before it."""
        self._is_begun = False

    def append(self, text: str) -> str:
        """Return the text with the space that it needs in front; its own leading ones go."""
        if not self._is_begun:
            text = text.lstrip()
        if not text:
            return ""
        if not self._is_begun and self._needs_space(text[0]):
            text = f" {text}"
        self._is_begun = True
        self._last = text[-1]
        return text

    def _needs_space(self, following: str) -> bool:
        if not self._last or self._last.isspace():
            return False
        return not (_stands_alone(self._last) and _stands_alone(following))


def _stands_alone(character: str) -> bool:
    scripts = (*SCRIPTS_WITHOUT_SPACES, FULL_WIDTH)
    return any(first <= ord(character) <= last for first, last in scripts)
