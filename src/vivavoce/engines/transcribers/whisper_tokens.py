"""Whisper's tokens: prompts made of them, and the words they spell."""

import re
from collections.abc import Sequence

import tokenizers
from msgspec import Struct

_WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")
_N_ABOUT = 100  # the model takes 223; a few sentences are enough for names and style


class Token(Struct, frozen=True):
    """One token of an answer."""

    id: int
    place: int
    """Among all tokens of the answer."""
    text: str


class Word(Struct, frozen=True):
    """A word with the space before it and the punctuation after it."""

    text: str
    tokens: tuple[Token, ...]


class WhisperTokens:
    """The vocabulary of one Whisper model."""

    def __init__(self, tokenizer: tokenizers.Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._end = self._id("<|endoftext|>")

    def knows(self, language: str) -> bool:
        """Say whether the model was trained with the language (ISO-639-1)."""
        return self._tokenizer.token_to_id(f"<|{language}|>") is not None

    def languages(self) -> tuple[str, ...]:
        """Return all of them, in alphabetical order."""
        names = self._tokenizer.get_vocab(with_added_tokens=True)
        return tuple(sorted(m[1] for name in names if (m := _LANGUAGE.fullmatch(name))))

    def start(self, language: str, *, translates: bool = False) -> list[int]:
        """Return the tokens that ask for a transcript, or its translation, without times."""
        task = "<|translate|>" if translates else "<|transcribe|>"
        names = ("<|startoftranscript|>", f"<|{language}|>", task, "<|notimestamps|>")
        return [self._id(name) for name in names]

    def prompt(self, language: str, about: str, *, translates: bool = False) -> list[int]:
        """Return all that the decoder is given before it goes on by itself."""
        before = self._encode(f" {about.strip()}")[-_N_ABOUT:] if about.strip() else []
        introduction = [self._id("<|startofprev|>"), *before] if before else []
        return [*introduction, *self.start(language, translates=translates)]

    def text(self, ids: Sequence[int]) -> str:
        """Return what the tokens spell, without the special ones."""
        return self._tokenizer.decode([i for i in ids if i < self._end])

    def words(self, ids: Sequence[int], language: str) -> list[Word]:
        """Return the words; in languages without spaces, its smallest whole pieces."""
        words: list[Word] = []
        piece: list[Token] = []
        for place, token_id in enumerate(ids):
            piece.append(Token(token_id, place, self.text([token_id])))
            text = self.text([token.id for token in piece])
            if text.endswith("\ufffd") and place + 1 < len(ids):
                continue  # half a character
            if not words or text.startswith(" ") or language in _WITHOUT_SPACES:
                words.append(Word(text, tuple(piece)))
            else:
                words[-1] = Word(words[-1].text + text, (*words[-1].tokens, *piece))
            piece = []
        return words

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _id(self, name: str) -> int:
        token_id = self._tokenizer.token_to_id(name)
        if token_id is None:
            raise ValueError(f"the tokenizer lacks {name}")
        return token_id
