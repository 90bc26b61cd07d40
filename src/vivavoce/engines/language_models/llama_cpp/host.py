"""The worker process's side: the model, its slots, and who may use them when."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from vivavoce.engines.language_models.llama_cpp.heads import CacheFiles, KeptHeads, LastingFiles
from vivavoce.engines.language_models.llama_cpp.lasting import LastingFile
from vivavoce.engines.language_models.llama_cpp.reading import plan_reading
from vivavoce.engines.language_models.llama_cpp.runtime import Runtime, WriteOrder, WrittenPiece
from vivavoce.engines.language_models.llama_cpp.slots import Slot, SlotPool
from vivavoce.engines.language_models.llama_cpp.turns import Stopped, Turns
from vivavoce.errors import EngineError

LIBRARY = "xllamacpp"
MAX_ANSWER_TOKENS = 4096
"""When the client set no bound: a model that has lost its way ends some time."""

CALL_OPENING = '{"'
"""What a call begins with; the model's token for it decides between a call and words. Words have
no braces (the grammar says so), so the bias has a say nowhere else."""

_CALL_OPENINGS = ("{", '{"', "{\n", "```", "```json", "`")

_LOOK_S = 0.02  # how often work ahead that waits looks whether it is still wanted

Cancelled = Callable[[], bool]

Reply = dict[str, Any]
"""What is read (`n_read` tokens of the prompt), what is written, and the end of an answer."""

OTHERS_MOVED: Reply = {"n_read": None}
"""An answer waits for others, and these get on."""


class ModelRuntime(CacheFiles, Protocol):
    """The loaded model; see `Runtime`."""

    def tokenize(self, text: str, *, markup: bool = True) -> list[int]:
        """Return the tokens of a text."""
        ...

    def read(self, slot: int, tokens: Sequence[int], *, shifts: bool = False) -> int:
        """Bring the slot's cache to these tokens; return how many were there."""
        ...

    def write(
        self, order: WriteOrder, is_stopped: Callable[[], bool]
    ) -> Generator[WrittenPiece, None, None]:
        """Read the rest of a prompt and write on."""
        ...


class HostSettings(Struct, frozen=True, kw_only=True):
    """What the worker is told at its start."""

    model_path: str
    folder: str
    slots: int
    window_tokens: int
    threads: int
    shared_head: str = ""
    """What many sessions begin with; it is read before anybody asks, and kept."""


class Asked(Struct, frozen=True, kw_only=True):
    """One answer to be written, or one prompt to be read ahead."""

    order: int
    """Counts up; of one session only the newest is worth reading ahead for."""
    session_id: str
    out_of_band: bool
    head: str
    body: str
    tail: str
    grammar: str | None = None
    bans_calls: bool = False
    """Whether nothing that opens a call or code may be written."""
    call_bias: float = 0.0
    """Added to the log-odds of a call, where the model is free to choose."""
    max_output_tokens: int | None = None
    temperature: float | None = None
    """None: the one that suits small models."""
    released: list[str] = []
    """Sessions that have ended since the last time."""


def open_host(settings: Any) -> "LlamaHost":
    """Load the model and write a few words, so that the first answer finds everything warm.

    Raises:
        ConfigError: the model can't be used.
    """
    told = msgspec.convert(settings, HostSettings)
    runtime = Runtime(
        Path(told.model_path),
        n_slots=told.slots + 1,  # the last one is for answers outside conversations
        window_tokens=told.window_tokens,
        n_threads=told.threads,
        folder=Path(told.folder),
    )
    lasting = LastingFile(Path(told.model_path), Path(told.folder), version(LIBRARY))
    host = LlamaHost(runtime, told.slots, told.window_tokens, lasting)
    host.warm_up()
    if told.shared_head:
        host.recall_shared(told.shared_head)
        read = partial(host.read_shared, told.shared_head)
        threading.Thread(target=read, name="shared-head", daemon=True).start()
    return host


