"""What can go wrong in the library, and what to do about it.

KnowledgeError
├── GuidelineInvalid      a guideline file breaks the form; names the line and the remedy
├── DocumentRefused       a document cannot be read, or may not be taken; says why and what to do
├── ChangeRefused         a change of the library is not allowed as things stand; says why and what to do
├── GuidelineNotFound     no live guideline has that slug
├── PassageNotFound       no passage, live or retired, has that id
├── LibraryUnavailable    the library's database cannot be opened
├── EmbedderUnavailable   the embedding server does not answer
├── EmbedderRefused       the embedding server answered with an error or with the wrong shape
├── IndexUnavailable      Chroma does not answer or failed
└── IndexMissing          the vector index is gone or was built with another embedding model

Messages hold addresses, slugs and ids; never the words of a search.
"""


class KnowledgeError(Exception):
    """Any failure of the library."""


class GuidelineInvalid(KnowledgeError):
    """A guideline file breaks the form."""

    def __init__(self, document: str, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"{document}, line {line}: {problem}. {remedy}.")
        self.document = document
        self.line = line


class DocumentRefused(KnowledgeError):
    """A document cannot be read, or may not be taken."""


class ChangeRefused(KnowledgeError):
    """A change of the library is not allowed as things stand."""


class GuidelineNotFound(KnowledgeError):
    """No live guideline has that slug."""


class PassageNotFound(KnowledgeError):
    """No passage, live or retired, has that id."""


class LibraryUnavailable(KnowledgeError):
    """The library's database cannot be opened."""


class EmbedderUnavailable(KnowledgeError):
    """The embedding server does not answer."""


class EmbedderRefused(KnowledgeError):
    """The embedding server answered with an error or with the wrong shape."""


class IndexUnavailable(KnowledgeError):
    """Chroma does not answer or failed."""


class IndexMissing(KnowledgeError):
    """The vector index is gone or was built with another embedding model."""
