"""A small handbook of a shop that does not exist, in all formats that are read."""

import asyncio
import io
import os
import sys
from pathlib import Path

import docx

from tests.bundled_models import model_dir
from vivavoce.engines.embedders.minilm import MODEL

FOLDER = Path(__file__).parent / "handbook_files"

WARRANTY_PAGES = (
    "Warranty. Power tools have a warranty of three years. Batteries have a warranty of twelve "
    "months. Keep the receipt.",
    "Repairs. Bring the tool to the workshop behind the Mill Lane shop. A repair takes about two "
    "weeks. While you wait we lend you another tool for a deposit of fifty euros.",
)
CLUB = (
    ("Heading 1", "The gardeners' club"),
    ("Normal", "The club costs 12 euros a year and everybody may join."),
    ("Heading 2", "What members get"),
    ("Normal", "Members get ten percent off seeds and bulbs, and a free soil test every spring."),
    ("Heading 2", "Ending a membership"),
    (
        "Normal",
        "A membership ends when you write to club@marlows.example before the first of "
        "December. It is not refunded for a part of the year.",
    ),
)
QUESTIONS = (
    ("How many days do I have to return something?", "returns.md", "45 days"),
    ("Can I send back plants?", "returns.md", "7 days"),
    ("When will I get my money back?", "returns.md", "three working days"),
    ("Do I have to pay for the return postage?", "returns.md", "20 kilograms"),
    ("Can I give back a tin of paint I opened?", "returns.md", "Opened paint"),
    ("Which shop is open on Sunday?", "opening.html", "Sundays"),
    ("What number do I call to complain?", "opening.html", "0800 555 0177"),
    ("How much does delivery cost?", "delivery.txt", "3 euros 90"),
    ("Will the driver carry the shed into my garden?", "delivery.txt", "kerb"),
    ("Do you ship to islands in winter?", "delivery.txt", "ferry"),
    ("How long is the warranty on batteries?", "warranty.pdf", "twelve months"),
    ("Can I borrow a drill while mine is being fixed?", "warranty.pdf", "lend you another tool"),
    ("What discount do club members get?", "club.docx", "ten percent"),
    ("How do I cancel my membership?", "club.docx", "club@marlows.example"),
)
"""A question, the document that answers it, and words of the answer."""


def write_handbook(folder: Path) -> Path:
    """Write all documents into a folder; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "warranty.pdf").write_bytes(pdf(WARRANTY_PAGES))
    (folder / "club.docx").write_bytes(word_document(CLUB))
    return folder


def word_document(paragraphs: tuple[tuple[str, str], ...], title: str = "") -> bytes:
    """Return a DOCX of paragraphs, each with its style."""
    document = docx.Document()
    document.core_properties.title = title
    for style, text in paragraphs:
        document.add_paragraph(text, style=style)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def pdf(pages: tuple[str, ...]) -> bytes:
    """Return a PDF with one text on each page, written by hand (ISO 32000-1)."""
    n = len(pages)
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(n))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {n} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, text in enumerate(pages):
        lines = "".join(f"({line}) Tj T* " for line in _lines(text))
        content = f"BT /F1 12 Tf 14 TL 50 750 Td {lines}ET".encode()
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * i} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    return _file(objects)


def _lines(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > 80:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _file(objects: list[bytes]) -> bytes:
    written, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return written + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (size, table, size, len(written))
    )


async def add_handbook(home: Path) -> dict[str, str]:
    """Add it from the command line; return the environment of a server that has it."""
    environment = {
        "VIVAVOCE_HOME": str(home),
        "VIVAVOCE_MODELS__FOLDER": str(model_dir(MODEL).parent),
    }
    adding = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vivavoce", "files", "add", str(write_handbook(home / "handbook"))),
        env={**os.environ, **environment},
    )
    assert await adding.wait() == 0
    return environment
