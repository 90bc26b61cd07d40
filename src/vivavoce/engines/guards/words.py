"""Finds words and phrases in a text while it is written, wherever the text is cut.

Whole words count, in any case and with or without accents: `price` is found in "PRICE" and not in
"priceless". A phrase is found also where a hyphen, an apostrophe or Markdown stands in it, where
its words are written as one, and where a word is spelled ("A.C.M.E.", "a c m e").
"""

from collections.abc import Iterable

from vivavoce.engines.guards.scanning import Scan
from vivavoce.engines.guards.spelling import Word, is_joined, spoken_variants, words_of

Node = dict[str, "Node"]
"""What may follow in a phrase, by letter; `BREAK` where a word ends, `END` where it ends itself."""
BREAK = " "
END = ""


def phrase_tree(phrases: Iterable[str]) -> Node:
    """Return all phrases, and other ways to write them, as one tree of their letters."""
    root: Node = {}
    for phrase in phrases:
        for variant in (phrase, *spoken_variants(phrase)):
            _add(root, variant)
    return root


def _add(root: Node, phrase: str) -> None:
    node, words = root, words_of(phrase)
    for place, word in enumerate(words):
        if place and not _is_one_word(words[place - 1], word, phrase):
            node = node.setdefault(BREAK, {})
        for letter in word.letters:
            node = node.setdefault(letter, {})
    if words:
        node[END] = {}


class WordScanner:
    """Looks for the phrases of a tree in one message."""

    def __init__(self, tree: Node) -> None:
        self._tree = tree
        self._text = ""
        """The end of what was written, from a word on that may still matter."""
        self._before = 0
        """How much of the message lies before it."""

    def push(self, text: str, *, is_clause: bool) -> Scan:
        """See `Scanner`."""
        self._text += text
        return self._scan(is_whole=is_clause, is_over=False)

    def end(self) -> Scan:
        """See `Scanner`."""
        return self._scan(is_whole=True, is_over=True)

    def _scan(self, *, is_whole: bool, is_over: bool) -> Scan:
        words = words_of(self._text)
        reading = _Reading(self._text, words, is_whole=is_whole, is_over=is_over)
        held: int | None = None
        for place, word in enumerate(words):
            outcome = reading.follow(self._tree, place)
            if outcome == "found":
                return Scan(self._before + word.start, is_violated=True)
            if outcome == "open" and held is None:
                held = word.start
        clear = len(self._text) if held is None else held
        scan = Scan(self._before + clear)
        self._forget(min(clear, reading.last_run))
        return scan

    def _forget(self, n_characters: int) -> None:
        self._text = self._text[n_characters:]
        self._before += n_characters


class _Reading:
    """The words of a text, of which the last may not be whole."""

    def __init__(self, text: str, words: list[Word], *, is_whole: bool, is_over: bool) -> None:
        self._text = text
        self._words = words
        self._is_over = is_over
        self._is_whole = is_whole
        self._rest = text[words[-1].end :] if words else ""
        """What follows the last word."""

    @property
    def last_run(self) -> int:
        """Where the last word begins, or what is spelled at the end."""
        if not self._words:
            return len(self._text)
        place = len(self._words) - 1
        while self._is_spelled_on(place - 1):
            place -= 1
        return self._words[place].start

    def follow(self, tree: Node, place: int) -> str:
        """Say whether a phrase begins with the word at a place: `found`, `open` or `none`."""
        if self._is_spelled_on(place - 1):
            return "none"
        nodes = [tree]
        while place < len(self._words):
            nodes = _after_letters(nodes, self._words[place].letters)
            if not nodes:
                return "none"
            is_last = place == len(self._words) - 1
            if is_last and not (self._is_whole or self._rest):
                return "open"  # the word may become another
            if any(END in node for node in nodes) and not self._is_spelled_on(place):
                return "open" if is_last and self._may_be_spelled_on() else "found"
            if is_last:
                return self._at_the_end(nodes)
            nodes = _after_gap(nodes, *self._gap(place))
            place += 1
        return "none"

    def _at_the_end(self, nodes: list[Node]) -> str:
        if self._is_over:
            return "none"
        may_join = not self._is_whole and is_joined(self._rest)
        nodes = nodes if may_join else _after_gap(nodes, self._rest or BREAK, self._words[-1])
        return "open" if any(len(node) > (END in node) for node in nodes) else "none"

    def _may_be_spelled_on(self) -> bool:
        """Whether what is spelled so far may get one more letter."""
        is_spelled = len(self._words) > 1 and self._is_spelled_on(len(self._words) - 2)
        return is_spelled and not (self._is_whole or any(map(str.isspace, self._rest)))

    def _is_spelled_on(self, place: int) -> bool:
        """Whether the word at a place and the next are letters of one spelling, as in "U.S."."""
        if not 0 <= place < len(self._words) - 1:
            return False
        gap, word, following = *self._gap(place)[:2], self._words[place + 1]
        return word.is_single and following.is_single and gap == "."

    def _gap(self, place: int) -> tuple[str, Word, Word]:
        word, following = self._words[place], self._words[place + 1]
        return self._text[word.end : following.start], word, following


def _after_letters(nodes: list[Node], letters: str) -> list[Node]:
    for letter in letters:
        steps = [node[letter] for node in nodes if letter in node]
        # Where the phrase has two words the text may have one.
        steps += [node[BREAK][letter] for node in nodes if letter in node.get(BREAK, ())]
        if not steps:
            return []
        nodes = steps
    return nodes


def _after_gap(
    nodes: list[Node], gap: str, word: Word, following: Word | None = None
) -> list[Node]:
    if following is not None and _joins(gap, word, following):
        return nodes
    broken = [node[BREAK] for node in nodes if BREAK in node]
    return nodes + broken if following is None and word.is_single else broken


def _is_one_word(word: Word, following: Word, text: str) -> bool:
    return _joins(text[word.end : following.start], word, following)


def _joins(gap: str, word: Word, following: Word) -> bool:
    """Whether two words are one: hyphenated, or letters that are spelled."""
    if word.is_sign or following.is_sign:
        return False
    is_spelled = word.is_single and following.is_single and gap.strip() in ("", ".", ",")
    return is_spelled or is_joined(gap)
