"""Photos, one or an album: checked, stored with the case in one transaction, and only then queued."""

import logging
from datetime import timedelta

from telegram import Update
from telegram.constants import ChatAction

from bot import metrics, texts
from bot.albums import Album
from bot.errors import PhotoNotFetched, PhotoRefused, RefusalReason
from bot.fetching import fetch
from bot.handlers.agreeing import ask_consent
from bot.handlers.incoming import Incoming, incoming
from bot.handlers.opening import open_card
from bot.handlers.words import answer_urgent, is_of_a_childs_private_parts, refuse_childs_private_parts, written
from bot.message import message
from bot.sending import send
from bot.services import Context, Services, in_thread, services_of
from cases import caseload, conversation
from cases.database import CaseDatabase
from cases.errors import CaseClosed, CaseNotFound
from cases.record import Case, CaseStatus, History
from cases.refusing import refuses_photos
from conditions import TriageLevel
from worker.enqueue import enqueue_examine

_log = logging.getLogger(__name__)

MOST_A_MINUTE = 20
"""Photos of one patient: two albums. What comes beyond is neither fetched nor kept, and said once."""
_MINUTE = timedelta(minutes=1)
_SAME_MATTER = timedelta(days=1)
"""For so long after anything was told or done in a case without a photo, a photo that comes belongs to it."""


async def on_photo(update: Update, context: Context) -> None:
    """A photo, or a picture sent as a file."""
    services = services_of(context)
    came = incoming(update)
    group = came.message.media_group_id
    if group is None:
        single = Album(came.chat_id, came.message.message_id, sent=1)
        await _take(services, came, single, came.source)
        await finish(services, single)
        return
    album = services.albums.begin(came.chat_id, group, came.message.message_id)
    try:
        await _take(services, came, album, f"album:{group}")
    finally:
        services.albums.end(came.chat_id, group)


async def _take(services: Services, came: Incoming, album: Album, source: str) -> None:
    level = await answer_urgent(services, came)
    if album.closed:
        return
    patient_id = await services.consenting_patient(came.chat_id)
    begun = await in_thread(_case_of, services.db, album)
    before = await in_thread(_words_before, services.db, patient_id) if patient_id else None
    case = begun or before
    if await is_of_a_childs_private_parts(services, case, f"{album.words}\n{came.words}", with_photo=True):
        await refuse_childs_private_parts(services, came.chat_id, case, came.source)
        album.closed = True
    elif patient_id is None:
        if level is not TriageLevel.EMERGENCY:
            await ask_consent(services, came.chat_id, sent_something=True)
        album.closed = True
    elif album.case_id is None and await in_thread(refuses_photos, services.db, patient_id):
        await send(services.bot, came.chat_id, message(texts.PHOTO_AFTER_CHILD), came.message.message_id)
        album.closed = True
    elif await _are_too_many(services, came, patient_id) or (photo := await _checked(services, came, album)) is None:
        await _set_words_aside(services, came, album, begun)
    else:
        await _keep(services, came, patient_id, photo, before, album, source)
        album.taken += 1
        metrics.PHOTOS_TAKEN.inc()


async def _are_too_many(services: Services, came: Incoming, patient_id: int) -> bool:
    """Whether the patient sent too many photos lately, which is said once."""
    if await in_thread(caseload.photos_since, services.db, patient_id, _MINUTE) < MOST_A_MINUTE:
        return False
    if await services.once.first(came.chat_id, "too many photos", source=came.source):
        await send(services.bot, came.chat_id, message(texts.TOO_MANY_PHOTOS.format(most=MOST_A_MINUTE)))
    return True


async def _set_words_aside(services: Services, came: Incoming, album: Album, begun: Case | None) -> None:
    """The caption of a photo that is not taken belongs to the case of the album's other photos, begun or to come."""
    if begun is None:
        album.words = _joined(album.words, came.words)
    elif came.words:
        await in_thread(conversation.say, services.db, begun.id, came.words, source=came.source)


def _joined(*words: str) -> str:
    return "\n".join(filter(None, words))


