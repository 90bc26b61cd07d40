"""Runs a transcript: a session written down as a text file.

```
# The user speaks while the assistant is answering.
options: prepare_after_ms=null
show: prefill-prompt

> response.create                       a client event, or raw JSON
~ speech 640ms                          audio is heard: speech or silence
* resp_1 text "Hi."                     an engine reports
* resp_1 playing                        the listener begins to hear it; `played`: did to its end
* resp_1 cleared item_1=400             its sound was dropped when so much, in ms, was heard
* interlude play_1 playing               a line or a sound begins to be heard; `failed`: it can't be
* interlude play_1 completed played_ms=400    it is over, and why
* item_1.0 read width=640 height=360 colours=["white"] lines=["Gate 42"]    what a picture says
* item_1 listed [{"name": "look_up"}]   a server of tools says what it has; `unlisted`: it can't
* item_2 returned "Oslo"                a tool that the server runs has run
* item_2 broke kind=http_error code=502 message="No."    it could not
* stored id=pmpt_1 version="1" instructions="Be {{mood}}."    a prompt is kept from now on
@ 30s                                   time passes
< response.created response.id=resp_1   a server event; only the named fields are compared
! start resp_1                          any other output
< …                                     any outputs, until the next line matches
```

Between two inputs every output is listed, in order; only `FeedTranscription`, `CountTokens`,
`PrefillPrompt` and `TurnEnded` are left out unless `show` names them. The session is opened before
the first line, unless that is `* opened`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from vivavoce.core.outputs import (
    CancelResponse,
    CountTokens,
    FeedTranscription,
    Output,
    PrefillPrompt,
    ReleaseResponse,
    Send,
    StartResponse,
    TurnEnded,
)
from vivavoce.interfaces import (
    Prompt,
    PromptMessage,
    PromptPicture,
    PromptToolCall,
    PromptToolOutput,
)
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.testing.transcript_lines import (
    ABSENT,
    INPUT_MARKS,
    OUTPUT_MARKS,
    Line,
    agrees,
    lookup,
    read_line,
    write_value,
)
from vivavoce.testing.transcript_session import TranscriptSession

CheckEvent = Callable[[ServerEvent], None]
"""Raises for a server event that a client could not read."""

USUALLY_HIDDEN = (FeedTranscription, CountTokens, PrefillPrompt, TurnEnded)
SHORT_NAMES: dict[type, str] = {
    StartResponse: "start",
    ReleaseResponse: "release",
    CancelResponse: "cancel",
}
TELLING_FIELDS = (
    "error.code",
    "error.param",
    "error.event_id",
    "response.id",
    "response.status",
    "response.status_details.reason",
    "response.status_details.error.code",
    "item.id",
    "item.status",
    "item_id",
    "delta",
    "text",
    "transcript",
    "arguments",
    "audio_start_ms",
    "audio_end_ms",
    "part.type",
    "prepared",
    "reason",
    "silence_ms",
    "items",
    "code",
)
"""Fields that a line written by `--update-transcripts` names, where they say anything."""
NOTHING = (ABSENT, None, False, "")


@dataclass(slots=True)
class Step:
    """One input and the outputs expected of it."""

    input: Line
    expected: list[Line] = field(default_factory=list)
    end: int = 0
    """Index of the last line of the file that belongs to it."""


@dataclass(slots=True)
class Transcript:
    """A scenario, read."""

    title: str
    options: dict[str, object]
    shown: frozenset[str]
    steps: list[Step]


class TranscriptMismatchError(AssertionError):
    """The session did something else than the transcript says."""


def read_transcript(text: str) -> Transcript:
    """Read the text of a transcript.

    Raises:
        ValueError: a line has no known mark.
    """
    transcript = Transcript("", {}, frozenset(), [])
    for number, text_line in enumerate(text.splitlines()):
        mark = text_line[:1]
        if mark == "#":
            transcript.title = transcript.title or text_line[1:].strip()
        elif text_line.startswith("options:"):
            transcript.options.update(read_line(text_line.removeprefix("options")).fields)
        elif text_line.startswith("show:"):
            transcript.shown = frozenset(text_line.split()[1:])
        elif mark and mark in INPUT_MARKS:
            transcript.steps.append(Step(_read_input(text_line), end=number))
        elif mark and mark in OUTPUT_MARKS:
            transcript.steps[-1].expected.append(read_line(text_line))
            transcript.steps[-1].end = number
        elif mark:
            raise ValueError(f"line {number + 1} has no mark: {text_line}")
    return transcript


def run_transcript(text: str, check: CheckEvent) -> None:
    """Run a transcript against a `Session`.

    Args:
        text: of the file.
        check: looks at every server event.

    Raises:
        TranscriptMismatchError: the outputs of an input differ from those listed.
    """
    transcript = read_transcript(text)
    session = TranscriptSession(transcript.options)
    for step in transcript.steps:
        outputs = _outputs(session, step, transcript, check)
        if not _matches(outputs, step.expected):
            wanted = "\n".join(line.text for line in step.expected) or "(nothing)"
            got = "\n".join(map(write_output, outputs)) or "(nothing)"
            message = f"after\n{step.input.text}\nexpected\n{wanted}\ngot\n{got}"
            raise TranscriptMismatchError(message)


def update_transcript(text: str, check: CheckEvent) -> str:
    """Return the text with the expected lines that the session really gives.

    Inputs whose outputs agree keep their lines as they are; a rewritten line keeps the choice of
    fields of the line that it replaces.
    """
    transcript = read_transcript(text)
    session = TranscriptSession(transcript.options)
    lines = text.splitlines()
    written: list[str] = []
    start = 0
    for step in transcript.steps:
        block = lines[start : step.end + 1]
        start = step.end + 1
        outputs = _outputs(session, step, transcript, check)
        if not _matches(outputs, step.expected):
            block = [line for line in block if line[:1] not in ("<", "!")]
            block += _rewritten(outputs, step.expected)
        written += block
    return "\n".join([*written, *lines[start:]]) + "\n"


def write_output(output: Output, names: Sequence[str] | None = None) -> str:
    """Write an output as a line; with the fields that tell most, unless some are named."""
    tree = _tree(output)
    head = _head(output, tree)
    if names is None:
        names = [
            name
            for name in TELLING_FIELDS
            if not any(lookup(tree, name) is nothing for nothing in NOTHING)
            and not (name == "item_id" and not isinstance(output, Send))
        ]
    fields = " ".join(f"{name}={write_value(lookup(tree, name))}" for name in names)
    return f"{' '.join(head):<50} {fields}".rstrip()


def _read_input(text: str) -> Line:
    is_raw_json = re.match(r"> *[{\[]", text) is not None
    return Line(text[0], text) if is_raw_json else read_line(text)


def _outputs(
    session: TranscriptSession, step: Step, transcript: Transcript, check: CheckEvent
) -> list[Output]:
    outputs = session.take(step.input)
    for output in outputs:
        if isinstance(output, Send):
            check(output.event)
    return [
        output
        for output in outputs
        if not isinstance(output, USUALLY_HIDDEN) or _name(output) in transcript.shown
    ]


def _matches(outputs: Sequence[Output], expected: Sequence[Line]) -> bool:
    if not expected:
        return not outputs
    line, *following = expected
    if line.is_anything:
        return any(_matches(outputs[skipped:], following) for skipped in range(len(outputs) + 1))
    return bool(outputs) and _agrees(outputs[0], line) and _matches(outputs[1:], following)


def _agrees(output: Output, line: Line) -> bool:
    tree = _tree(output)
    head = [line.mark, *line.words]
    if _head(output, tree)[: len(head)] != head:
        return False
    return all(agrees(lookup(tree, path), value) for path, value in line.fields.items())


def _rewritten(outputs: Sequence[Output], old: Sequence[Line]) -> list[str]:
    written: list[str] = []
    left = list(old)
    for output in outputs:
        head = _head(output, _tree(output))[:2]
        same = next((line for line in left if [line.mark, *line.words[:1]] == head), None)
        if same is not None:
            del left[: left.index(same) + 1]
        written.append(write_output(output, None if same is None else list(same.fields)))
    return written


def _head(output: Output, tree: dict[str, object]) -> list[str]:
    if isinstance(output, Send):
        return ["<", str(lookup(tree, "type"))]
    ids = (lookup(tree, name) for name in ("response_id", "item_id", "subject_id", "picture_id"))
    return ["!", _name(output), *[str(one) for one in ids if one is not ABSENT]]


def _name(output: Output) -> str:
    kind = type(output)
    return SHORT_NAMES.get(kind) or re.sub(r"(?<!^)([A-Z])", r"-\1", kind.__name__).lower()


def _tree(output: Output) -> dict[str, object]:
    """Return what the fields of a line look into."""
    value = output.event if isinstance(output, Send) else output
    tree: dict[str, object] = msgspec.to_builtins(value, builtin_types=(bytes,))
    match output:
        case StartResponse(request=request):
            tree |= {
                "response_id": request.response_id,
                "items": prompt_lines(request.prompt) or None,
            }
        case PrefillPrompt(prompt=prompt):
            tree["items"] = prompt_lines(prompt) or None
        case _:
            pass
    return tree


def prompt_lines(prompt: Prompt) -> list[str]:
    """Write the items of a prompt, one text each."""
    lines: list[str] = []
    for item in prompt.items:
        match item:
            case PromptMessage():
                sound = f" ({len(item.audio) // BYTES_PER_MS}ms)" if item.audio else ""
                shown = (p for p in item.parts if isinstance(p, PromptPicture))
                pictures = "".join(f" [{picture.picture_id} {picture.detail}]" for picture in shown)
                lines.append(f"{item.role}{sound}{pictures}: {item.text}")
            case PromptToolCall():
                lines.append(f"{item.call_id} = {item.name} {item.arguments}")
            case PromptToolOutput():
                lines.append(f"{item.call_id} -> {item.output}")
    return lines
