"""Patients are answered from what holds where they are: in the first advice, its signs to watch for, and every reply.

Run: ``pytest tests/agents/test_readers.py``
"""

from collections.abc import Callable, Iterator

import pytest

from agents.adviser import Adviser
from agents.evaluation.asking import made_up
from agents.grounding import NOT_COVERED
from agents.settings import AgentSettings
from agents.vision import NoVision
from knowledge.library import Library, open_library
from knowledge.search import Search
from tests.agents.samples import TODAY, turns
from tests.knowledge.conftest import chroma_url, embedder, knowledge_url, library, settings
from tests.knowledge.samples import HashEmbedder, guideline

__all__ = ["chroma_url", "embedder", "knowledge_url", "library", "settings"]

ABROAD, HERE = "Scabies is treated with sulphur soap", "Psoriasis is treated with tar ointment"
ForPatients = Callable[[str | None], Adviser]


@pytest.fixture
def adviser_for(library: Library, embedder: HashEmbedder) -> Iterator[ForPatients]:
    library.publish(guideline("psoriasis", jurisdiction="UK", treatment=HERE), "Dr A")
    abroad = guideline("scabies", jurisdiction="BR", treatment=ABROAD, self_care=ABROAD)
    library.publish(abroad, "Dr A")
    opened: list[Library] = []

    def adviser(jurisdiction: str | None) -> Adviser:
        of_patients = library.settings.model_copy(update={"library_jurisdiction": jurisdiction})
        opened.append(open_library(of_patients, embedder))
        return Adviser(Search(opened[-1], embedder), None, None, NoVision(), AgentSettings())

    yield adviser
    for each in opened:
        each.close()


def test_a_reply_quotes_nothing_that_holds_elsewhere_only(adviser_for: ForPatients) -> None:
    asked = turns("How is scabies treated?")
    case = made_up("", "0" * 32)
    assert f"{ABROAD}. [1]" in adviser_for(None).reply(case, asked, TODAY).text
    here = adviser_for("UK").reply(case, asked, TODAY)
    assert NOT_COVERED in here.text and here.citations == ()
    assert f"{HERE}. [1]" in adviser_for("UK").reply(case, turns("How is psoriasis treated?"), TODAY).text


def test_advice_and_its_signs_to_watch_for_hold_where_the_patient_is(adviser_for: ForPatients) -> None:
    case = made_up("I have scabies, what should I do?", "0" * 32)
    anywhere = adviser_for(None).advise(case, TODAY)
    assert f"{ABROAD}." in {each.text for each in anywhere.statements}
    assert any(sign.startswith("Scabies and when to get help This week.") for sign in anywhere.watch_for)
    here = adviser_for("UK").advise(case, TODAY)
    assert {cited.slug for cited in here.citations} <= {"psoriasis"}
    assert not any("scabies" in sign.casefold() for sign in here.watch_for)
    assert here.watch_for and here.triage == anywhere.triage, "urgency and general signs need no library"


def test_what_words_are_taken_for_is_what_the_patients_library_has(adviser_for: ForPatients) -> None:
    described = made_up("silvery plaques that itch at night", "0" * 32)
    assert {each.slug for each in adviser_for("BR").advise(described, TODAY).citations} <= {"scabies"}
    assert {each.slug for each in adviser_for("UK").advise(described, TODAY).citations} <= {"psoriasis"}
