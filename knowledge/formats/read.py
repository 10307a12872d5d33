"""Chooses the reader for a document by its content, not by its name alone, and neutralises what it reads.

Run by `knowledge.sandbox` in a process of its own:

    python -m knowledge.formats.read FILE_NAME < FILE

It prints one JSON object a line: `{"page", "of"}` as it goes on, at last `{"text", "pages", "removed"}` or
`{"refused"}`.
"""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import PurePath

from knowledge.errors import DocumentRefused
from knowledge.formats.extracted import Extracted
from knowledge.formats.neutral import neutralised

MEMORY = 2_000_000_000
"""Bytes this process may have when it reads a document."""
PROCESSOR_SECONDS = 180
"""What it may use of a processor; a PDF of 500 dense pages takes about a quarter of it."""
LONGEST = 6_000_000
"""Characters of a document's text; 500 dense pages have about two million."""
SUFFIXES = (".md", ".markdown", ".pdf", ".docx", ".html", ".htm", ".txt")


def read_document(
    content: bytes, file_name: str, tell: Callable[[int, int], None] = lambda page, of: None
) -> Extracted:
    """The visible, neutral text of a document. Raises DocumentRefused."""
    found = _raw(content, file_name, tell)
    text, notes = neutralised(found.text)
    if not text.strip():
        raise DocumentRefused("this document holds no text that a reader could see")
    if len(text) > LONGEST:
        raise DocumentRefused(f"this document has more than {LONGEST:,} characters: split it")
    return Extracted(text=text, pages=found.pages, removed=(*found.removed, *notes))


def _raw(content: bytes, file_name: str, tell: Callable[[int, int], None]) -> Extracted:
    suffix = PurePath(file_name).suffix.casefold()
    if content.lstrip()[:5] == b"%PDF-":
        from knowledge.formats.pdf import read_pdf

        return read_pdf(content, tell)
    if content[:4] == b"PK\x03\x04":
        from knowledge.formats.docx import read_docx

        return read_docx(content)
    if suffix in (".pdf", ".docx"):
        raise DocumentRefused(f"this file is called {suffix} and is none: it is broken, or of another kind")
    if suffix not in SUFFIXES:
        raise DocumentRefused("this kind of file is not taken: send Markdown, PDF, DOCX, HTML or plain text")
    text = _text(content)
    if suffix in (".html", ".htm") or text.lstrip()[:14].casefold().startswith(("<!doctype html", "<html")):
        from knowledge.formats.web_page import read_web_page

        return read_web_page(text)
    return Extracted(text=text.replace("\f", "\n"), pages=None)


def _text(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentRefused("this is not UTF-8 text: save it as UTF-8 and send it again") from error
    if "\x00" in text:
        raise DocumentRefused("this file is no text: send Markdown, PDF, DOCX, HTML or plain text")
    return text


def main() -> None:
    """Reads standard input, prints what is found or why it is refused."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def tell(page: int, of: int) -> None:
        print(json.dumps({"page": page, "of": of}), flush=True)

    try:
        found = read_document(sys.stdin.buffer.read(), sys.argv[1], tell)
    except DocumentRefused as refused:
        print(json.dumps({"refused": str(refused)}))
    except RecursionError:
        print(json.dumps({"refused": "this document is nested too deeply: save it anew, or send its text as Markdown"}))
    else:
        print(found.model_dump_json())


if __name__ == "__main__":
    main()
