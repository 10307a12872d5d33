"""Which standing questions a change of the library would answer otherwise, asked over a real library and its copies.

Run: ``pytest tests/agents/test_preview.py``
"""

import re
from pathlib import Path

import pytest

from agents.errors import SettingsIncomplete
from agents.grounding import NOT_COVERED
from agents.preview import compare
from agents.settings import AgentSettings
from agents.standing_questions import SHIPPED, standing_questions
from conditions import CONDITIONS
from knowledge.editions import edition_of
from knowledge.library import Library
from knowledge.record import Document, Guideline
from knowledge.rehearsal import Change
from knowledge.report import Comparison
from tests.knowledge.conftest import chroma_url, embedder, knowledge_url, library, settings
from tests.knowledge.samples import HashEmbedder, guideline

__all__ = ["chroma_url", "embedder", "knowledge_url", "library", "settings"]

TREATED, CATCHING, SCABIES = "How is psoriasis treated?", "Is psoriasis contagious?", "How is scabies treated?"
QUESTIONS = (TREATED, CATCHING, SCABIES)
LEECHES, OINTMENT = "Leeches are the usual treatment for psoriasis", "Ointment is the usual treatment for psoriasis"


def psoriasis(version: str, treatment: str) -> Guideline:
    return guideline(
        version=version, treatment=treatment, is_it_contagious="Psoriasis is not contagious and cannot be caught"
    )


@pytest.fixture
def stocked(library: Library) -> Library:
    library.publish(psoriasis("1", LEECHES), "Dr A")
    library.publish(guideline("scabies", treatment="Scabies is treated with permethrin cream"), "Dr A")
    return library


def compared(library: Library, embedder: HashEmbedder, change: Change, *questions: str) -> Comparison:
    return compare(library, embedder, change, questions or QUESTIONS, AgentSettings())


def test_a_document_that_changes_one_answer_shows_exactly_that_one(stocked: Library, embedder: HashEmbedder) -> None:
    told: list[tuple[int, int]] = []
    change = Change.publishing(edition_of(psoriasis("2", OINTMENT)))
    found = compare(stocked, embedder, change, QUESTIONS, AgentSettings(), lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert found.questions == 3
    (changed,) = found.changed_answers
    assert changed.question == TREATED
    assert f"{LEECHES}. [1]" in changed.before.text
    assert f"{OINTMENT}. [1]" in changed.after.text
    before, after = changed.before.passages[0], changed.after.passages[0]
    assert (before.n, before.slug, before.section, before.key, before.version, before.text) == (
        *(1, "psoriasis", "Treatment", "psoriasis", "1"),
        f"{LEECHES}.",
    )
    assert (after.n, after.key, after.version, after.text) == (1, "psoriasis", "2", f"{OINTMENT}.")


def test_a_new_version_with_the_same_words_changes_no_answer(stocked: Library, embedder: HashEmbedder) -> None:
    change = Change.publishing(edition_of(psoriasis("2", LEECHES)))
    assert compared(stocked, embedder, change) == Comparison(questions=3, changed_answers=())


@pytest.mark.slow
def test_a_retired_guideline_leaves_its_questions_unanswered(stocked: Library, embedder: HashEmbedder) -> None:
    found = compared(stocked, embedder, Change("psoriasis", None))
    assert [each.question for each in found.changed_answers] == [TREATED, CATCHING]
    assert all(NOT_COVERED in each.after.text and each.after.passages == () for each in found.changed_answers)
    assert stocked.versions("psoriasis")[0].retired is None


@pytest.mark.slow
def test_a_guideline_of_a_condition_that_had_none_answers_for_the_first_time(
    stocked: Library, embedder: HashEmbedder
) -> None:
    edition = edition_of(guideline("rosacea", treatment="Rosacea is treated with metronidazole gel"))
    found = compared(stocked, embedder, Change.publishing(edition), *QUESTIONS, "How is rosacea treated?")
    (changed,) = found.changed_answers
    assert NOT_COVERED in changed.before.text
    assert "Rosacea is treated with metronidazole gel. [1]" in changed.after.text


def test_a_document_beside_a_guideline_is_named_by_its_key_and_page(stocked: Library, embedder: HashEmbedder) -> None:
    page = "# Treatment\n\nMethotrexate is the treatment of widespread psoriasis.\f# Follow-up\n\nEvery year.\f"
    live = edition_of(guideline())
    document = Document(
        key="psoriasis.protocol",
        slug="psoriasis",
        title="Clinic protocol",
        jurisdiction="UK",
        language="en",
        version="7",
        reviewed=None,
        review_by=live.review_by,
        source="Clinic protocol, 7",
        file_name="protocol.pdf",
        text=page,
    )
    found = compared(stocked, embedder, Change.publishing(edition_of(document)))
    (changed,) = found.changed_answers
    cited = {(passage.key, passage.version, passage.page) for passage in changed.after.passages}
    assert ("psoriasis.protocol", "7", 1) in cited
    assert "Methotrexate is the treatment of widespread psoriasis." in changed.after.text


def test_every_condition_has_standing_questions_each_asked_once() -> None:
    blocks = iter(re.split(r"^# ([a-z-]+)$", SHIPPED.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:])
    counted = {slug: len(text.split("\n\n")[0].strip().splitlines()) for slug, text in zip(blocks, blocks, strict=True)}
    assert set(counted) == set(CONDITIONS)
    assert set(counted.values()) == {3}
    assert len(standing_questions(AgentSettings())) == 3 * len(CONDITIONS)


def test_the_operators_own_questions_come_first(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text(f"# ours\n  {SCABIES}  \n\nWho runs the clinic on Mondays?\n", encoding="utf-8")
    asked = standing_questions(AgentSettings(standing_questions=own))
    assert asked[:2] == (SCABIES, "Who runs the clinic on Mondays?")
    assert len(asked) == 3 * len(CONDITIONS) + 1


def test_a_file_of_questions_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsIncomplete, match=r"SKINGPT_STANDING_QUESTIONS names .*gone\.txt"):
        standing_questions(AgentSettings(standing_questions=tmp_path / "gone.txt"))
