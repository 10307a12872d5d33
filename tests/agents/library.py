"""A small guideline library in memory, with the sections that the real one has, and a search over it by words."""

import hashlib
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

import knowledge
from agents.selection.pairs import overlap
from agents.stems import content_stems
from conditions import CONDITIONS
from knowledge.chunks import chunks
from knowledge.guideline_file import read_guideline
from knowledge.record import Passage

_MELANOMA = {
    "Overview": "Melanoma is a serious skin cancer that starts in the cells that make skin colour. A "
    "photo cannot confirm melanoma "
    "or rule it out, so a doctor must look at the skin. Melanoma found early is often cured by surgery.",
    "Is it contagious": "Melanoma is not contagious and cannot be caught from another person.",
    "Self-care": "There is no safe self-care for a possible melanoma instead of seeing a doctor. Do not "
    "cut, burn, freeze or pick off "
    "a spot that could be melanoma. Do not use steroid cream or herbal paste on a possible melanoma.",
    "Treatment": "A skin specialist removes the whole suspicious spot under local anaesthetic. Melanoma "
    "that has spread may be treated "
    "with immunotherapy. Steroid creams do not treat melanoma.",
    "When to get help / Emergency": "Call 999 or 112 at once for bleeding that firm pressure does not stop.",
    "When to get help / Same day": "Get medical help today if a melanoma surgery wound becomes hot and "
    "very painful. Get medical help "
    "today if a spot becomes hot, swollen and very painful.",
    "When to get help / This week": "Contact a doctor this week if a mole changes in size, shape or "
    "colour. Ask the doctor about an "
    "urgent suspected cancer referral if a spot could be melanoma.",
    "When to get help / Routine": "Book a routine appointment about skin checks if close relatives have had melanoma.",
}
_MOLE = {
    "Overview": "A mole is a small growth made of the skin's pigment cells. Most moles stay harmless for "
    "life. A harmless mole is not "
    "cancer. Some moles fade over many years.",
    "Is it contagious": "A mole is not contagious and cannot be passed to another person. Moles do not "
    "spread through touch or towels.",
    "Self-care": "Take clear photos of your moles so that you can notice any change. Do not cut or tie "
    "off a mole yourself. Do not put "
    "steroid cream on a mole.",
    "Treatment": "A mole that could be melanoma is cut out under local anaesthetic and checked under a "
    "microscope. Harmless moles are "
    "left alone.",
    "Children and pregnancy": "A child's mole that changes fast needs a doctor's check this week.",
    "When to get help / Emergency": "Call 999 or 112 at once if heavy bleeding from a mole does not stop "
    "with firm pressure.",
    "When to get help / This week": "Contact a doctor this week if a mole bleeds, oozes, itches or hurts.",
    "When to get help / Self-care": "A mole that stays the same can be left alone.",
}
_RINGWORM = {
    "Overview": "Ringworm is a common fungal infection of the skin that makes an itchy ring with a scaly "
    "edge. Ringworm often needs two "
    "to four weeks of treatment before the skin is clear.",
    "Is it contagious": "Ringworm is contagious and spreads by touching an infected person, animal or "
    "object. Children with ringworm "
    "can go to school once treatment has started.",
    "Self-care": "Use antifungal cream on the ring and the skin around it, e.g. from a pharmacist, as "
    "the leaflet says. Do not use "
    "steroid cream alone on ringworm, because steroid can make the fungus spread. Wash towels and bedding often.",
    "Treatment": "Antifungal creams, such as clotrimazole or terbinafine, are the usual treatment for "
    "ringworm. Terbinafine 1% cream is "
    "put on once a day for 7 days. A doctor may give antifungal tablets for widespread ringworm.",
    "When to get help / Emergency": "Call 999 or 112 at once if a rash comes with trouble breathing or a swollen face.",
    "When to get help / Same day": "Get medical help today if skin around ringworm becomes hot, swollen and painful.",
    "When to get help / This week": "Contact a doctor this week for scalp ringworm, or a scaly patch with hair loss.",
    "When to get help / Self-care": "A small patch of ringworm can be treated with antifungal cream from a pharmacist.",
}
_TEXTS = {"melanoma": _MELANOMA, "melanocytic-naevus": _MOLE, "tinea-corporis": _RINGWORM}


def _passage(slug: str, section: str, text: str) -> Passage:
    return Passage(
        chunk_id=hashlib.sha256(f"{slug}{section}".encode()).hexdigest()[:16],
        slug=slug,
        title=CONDITIONS[slug].title,
        section=section,
        text=text,
        document=slug,
        key=slug,
        version="1",
        page=None,
        source="NICE, Suspected cancer: recognition and referral (NG12)",
        reviewed=None,
        score=1.0,
    )


PASSAGES = tuple(
    _passage(slug, section, text) for slug, sections in _TEXTS.items() for section, text in sections.items()
)


@lru_cache(maxsize=1)
def starter_passages() -> tuple[Passage, ...]:
    """Every passage of the guidelines that the library starts with."""
    found: list[Passage] = []
    for path in sorted((Path(knowledge.__file__).parent / "guidelines").glob("*.md")):
        if path.stem in CONDITIONS:
            guideline = read_guideline(path)
            for chunk in chunks(guideline):
                passage = _passage(guideline.slug, chunk.section, chunk.text)
                found.append(passage.model_copy(update={"chunk_id": chunk.chunk_id}))
    return tuple(found)


class WordSearch:
    """Searches `PASSAGES` by the words they share with the question; counts what it was asked."""

    def __init__(self, passages: tuple[Passage, ...] = PASSAGES) -> None:
        self.passages = passages
        self.asked: list[str] = []

    def search(
        self,
        text: str,
        k: int = 5,
        slugs: Collection[str] | None = None,
        sections: Collection[str] | None = None,
        jurisdiction: str | None = None,
    ) -> list[Passage]:
        self.asked.append(text)
        stems = tuple(dict.fromkeys(content_stems(text)))
        scored = [
            (overlap(stems, f"{each.title} {each.section} {each.text}"), each)
            for each in self.passages
            if (slugs is None or each.slug in slugs)
            and (sections is None or {each.section, each.section.split(" / ")[0]} & set(sections))
        ]
        return [each for score, each in sorted(scored, key=lambda pair: -pair[0]) if score > 0][:k]

    def vectors(self, texts: Sequence[str]) -> None:
        """No embedding model stands behind these words."""

    def reranked(self, question: str, sentences: Sequence[str]) -> None:
        """And no reranker."""
