"""Every transcript is a test of its own; `pytest --update-transcripts` rewrites what is expected.

The change is then reviewed like code.
"""

from pathlib import Path

import pytest

from tests.sdk_types import check_server_event
from vivavoce.testing.transcripts import run_transcript, update_transcript

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.transcript"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_session_does_what_the_transcript_says(
    path: Path, request: pytest.FixtureRequest
) -> None:
    text = path.read_text()
    if request.config.getoption("--update-transcripts"):
        path.write_text(update_transcript(text, check_server_event))
    else:
        run_transcript(text, check_server_event)
