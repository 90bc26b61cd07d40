"""The head that all sessions share, in a file beside the model: read once, not at each start.

It holds the examples that ship with the server, and nothing that anybody said.
"""

import logging
from glob import escape
from hashlib import sha256
from pathlib import Path

LOG = logging.getLogger(__name__)


class LastingFile:
    """At most one for each model; one made for another model file or library is not used."""

    def __init__(self, model_path: Path, folder: Path, library: str) -> None:
        """Look where it would be.

        Args:
            model_path: of the model; must be there.
            folder: where the runtime keeps its files.
            library: version of what computes the caches.
        """
        model = model_path.stat()
        self._model_path = model_path
        self._folder = folder
        self._made_by = f"{model.st_size} {model.st_mtime_ns} {library}"

    def bring(self, name: str) -> int:
        """Give the runtime the file of this name; return its size in bytes, 0 if there is none."""
        try:
            for path in self._files(f"{self._key(name)}.*"):
                data = path.read_bytes()
                if path == self._path(name, data):  # a broken one would end the runtime
                    return (self._folder / name).write_bytes(data)
        except OSError as error:
            LOG.info("the examples are read again: %s", error)
        return 0

    def take(self, name: str) -> None:
        """Keep the runtime's file of this name in place of the one before."""
        try:
            data = (self._folder / name).read_bytes()
            target = self._path(name, data)
            part = target.with_suffix(".part")
            try:
                part.write_bytes(data)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
            for other in self._files("*"):
                if other != target:
                    other.unlink(missing_ok=True)
        except OSError as error:
            LOG.info("the examples are read again at the next start: %s", error)

    def _files(self, pattern: str) -> list[Path]:
        model = self._model_path
        return list(model.parent.glob(f"{escape(model.name)}.{pattern}.head"))

    def _path(self, name: str, data: bytes) -> Path:
        digest = sha256(data).hexdigest()[:16]
        return self._model_path.with_name(
            f"{self._model_path.name}.{self._key(name)}.{digest}.head"
        )

    def _key(self, name: str) -> str:
        return sha256(f"{self._made_by} {name}".encode()).hexdigest()[:16]
