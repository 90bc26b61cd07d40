"""Cases of the `tools` benchmark that nothing was tuned on: a travel agency with a shop."""

from benchmarks.tool_cases import CaseSet, Wanted, case, choice, function, object_of, one_of, words
from benchmarks.tool_cases import text as free
from vivavoce.interfaces import PromptToolCall, PromptToolOutput

INSTRUCTIONS = (
    "You work for the travel agency Blue Heron and answer its telephone. "
    "Today is Friday, 2026-06-05. Help the callers kindly and in few sentences."
)

CURRENCY = choice("EUR", "USD", "GBP", "JPY", "CHF")
ORDER = free("Such as BH-1234.")

TOOLS = (
    function(
        "search_flights",
        "Find flights between two cities.",
        {
            "origin": free("City."),
            "destination": free("City."),
            "departure_date": free("YYYY-MM-DD"),
        },
        {
            "return_date": free("YYYY-MM-DD, for a round trip."),
            "cabin": choice("economy", "business", "first"),
        },
    ),
    function(
        "search_hotels",
        "Find hotel rooms in a city.",
        {
            "city": free("City."),
            "check_in": free("YYYY-MM-DD"),
            "nights": {"type": "integer", "minimum": 1},
            "guests": object_of(
                {
                    "adults": {"type": "integer", "minimum": 1},
                    "children": {"type": "integer", "minimum": 0},
                }
            ),
        },
        {"max_price": {"type": "number", "description": "Euros a night."}},
    ),
    function(
        "book_taxi",
        "Order a taxi for today.",
        {"pickup": free("Where it starts."), "destination": free("Where it goes.")},
        {"time": free("HH:MM, 24 hours; now if left out.")},
    ),
    function(
        "convert_currency",
        "Convert an amount of money at today's rate.",
        {"amount": {"type": "number"}, "source": CURRENCY, "target": CURRENCY},
    ),
    function(
        "get_order_status",
        "Look up where an order from the shop is.",
        {"order_number": ORDER},
    ),
    function(
        "return_item",
        "Start the return of something bought in the shop.",
        {
            "order_number": ORDER,
            "reason": choice("damaged", "wrong_item", "does_not_fit", "changed_mind"),
        },
    ),
    function(
        "rent_car",
        "Reserve a rental car.",
        {
            "city": free("City."),
            "days": {"type": "integer", "minimum": 1},
            "size": choice("small", "medium", "large"),
        },
        {
            "extras": {
                "type": "array",
                "items": choice("child_seat", "navigation", "snow_chains"),
            }
        },
    ),
    function(
        "change_address",
        "Change the postal address of the customer.",
        {
            "address": object_of(
                {"street": free("With the number."), "city": free("City."), "zip": free("Code.")}
            )
        },
    ),
    function(
        "transfer_call",
        "Put the caller through to a person.",
        {"department": choice("billing", "complaints", "groups")},
    ),
    function(
        "get_entry_rules",
        "Look up visa and passport rules of a country.",
        {"country": free("Where to."), "nationality": free("Of the passport, as a country.")},
    ),
)

_ORDER = (
    "Can you look up order BH-5521?",
    PromptToolCall("call_1", "get_order_status", '{"order_number": "BH-5521"}'),
    PromptToolOutput("call_1", '{"status": "shipped", "arrives": "2026-06-08"}'),
    "It has been shipped and arrives on Monday.",
)
_MONEY = (
    "How much is 50 euros in dollars?",
    PromptToolCall(
        "call_1", "convert_currency", '{"amount": 50, "source": "EUR", "target": "USD"}'
    ),
    PromptToolOutput("call_1", '{"amount": 57.4}'),
    "That's 57 dollars and 40 cents.",
)

