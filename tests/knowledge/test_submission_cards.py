"""Cards of submissions: where one stands otherwise than its message shows, the message is to be written anew."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select

from knowledge import people, submission_cards, tables
from knowledge.database import reading
from knowledge.library import Library
from knowledge.settings import KnowledgeSettings
from knowledge.submission import Details, State
from knowledge.submissions import Submissions
from tests.bot.shelf import shelf

TEXT = b"# Scalp psoriasis\n\nA coal tar shampoo loosens thick scale within four weeks.\n"
ADA, BO, OUT = 7, 8, 9


@pytest.fixture
def library(knowledge_url: str) -> Iterator[Library]:
    settings = KnowledgeSettings(knowledge_url=knowledge_url, library_second_approver=True)
    library = shelf(settings).library
    for telegram_id, name in ((ADA, "Dr Ada"), (BO, "Dr Bo"), (OUT, "Dr Out")):
        people.join(library.engine, people.invite(library.engine, name, "operator"), telegram_id)
    people.remove(library.engine, OUT, "operator")
    yield library
    library.close()


def chats(engine: Engine) -> list[int]:
    return [card.chat_id for card in submission_cards.outdated(engine)]


def test_a_card_is_written_when_and_only_when_its_submission_moved_on(library: Library) -> None:
    engine, submissions = library.engine, Submissions(library)
    number = submissions.receive(TEXT, "scalp.md", "Dr Ada", Details(slug="psoriasis"))
    submission_cards.place(engine, number, ADA, 3)
    submission_cards.place(engine, number, OUT)
    (card,) = submission_cards.outdated(engine)
    assert (card.chat_id, card.reply_to, card.message_id) == (ADA, 3, None), "not whoever was removed"
    submission_cards.written(engine, card, 30)
    assert chats(engine) == []
    submissions.read(number)
    (card,) = submission_cards.outdated(engine)
    assert card.message_id == 30
    submission_cards.written(engine, card, 30)
    submissions.amend(number, "Dr Ada", Details(slug="psoriasis", jurisdiction="UK"))
    submissions.read(number)
    assert chats(engine) == [ADA], "as ready as before, and about another place"
    assert submission_cards.shown_by(engine, ADA, 30) == number
    assert submission_cards.place(engine, number, ADA) == 30
    assert submission_cards.shown_by(engine, ADA, 30) is None


def test_who_can_approve_gets_a_card_once(library: Library) -> None:
    engine, submissions = library.engine, Submissions(library)
    number = submissions.receive(TEXT, "scalp.md", "Dr Ada", Details(slug="psoriasis"))
    submissions.read(number)
    assert submission_cards.ask_approvers(engine) == 0, "not before it is handed in"
    assert submissions.publish(number, "Dr Ada") is None
    assert submission_cards.ask_approvers(engine) == 1
    assert submission_cards.ask_approvers(engine) == 0
    assert chats(engine) == [BO]
    assert submissions.publish(number, "Dr Bo") is not None
    assert submissions.get(number).state is State.PUBLISHED


def test_the_same_file_is_the_same_submission_while_it_is_open_and_is_not_kept_afterwards(library: Library) -> None:
    submissions, details = Submissions(library), Details(slug="psoriasis")
    number = submissions.receive(TEXT, "scalp.md", "Dr Ada", details)
    assert submissions.receive(TEXT, "scalp.md", "Dr Ada", details) == number
    assert submissions.receive(TEXT, "scalp.md", "Dr Bo", details) != number
    submissions.read(number)
    submissions.withdraw(number, "Dr Ada")
    with reading(library.engine) as connection:
        row = connection.execute(select(tables.submissions).where(tables.submissions.c.number == number)).one()
    assert (row.content, row.edition, row.report) == (b"", None, None)
    assert submissions.receive(TEXT, "scalp.md", "Dr Ada", details) != number
