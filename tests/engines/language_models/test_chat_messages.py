from vivavoce.engines.language_models.chat_messages import SPOKEN, chat_messages, chat_tool_choice
from vivavoce.interfaces import (
    Prompt,
    PromptMessage,
    PromptPicture,
    PromptToolCall,
    PromptToolOutput,
)


def test_calls_made_together_are_one_message_and_outputs_follow() -> None:
    prompt = Prompt(
        session_id="sess_1",
        spoken=False,
        items=(
            PromptMessage("user", "Hi."),
            PromptToolCall("call_1", "a", "{}"),
            PromptToolCall("call_2", "b", '{"x":1}'),
            PromptToolOutput("call_1", "one"),
            PromptToolOutput("call_2", "two"),
            PromptToolCall("call_3", "a", "{}"),
        ),
    )

    def called(call_id: str, name: str, arguments: str) -> dict[str, object]:
        function = {"name": name, "arguments": arguments}
        return {"id": call_id, "type": "function", "function": function}

    first = [called("call_1", "a", "{}"), called("call_2", "b", '{"x":1}')]
    assert chat_messages(prompt) == [
        {"role": "user", "content": "Hi."},
        {"role": "assistant", "content": None, "tool_calls": first},
        {"role": "tool", "tool_call_id": "call_1", "content": "one"},
        {"role": "tool", "tool_call_id": "call_2", "content": "two"},
        {"role": "assistant", "content": None, "tool_calls": [called("call_3", "a", "{}")]},
    ]


def test_spoken_answers_are_asked_for_in_plain_words() -> None:
    prompt = Prompt(session_id="sess_1", instructions="Be brief.")

    assert chat_messages(prompt) == [{"role": "system", "content": f"Be brief.\n\n{SPOKEN}"}]


def test_the_prompt_only_grows_at_its_end() -> None:
    items = (PromptMessage("user", "Hi."), PromptMessage("assistant", "Ho."))
    prompts = [Prompt(session_id="sess_1", items=items[:end]) for end in (1, 2)]

    short, long = map(chat_messages, prompts)

    assert long[: len(short)] == short


def test_a_named_function_becomes_a_table() -> None:
    assert chat_tool_choice("required") == "required"
    assert chat_tool_choice("function:a") == {"type": "function", "function": {"name": "a"}}


def test_pictures_go_in_order_with_the_text_as_they_came() -> None:
    picture = PromptPicture("shown.1", "data:image/png;base64,AAAA", "low")
    message = PromptMessage("user", "Look:", parts=("Look:", picture))
    prompt = Prompt(session_id="sess_1", spoken=False, items=(message,))

    assert chat_messages(prompt) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look:"},
                {
                    "type": "image_url",
                    "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"},
                },
            ],
        }
    ]
