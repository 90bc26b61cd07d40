import pytest

from vivavoce.engines.translators.language_names import language_name


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("de", "German"),
        ("pt-BR", "Portuguese (pt-BR)"),
        ("xx", "the language with the code 'xx'"),
    ],
)
def test_a_model_is_told_the_name_of_the_language(code: str, name: str) -> None:
    assert language_name(code) == name
