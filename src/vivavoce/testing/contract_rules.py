"""The promises of engines about the sequence of what they yield."""

from collections.abc import Sequence

from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    ModelEvent,
    PromptRead,
    ResponseEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
    TranscriberAbilities,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptionHints,
)
from vivavoce.media.pcm import BYTES_PER_SAMPLE, RATE_HZ, Pcm


class ContractBroken(AssertionError):  # noqa: N818 - reads as what happened
    """An engine does not keep a promise of its interface."""


def require(is_kept: bool, promise: str) -> None:
    """Raise unless the promise is kept.

    Raises:
        ContractBroken: with the promise.
    """
    if not is_kept:
        raise ContractBroken(promise)


def check_model_events(events: Sequence[ModelEvent | ResponseEvent | PromptRead]) -> None:
    """Check that calls are begun, written and finished in order, and that one end comes last.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    ends = [event for event in events if isinstance(event, Finished)]
    require(len(ends) == 1 and events[-1] is ends[0], "An answer ends with exactly one Finished.")
    in_call = False
    for event in events:
        match event:
            case ToolCallStarted():
                require(not in_call, "A call starts when the one before is finished.")
                in_call = True
            case ToolCallDelta():
                require(in_call, "Arguments belong to a call that has started.")
            case ToolCallFinished():
                require(in_call, "A call is finished once, after it started.")
                in_call = False
            case TextDelta():
                require(not in_call, "No text comes within a call.")
            case _:
                pass
    require(not in_call or ends[0].reason != "stop", "Every call is finished.")


def check_transcription_events(events: Sequence[TranscriptionEvent]) -> None:
    """Check that one transcript comes last, and begins with all deltas.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    ends = [event for event in events if isinstance(event, Transcript)]
    require(
        len(ends) == 1 and events[-1] is ends[0],
        "A transcription ends with exactly one Transcript.",
    )
    agreed = "".join(event.text for event in events if isinstance(event, TranscriptDelta))
    require(
        ends[0].text.strip().startswith(agreed.strip()),
        f"Deltas do not change any more: {agreed!r} does not begin {ends[0].text!r}.",
    )


def hints_within(abilities: TranscriberAbilities) -> TranscriptionHints:
    """Return all hints that these abilities allow, about English speech."""
    languages = ("en", "de") if abilities.candidates else ()
    return TranscriptionHints(
        model="gpt-transcribe",
        language=None if languages else "en",
        languages=languages,
        prompt="A story." if abilities.prompt else None,
        keywords=("story",) if abilities.keywords else (),
        delay="minimal" if abilities.delay else None,
        logprobs=abilities.logprobs,
        speakers=abilities.speakers,
    )


def check_hints_kept(events: Sequence[TranscriptionEvent], hints: TranscriptionHints) -> None:
    """Check that the transcript has what the hints ask for.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    check_transcription_events(events)
    transcript = events[-1]
    assert isinstance(transcript, Transcript)
    if hints.logprobs and transcript.text:
        require(bool(transcript.logprobs), "Words come with probabilities, when asked.")
        require(all(one.logprob <= 0 for one in transcript.logprobs), "Not a logarithm of one.")
    if hints.speakers and transcript.text:
        require(bool(transcript.segments), "It is told who spoke, when asked.")
        require(
            all(0 <= one.start_s <= one.end_s for one in transcript.segments),
            "Segments begin before they end.",
        )
    if hints.languages and transcript.language is not None:
        require(transcript.language in hints.languages, "The language is one of the candidates.")


def check_words_before_sound(events: Sequence[ResponseEvent | PromptRead]) -> None:
    """Check that a spoken answer has sound, and words right before it.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    kinds = [type(event) for event in events if isinstance(event, AudioDelta | TextDelta)]
    require(AudioDelta in kinds, "A spoken answer has sound.")
    require(kinds[0] is TextDelta, "The words come before their sound.")
    sound = [Pcm(event.data) for event in events if isinstance(event, AudioDelta)]
    check_sound(sound)


def check_sound(pieces: Sequence[Pcm]) -> float:
    """Check that it is 24 kHz in whole samples; return its length in milliseconds.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    for piece in pieces:
        require(piece.rate_hz == RATE_HZ, f"Sound is of {RATE_HZ} Hz, not {piece.rate_hz}.")
        require(len(piece.data) % BYTES_PER_SAMPLE == 0, "Samples come whole.")
    return sum(piece.duration_ms for piece in pieces)


def check_not_mixed(texts: Sequence[str], words: Sequence[str]) -> None:
    """Check that each text holds its own word and none of the others'.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    for own, text in zip(words, texts, strict=True):
        found = [word for word in words if word.lower() in text.lower()]
        require(found == [own], f"Two sessions do not mix: {text!r} should hold {own!r} alone.")


def text_of(events: Sequence[ModelEvent | ResponseEvent | TranscriptionEvent | PromptRead]) -> str:
    """Return the text of an answer, or the transcript."""
    return "".join(event.text for event in events if isinstance(event, TextDelta | Transcript))
