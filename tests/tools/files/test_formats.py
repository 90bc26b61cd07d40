import io
import zipfile

import pytest

from tests.tools.files.handbook import CLUB, FOLDER, WARRANTY_PAGES, pdf, word_document
from vivavoce.tools.files.document import Document, Unreadable
from vivavoce.tools.files.formats import is_readable_name, read_document


def heading_at(document: Document, words: str) -> str:
    start = document.text.index(words)
    return [place.heading for place in document.places if place.start <= start][-1]


def test_text_is_kept_as_it_is() -> None:
    data = (FOLDER / "delivery.txt").read_bytes()

    assert read_document("delivery.txt", data).text == data.decode()


@pytest.mark.parametrize(
    "data", ["Grüße".encode(), "Grüße".encode("utf-16"), "Grüße".encode("cp1252")]
)
def test_text_comes_in_the_usual_encodings(data: bytes) -> None:
    assert read_document("a.txt", data).text == "Grüße"


def test_markdown_knows_the_headings_above_each_place() -> None:
    document = read_document("returns.md", (FOLDER / "returns.md").read_bytes())

    assert heading_at(document, "Refunds go") == "Returns and refunds > When the money comes"


def test_a_sign_in_a_code_block_is_no_heading() -> None:
    document = read_document("a.md", b"# One\n```\n# no heading\n```\nText")

    assert heading_at(document, "Text") == "One"


def test_html_is_what_a_reader_sees_of_it() -> None:
    document = read_document("opening.html", (FOLDER / "opening.html").read_bytes())

    assert heading_at(document, "opens at ten") == "Opening hours > Mill Lane shop"
    assert "Complaints | 0800 555 0177" in document.text
    assert "unseen" not in document.text
    assert "color" not in document.text


def test_docx_has_headings_and_a_title() -> None:
    document = read_document("club.docx", word_document(CLUB, title="Clubs"))

    assert heading_at(document, "ten percent") == ("Clubs > The gardeners' club > What members get")


def test_pdf_has_pages() -> None:
    document = read_document("warranty.pdf", pdf(WARRANTY_PAGES))

    start = document.text.index("lend you")
    assert [place.page for place in document.places if place.start <= start][-1] == 2


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w") as member,
    ):
        for _ in range(201):
            member.write(bytes(1_000_000))
    return buffer.getvalue()


def _locked() -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(("Secret.",)))))
    writer.encrypt("password", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.docx", _bomb(), "unpacks to more than"),
        ("a.docx", b"PK\x03\x04 broken", "no DOCX"),
        ("a.docx", b"no archive", "no DOCX"),
        ("a.pdf", _locked(), "encrypted"),
        ("a.pdf", b"%PDF-1.4\nbroken", "no PDF"),
        ("a.pdf", pdf(("",)), "no text"),
        ("a.txt", bytes(range(256)) * 10, "no text"),
        ("a.txt", b"%PDF-1.4", "no TXT"),
        ("a.txt", b"  \n", "no text"),
        ("a.html", b"", "no HTML"),
        ("a.exe", b"MZ", "only .txt"),
        ("a", b"text", "only .txt"),
        ("a.md", b"x" * 5_000_001, "more than 5,000,000"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    name: str, data: bytes, reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_document(name, data)


def test_names_say_what_is_read() -> None:
    assert is_readable_name("Folder/README.MD")
    assert not is_readable_name("picture.png")
