"""`vivavoce prompts`."""

from pathlib import Path

from tests.cli.test_commands import vivavoce


def test_a_text_becomes_a_prompt_and_then_its_next_version(tmp_path: Path) -> None:
    file = tmp_path / "shop.md"
    file.write_text("You sell [tea] to {{name}}.\n")

    first = vivavoce(tmp_path, "prompts", "add", str(file))
    second = vivavoce(tmp_path, "prompts", "add", str(file))
    shown = vivavoce(tmp_path, "prompts", "show", "shop", "--version", "1")
    listed = vivavoce(tmp_path, "prompts", "list")

    assert (first.stdout, second.stdout) == ("shop version 1\n", "shop version 2\n")
    assert "You sell [tea] to {{name}}." in shown.stdout
    assert "version 1 of 1, 2" in shown.stderr
    assert "shop" in listed.stdout


def test_a_toml_file_may_bring_tools_and_a_voice(tmp_path: Path) -> None:
    file = tmp_path / "any.toml"
    file.write_text(
        'id = "helper"\ninstructions = "Help."\nvoice = "alloy"\n'
        '[[tools]]\ntype = "function"\nname = "look_up"\n'
    )

    added = vivavoce(tmp_path, "prompts", "add", str(file))
    listed = vivavoce(tmp_path, "prompts", "list")

    assert added.stdout == "helper version 1\n"
    assert "look_up" in listed.stdout
    assert "alloy" in listed.stdout


def test_a_removed_prompt_is_gone_and_what_is_not_there_is_said(tmp_path: Path) -> None:
    file = tmp_path / "shop.md"
    file.write_text("You sell tea.")
    vivavoce(tmp_path, "prompts", "add", str(file))

    removed = vivavoce(tmp_path, "prompts", "remove", "shop")
    again = vivavoce(tmp_path, "prompts", "remove", "shop")
    shown = vivavoce(tmp_path, "prompts", "show", "shop")

    assert removed.returncode == 0
    assert (again.returncode, shown.returncode) == (2, 2)
    assert shown.stderr == "vivavoce: there is no prompt shop\n"


def test_a_file_that_is_no_prompt_is_refused_in_one_line(tmp_path: Path) -> None:
    empty, wrong = tmp_path / "empty.md", tmp_path / "wrong.toml"
    empty.write_text("")
    wrong.write_text('instruction = "x"\n')

    answers = [
        vivavoce(tmp_path, "prompts", "add", str(file))
        for file in (empty, wrong, tmp_path / "missing.md")
    ]

    assert [answer.returncode for answer in answers] == [2, 2, 2]
    assert all(answer.stderr.count("\n") == 1 for answer in answers)