class LlamaHost:
    """Answers calls in many threads at once."""

    def __init__(
        self,
        runtime: ModelRuntime,
        n_slots: int,
        window_tokens: int,
        lasting_files: LastingFiles | None = None,
    ) -> None:
        self._runtime = runtime
        self._window_tokens = window_tokens
        self._pool = SlotPool(n_slots)
        self._turns = Turns()
        self._heads = KeptHeads(runtime, lasting_files)
        self._lasting: list[int] = []
        self._lasting_is_read = threading.Event()
        self._lasting_is_read.set()
        self._newest: dict[str, int] = {}
        self._newest_lock = threading.Lock()
        # Only words that are one token: a longer one would ban each of its tokens.
        tokens = [runtime.tokenize(text, markup=False) for text in _CALL_OPENINGS]
        self._call_openings = tuple(token[0] for token in tokens if len(token) == 1)
        opening = runtime.tokenize(CALL_OPENING, markup=False)
        self._call_opening = opening[0] if len(opening) == 1 else None

    def handle(self, method: str, args: Any, cancelled: Cancelled) -> Iterator[Any]:
        """Do one piece of work; see `Host`."""
        match method:
            case "generate":
                yield from self._generate(msgspec.convert(args, Asked), cancelled)
            case "prefill":
                self._prefill(msgspec.convert(args, Asked), cancelled)
            case "count":
                yield [len(self._runtime.tokenize(text, markup=False)) for text in args]
            case _:
                raise EngineError(f"there is no method {method!r}", code="engine_failed")

    def warm_up(self) -> None:
        """Answer once: the first answer after loading is slower by half a second."""
        text = "<|im_start|>user\nHello!<|im_end|>\n"
        asked = Asked(
            order=0,
            session_id="",
            out_of_band=True,
            head="",
            body=text * 10,
            tail="<|im_start|>assistant\n",
            grammar="root ::= [a-z ]+\n",
            max_output_tokens=4,
        )
        for _ in self._generate(asked, lambda: False):
            pass

    def recall_shared(self, text: str) -> None:
        """Take what many sessions begin with from a run before; call it before anybody asks."""
        self._heads.recall(self._runtime.tokenize(text))

    def read_shared(self, text: str) -> None:
        """Read and keep what many sessions begin with, whenever no live answer is under way."""
        tokens = self._runtime.tokenize(text)
        self._lasting = tokens
        self._lasting_is_read.clear()
        try:
            while not self._read_ahead(None, tokens, tokens, lambda: False):
                pass
        finally:
            self._lasting_is_read.set()

    def _generate(self, asked: Asked, cancelled: Cancelled) -> Iterator[Reply]:
        self._note(asked)
        head, tokens = self._tokens(asked)
        if len(tokens) >= self._window_tokens:
            message = f"the prompt has {len(tokens)} tokens, the window {self._window_tokens}"
            raise EngineError(message, code="context_length_exceeded")
        session_id = None if asked.out_of_band else asked.session_id
        try:
            with self._turns.live():
                slot = yield from self._take(session_id, tokens, cancelled)
                try:
                    yield from self._answer(asked, slot, tokens, len(head), cancelled)
                finally:
                    self._pool.give_back(slot)
        except Stopped:
            pass

    def _take(
        self, session_id: str | None, tokens: list[int], cancelled: Cancelled
    ) -> Generator[Reply, None, Slot]:
        n_seen = self._turns.n_moves
        while (slot := self._pool.try_take(session_id, tokens)) is None:
            if cancelled():
                raise Stopped
            self._pool.wait()
            if self._turns.n_moves != n_seen:
                n_seen = self._turns.n_moves
                yield OTHERS_MOVED
        return slot

    def _answer(
        self, asked: Asked, slot: Slot, tokens: list[int], n_head: int, cancelled: Cancelled
    ) -> Iterator[Reply]:
        n_cached, shifts = yield from self._read(slot, tokens, n_head, cancelled)
        yield {"n_input": len(tokens), "n_cached": n_cached}
        n_room = self._window_tokens - len(tokens)
        order = WriteOrder(
            slot=slot.index,
            tokens=tokens,
            grammar=asked.grammar,
            max_tokens=min(n_room, asked.max_output_tokens or MAX_ANSWER_TOKENS),
            temperature=asked.temperature,
            banned=self._call_openings if asked.bans_calls else (),
            favoured=self._favoured(asked.call_bias),
            shifts=shifts,
        )
        is_cut = False
        with self._turns.line(is_live=True) as place:
            for _ in place.come(cancelled):
                yield OTHERS_MOVED
            for piece in self._write(slot, order, cancelled):
                place.leave()  # from the first word on it only writes
                self._turns.moved()
                is_cut = piece.is_cut
                if piece.text or piece.n_tokens:
                    yield {"text": piece.text, "n_tokens": piece.n_tokens}
        yield {"is_cut": is_cut}

    def _prefill(self, asked: Asked, cancelled: Cancelled) -> None:
        self._note(asked)
        head, tokens = self._tokens(asked, with_tail=False)

        def is_stopped() -> bool:
            return cancelled() or self._newest.get(asked.session_id) != asked.order

        if head[: len(self._lasting)] == self._lasting:  # else both would read the same
            while not is_stopped() and not self._lasting_is_read.wait(_LOOK_S):
                pass
        try:
            while not self._read_ahead(asked.session_id, head, tokens, is_stopped):
                pass
        except Stopped:
            pass

    def _read_ahead(
        self, session_id: str | None, head: list[int], tokens: list[int], is_stopped: Cancelled
    ) -> bool:
        """Read one piece; say whether it was the last. No slot is held while others go first."""
        with self._turns.piece(is_live=False, is_stopped=is_stopped):
            # A live answer may have taken it, and waits for its turn: so don't wait for the slot.
            slot = self._pool.try_take(session_id, tokens)
            if slot is None:
                return False
            try:
                self._heads.restore(slot, head)
                plan = plan_reading(slot.tokens, tokens, len(head))
                if plan.n_reused >= len(tokens) - 1:
                    if tokens == self._lasting and not self._heads.keeps(tokens):
                        # It came with the longer head of a session that was quicker.
                        self._read_piece(slot, tokens, head, shifts=False)
                    return True
                end = plan.ends[0] if plan.ends else len(tokens)
                self._read_piece(slot, tokens[:end], head, shifts=plan.shifts)
                return end == len(tokens)
            finally:
                self._pool.give_back(slot)

    def _read(
        self, slot: Slot, tokens: list[int], n_head: int, cancelled: Cancelled
    ) -> Generator[Reply, None, tuple[int, bool]]:
        """Read all but the last piece; return how much was cached, and what is left to shift."""
        head = tokens[:n_head]
        if self._heads.helps(slot, head):
            with self._turns.line(is_live=True) as place:
                for _ in place.come(cancelled):
                    yield OTHERS_MOVED
                self._heads.restore(slot, head)
        plan = plan_reading(slot.tokens, tokens, n_head)
        for index, end in enumerate(plan.ends):
            with self._turns.line(is_live=True) as place:
                for _ in place.come(cancelled):
                    yield OTHERS_MOVED
                self._read_piece(slot, tokens[:end], head, shifts=plan.shifts and index == 0)
            yield {"n_read": end}
        return min(plan.n_reused, len(tokens) - 1), plan.shifts and not plan.ends

    def _read_piece(
        self, slot: Slot, tokens: list[int], head: Sequence[int], *, shifts: bool
    ) -> None:
        slot.tokens = []  # in case it fails half way
        self._runtime.read(slot.index, tokens, shifts=shifts)
        slot.tokens = tokens
        if len(tokens) == len(head):
            self._heads.keep(slot, head, lasts=tokens == self._lasting)

    def _write(self, slot: Slot, order: WriteOrder, cancelled: Cancelled) -> Iterator[WrittenPiece]:
        text = ""
        slot.tokens = []
        pieces = self._runtime.write(order, cancelled)
        try:
            for piece in pieces:
                text += piece.text
                yield piece
        finally:
            pieces.close()
            slot.tokens = [*order.tokens, *self._runtime.tokenize(text)]

    def _tokens(self, asked: Asked, *, with_tail: bool = True) -> tuple[list[int], list[int]]:
        """Tokens of the head, and of all. No token reaches from one part into the next."""
        head = self._runtime.tokenize(asked.head)
        rest = asked.body + (asked.tail if with_tail else "")
        return head, head + self._runtime.tokenize(rest)

    def _favoured(self, call_bias: float) -> tuple[tuple[int, float], ...]:
        if self._call_opening is None or not call_bias:
            return ()
        return ((self._call_opening, call_bias),)

    def _note(self, asked: Asked) -> None:
        with self._newest_lock:
            for session_id in asked.released:
                self._newest.pop(session_id, None)
                self._pool.forget(session_id)
            newest = max(asked.order, self._newest.get(asked.session_id, 0))
            self._newest[asked.session_id] = newest
