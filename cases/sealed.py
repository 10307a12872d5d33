"""Every sealed column of the record, with what its values are bound to: for whoever has to go through all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from cases.conversation import turn_place
from cases.database import KEY_CHECK, CaseDatabase
from cases.inbox import inbox_place
from cases.outbox import outbox_place
from cases.snapshot import photo_place, place
from cases.tables import CaseRow, InboxRow, KeyCheckRow, OutboxRow, PhotoRow, TurnRow
from cases.vault import FORMAT, KEY_ID_BYTES

_BATCH: Final = 20
"""Rows of one transaction: with large photos it lasts some tens of milliseconds, so nobody waits long."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column: `number` is its table's primary key, `context` says from `told_by` what a value is bound to."""

    column: InstrumentedAttribute[Any]
    number: InstrumentedAttribute[int]
    told_by: tuple[InstrumentedAttribute[Any], ...]
    context: Callable[..., str]

    def context_of(self, row: Row[Any]) -> str:
        """What the value of this row (number, value, told_by …) is bound to."""
        return self.context(*row[2:])


def _of_case(name: str) -> SealedColumn:
    column = getattr(CaseRow, name)
    return SealedColumn(column, CaseRow.number, (CaseRow.id,), lambda case_id: place(case_id, name))


SEALED: Final = (
    SealedColumn(KeyCheckRow.sealed, KeyCheckRow.id, (), lambda: KEY_CHECK),
    *(_of_case(name) for name in ("words", "history", "findings", "advice")),
    SealedColumn(PhotoRow.sealed, PhotoRow.id, (PhotoRow.case_id,), photo_place),
    SealedColumn(TurnRow.sealed, TurnRow.id, (TurnRow.case_id, TurnRow.role), turn_place),
    SealedColumn(InboxRow.payload, InboxRow.number, (InboxRow.update_id,), inbox_place),
    SealedColumn(OutboxRow.payload, OutboxRow.id, (OutboxRow.dedupe,), outbox_place),
)


def reseal_record(db: CaseDatabase) -> int:
    """Seal anew, under the newest key, what an older key sealed; how many values.

    In short transactions beside the running house. Raises WrongKey, SealBroken (naming the row; nothing is
    overwritten), DatabaseUnavailable.
    """
    return sum(_reseal_column(db, each) for each in SEALED)


def _reseal_column(db: CaseDatabase, sealed: SealedColumn) -> int:
    done, last = 0, -1
    while batch := _reseal_batch(db, sealed, last):
        done += len(batch)
        last = batch[-1]
    return done


def _reseal_batch(db: CaseDatabase, sealed: SealedColumn, after: int) -> list[int]:
    key_id = func.substr(sealed.column, len(FORMAT) + 1, KEY_ID_BYTES)
    old = (
        select(sealed.number, sealed.column, *sealed.told_by)
        .where(sealed.number > after, sealed.column.is_not(None), key_id != db.vault.newest)
        .order_by(sealed.number)
        .limit(_BATCH)
    )
    with db.write() as session:
        rows = session.execute(old).all()
        for row in rows:
            anew = db.vault.reseal(row[1], sealed.context_of(row))
            session.execute(update(sealed.column.class_).where(sealed.number == row[0]).values({sealed.column: anew}))
    return [row[0] for row in rows]