CALLS = (
    case(
        "I need a flight from Vienna to Dublin on June 20th.",
        calls=[
            Wanted(
                "search_flights",
                {"origin": "Vienna", "destination": "Dublin", "departure_date": "2026-06-20"},
            )
        ],
    ),
    case(
        "Business class from Zurich to New York, leaving July 1st and coming back on the 9th.",
        calls=[
            Wanted(
                "search_flights",
                {
                    "origin": "Zurich",
                    "destination": "New York",
                    "departure_date": "2026-07-01",
                    "return_date": "2026-07-09",
                    "cabin": "business",
                },
            )
        ],
    ),
    case(
        "Are there any planes from Porto to Madrid tomorrow?",
        calls=[
            Wanted(
                "search_flights",
                {"origin": "Porto", "destination": "Madrid", "departure_date": "2026-06-06"},
            )
        ],
    ),
    case(
        "We are two adults and one child and need a room in Prague from August 12th, three nights.",
        calls=[
            Wanted(
                "search_hotels",
                {
                    "city": "Prague",
                    "check_in": "2026-08-12",
                    "nights": 3,
                    "guests": {"adults": 2, "children": 1},
                },
            )
        ],
    ),
    case(
        "I'm looking for somewhere to sleep in Ghent tonight, just me, one night, up to 90 euros.",
        calls=[
            Wanted(
                "search_hotels",
                {
                    "city": "Ghent",
                    "check_in": "2026-06-05",
                    "nights": 1,
                    "guests": {"adults": 1, "children": 0},
                    "max_price": 90,
                },
            )
        ],
    ),
    case(
        "I need a cab from the central station to the airport.",
        calls=[
            Wanted(
                "book_taxi", {"pickup": words("central station"), "destination": words("airport")}
            )
        ],
    ),
    case(
        "Could somebody drive me from Hotel Astoria to the opera at half past seven this evening?",
        calls=[
            Wanted(
                "book_taxi",
                {"pickup": words("astoria"), "destination": words("opera"), "time": "19:30"},
            )
        ],
    ),
    case(
        "What are two hundred dollars in Swiss francs?",
        calls=[Wanted("convert_currency", {"amount": 200, "source": "USD", "target": "CHF"})],
    ),
    case(
        "How many yen do I get for 75 pounds?",
        calls=[Wanted("convert_currency", {"amount": 75, "source": "GBP", "target": "JPY"})],
    ),
    case(
        "Where is my parcel? The number is BH-2048.",
        calls=[Wanted("get_order_status", {"order_number": "BH-2048"})],
    ),
    case(
        "Has order BH-7310 left your warehouse yet?",
        calls=[Wanted("get_order_status", {"order_number": "BH-7310"})],
    ),
    case(
        "The suitcase from order BH-3300 came with a broken wheel, I want to send it back.",
        calls=[Wanted("return_item", {"order_number": "BH-3300", "reason": "damaged"})],
    ),
    case(
        "I'd like to return the hiking shoes, order BH-4127, they are too tight.",
        calls=[Wanted("return_item", {"order_number": "BH-4127", "reason": "does_not_fit"})],
    ),
    case(
        "A small car in Palermo for five days, please.",
        calls=[Wanted("rent_car", {"city": "Palermo", "days": 5, "size": "small"})],
    ),
    case(
        "We want a large car for a week in Innsbruck, with snow chains and a child seat.",
        calls=[
            Wanted(
                "rent_car",
                {
                    "city": "Innsbruck",
                    "days": 7,
                    "size": "large",
                    "extras": ["snow_chains", "child_seat"],
                },
            )
        ],
    ),
    case(
        "I've moved, my new address is 12 Mill Lane, Bristol, postcode BS1 4QA.",
        calls=[
            Wanted(
                "change_address",
                {"address": {"street": "12 Mill Lane", "city": "Bristol", "zip": "BS1 4QA"}},
            )
        ],
    ),
    case(
        "My invoice is wrong, let me speak to a human being.",
        calls=[Wanted("transfer_call", {"department": "billing"})],
    ),
    case(
        "I want to complain to somebody, please put me through.",
        calls=[Wanted("transfer_call", {"department": "complaints"})],
    ),
    case(
        "Does a German need a visa for Vietnam?",
        calls=[
            Wanted(
                "get_entry_rules",
                {"country": "Vietnam", "nationality": one_of("Germany", "German")},
            )
        ],
    ),
    case(
        *_ORDER,
        "And BH-5522?",
        calls=[Wanted("get_order_status", {"order_number": "BH-5522"})],
    ),
    case(
        *_MONEY,
        "And in pounds?",
        calls=[Wanted("convert_currency", {"amount": 50, "source": "EUR", "target": "GBP"})],
    ),
    case(
        "I'd like to fly to Athens on June 30th.",
        "Gladly. Where do you leave from?",
        "From Munich.",
        calls=[
            Wanted(
                "search_flights",
                {"origin": "Munich", "destination": "Athens", "departure_date": "2026-06-30"},
            )
        ],
    ),
    case(
        "Check my orders BH-6001 and BH-6002.",
        calls=[
            Wanted("get_order_status", {"order_number": "BH-6001"}),
            Wanted("get_order_status", {"order_number": "BH-6002"}),
        ],
    ),
    case(
        "Get me a medium car in Split for four days, and tell me what 300 euros are in pounds.",
        calls=[
            Wanted("rent_car", {"city": "Split", "days": 4, "size": "medium"}),
            Wanted("convert_currency", {"amount": 300, "source": "EUR", "target": "GBP"}),
        ],
    ),
)

WORDS = (
    case("Hi, is this Blue Heron?"),
    case("How are you doing this morning?"),
    case("Which language do they speak in Brazil?"),
    case("What is a visa, actually?"),
    case("Who invented the aeroplane?"),
    case("I'm so excited about my holidays."),
    case("Is it rude not to tip a taxi driver?"),
    case("Goodbye, and have a nice weekend."),
    case(*_ORDER, "Which day was that again?"),
    case(*_MONEY, "That's less than I hoped."),
    case("Hold on, my son is calling me."),
    case("What should I pack for a week at the sea?"),
    case(
        "Find out where BH-9008 is.",
        PromptToolCall("call_1", "get_order_status", '{"order_number": "BH-9008"}'),
        PromptToolOutput("call_1", "404 not found"),
    ),
    case(
        "How much is a hundred Swiss francs in euros?",
        PromptToolCall(
            "call_1", "convert_currency", '{"amount": 100, "source": "CHF", "target": "EUR"}'
        ),
        PromptToolOutput("call_1", '{"amount": 104.1}'),
    ),
    case(
        "Get me a cab from Pier 4 to the museum.",
        PromptToolCall("call_1", "book_taxi", '{"pickup": "Pier 4", "destination": "museum"}'),
        PromptToolOutput("call_1", '{"status": "pending"}'),
        "I'm asking for one.",
        "Good, I hope it won't take long.",
    ),
)

TRAVEL = CaseSet("travel", INSTRUCTIONS, TOOLS, CALLS + WORDS)
