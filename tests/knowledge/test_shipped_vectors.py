"""The shipped vectors belong to the starter texts as they are: a first start computes nothing."""

from knowledge import shipped_vectors
from knowledge.editions import edition_of
from knowledge.guideline_file import read_guideline
from knowledge.index_keeper import embedded_text
from knowledge.library import STARTER_TEXTS
from knowledge.settings import BUNDLED_MODEL
from knowledge.vectors import vector_key


def test_every_starter_text_has_its_vector() -> None:
    shipped = shipped_vectors.read()
    editions = [edition_of(read_guideline(path)) for path in sorted(STARTER_TEXTS.glob("*.md"))]
    texts = {embedded_text(each.title, piece.section, piece.text) for each in editions for piece in each.pieces}
    texts |= {name for each in editions for name in each.names}
    missing = sorted(text for text in texts if vector_key(BUNDLED_MODEL, text) not in shipped)
    assert missing == [], "run: python -m knowledge.shipped_vectors"
    assert {len(vector) for vector in shipped.values()} == {384 * 4}
