"""Cases of the `tools` benchmark on which prompt and grammar were tuned: a family home."""

from benchmarks.tool_cases import CaseSet, Wanted, case, choice, function, object_of, one_of, words
from benchmarks.tool_cases import text as free
from vivavoce.interfaces import PromptToolCall, PromptToolOutput

INSTRUCTIONS = (
    "You are Juno, the voice assistant of a family home. Today is Tuesday, 2026-03-10. "
    "Be friendly and brief."
)

ROOM = choice("kitchen", "bedroom", "living room", "bathroom", "hallway")

TOOLS = (
    function(
        "set_timer",
        "Start a countdown that rings when it is over.",
        {"minutes": {"type": "integer", "minimum": 1, "maximum": 1440}},
        {"label": free("What it is for.")},
    ),
    function(
        "get_weather",
        "Get the weather forecast for a city.",
        {"city": free("Name of the city.")},
        {"day": choice("today", "tomorrow", "weekend")},
    ),
    function(
        "set_light",
        "Turn the light of a room on or off, or dim it.",
        {"room": ROOM, "on": {"type": "boolean"}},
        {"brightness_percent": {"type": "integer", "minimum": 1, "maximum": 100}},
    ),
    function(
        "set_temperature",
        "Set the heating of a room.",
        {"room": ROOM, "celsius": {"type": "number", "minimum": 5, "maximum": 30}},
    ),
    function(
        "add_to_list",
        "Write things on one of the family's lists.",
        {
            "list": choice("shopping", "todo"),
            "items": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
    ),
    function(
        "play_music",
        "Play an artist, a song or a style of music.",
        {"what": free("Artist, song or style.")},
        {"room": ROOM},
    ),
    function(
        "send_message",
        "Send a message to somebody.",
        {"recipient": free("First name."), "text": free("What to tell them.")},
        {"channel": choice("sms", "email")},
    ),
    function(
        "add_event",
        "Put an appointment into the calendar.",
        {
            "title": free("What it is."),
            "when": object_of({"date": free("YYYY-MM-DD"), "time": free("HH:MM, 24 hours")}),
        },
        {"duration_minutes": {"type": "integer"}},
    ),
    function(
        "get_news",
        "Get the latest headlines.",
        {"topic": choice("world", "sports", "business", "science")},
    ),
    function("lock_door", "Lock a door.", {"door": choice("front", "back", "garage")}),
)

_ROME = (
    "How warm is it in Rome?",
    PromptToolCall("call_1", "get_weather", '{"city": "Rome"}'),
    PromptToolOutput("call_1", '{"celsius": 21, "sky": "clear"}'),
    "It's 21 degrees in Rome, with a clear sky.",
)
_PASTA = (
    "Start a timer of nine minutes for the pasta.",
    PromptToolCall("call_1", "set_timer", '{"minutes": 9, "label": "pasta"}'),
    PromptToolOutput("call_1", '{"ok": true}'),
    "Nine minutes for the pasta, starting now.",
)

CALLS = (
    case("Set a timer for ten minutes.", calls=[Wanted("set_timer", {"minutes": 10})]),
    case(
        "Give me a timer of an hour and a half for the roast.",
        calls=[Wanted("set_timer", {"minutes": 90, "label": words("roast")})],
    ),
    case(
        "What's it going to be like outside in Lisbon tomorrow?",
        calls=[Wanted("get_weather", {"city": "Lisbon", "day": "tomorrow"})],
    ),
    case(
        "Do I need an umbrella in Hamburg?",
        calls=[Wanted("get_weather", {"city": "Hamburg"}, {"day": "today"})],
    ),
    case(
        "Switch the bedroom lamp off.",
        calls=[Wanted("set_light", {"room": "bedroom", "on": False})],
    ),
    case(
        "Make it cosier: kitchen lights at thirty percent.",
        calls=[Wanted("set_light", {"room": "kitchen", "on": True, "brightness_percent": 30})],
    ),
    case(
        "It's freezing, put the bathroom at twenty-three degrees.",
        calls=[Wanted("set_temperature", {"room": "bathroom", "celsius": 23})],
    ),
    case(
        "Could you bring the living room down to 19.5?",
        calls=[Wanted("set_temperature", {"room": "living room", "celsius": 19.5})],
    ),
    case(
        "Put eggs, flour and butter on my shopping list.",
        calls=[Wanted("add_to_list", {"list": "shopping", "items": ["eggs", "flour", "butter"]})],
    ),
    case(
        "I have to call the plumber, write that on my to-do list.",
        calls=[Wanted("add_to_list", {"list": "todo", "items": [words("call", "plumber")]})],
    ),
    case("Play some Miles Davis.", calls=[Wanted("play_music", {"what": words("miles davis")})]),
    case(
        "I'd like to hear jazz in the living room.",
        calls=[Wanted("play_music", {"what": words("jazz"), "room": "living room"})],
    ),
    case(
        "Text Maria that I'm running late.",
        calls=[
            Wanted(
                "send_message", {"recipient": "Maria", "text": words("late")}, {"channel": "sms"}
            )
        ],
    ),
    case(
        "Send an email to Tom saying the meeting is cancelled.",
        calls=[
            Wanted(
                "send_message",
                {
                    "recipient": "Tom",
                    "text": one_of(words("meeting", "cancelled"), words("meeting", "canceled")),
                    "channel": "email",
                },
            )
        ],
    ),
    case(
        "Put a dentist appointment in my calendar for March 18th at 3 pm.",
        calls=[
            Wanted(
                "add_event",
                {"title": words("dentist"), "when": {"date": "2026-03-18", "time": "15:00"}},
            )
        ],
    ),
    case(
        "Schedule lunch with Ben tomorrow at noon.",
        calls=[
            Wanted(
                "add_event",
                {"title": words("lunch"), "when": {"date": "2026-03-11", "time": "12:00"}},
            )
        ],
    ),
    case("What's new in science?", calls=[Wanted("get_news", {"topic": "science"})]),
    case(
        "Did anything happen in football last night?",
        calls=[Wanted("get_news", {"topic": "sports"})],
    ),
    case("Lock the back door, please.", calls=[Wanted("lock_door", {"door": "back"})]),
    case(
        "Is the garage locked?",
        "I can't see that from here.",
        "Then lock it.",
        calls=[Wanted("lock_door", {"door": "garage"})],
    ),
    case(*_PASTA, "Make another one for 20.", calls=[Wanted("set_timer", {"minutes": 20})]),
    case(*_ROME, "And in Oslo?", calls=[Wanted("get_weather", {"city": "Oslo"}, {"day": "today"})]),
    case(
        "Turn the hallway light on and lock the front door.",
        calls=[
            Wanted("set_light", {"room": "hallway", "on": True}),
            Wanted("lock_door", {"door": "front"}),
        ],
    ),
    case(
        "Set the kitchen to 20 degrees and the bedroom to 17.",
        calls=[
            Wanted("set_temperature", {"room": "kitchen", "celsius": 20}),
            Wanted("set_temperature", {"room": "bedroom", "celsius": 17}),
        ],
    ),
)

WORDS = (
    case("Good evening, who are you?"),
    case("How was your day?"),
    case("What's the capital of Australia?"),
    case("How many minutes does a day have?"),
    case("Why is the sky blue in nice weather?"),
    case("Who was Miles Davis?"),
    case("How long does an egg have to boil?"),
    case("Great, that was everything."),
    case(*_PASTA, "How long did I say?"),
    case(*_ROME, "Which city did I ask about?"),
    case("Don't do anything, I was talking to my wife."),
    case("Tell me a joke about doors."),
    case(
        "Close up the front entrance.",
        PromptToolCall("call_1", "lock_door", '{"door": "front"}'),
        PromptToolOutput("call_1", '{"error": "The bolt is jammed."}'),
    ),
    case(
        "Is it raining in Bergen?",
        PromptToolCall("call_1", "get_weather", '{"city": "Bergen"}'),
        PromptToolOutput("call_1", '{"celsius": 9, "sky": "rain"}'),
    ),
    case(
        "Any business headlines?",
        PromptToolCall("call_1", "get_news", '{"topic": "business"}'),
        PromptToolOutput("call_1", '{"status": "pending"}'),
        "I'm looking them up.",
        "Fine, I'll wait.",
    ),
)

HOME = CaseSet("home", INSTRUCTIONS, TOOLS, CALLS + WORDS)
