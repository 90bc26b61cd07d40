from pathlib import Path

from vivavoce.core.inputs import (
    AudioHeard,
    Input,
    SessionOpened,
    TranslationClientSent,
    TranslationProgress,
)
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import StartTranslation
from vivavoce.core.translation import TranslationRules
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import AudioDelta, TextDelta, Translated
from vivavoce.protocol.client_events import SessionClose, TranslationUpdate
from vivavoce.protocol.session import (
    TranslationAudioUpdate,
    TranslationOutputUpdate,
    TranslationSessionUpdate,
)
from vivavoce.runtime.recorder import open_recordings
from vivavoce.runtime.recording import Header
from vivavoce.runtime.replay import replay

FRAME = b"\x01\x02" * 768
FRENCH = TranslationSessionUpdate(
    audio=TranslationAudioUpdate(output=TranslationOutputUpdate(language="fr"))
)
HEADER = Header(
    server_version="0",
    options=SessionOptions(),
    translation=TranslationOptions(bound=FRENCH),
    seed=7,
    wall_s=1_700_000_000,
)


def test_a_recorded_translation_session_replays(tmp_path: Path) -> None:
    assert HEADER.translation is not None
    rules = TranslationRules(HEADER.translation, new_id=seeded_ids(HEADER.seed))
    told: list[Input] = [
        SessionOpened(HEADER.wall_s),
        TranslationClientSent(TranslationUpdate(session=FRENCH)),
        *[AudioHeard(FRAME, (0.9,))] * 20,
        *[AudioHeard(FRAME, (0.0,))] * 20,
    ]
    orders: list[StartTranslation] = []
    with open_recordings(tmp_path, with_sound=False) as recordings:
        recorder = recordings.start(rules.session_id, HEADER)
        for now, item in enumerate(told):
            outputs = rules.handle(item, now)
            orders += [output for output in outputs if isinstance(output, StartTranslation)]
            recorder.saw(now, item, outputs)
        for event in (TextDelta("Bonjour."), AudioDelta(FRAME), Translated("de")):
            item = TranslationProgress(orders[0].utterance_id, event)
            recorder.saw(100, item, rules.handle(item, 100))
        end = TranslationClientSent(SessionClose())
        recorder.saw(101, end, rules.handle(end, 101))

    steps = list(replay(recorder.path))

    assert len(steps) == len(told) + 4
    assert all(step.agrees for step in steps)
