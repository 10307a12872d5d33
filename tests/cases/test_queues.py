"""Inbox and outbox: nothing twice, nothing lost, nothing out of order."""

import time
from datetime import timedelta

from sqlalchemy import select

from cases import inbox, outbox
from cases.database import CaseDatabase, open_cases
from cases.settings import CasesSettings
from cases.tables import InboxRow, OutboxRow
from tests.cases.conftest import Clock
from tests.cases.samples import at_once

CHAT = 5


def _put(db: CaseDatabase, *names: str, chat_id: int = CHAT) -> None:
    for name in names:
        outbox.put(db, chat_id, "text", name, name.encode(), dedupe=f"{chat_id}:{name}")


def _due(db: CaseDatabase, limit: int = 10, owner: str = "bot") -> list[str]:
    return [each.reference for each in outbox.due(db, limit, owner)]


def test_an_update_is_received_once_and_replayed_until_done(db: CaseDatabase) -> None:
    assert inbox.receive(db, 12, b"second by number")
    assert inbox.receive(db, 11, b"first by number")
    assert not inbox.receive(db, 12, b"again")
    assert inbox.pending(db) == [(12, b"second by number"), (11, b"first by number")]
    inbox.done(db, 12)
    inbox.done(db, 99)
    assert inbox.pending(db) == [(11, b"first by number")]
    assert not inbox.receive(db, 12, b"again")


def test_the_payload_is_kept_only_until_done(db: CaseDatabase) -> None:
    inbox.receive(db, 12, b"words")
    inbox.done(db, 12)
    _put(db, "a", "b")
    first, second = outbox.due(db, 10, "bot")
    outbox.sent(db, first.id, 1)
    outbox.drop(db, second.id, "blocked")
    with db.read() as session:
        assert session.scalars(select(InboxRow.payload)).all() == [None]
        assert session.scalars(select(OutboxRow.payload)).all() == [None, None]


def test_whose_an_update_was_is_known_only_until_done(db: CaseDatabase) -> None:
    for update_id in (12, 13):
        inbox.receive(db, update_id, b'{"message": {"message_id": 5, "chat": {"id": 71}}}')
    inbox.done(db, 12)
    with db.read() as session:
        assert session.scalars(select(InboxRow.chat_id).order_by(InboxRow.update_id)).all() == [0, 71]


def test_a_message_is_stored_once_and_sent_once(db: CaseDatabase) -> None:
    _put(db, "a", "a")
    (message,) = outbox.due(db, 10, "bot")
    assert (message.chat_id, message.kind, message.payload, message.attempts) == (CHAT, "text", b"a", 1)
    assert _due(db, owner="another bot") == []
    outbox.sent(db, message.id, 77)
    _put(db, "a")
    assert _due(db) == []


def test_a_dead_senders_messages_are_handed_out_again_after_a_minute(db: CaseDatabase, clock: Clock) -> None:
    _put(db, "a")
    assert _due(db) == ["a"]
    clock.advance(seconds=59)
    assert _due(db) == []
    clock.advance(seconds=1)
    (again,) = outbox.due(db, 10, "another bot")
    assert again.attempts == 2


def test_nothing_overtakes_in_a_chat_and_chats_do_not_wait_for_each_other(db: CaseDatabase, clock: Clock) -> None:
    _put(db, "a", "b")
    _put(db, "x", chat_id=6)
    (first,) = outbox.due(db, 1, "bot")
    assert _due(db) == ["x"], "b waits for a"
    outbox.retry(db, first.id, timedelta(seconds=30))
    assert _due(db) == [], "b still waits for a"
    clock.advance(seconds=30)
    assert _due(db) == ["a", "b"]


def test_a_dropped_message_lets_the_next_go(db: CaseDatabase) -> None:
    _put(db, "a", "b")
    (first,) = outbox.due(db, 1, "bot")
    outbox.drop(db, first.id, "blocked")
    outbox.retry(db, first.id, timedelta())
    assert _due(db) == ["b"]


def test_a_message_forgotten_meanwhile_changes_nothing(db: CaseDatabase) -> None:
    outbox.sent(db, 99, None)
    outbox.retry(db, 99, timedelta())
    outbox.drop(db, 99, "gone")


def _send(index: int, settings: CasesSettings) -> list[str]:
    db = open_cases(settings)
    handed: list[str] = []
    idle = 0
    while idle < 3:
        batch = outbox.due(db, 3, f"sender-{index}")
        idle = 0 if batch else idle + 1
        for message in batch:
            handed.append(message.reference)
            outbox.sent(db, message.id, None)
        time.sleep(0.002)
    return handed


def test_two_senders_share_the_work_and_send_nothing_twice(settings: CasesSettings) -> None:
    db = open_cases(settings)
    for chat_id in range(30):
        _put(db, f"{chat_id}", chat_id=chat_id)
    db.close()
    first, second = at_once(2, _send, settings)
    assert sorted(first + second, key=int) == [str(chat_id) for chat_id in range(30)]


def _receive(index: int, settings: CasesSettings) -> int:
    db = open_cases(settings)
    return sum(inbox.receive(db, update_id, b"{}") for update_id in range(20))


def test_two_receivers_take_each_update_once(settings: CasesSettings) -> None:
    assert sum(at_once(2, _receive, settings)) == 20
