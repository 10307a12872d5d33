"""The button "What did it look at?": the worker asks the model, and the outbox brings the picture."""

from bot import texts
from bot.explanation import is_offered
from bot.handlers.agreeing import may_keep
from bot.presses import Press
from bot.services import Services, in_thread
from cases import overlays
from cases.record import Case, CaseStatus
from worker.enqueue import enqueue_explain


async def explain(services: Services, case: Case, _press: Press, _message_id: int | None) -> str:
    """Have the picture made, once; what to show for a moment."""
    if case.status is CaseStatus.CLOSED:
        return texts.STAGE_CLOSED
    if not await may_keep(services, case.chat_id):
        return ""
    if not is_offered(case):
        return texts.EXPLAINED_NO_MORE
    if await in_thread(overlays.is_sent, services.db, case):
        return texts.EXPLAINED_ALREADY
    if not await services.once.first("explain", case.id):
        return texts.EXPLAINING_ALREADY
    return texts.EXPLAINING if await in_thread(enqueue_explain, case.id) else texts.NOT_EXPLAINED
