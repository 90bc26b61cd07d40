"""What the session, the engines and the transports must know of each other, and no more.

The core asks for work in these words, the runtime carries the requests, engines and
transports fulfil them. This module imports nothing of the package but `protocol` and `media`.

An engine is an async generator: whoever iterates it does so under `contextlib.aclosing`, so
cancelling the job closes the generator at once and its `finally` frees what it holds (within
100 ms, or one piece of prefill). Engines raise `EngineError` and nothing else on purpose.
"""

from vivavoce.interfaces.engines import Engines
from vivavoce.interfaces.hearing import (
    FRAME_MS,
    AudioOrPause,
    Delay,
    SpeechDetector,
    SpeechPaused,
    SpeechResumed,
    SpokenSegment,
    TokenLogprob,
    Transcriber,
    TranscriberAbilities,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptionHints,
    TranscriptSoFar,
    TurnJudge,
)
from vivavoce.interfaces.language import (
    Finished,
    LanguageModel,
    ModelEvent,
    Prompt,
    PromptItem,
    PromptMessage,
    PromptToolCall,
    PromptToolOutput,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.interfaces.speaking import (
    AudioDelta,
    Responder,
    ResponderEngine,
    ResponseEvent,
    ResponseRequest,
    Synthesizer,
)
from vivavoce.interfaces.stream import Stream
from vivavoce.interfaces.translation import (
    Interpreter,
    Translated,
    TranslatedText,
    TranslationEvent,
    TranslationRequest,
    Translator,
)
from vivavoce.interfaces.transports import (
    PRIMARY,
    CallTransport,
    KeyPressed,
    MalformedEvent,
    Received,
    TrackSound,
    Transport,
)

__all__ = [
    "FRAME_MS",
    "PRIMARY",
    "AudioDelta",
    "AudioOrPause",
    "CallTransport",
    "Delay",
    "Engines",
    "Finished",
    "Interpreter",
    "KeyPressed",
    "LanguageModel",
    "MalformedEvent",
    "ModelEvent",
    "Prompt",
    "PromptItem",
    "PromptMessage",
    "PromptToolCall",
    "PromptToolOutput",
    "Received",
    "Responder",
    "ResponderEngine",
    "ResponseEvent",
    "ResponseRequest",
    "SpeechDetector",
    "SpeechPaused",
    "SpeechResumed",
    "SpokenSegment",
    "Stream",
    "Synthesizer",
    "TextDelta",
    "TokenLogprob",
    "Tool",
    "ToolCallDelta",
    "ToolCallFinished",
    "ToolCallStarted",
    "TrackSound",
    "Transcriber",
    "TranscriberAbilities",
    "Transcript",
    "TranscriptDelta",
    "TranscriptSoFar",
    "TranscriptionEvent",
    "TranscriptionHints",
    "Translated",
    "TranslatedText",
    "TranslationEvent",
    "TranslationRequest",
    "Translator",
    "Transport",
    "TurnJudge",
]
