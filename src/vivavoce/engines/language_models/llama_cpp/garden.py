"""A talk with a gardener that every session with tools reads first: how calls are made.

It is the same for all of them, so it is read once and kept. It shows what small models get wrong:
a question that only a function can answer, a follow-up, two calls at once, an argument left out
and one given, an error, and words where no function helps: knowledge, thanks, something told, a
wish that nobody can meet. Of a function of the session's own it says nothing: examples made from
those were copied, values and all.
"""

from vivavoce.interfaces import PromptItem, PromptMessage, PromptToolCall, PromptToolOutput, Tool

_BED = {"type": "string", "enum": ["roses", "herbs"]}

GARDEN_TOOLS = (
    Tool(
        "get_soil",
        "Measure how moist the soil of a bed is.",
        {
            "type": "object",
            "properties": {"bed": _BED, "depth_cm": {"type": "integer"}},
            "required": ["bed"],
        },
    ),
    Tool(
        "water",
        "Water a bed.",
        {
            "type": "object",
            "properties": {
                "bed": _BED,
                "litres": {"type": "number"},
                "reason": {"type": "string"},
            },
            "required": ["bed"],
        },
    ),
    Tool(
        "sow",
        "Sow a plant.",
        {
            "type": "object",
            "properties": {
                "plant": {"type": "string"},
                "row": {"type": "integer"},
                "on": {"type": "string", "description": "YYYY-MM-DD"},
            },
            "required": ["plant", "row"],
        },
    ),
)


def _call(name: str, arguments: str) -> PromptToolCall:
    return PromptToolCall("example", name, arguments)


def _result(output: str) -> PromptToolOutput:
    return PromptToolOutput("example", output)


def _user(text: str) -> PromptMessage:
    return PromptMessage("user", text)


def _assistant(text: str) -> PromptMessage:
    return PromptMessage("assistant", text)


GARDEN_TALK: tuple[PromptItem, ...] = (
    _user("Hey!"),
    _assistant("Hello! How can I help you?"),
    _user("Are the roses dry?"),
    _call("get_soil", '{"bed": "roses"}'),
    _result('{"moisture": "high"}'),
    _assistant("No, the soil of the roses is moist."),
    _user("And the herbs?"),
    _call("get_soil", '{"bed": "herbs"}'),
    _result('{"moisture": "low"}'),
    _assistant("Yes, the herbs are dry."),
    _user("Why are leaves green?"),
    _assistant("Chlorophyll makes them so."),
    _user("Water them with eleven litres, and sow basil into row sixteen."),
    _call("water", '{"bed": "herbs", "litres": 11}'),
    _call("sow", '{"plant": "basil", "row": 16}'),
    _result('{"ok": true}'),
    _result('{"ok": true}'),
    _assistant("The herbs are watered, and the basil is in row sixteen."),
    _user("The roses stood in glaring sun, so water them also."),
    _call("water", '{"bed": "roses", "reason": "glaring sun"}'),
    _result('{"error": "tap closed"}'),
    _assistant("That failed: the tap is closed."),
    _user("Which bed was moist?"),
    _assistant("The roses."),
    _user("Cheers."),
    _assistant("You're welcome!"),
    _user("How is the soil of the roses?"),
    _call("get_soil", '{"bed": "roses"}'),
    _result('{"moisture": "high"}'),
    _assistant("It is moist."),
    _user("I'm Ann, by the way."),
    _assistant("Pleased to meet you, Ann."),
    _user("My knees hurt."),
    _assistant("I'm sorry. Have a rest."),
    _user("Walk to the shed."),
    _assistant("I can't do that, I'm afraid."),
)
