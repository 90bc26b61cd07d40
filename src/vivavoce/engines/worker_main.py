"""The program of a worker process: load a host, then answer calls until the socket closes.

Started by `worker` as `python -m vivavoce.engines.worker_main NAME FD`, by nobody else.
"""

import importlib
import os
import signal
import socket
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NoReturn

from vivavoce.engines.frames import UNREAD_REPLIES, FrameReader, encode_frame
from vivavoce.engines.worker import Host
from vivavoce.errors import ConfigError, EngineError

_NICENESS = 5  # sound on its way to a listener goes before everything computed
_TERM_GRACE_S = 8.0  # a service manager signals everybody; the gateway finishes its answers first
_READ_BYTES = 1 << 18


def main() -> NoReturn:
    """Serve the socket whose number is the last argument; never returns."""
    os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-c is for the gateway, which then closes us
    signal.signal(signal.SIGTERM, lambda *_: _end_later())
    try:
        with suppress(OSError):  # the gateway is gone
            _serve(socket.socket(fileno=int(sys.argv[-1])))
    finally:
        sys.stderr.flush()
        os._exit(0)  # at once: threads may be deep in native code that nobody waits for


def _end_later() -> None:
    timer = threading.Timer(_TERM_GRACE_S, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _serve(connection: socket.socket) -> None:
    link = _Link(connection)
    frames = FrameReader()
    server: _Server | None = None
    while data := connection.recv(_READ_BYTES):
        for message in frames.push(data):
            match message:
                case ["load", target, settings, max_parallel, import_path]:
                    sys.path[:] = import_path
                    server = _Server(link, max_parallel)
                    server.load(target, settings)
                case _:
                    assert server is not None
                    server.take(message)


class _Server:
    """The host, its threads and the calls under way."""

    def __init__(self, link: "_Link", max_parallel: int) -> None:
        self._link = link
        self._pool = ThreadPoolExecutor(max_parallel, thread_name_prefix="host")
        self._host: Host | None = None
        self._jobs: dict[int, _Job] = {}

    def load(self, target: str, settings: dict[str, Any]) -> None:
        # In a thread, so that the process ends at once when it is closed while it loads.
        self._pool.submit(self._load, target, settings)

    def take(self, message: list[Any]) -> None:
        match message:
            case ["call", job_id, method, args]:
                assert self._host is not None
                self._jobs = {key: job for key, job in self._jobs.items() if not job.is_over}
                self._jobs[job_id] = job = _Job(self._link, self._host, job_id)
                self._pool.submit(job.run, method, args)
            case ["more", job_id] if job_id in self._jobs:
                self._jobs[job_id].allow_one_more()
            case ["cancel", job_id] if job_id in self._jobs:
                self._jobs[job_id].cancel()

    def _load(self, target: str, settings: dict[str, Any]) -> None:
        module, _, function = target.partition(":")
        try:
            self._host = getattr(importlib.import_module(module), function)(settings)
        except ConfigError as error:
            self._link.send("failed", "config", error.message, error.path)
        except EngineError as error:
            self._link.send("failed", "engine", error.message, error.code)
        except Exception as error:  # noqa: BLE001 - whatever it is, the gateway must hear of it
            traceback.print_exc()
            self._link.send("failed", "engine", f"{type(error).__name__}: {error}", "engine_failed")
        else:
            self._link.send("ready")


class _Link:
    """The writing half of the socket, shared by all threads."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, *message: object) -> None:
        frame = encode_frame(*message)
        with self._lock:
            self._connection.sendall(frame)


class _Job:
    """One call being answered."""

    def __init__(self, link: _Link, host: Host, job_id: int) -> None:
        self.is_over = False
        self._link = link
        self._host = host
        self._id = job_id
        self._may_send = threading.Semaphore(UNREAD_REPLIES)
        self._cancelled = threading.Event()

    def allow_one_more(self) -> None:
        self._may_send.release()

    def cancel(self) -> None:
        self._cancelled.set()
        self._may_send.release()

    def run(self, method: str, args: Any) -> None:
        try:
            self._answer(method, args)
        except EngineError as error:
            self._finish("error", self._id, error.message, error.code)
        except Exception as error:  # noqa: BLE001 - one call must not take the others with it
            traceback.print_exc()
            text = f"{type(error).__name__}: {error}"
            self._finish("error", self._id, text, "engine_failed")
        else:
            self._finish("end", self._id)

    def _answer(self, method: str, args: Any) -> None:
        if self._cancelled.is_set():
            return
        for reply in self._host.handle(method, args, self._cancelled.is_set):
            self._may_send.acquire()
            if self._cancelled.is_set():
                return
            self._link.send("reply", self._id, reply)

    def _finish(self, *message: object) -> None:
        self.is_over = True
        try:
            self._link.send(*message)
        except OSError:
            os._exit(0)  # the gateway is gone


if __name__ == "__main__":
    main()