def _case_of(db: CaseDatabase, album: Album) -> Case | None:
    """The case that the album's first photos opened, unless it was erased since."""
    if album.case_id is None:
        return None
    try:
        return caseload.get(db, album.case_id)
    except CaseNotFound:
        return None


async def _checked(services: Services, came: Incoming, album: Album) -> bytes | None:
    await services.bot.send_chat_action(came.chat_id, ChatAction.TYPING)
    try:
        return await services.decoders.take_in(await fetch(services.bot, came.message))
    except PhotoRefused as refusal:
        album.refused[came.message.message_id] = refusal.reason
        metrics.PHOTOS_REFUSED.labels(refusal.reason.value).inc()
        _log.info("photo of %s refused: %s", came.source, refusal.reason)
    except PhotoNotFetched:
        await send(services.bot, came.chat_id, message(texts.NOT_FETCHED), came.message.message_id)
    return None


def _words_before(db: CaseDatabase, patient_id: int) -> Case | None:
    """The case that the patient opened in words and now sends the photo of, if there is one."""
    case = caseload.current_case(db, patient_id)
    return case if case and not case.photo_ids and case.status is not CaseStatus.FAILED else None


async def _keep(
    services: Services, came: Incoming, patient_id: int, photo: bytes, before: Case | None, album: Album, source: str
) -> None:
    """Store the photo with its words, and with those before it if they are of the same matter."""
    words = _joined(album.words, came.words)
    case = await in_thread(_stored, services.db, patient_id, photo, words, before, album.case_id, source, came.source)
    if album.case_id == case.id and came.words:  # the caption of a later photo of an album
        await in_thread(conversation.say, services.db, case.id, came.words, source=came.source)
    album.case_id = case.id
    album.words = ""


def _stored(
    db: CaseDatabase,
    patient_id: int,
    photo: bytes,
    words: str,
    before: Case | None,
    case_id: str | None,
    source: str,
    photo_source: str,
) -> Case:
    if case_id is None and source != photo_source and (begun := caseload.case_of_source(db, patient_id, source)):
        case_id = begun.id  # an album that the bot had begun with before it was killed
    if case_id is not None:
        try:
            return caseload.add_photo(db, case_id, photo, photo_source)
        except (CaseNotFound, CaseClosed):
            source = f"{source}:again"  # erased or closed while the album came in: its rest is a new case
    if before is None or not caseload.is_astir(db, before.id, _SAME_MATTER):
        return caseload.open_case(db, patient_id, (photo,), words, History(), source, photo_source)
    words = _joined(*written(db, before), words)
    case = caseload.open_case(db, patient_id, (photo,), words, before.history, source, photo_source)
    caseload.close(db, before.id)
    return case


async def finish(services: Services, album: Album) -> None:
    """All photos are in: say which were not taken, show the card, queue the case."""
    if album.closed:
        return
    if album.refused:
        await send(services.bot, album.chat_id, message(_refusals(album)), album.first_message_id)
        album.refused.clear()
    if album.case_id is None:
        return
    await open_card(services, album.case_id, album.first_message_id, enqueue_examine)


def _refusals(album: Album) -> str:
    """Each reason once, with the photos it is about."""
    reasons = list(dict.fromkeys(album.refused.values()))
    if len(reasons) == 1 and not album.taken:
        return texts.REFUSED[reasons[0]]
    why = "\n".join(
        texts.REFUSED_OF_ALBUM.format(which=_which(album, reason), why=texts.REFUSED[reason]) for reason in reasons
    )
    return texts.SOME_REFUSED.format(taken=album.taken, sent=album.sent, why=why) if album.taken else why


def _which(album: Album, reason: RefusalReason) -> str:
    """The photos refused for this reason, by their places in the album."""
    places = enumerate(sorted(album.messages), start=1)
    numbers = [place for place, message_id in places if album.refused.get(message_id) is reason]
    if len(numbers) == 1:
        return f"Photo {numbers[0]}"
    return f"Photos {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
