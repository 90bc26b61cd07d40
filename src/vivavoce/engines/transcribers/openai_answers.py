"""What a server at `/v1/audio/transcriptions` is asked, and what its answers say."""

from collections.abc import Iterator

from msgspec import Struct

from vivavoce.interfaces import (
    SpokenSegment,
    TokenLogprob,
    TranscriberAbilities,
    Transcript,
    TranscriptionHints,
)

TELLS_LOGPROBS = ("gpt-4o-transcribe", "gpt-4o-mini-transcribe")
TAKES_LISTS = "gpt-transcribe"
"""The model with fields of their own for keywords and candidate languages."""
DIARIZES = "diarize"


class ServerAbilities(Struct, frozen=True, kw_only=True):
    """What an operator says of a server's model; None: told from the model's name."""

    logprobs: bool | None = None
    speakers: bool | None = None


def abilities_of(model: str, said: ServerAbilities) -> TranscriberAbilities:
    """Return which hints this model honours.

    Keywords go into the prompt of models that know no list of them, as Whisper's do.
    """
    speakers = DIARIZES in model if said.speakers is None else said.speakers
    tells_logprobs = model.startswith(TELLS_LOGPROBS) and not speakers
    return TranscriberAbilities(
        candidates=model.startswith(TAKES_LISTS),
        prompt=not speakers,
        keywords=not speakers,
        logprobs=tells_logprobs if said.logprobs is None else said.logprobs,
        speakers=speakers,
    )


def form_fields(
    hints: TranscriptionHints, *, model: str, language: str | None, prompt: str | None, stream: bool
) -> Iterator[tuple[str, str]]:
    """Yield the fields of a request, but for the file.

    Args:
        hints: of the client.
        model: the server's.
        language: when the client does not say.
        prompt: when the client gives none.
        stream: ask for the transcript word by word.
    """
    takes_lists = model.startswith(TAKES_LISTS)
    yield "model", model
    yield "response_format", "diarized_json" if hints.speakers else "json"
    if hints.speakers:
        yield "chunking_strategy", "auto"  # needed for more than 30 s
    if (language := hints.language or language) and not hints.languages:
        yield "language", language
    about = [hints.prompt or prompt or ""]
    if not takes_lists:
        about.append(", ".join(hints.keywords))
    if text := " ".join(filter(None, about)):
        yield "prompt", text
    if takes_lists:
        yield from (("languages[]", code) for code in hints.languages)
        yield from (("keywords[]", word) for word in hints.keywords)
    if hints.logprobs:
        yield "include[]", "logprobs"
    if stream and not hints.speakers:
        yield "stream", "true"


class _Language(Struct, frozen=True):
    code: str


class _Logprob(Struct, frozen=True):
    token: str = ""
    logprob: float = 0.0


class _Segment(Struct, frozen=True):
    text: str = ""
    speaker: str = ""
    start: float = 0.0
    end: float = 0.0


class Answer(Struct, frozen=True):
    """A whole transcript, as it comes at once or at the end of a stream."""

    text: str
    language: str | None = None
    languages: tuple[_Language, ...] | None = None
    logprobs: tuple[_Logprob, ...] | None = None
    segments: tuple[_Segment, ...] | None = None


def transcript_of(answer: Answer, hints: TranscriptionHints) -> Transcript:
    """Return what the answer says, with what was asked for."""
    languages = [each.code for each in answer.languages or ()]
    logprobs = answer.logprobs if hints.logprobs else ()
    segments = answer.segments if hints.speakers else ()
    return Transcript(
        answer.text.strip(),
        language=languages[0] if languages else answer.language,
        logprobs=tuple(TokenLogprob(each.token, each.logprob) for each in logprobs or ()),
        segments=tuple(
            SpokenSegment(
                text=each.text.strip(), speaker=each.speaker, start_s=each.start, end_s=each.end
            )
            for each in segments or ()
        ),
    )
