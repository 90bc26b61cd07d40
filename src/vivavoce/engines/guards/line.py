"""Says the configured line in the voice of the answer that it ends."""

from collections.abc import Iterator
from contextlib import aclosing

from msgspec import structs

from vivavoce.engines.cascade.clauses import ClauseCutter
from vivavoce.engines.guards.spelling import words_of
from vivavoce.interfaces import (
    AudioDelta,
    Prompt,
    PromptMessage,
    Responder,
    ResponseRequest,
    Speak,
    Stream,
    TextDelta,
)

ASK = "You are a voice that reads aloud. Say exactly the words of the user, and nothing else."


async def say_line(
    line: str,
    before: str,
    request: ResponseRequest,
    responder: Responder,
    speak: Speak | None,
) -> Stream[TextDelta | AudioDelta]:
    """Write the line, and say it where the answer is spoken.

    Args:
        line: the words.
        before: what was said of the answer.
        request: asks for the answer.
        responder: is asked to say it where nothing speaks for it. What it makes of it is heard
            only if it has said the very words; else the line stays written.
        speak: what speaks for the responder, if anything.

    Raises:
        EngineError: an engine gave up.
    """
    gap = " " if before and not before[-1].isspace() else ""
    if request.modality == "text":
        yield TextDelta(gap + line, 0)
    elif speak is None:
        yield TextDelta(gap + line, 0)
        for sound in await _said_by(responder, line, request):
            yield AudioDelta(sound)
    else:
        for clause in _clauses(gap + line):
            yield TextDelta(clause, 0)
            async with aclosing(speak(clause, request.voice, request.speed)) as sounds:
                async for pcm in sounds:
                    yield AudioDelta(pcm.data)


def _clauses(text: str) -> Iterator[str]:
    cutter = ClauseCutter()
    yield from cutter.push(text)
    yield from cutter.flush()


async def _said_by(responder: Responder, line: str, request: ResponseRequest) -> list[bytes]:
    prompt = Prompt(
        session_id=request.prompt.session_id,
        out_of_band=True,
        instructions=ASK,
        tool_choice="none",
        items=(PromptMessage("user", line),),
    )
    said, sounds = "", []
    asking = structs.replace(request, prompt=prompt, for_user=False)
    async with aclosing(responder.respond(asking)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                said += event.text
            elif isinstance(event, AudioDelta):
                sounds.append(event.data)
    return sounds if _words(said) == _words(line) else []


def _words(text: str) -> list[str]:
    return [word.letters for word in words_of(text)]
