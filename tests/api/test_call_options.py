"""Settings laid over settings."""

from vivavoce.api.call_options import overlaid
from vivavoce.protocol.session import (
    AudioInputUpdate,
    AudioOutputUpdate,
    AudioUpdate,
    RealtimeSessionUpdate,
)


def test_what_an_update_leaves_out_stays_and_what_it_says_holds() -> None:
    base = RealtimeSessionUpdate(
        instructions="Be brief.",
        audio=AudioUpdate(
            input=AudioInputUpdate(turn_detection=None), output=AudioOutputUpdate(voice="alloy")
        ),
    )
    update = RealtimeSessionUpdate(
        model="gpt-realtime", audio=AudioUpdate(output=AudioOutputUpdate(speed=1.2))
    )
    assert overlaid(base, update) == RealtimeSessionUpdate(
        model="gpt-realtime",
        instructions="Be brief.",
        audio=AudioUpdate(
            input=AudioInputUpdate(turn_detection=None),
            output=AudioOutputUpdate(voice="alloy", speed=1.2),
        ),
    )
