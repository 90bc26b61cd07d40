"""A program for the tests of `fetch`: pip and the hub take their settings from the environment."""

import sys
from pathlib import Path

import msgspec

from vivavoce.errors import ConfigError, EngineError
from vivavoce.models.catalogue import Model
from vivavoce.models.fetch import FetchProgress, fetch_models


def _tell(progress: FetchProgress) -> None:
    sys.stdout.write(f"{progress.what} {progress.done_bytes}/{progress.total_bytes}\n")


def main() -> None:
    folder, models = Path(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=dict[str, Model])
    local_folder = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    try:
        fetch_models(folder, models, local_folder=local_folder, progress=_tell)
    except (EngineError, ConfigError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
