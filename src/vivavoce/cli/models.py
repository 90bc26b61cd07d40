"""`vivavoce models`: what is installed, and fetching it."""

from pathlib import Path
from typing import Literal

from cyclopts import App
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from vivavoce.config import load_config
from vivavoce.models.catalogue import catalogue, find_model
from vivavoce.models.fetch import FetchProgress, fetch
from vivavoce.models.installed import is_installed, path_of
from vivavoce.models.installed import remove as remove_files

MB = 1_000_000

app = App(name="models", help="List, fetch and remove the bundled models.")


@app.command(name="list")
def list_models() -> None:
    """Show every model of the catalogue: whether it is installed, its size and licence."""
    folder = load_config().models_dir
    table = Table(Column("model", no_wrap=True), "role", "size", "licence", "installed")
    for name, model in catalogue().items():
        there = "yes" if is_installed(folder, name) else "no"
        table.add_row(name, model.role, f"{model.size_bytes / MB:.0f} MB", model.licence, there)
    console = Console()
    console.print(table)
    console.print(f"in {folder}", highlight=False, soft_wrap=True)


@app.command
def pull(
    *names: str,
    profile: Literal["standard", "light"] | None = None,
    to: Path | None = None,
    source: Path | None = None,
) -> None:
    """Fetch models, so that the server needs no network.

    Args:
        names: Which; none: all that the configured engines need.
        profile: Whose language model; none: the configured one's.
        to: Another folder than the usual one, for an offline installation.
        source: A folder to look in before any network.
    """
    from vivavoce.engines.bundled_models import needed_models

    loaded = load_config(flags={"profile": profile})
    wanted = list(names) or needed_models(loaded.engine_tables, loaded.config.profile)
    configured = loaded.config.models.source
    local = source or (Path(configured) if configured else None)
    fetch_with_progress(to or loaded.models_dir, wanted, local)


@app.command
def remove(*names: str) -> None:
    """Delete models.

    Args:
        names: Which.
    """
    folder = load_config().models_dir
    for name in names:
        remove_files(folder, name)


@app.command
def path(name: str) -> None:
    """Print the folder of a model.

    Args:
        name: Which.
    """
    Console().print(path_of(load_config().models_dir, name), highlight=False, soft_wrap=True)


def fetch_with_progress(folder: Path, names: list[str], source: Path | None) -> None:
    """Fetch models, saying what, how large, and under which licence.

    Raises:
        ConfigError: there is no such model, or the folder can't be written.
        EngineError: no source has it.
    """
    console = Console(stderr=True)
    for name in names:
        model = find_model(name)
        there = "  (there already)" if is_installed(folder, name) else ""
        size = f"{model.size_bytes / MB:.0f} MB"
        console.print(f"{name}: {model.about}, {size}, {model.licence}{there}", highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("fetching", total=None)

        def show(progress: FetchProgress) -> None:
            done, total = progress.done_bytes, progress.total_bytes
            bar.update(task, description=progress.what, completed=done, total=total)

        fetch(folder, names, local_folder=source, progress=show)
