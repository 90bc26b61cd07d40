"""llama.cpp in this process, through `xllamacpp`: load, read, write, keep and restore caches.

Writing goes through the library's own call; tokens and kept caches are only to be had from its
HTTP side, which listens on a unix socket in a folder that nobody else can open.
"""

import http.client
import json
import os
import queue
import socket
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from vivavoce.errors import ConfigError, EngineError

BATCH_TOKENS = 512  # read in one go at most; what we send is far shorter
UBATCH_TOKENS = 64  # as long as a piece; longer ones only cost memory
SEED = 7  # the same conversation gets the same answer
TEMPERATURE = 0.3  # small models wander above
MIN_P = 0.05
REPEAT_PENALTY = 1.08  # enough to leave a loop; it makes JSON and code stumble
_HTTP_TIMEOUT_S = 60.0

_PASSIVE = ("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve everybody else's on few cores


class WrittenPiece(Struct, frozen=True):
    """A piece of the model's text."""

    text: str
    n_tokens: int
    """Written since the piece before."""
    n_cached: int
    """Tokens of the prompt that were in the slot before."""
    is_cut: bool = False
    """Whether the text ends here because it was long enough."""


class WriteOrder(Struct, frozen=True, kw_only=True):
    """What to write, and where."""

    slot: int
    tokens: Sequence[int]
    grammar: str | None
    max_tokens: int
    temperature: float | None = None
    """None: the usual one."""
    banned: tuple[int, ...] = ()
    favoured: tuple[tuple[int, float], ...] = ()
    """Tokens, and what is added to their log-odds."""
    shifts: bool = False


class Runtime:
    """The loaded model. For threads; the slots are the caller's to keep apart."""

    def __init__(
        self, model_path: Path, *, n_slots: int, window_tokens: int, n_threads: int, folder: Path
    ) -> None:
        """Load the model.

        Args:
            model_path: a GGUF file whose chat template is ChatML.
            n_slots: caches of `window_tokens` each.
            window_tokens: of one conversation.
            n_threads: for reading and for writing.
            folder: private and empty; for the socket and kept caches.

        Raises:
            ConfigError: there is no such file, or it is no model that can be used.
        """
        if not model_path.is_file():
            raise ConfigError(f"there is no file {model_path}", path="model_path")
        os.putenv(*_PASSIVE)  # before the library starts its threads
        self._folder = folder
        self._server = _load(model_path, n_slots, window_tokens, n_threads, folder)
        template = str(self._http("GET", "/props").get("chat_template", ""))
        if "<|im_start|>" not in template:
            reason = f"{model_path.name} is no ChatML model (no <|im_start|> in its chat template)"
            raise ConfigError(reason, path="model_path")
        self.tokenize = lru_cache(maxsize=64)(self._tokenize)

    def _tokenize(self, text: str, *, markup: bool = True) -> list[int]:
        """Return the tokens of a text; `markup` gives `<|im_end|>` and the like their meaning."""
        body = {"content": text, "parse_special": markup, "add_special": False}
        tokens: list[int] = self._http("POST", "/tokenize", body)["tokens"]
        return tokens

    def read(self, slot: int, tokens: Sequence[int], *, shifts: bool = False) -> int:
        """Bring the slot's cache to these tokens; return how many were there. Can't be stopped."""
        params = _params(slot, tokens, n_predict=0, shifts=shifts)
        answer = self._server.handle_completions(params)
        _raise_error(answer)
        return int(answer["timings"]["cache_n"])

    def write(
        self, order: WriteOrder, is_stopped: Callable[[], bool]
    ) -> Generator[WrittenPiece, None, None]:
        """Read the rest of a prompt and write on, piece by piece, until the end or `is_stopped`.

        Closing it stops the writing and waits until the slot is free.
        """
        params = _params(order.slot, order.tokens, n_predict=order.max_tokens, shifts=order.shifts)
        params |= {
            "stream": True,
            "timings_per_token": True,
            "temperature": TEMPERATURE if order.temperature is None else order.temperature,
            "min_p": MIN_P,
            "repeat_penalty": REPEAT_PENALTY if order.grammar is None else 1.0,
            "seed": SEED,
            "logit_bias": [*order.favoured, *((token, False) for token in order.banned)],
        }
        if order.grammar is not None:
            params["grammar"] = order.grammar
        yield from _pieces(self._server, params, is_stopped)

    def keep(self, slot: int, name: str) -> int:
        """Write the slot's cache to a file of the folder; return its size in bytes."""
        answer = self._http("POST", f"/slots/{slot}?action=save", {"filename": name})
        return int(answer["n_written"])

    def restore(self, slot: int, name: str) -> None:
        """Fill the slot's cache from a kept file."""
        self._http("POST", f"/slots/{slot}?action=restore", {"filename": name})

    def drop(self, name: str) -> None:
        """Delete a kept file."""
        (self._folder / name).unlink(missing_ok=True)

    def _http(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        connection = _UnixConnection(_socket_path(self._folder))
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        _raise_error(answer)
        return answer


def _load(model_path: Path, n_slots: int, window_tokens: int, n_threads: int, folder: Path) -> Any:
    import xllamacpp  # 100 MB of library: only the worker process pays for it

    _socket_path(folder).unlink(missing_ok=True)  # of a worker that died
    params = xllamacpp.CommonParams()
    params.model.path = str(model_path)
    params.n_ctx = n_slots * window_tokens
    params.n_parallel = n_slots
    params.kv_unified = False  # shares nothing, and one session's cache would purge another's
    params.cache_ram_mib = 0  # heads are kept by us, in files; the rest is not worth 8 GiB
    params.n_batch = BATCH_TOKENS
    params.n_ubatch = UBATCH_TOKENS
    params.cpuparams.n_threads = n_threads
    params.cpuparams_batch.n_threads = n_threads
    params.fit_params = False
    params.offline = True
    params.ui = False
    params.verbosity = 1  # errors only
    params.hostnames = [str(_socket_path(folder))]
    params.slot_save_path = f"{folder}/"
    try:
        return xllamacpp.Server(params)
    except Exception as error:
        reason = f"{model_path.name} can't be loaded: {error}"
        raise ConfigError(reason, path="model_path") from error


def _socket_path(folder: Path) -> Path:
    return folder / "llama.sock"


def _params(slot: int, tokens: Sequence[int], *, n_predict: int, shifts: bool) -> dict[str, object]:
    return {
        "prompt": tokens,
        "n_predict": n_predict,
        "id_slot": slot,
        "cache_prompt": True,
        "n_cache_reuse": 32 if shifts else 0,
    }


_END = object()


def _pieces(
    server: Any, params: dict[str, object], is_stopped: Callable[[], bool]
) -> Iterator[WrittenPiece]:
    chunks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    is_closed = threading.Event()

    def take(chunk: Any) -> bool:
        chunks.put(chunk)
        return is_closed.is_set() or is_stopped()

    def write() -> None:
        try:
            server.handle_completions(params, take)
        except Exception as error:  # noqa: BLE001 - crosses to the reader, who raises it
            chunks.put(error)
        finally:
            chunks.put(_END)

    writer = threading.Thread(target=write, name="llama-writer")
    writer.start()
    n_before = 0
    try:
        while (chunk := chunks.get()) is not _END:
            piece, n_before = _piece(chunk, n_before)
            yield piece
    finally:
        is_closed.set()
        writer.join()


def _piece(chunk: Any, n_before: int) -> tuple[WrittenPiece, int]:
    if isinstance(chunk, Exception):
        raise EngineError(f"the language model failed: {chunk}", code="engine_failed") from chunk
    _raise_error(chunk)
    (choice,) = chunk["choices"]
    timings = chunk.get("timings", {})
    n_written = max(n_before, int(timings.get("predicted_n", n_before)))
    piece = WrittenPiece(
        choice["text"],
        n_written - n_before,
        int(timings.get("cache_n", 0)),
        choice["finish_reason"] == "length",
    )
    return piece, n_written


def _raise_error(answer: Any) -> None:
    if not isinstance(answer, dict) or "error" not in answer:
        return
    error = answer["error"]
    message = error.get("message", error) if isinstance(error, dict) else error
    raise EngineError(f"the language model failed: {message}", code="engine_failed")


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_HTTP_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_HTTP_TIMEOUT_S)
        self.sock.connect(str(self._path))
