"""The flight recorder: every step of a session goes to a file, written by a thread."""

import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedWriter
from pathlib import Path
from typing import assert_never

import msgspec
from msgspec import Struct

from vivavoce.core.inputs import Input
from vivavoce.core.outputs import Output
from vivavoce.runtime.recording import Header, step_of, without_secrets
from vivavoce.runtime.turn_timing import Timing

LOG = logging.getLogger(__name__)

MAX_WAITING_STEPS = 4096
"""Steps the disk may be behind (at most 40 MB of sound); then a recording is cut off."""


class _Opened(Struct, frozen=True):
    path: Path
    header: Header


class _Seen(Struct, frozen=True):
    path: Path
    now: float
    item: Input
    outputs: list[Output]


class _Ended(Struct, frozen=True):
    path: Path


_Entry = _Opened | _Seen | _Ended


class Recorder:
    """Observer of one session."""

    def __init__(self, path: Path, entries: "queue.Queue[_Entry | None]") -> None:
        self.path = path
        self._entries = entries
        self._is_cut_off = False

    def saw(self, now: float, item: Input, outputs: Sequence[Output]) -> None:
        """See `Observer`."""
        self._put(_Seen(self.path, now, item, list(outputs)))

    def timed(self, timing: Timing) -> None:
        """See `Observer`: what is computed from the steps is not recorded."""

    def ended(self, now: float) -> None:
        """See `Observer`."""
        self._put(_Ended(self.path))

    def _put(self, entry: _Entry) -> None:
        if self._is_cut_off:
            return
        try:
            self._entries.put_nowait(entry)
        except queue.Full:
            self._is_cut_off = True
            LOG.warning("the disk is too slow: the recording %s is cut off", self.path.name)


class Recordings:
    """A folder of recordings and the thread that writes them. Made by `open_recordings`."""

    def __init__(self, directory: Path, *, with_sound: bool) -> None:
        self._directory = directory
        self._with_sound = with_sound
        self._entries: queue.Queue[_Entry | None] = queue.Queue(MAX_WAITING_STEPS)
        self._files: dict[Path, BufferedWriter] = {}

    def start(self, session_id: str, header: Header) -> Recorder:
        """Begin the recording of a session."""
        moment = datetime.fromtimestamp(header.wall_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        recorder = Recorder(self._directory / f"{moment}-{session_id}.jsonl", self._entries)
        recorder._put(_Opened(recorder.path, header))
        return recorder

    def write_until_closed(self) -> None:
        """Write what comes, in the calling thread, until `close`."""
        while (entry := self._entries.get()) is not None:
            try:
                self._write(entry)
            except OSError as error:
                LOG.warning("cannot record to %s: %s", entry.path, error.strerror)
        for file in self._files.values():
            file.close()

    def close(self) -> None:
        """Let `write_until_closed` return once all that came is written."""
        self._entries.put(None)

    def _write(self, entry: _Entry) -> None:
        match entry:
            case _Opened(path, header):
                self._files[path] = path.open("xb")
                # A session may begin as configured, with servers of tools in it.
                self._write_line(path, without_secrets(msgspec.to_builtins(header)))
            case _Seen(path, now, item, outputs):
                self._write_line(path, step_of(now, item, outputs, with_sound=self._with_sound))
            case _Ended(path):
                if (file := self._files.pop(path, None)) is not None:
                    file.close()
            case _:
                assert_never(entry)

    def _write_line(self, path: Path, line: Header | object) -> None:
        if (file := self._files.get(path)) is not None:
            file.write(msgspec.json.encode(line) + b"\n")
            file.flush()


@contextmanager
def open_recordings(directory: Path, *, with_sound: bool) -> Iterator[Recordings]:
    """Make the folder and run the writing thread until the end of the `with` block."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    recordings = Recordings(directory, with_sound=with_sound)
    thread = threading.Thread(target=recordings.write_until_closed, name="recordings")
    thread.start()
    try:
        yield recordings
    finally:
        recordings.close()
        thread.join()
