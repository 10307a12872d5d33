"""The allow-list: who holds an invitation gets in once, and whoever is removed is out at once, and for good."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from knowledge import audit, people
from knowledge.database import open_database, reading
from knowledge.errors import ChangeRefused
from knowledge.settings import KnowledgeSettings


@pytest.fixture
def engine(knowledge_url: str) -> Iterator[Engine]:
    engine = open_database(KnowledgeSettings(knowledge_url=knowledge_url))
    yield engine
    engine.dispose()


def test_an_invitation_lets_one_person_in_once(engine: Engine) -> None:
    token = people.invite(engine, " Dr  Ada ", "operator")
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token), "what Telegram takes in a deep link"
    assert people.find(engine, 7) is None
    joined = people.join(engine, token, 7)
    assert joined is not None
    assert (joined.name, joined.invited_by) == ("Dr Ada", "operator")
    assert people.find(engine, 7) == joined
    assert people.join(engine, token, 8) is None
    assert people.find(engine, 8) is None
    assert people.allowed(engine) == [joined]


def test_of_many_who_hold_the_same_link_one_gets_in(engine: Engine) -> None:
    token = people.invite(engine, "Dr Ada", "operator")
    with ThreadPoolExecutor(6) as crowd:
        joined = list(crowd.map(lambda number: people.join(engine, token, number), range(6)))
    assert sum(each is not None for each in joined) == 1
    assert len(people.allowed(engine)) == 1


def test_a_guessed_or_old_invitation_lets_nobody_in(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert people.join(engine, people.PREFIX + "guess", 7) is None
    monkeypatch.setattr(people, "LASTS", -timedelta(seconds=1))
    assert people.join(engine, people.invite(engine, "Dr Ada", "operator"), 7) is None
    assert people.allowed(engine) == []


def test_the_database_holds_no_token(engine: Engine) -> None:
    token = people.invite(engine, "Dr Ada", "operator")
    with reading(engine) as connection:
        stored = [str(tuple(row)) for row in connection.execute(text("SELECT * FROM invitation"))]
        stored += [str(tuple(row)) for row in connection.execute(text("SELECT * FROM deed"))]
    assert token.removeprefix(people.PREFIX) not in " ".join(stored)


def test_who_is_removed_is_out_also_with_a_link_kept_back_until_invited_again(engine: Engine) -> None:
    kept_back = people.invite(engine, "Dr Ada", "operator")
    people.join(engine, people.invite(engine, "Dr Ada", "operator"), 7)
    for_another = people.invite(engine, "Dr Bo", "operator")
    people.remove(engine, 7, "Dr Bo")
    assert people.find(engine, 7) is None
    assert people.join(engine, kept_back, 7) is None
    with pytest.raises(ChangeRefused, match="not on the list"):
        people.remove(engine, 7, "Dr Bo")
    assert people.join(engine, for_another, 8) is not None
    assert people.join(engine, people.invite(engine, "Dr Ada", "operator"), 7) is not None
    assert [person.name for person in people.allowed(engine)] == ["Dr Ada", "Dr Bo"]
    removals = [deed for deed in audit.deeds(engine) if deed.action == "removed"]
    assert [(deed.actor, deed.subject) for deed in removals] == [("Dr Bo", "Dr Ada")]


@pytest.mark.parametrize("name", ["", " \n", "x" * 81, "starter", " STARTER "])
def test_a_name_that_cannot_be_an_authors_is_not_invited(engine: Engine, name: str) -> None:
    with pytest.raises(ChangeRefused, match="name the person"):
        people.invite(engine, name, "operator")
    assert audit.deeds(engine) == []
