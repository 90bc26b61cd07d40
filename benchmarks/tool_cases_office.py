"""Cases of the `tools` benchmark that nothing was tuned on: an office.

They were written before any model was asked them.
"""

from benchmarks.tool_cases import CaseSet, Wanted, case, choice, function, one_of, words
from benchmarks.tool_cases import text as free
from vivavoce.interfaces import PromptToolCall, PromptToolOutput

INSTRUCTIONS = (
    "You are the voice assistant of the engineering firm Larsen and Poe. "
    "Today is Monday, 2026-09-14. Keep your answers short."
)

PEOPLE = {"type": "array", "items": {"type": "string"}, "minItems": 1}

TOOLS = (
    function(
        "book_room",
        "Reserve a meeting room.",
        {
            "room": choice("Ada", "Curie", "Noether"),
            "date": free("YYYY-MM-DD"),
            "start": free("HH:MM, 24 hours"),
        },
        {"minutes": {"type": "integer", "minimum": 15, "maximum": 480}},
    ),
    function(
        "invite",
        "Invite colleagues to a meeting.",
        {"meeting": free("Title of the meeting."), "people": PEOPLE},
    ),
    function(
        "find_colleague",
        "Look up where a colleague sits and the telephone number.",
        {"name": free("First or full name.")},
    ),
    function(
        "create_ticket",
        "Report a technical problem to the IT desk.",
        {"problem": free("What is wrong."), "urgency": choice("low", "normal", "high")},
    ),
    function(
        "order_supplies",
        "Order things from the stationery store.",
        {
            "item": choice("paper", "pens", "toner", "envelopes"),
            "quantity": {"type": "integer", "minimum": 1},
        },
    ),
    function(
        "request_leave",
        "Ask for days off.",
        {"first_day": free("YYYY-MM-DD"), "last_day": free("YYYY-MM-DD")},
        {"kind": choice("holiday", "sick", "parental")},
    ),
    function(
        "log_hours",
        "Write hours of work down on a project.",
        {"project": free("Name of the project."), "hours": {"type": "number", "minimum": 0}},
        {"note": free("What was done.")},
    ),
    function(
        "get_menu",
        "Look up what the canteen serves.",
        {"day": choice("monday", "tuesday", "wednesday", "thursday", "friday")},
    ),
    function(
        "search_documents",
        "Search the firm's documents.",
        {"query": free("What to look for.")},
        {"kind": choice("contract", "invoice", "drawing", "report")},
    ),
    function("open_gate", "Open one of the car park's gates.", {"gate": choice("north", "south")}),
)

_MENU = (
    "What's for lunch today?",
    PromptToolCall("call_1", "get_menu", '{"day": "monday"}'),
    PromptToolOutput("call_1", '{"dishes": ["lentil soup", "pasta"]}'),
    "There is lentil soup, and pasta.",
)
_PENS = (
    "We need twelve pens.",
    PromptToolCall("call_1", "order_supplies", '{"item": "pens", "quantity": 12}'),
    PromptToolOutput("call_1", '{"ok": true}'),
    "Twelve pens are ordered.",
)

CALLS = (
    case(
        "Book the Curie room for tomorrow at two in the afternoon.",
        calls=[Wanted("book_room", {"room": "Curie", "date": "2026-09-15", "start": "14:00"})],
    ),
    case(
        "I need Noether on September 21st from half past nine, for an hour.",
        calls=[
            Wanted(
                "book_room",
                {"room": "Noether", "date": "2026-09-21", "start": "09:30", "minutes": 60},
            )
        ],
    ),
    case(
        "Ask Priya and Jonas to come to the budget review.",
        calls=[Wanted("invite", {"meeting": words("budget review"), "people": ["Priya", "Jonas"]})],
    ),
    case(
        "Where does Helena Brandt sit?",
        calls=[Wanted("find_colleague", {"name": "Helena Brandt"})],
    ),
    case(
        "What's Omar's extension?",
        calls=[Wanted("find_colleague", {"name": "Omar"})],
    ),
    case(
        "My screen stays black and I have a presentation in ten minutes, this is urgent!",
        calls=[
            Wanted(
                "create_ticket",
                {"problem": one_of(words("screen"), words("display")), "urgency": "high"},
            )
        ],
    ),
    case(
        "The printer on the second floor jams now and then, it's not pressing, but let IT know.",
        calls=[Wanted("create_ticket", {"problem": words("printer"), "urgency": "low"})],
    ),
    case(
        "We've run out of toner, get us four.",
        calls=[Wanted("order_supplies", {"item": "toner", "quantity": 4})],
    ),
    case(
        "I'd like to be off from October 5th to October 9th.",
        calls=[
            Wanted(
                "request_leave",
                {"first_day": "2026-10-05", "last_day": "2026-10-09"},
                {"kind": "holiday"},
            )
        ],
    ),
    case(
        "Put down three and a half hours on Harbour Bridge.",
        calls=[Wanted("log_hours", {"project": words("harbour bridge"), "hours": 3.5})],
    ),
    case(
        "What can I eat here on Thursday?",
        calls=[Wanted("get_menu", {"day": "thursday"})],
    ),
    case(
        "Find me the contract with Steelworks Nord.",
        calls=[
            Wanted("search_documents", {"query": words("steelworks nord")}, {"kind": "contract"})
        ],
    ),
    case(
        "I'm in front of the south gate, let me in.",
        calls=[Wanted("open_gate", {"gate": "south"})],
    ),
    case(*_MENU, "And on Wednesday?", calls=[Wanted("get_menu", {"day": "wednesday"})]),
    case(
        *_PENS,
        "Add two hundred envelopes.",
        calls=[Wanted("order_supplies", {"item": "envelopes", "quantity": 200})],
    ),
    case(
        "Open the north gate and look up where Mia sits.",
        calls=[
            Wanted("open_gate", {"gate": "north"}),
            Wanted("find_colleague", {"name": "Mia"}),
        ],
    ),
)

WORDS = (
    case("Good morning, can you hear me?"),
    case("I had an awful weekend."),
    case("Who was Marie Curie?"),
    case("How many hours does a working week have in France?"),
    case("What do people usually write into an invoice?"),
    case("That's all for now, thanks."),
    case(*_MENU, "Which soup was it?"),
    case(*_PENS, "Perfect, that's what I wanted."),
    case(
        "Let me through at the north gate.",
        PromptToolCall("call_1", "open_gate", '{"gate": "north"}'),
        PromptToolOutput("call_1", '{"error": "gate does not answer"}'),
    ),
    case("Never mind, I'll ask my boss."),
)

OFFICE = CaseSet("office", INSTRUCTIONS, TOOLS, CALLS + WORDS)
