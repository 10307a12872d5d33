"""The adviser: a case in, the whole answer out; a patient's message in, the reply out.

Triage comes first and is decided by rules; the agent answers within it; what no passage supports is not said.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date

from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver

from agents import safety_net
from agents.agent import Answer, Earlier, GuidelineAgent, Question
from agents.case_view import CaseView, facts, view
from agents.history_taking.candidates import sites
from agents.intents import intents, is_about_care
from agents.levels import asks_of_aftercare, is_aftercare
from agents.numbering import Numbering
from agents.passages import Shelf
from agents.raised import with_raised
from agents.recognition.recogniser import SEARCHED, likeliest_first
from agents.remedies import failed, names_allergen
from agents.replying import Reply, composed, guess, unsourced, who_can_tell
from agents.scope.covering import outside
from agents.scope.words import describes, says_little
from agents.search import GuidelineSearch
from agents.seen import seen
from agents.settings import AgentSettings
from agents.small_talk import answer_to, small_talk
from agents.statements import Statements, Supported, asked_for, fitting
from agents.stems import content_stems
from agents.subjects import CAME_BACK, Subject, described_in, named_in
from agents.triage import triage_words
from agents.triage.told import Fact, facts_told, history_told
from agents.vision import EarlierPhotos, PhotoSource, VisionModel
from agents.watch_for import watch_for
from cases.record import Advice, Case, PossibilityInWords, Role, Statement, Turn
from conditions import EMERGENCIES, TriageLevel
from knowledge.record import Passage

_NEAR = 8
"""Passages among which the words of a question must stand."""
_LIKELY = 2
"""Slugs among which one that is named is what the question describes as well."""
_IN_REPLY, _IN_LONG_REPLY = 5, 6
_AT_LENGTH = 12
"""Sentences asked for where none of the first fits the urgency of the case."""
_ASKS_OF_MEMORY = re.compile(
    r"\bwhat (?:do|did) you (?:remember|know) (?:of|about|from) me\b|\bwhat have i told you\b"
    r"|\bdo you remember (?:me\b|(?:what|anything|everything|all)(?: that)? i (?:said|told|wrote)|\W*$)",
    re.IGNORECASE,
)
_TELL_MORE = (
    "To help me, please tell me in a few words where it is, when it began, how it looks, and whether it "
    "itches, hurts or comes "
    "with fever."
)
_GOES_ON = re.compile(
    rf"\b(?:spread\w*|mov(?:ed|ing)|same|also|too|as well|again|on the other hand)\b|{CAME_BACK}"
    r"|^\W*(?:and |but |now )*(?:it|this|they|these)\b",
    re.IGNORECASE,
)
"""How somebody says that what they told of is at another place now, or has come back."""
_TELLS_OF = re.compile(
    r"\bi(?:['’]ve| have| had| got| found| noticed)\b|\bthere (?:is|are|['’]s)\b"
    r"|\bmy \w+(?: \w+)? (?:is|are|has|have)\b|\bmy \w+ (?:itch|flak|burn|hurt|peel)\w*"
    r"|^\W*(?:\w+ )+all over my\b",
    re.IGNORECASE,
)
"""How somebody tells of something new, rather than where to put the cream."""
_OF_WHAT = f"I do not know yet what this is about. {_TELL_MORE}"


class Adviser:
    """Advises on cases. `photo` fetches a photo by its id; without it nobody looks at a photo again.

    `earlier` finds the photos of the same lesion that were sent before.
    """

    def __init__(
        self,
        search: GuidelineSearch,
        chat_model: BaseChatModel | None,
        memory: BaseCheckpointSaver[str] | None,
        vision: VisionModel,
        settings: AgentSettings,
        photo: PhotoSource | None = None,
        earlier: EarlierPhotos | None = None,
    ) -> None:
        self._search = search
        self._agent = GuidelineAgent(search, chat_model, memory, vision)
        self._statements = Statements(self._agent, settings.emergency_number)
        self._settings = settings
        self._photo = photo
        self._earlier = earlier

    def advise(self, case: Case, today: date, turns: Sequence[Turn] = ()) -> Advice:
        """The answer to a case, for the history's present revision. Raises what the chat model and the search raise.

        `turns`: its conversation so far; what was told there counts as what opened the case.
        """
        said = [turn.text for turn in turns if turn.role is Role.PATIENT and turn.text != case.words]
        told = facts_told([case.words, *said], case.history)
        case = _with_told(case, told)
        seen_case = view(case, said, self._search, self._settings)
        kind, number = seen_case.differential.kind, self._settings.emergency_number
        supported = self._statements.of(case, seen_case, told)
        watched = watch_for(
            seen_case.subjects,
            seen_case.level,
            kind,
            [each.text for each in supported],
            case.history,
            self._search,
            Shelf(passage for each in supported for passage in each.passages),
            number,
        )
        numbering = Numbering()
        statements = tuple(Statement(text=each.text, citations=numbering.of(each.passages)) for each in supported)
        signs = tuple(f"{text} [{numbering.of([passage])[0]}]" if passage else text for text, passage in watched)
        return Advice(
            triage=seen_case.triage,
            now=safety_net.now(seen_case.triage, seen_case.suspicious, kind, number),
            seen=self._seen(case, seen_case),
            possibilities=_possibilities(seen_case, number),
            statements=statements,
            citations=numbering.citations,
            watch_for=signs,
            see_by=safety_net.see_by(seen_case.level, today),
            see_whom=safety_net.see_whom(seen_case.level, seen_case.suspicious, number),
            limits=safety_net.limits(kind, seen_case.has_photo, number),
            revision=case.history_revision,
            ask=seen_case.ask,
        )

    def reply(self, case: Case, turns: Sequence[Turn], today: date) -> Reply:
        """The answer to the last of the patient's turns. An emergency is answered at once, without the agent.

        Raises ValueError when no turn is the patient's, ChatModelUnavailable, MemoryUnreadable, and the search's
        errors.
        """
        heard = _up_to_question(turns)
        question = heard[-1].text
        new = triage_words(question)
        said = [turn.text for turn in heard if turn.role is Role.PATIENT]
        told = facts_told([case.words, *said], case.history)
        case = _with_told(case, told)
        seen_case = view(case, said, self._search, self._settings)
        number = self._settings.emergency_number
        if new.level is TriageLevel.EMERGENCY:
            return unsourced(seen_case.triage, safety_net.now_and_why(new, number))
        by = case.advice.see_by if case.advice and case.advice.triage.level is seen_case.level else None
        reminder = safety_net.reminder(
            seen_case.level, seen_case.suspicious, number, by or safety_net.see_by(seen_case.level, today)
        )
        doubt = safety_net.if_so(new, number)
        if (kind := small_talk(question)) is not None:
            return unsourced(seen_case.triage, answer_to(kind), reminder)
        urgent = safety_net.now_and_why(new, number) if new.level is TriageLevel.SAME_DAY else ""
        if _ASKS_OF_MEMORY.search(question):
            known = "; ".join(fact.words for fact in told) or "nothing beside what we wrote here"
            remembered = f"What I remember of you: {known}. /memory lets you correct it."
            return unsourced(seen_case.triage, doubt, urgent, remembered, "" if urgent else reminder)
        if _is_of_nothing_known(question, seen_case) and new.level is not TriageLevel.SAME_DAY:
            return unsourced(seen_case.triage, doubt, _OF_WHAT, reminder)
        found = self._search.search(question, k=SEARCHED)
        if outside(question, found[:_NEAR], self._search):
            return composed((), None, seen_case, "", "", reminder, doubt=doubt)
        earlier = " ".join((case.words, *said[:-1]))
        described = self._described(question, seen_case, found, earlier)
        asked = self._question(case, seen_case, question, told, described)
        answer = self._agent.converse(asked, case.id, heard, _length(question))
        first = self._fit(answer, question, asked, seen_case, told)
        fit = _without_what_failed(first, question, told)
        if answer.sentences and not fit:
            further = self._fit(self._agent.ask(asked, _AT_LENGTH), question, asked, seen_case, told)
            fit = (_without_what_failed(further, question, told) or first)[: _length(question)]
        words = [fact.words for fact in told]
        taken_for = guess(asked.described or _guessed(question, asked, seen_case), seen_case.level, number)
        return composed(
            fit, answer.observation, seen_case, question, urgent, reminder, words, answer.comparison, taken_for, doubt
        )

    def _fit(
        self, answer: Answer, question: str, asked: Question, seen_case: CaseView, told: Sequence[Fact]
    ) -> list[Supported]:
        """What of the answer fits the urgency of the case, who asks, and what they are allergic to."""
        number = self._settings.emergency_number
        return [
            each
            for each in fitting(answer.sentences, answer.passages, seen_case, asked.subjects, number)
            if (asks_of_aftercare(question) or not is_aftercare(each.text)) and not names_allergen(each.text, told)
        ]

    def _seen(self, case: Case, seen_case: CaseView) -> str:
        text = seen(case.findings, seen_case.differential.kind, seen_case.has_photo)
        unknown = seen_case.by_words and not seen_case.subjects and seen_case.level is not TriageLevel.EMERGENCY
        return f"{text} {_TELL_MORE}".strip() if unknown else text

    def _question(
        self, case: Case, seen_case: CaseView, question: str, told: Sequence[Fact], described: tuple[Subject, ...]
    ) -> Question:
        remembered = "".join(f"\nThe patient said: {fact.words}." for fact in told)
        return Question(
            text=asked_for(question, case.history),
            subjects=_asked_about(question, seen_case, described),
            described=described,
            facts=facts(case, seen_case) + remembered,
            photo=self._first_photo(case),
            earlier=self._earlier_photo(case),
        )

    def _described(
        self, question: str, seen_case: CaseView, found: Sequence[Passage], earlier: str
    ) -> tuple[Subject, ...]:
        """What a question is about that names nothing: the likeliest found, or what the words that open a case tell.

        `earlier`: what was told before it. Who goes on to describe another place has another complaint.

        Of one that describes something and names another condition ("my eczema has punched-out sores"), the likeliest
        too, unless what is named is likely as well and the other needs no help at once.
        """
        named = named_in(question)
        if named and not describes(question):
            return ()
        if not named and seen_case.leading is not None and not _is_elsewhere(question, earlier):
            opens = not earlier.strip() and seen_case.by_words and describes(question)
            return (seen_case.leading,) if opens else ()
        likely = likeliest_first(question, found, self._search)
        described = described_in(question, likely)
        if not named:
            return described
        is_likely = any(each.slug in likely[:_LIKELY] for each in named)
        return tuple(each for each in described if each not in named and (each.slug in EMERGENCIES or not is_likely))

    def _earlier_photo(self, case: Case) -> Earlier | None:
        source, found = self._photo, self._earlier(case) if self._earlier and case.photo_ids else ()
        if source is None or not found:
            return None
        newest = found[0]
        return Earlier(lambda: source(newest.photo_id), newest.day)

    def _first_photo(self, case: Case) -> Callable[[], bytes] | None:
        source = self._photo
        if source is None or not case.photo_ids:
            return None
        first = case.photo_ids[0]
        return lambda: source(first)


def _is_of_nothing_known(question: str, seen_case: CaseView) -> bool:
    """Whether somebody asks on ("how long will it take?") and nobody has said yet what "it" is."""
    known = named_in(question) or seen_case.subjects or describes(question)
    return not known and says_little(question) and bool(intents(question))


def _is_elsewhere(question: str, earlier: str) -> bool:
    """Whether the question tells of something at a place of the body of which nothing was told before it."""
    if not describes(question) or _GOES_ON.search(question) or not _TELLS_OF.search(question):
        return False
    here, there = sites(question), sites(earlier)
    return bool(here and there) and here.isdisjoint(there)


def _with_told(case: Case, told: Sequence[Fact]) -> Case:
    return case.model_copy(update={"history": history_told(told, case.history)})


def _without_what_failed(fit: list[Supported], question: str, told: Sequence[Fact]) -> list[Supported]:
    """The sentences that do not speak of what was tried in vain, unless it is asked about."""
    in_vain = failed(question, told)
    return [each for each in fit if in_vain.isdisjoint(content_stems(each.text))]


def _up_to_question(turns: Sequence[Turn]) -> Sequence[Turn]:
    for at in range(len(turns) - 1, -1, -1):
        if turns[at].role is Role.PATIENT:
            return turns[: at + 1]
    raise ValueError("A reply needs at least one turn of the patient.")


def _length(question: str) -> int:
    return _IN_REPLY if len(intents(question)) < 2 else _IN_LONG_REPLY


def _possibilities(seen_case: CaseView, emergency_number: str) -> tuple[PossibilityInWords, ...]:
    by_words = tuple(
        PossibilityInWords(
            slug=each.slug,
            title=each.title,
            words=f"fits some of your words – {who_can_tell(seen_case.level, each, emergency_number)}",
        )
        for each in (seen_case.subjects if seen_case.by_words else ())
        if each != seen_case.differential.serious and each not in seen_case.raised
    )
    return with_raised((*seen_case.differential.in_words, *by_words), seen_case.raised, seen_case.triage)


def _guessed(question: str, asked: Question, seen_case: CaseView) -> tuple[Subject, ...]:
    """What the answer is about though nobody named it. A mole is not guessed beside a cancer that is not ruled out."""
    cancer = seen_case.serious is not None and seen_case.serious.malignant
    return asked.subjects if seen_case.guessed and not cancer and not named_in(question) else ()


def _asked_about(question: str, seen_case: CaseView, described: Sequence[Subject]) -> tuple[Subject, ...]:
    """The conditions the question names or describes; else what "it" is, and of care the most serious besides.

    One that needs help at once comes first where another is named; the most serious does where a photo does not exclude
    it. Words alone exclude little: what they describe comes first, after the reminder of what cannot be ruled out.
    """
    if named := named_in(question):
        urgent = tuple(each for each in described if each.slug in EMERGENCIES)
        return tuple(dict.fromkeys((*urgent, *named, *described)))
    serious, likely = seen_case.serious, next(iter(described), seen_case.leading)
    if likely is not None and (likely.malignant or not is_about_care(question)):
        return (likely,)  # a cancer that is described leaves no room for another that is not
    both = (likely, serious) if seen_case.by_words else (serious, likely)
    return tuple(dict.fromkeys(each for each in both if each is not None))
