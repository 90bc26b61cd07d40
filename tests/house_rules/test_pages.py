"""Generated pages are fresh, and code in documents runs."""

import re
from pathlib import Path

import pytest

from tests.house_rules import configuration_page, coverage_page

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("generator", [coverage_page, configuration_page])
def test_a_generated_page_says_what_the_code_says(generator: object) -> None:
    page, make = generator.PAGE, generator.page  # type: ignore[attr-defined]  # both modules have them

    assert page.read_text() == make(), f"run: python -m {generator.__name__}"  # type: ignore[attr-defined]  # a module


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)#]+)\)", prose)

    missing = [t for t in targets if "://" not in t and not (document.parent / t).exists()]

    assert missing == []


@pytest.mark.parametrize("folder", ["how-to", "explanation", "reference", "tutorials"])
def test_the_index_of_documents_names_every_page(folder: str) -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = (page.relative_to(ROOT / "docs") for page in (ROOT / "docs" / folder).rglob("*.md"))

    assert [str(page) for page in pages if f"]({page})" not in index] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_in_documents_compiles(document: Path) -> None:
    for code in re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL):
        compile(code, str(document), "exec")
