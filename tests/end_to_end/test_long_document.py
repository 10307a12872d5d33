"""A book of 500 pages on its way into the library of a whole house, and a patient who asks meanwhile.

Run: ``./run test -m slow tests/end_to_end/test_long_document.py``
"""

import time
from collections.abc import Iterator

import pytest
from celery import Celery

from benchmarks.long_document import AUTHOR, book, hand_in
from knowledge.embedding import RemoteEmbedder
from knowledge.library import Library, open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.submission import State
from knowledge.submissions import Submissions
from local import running
from local.playground.patient import Patient
from tests.end_to_end.test_house import PATIENCE, agree, is_answer
from tests.end_to_end.whole_house import WholeHouse

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PAGES = 500


@pytest.fixture
def library(house: WholeHouse) -> Iterator[Library]:
    """The house's own, opened beside it."""
    data = house.folder / "var"
    found = running.find(data).environment
    settings = KnowledgeSettings(
        data=data, chroma_url=found["SKINGPT_CHROMA_URL"], embedder_url=found["SKINGPT_EMBEDDER_URL"]
    )
    library = open_library(settings)
    yield library
    library.close()


def test_a_patient_is_answered_while_500_pages_are_read_and_every_page_is_kept(
    house: WholeHouse, newcomer: Patient, library: Library
) -> None:
    agree(newcomer)
    submissions = Submissions(library)
    broker = Celery(broker=running.find(library.settings.data).environment["SKINGPT_BROKER_URL"], set_as_current=False)
    number = hand_in(submissions, broker, book(PAGES, lines=4))
    answered_meanwhile = 0
    deadline = time.monotonic() + 2 * PATIENCE
    while submissions.get(number).state is State.RECEIVED:
        assert time.monotonic() < deadline, submissions.get(number).progress
        newcomer.say("/new")
        sent = newcomer.say("ring shaped itchy rash on my leg")
        newcomer.wait_for(is_answer, after=sent["message_id"], timeout=PATIENCE)
        answered_meanwhile += submissions.get(number).state is State.RECEIVED
    submission = submissions.get(number)
    assert submission.state is State.READY, submission.progress
    assert answered_meanwhile > 0, "the book was read before anybody was answered"
    assert submission.report is not None and submission.report.pages == PAGES

    submissions.publish(number, AUTHOR)
    assert submission.edition is not None
    live = library.edition(submission.edition.key)
    assert live is not None
    of_page: dict[int | None, str] = {}
    for piece in live.pieces:
        of_page[piece.page] = of_page.get(piece.page, "") + piece.text
    assert [page for page in range(1, PAGES + 1) if f"Marker {page}." not in of_page.get(page, "")] == []
    assert library.check() == [], "the index holds every passage of it"
    found = Search(library, RemoteEmbedder(library.settings.embedder_url)).search(
        "psoriasis marker 321 chapter 321", k=20, slugs={"psoriasis"}
    )
    assert 321 in {passage.page for passage in found}
    library.retire(submission.edition.key, AUTHOR)
