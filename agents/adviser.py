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
from agents.body_place import place_of
from agents.case_view import CaseView, RestsOn, facts, view
from agents.history_taking.candidates import sites
from agents.intents import intents, is_about_care
from agents.levels import asks_of_aftercare, is_aftercare
from agents.minded import dated, minded, tells_only_facts
from agents.numbering import Numbering
from agents.passages import Shelf
from agents.possibilities import PhotoKind
from agents.raised import with_raised
from agents.recognition.recogniser import SEARCHED, likeliest_first
from agents.remedies import failed
from agents.replying import Reply, composed, guess, looked_at, unsourced, who_can_tell
from agents.same_spot import Comparable, asks_of_earlier_photo, asks_to_compare, comparable
from agents.scope.covering import outside
from agents.scope.words import describes, says_little
from agents.search import GuidelineSearch
from agents.seen import seen
from agents.settings import AgentSettings
from agents.small_talk import answer_to, small_talk
from agents.statements import Statements, Supported, asked_for, fitting, suits
from agents.stems import content_stems
from agents.subjects import CAME_BACK, Subject, described_in, named_in
from agents.triage import triage_words
from agents.triage.carried import Told, all_told, said_in
from agents.triage.told import Fact, history_told
from agents.vision import EarlierPhotos, PhotoSource, VisionModel
from agents.watch_for import watch_for
from cases.record import Advice, Case, OtherCase, PossibilityInWords, Role, Statement, Turn
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
_ASK_ON = "Ask me again if you want to know what that changes."
_OF_WHAT = f"I do not know yet what this is about. {_TELL_MORE}"


class Adviser:
    """Advises on cases. `photo` fetches a photo by its id; without it nobody looks at a photo again.

    `earlier` finds the photos that were sent before.
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

    def advise(self, case: Case, today: date, turns: Sequence[Turn] = (), others: Sequence[OtherCase] = ()) -> Advice:
        """The answer to a case, for the history's present revision. Raises what the chat model and the search raise.

        `turns`: its conversation so far; what was told there counts as what opened the case. `others`: the patient's
        other cases; what was told there of allergies and the like holds in this one.
        """
        said = [turn.text for turn in turns if turn.role is Role.PATIENT and turn.text != case.words]
        known = all_told(said_in(case, turns), case.history, others, today)
        case = _with_told(case, known.facts)
        seen_case = view(case, said, self._search, self._settings)
        kind, number = seen_case.differential.kind, self._settings.emergency_number
        supported = self._statements.of(case, seen_case, known.facts)
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
            limits="\n\n".join(
                filter(None, (safety_net.limits(kind, seen_case.has_photo, number), _carried_into(seen_case, known)))
            ),
            revision=case.history_revision,
            ask=seen_case.ask,
        )

    def reply(self, case: Case, turns: Sequence[Turn], today: date, others: Sequence[OtherCase] = ()) -> Reply:
        """The answer to the last of the patient's turns. An emergency is answered at once, without the agent.

        `others` as in `advise`.

        Raises ValueError when no turn is the patient's, ChatModelUnavailable, MemoryUnreadable, and the search's
        errors.
        """
        heard = _up_to_question(turns)
        question = heard[-1].text
        new = triage_words(question)
        said = [turn.text for turn in heard if turn.role is Role.PATIENT]
        known = all_told(said_in(case, heard), case.history, others, today)
        case = _with_told(case, known.facts)
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
            here = "; ".join(fact.words for fact in known.here) or "nothing beside what we wrote here"
            remembered = f"What I remember of you: {here}. {dated(known.carried)}".rstrip()
            corrected = "/memory lets you correct it."
            return unsourced(seen_case.triage, doubt, urgent, f"{remembered} {corrected}", "" if urgent else reminder)
        if known.facts and tells_only_facts(question):
            return unsourced(seen_case.triage, doubt, urgent, f"{minded(known)} {_ASK_ON}", "" if urgent else reminder)
        if _is_of_nothing_known(question, seen_case) and new.level is not TriageLevel.SAME_DAY:
            return unsourced(seen_case.triage, doubt, _OF_WHAT, reminder)
        found = self._search.search(question, k=SEARCHED)
        spot = self._comparable(case, seen_case, said)
        compares = asks_of_earlier_photo(question) or (asks_to_compare(question) and (spot.photo or spot.undecided))
        if not compares and outside(question, found[:_NEAR], self._search):
            return composed((), "", seen_case, "", "", reminder, doubt=doubt)
        earlier = " ".join((case.words, *said[:-1]))
        described = self._described(question, seen_case, found, earlier)
        asked = self._question(case, seen_case, question, known, described, spot)
        answer = self._agent.converse(asked, case.id, heard, _length(question))
        first = self._fit(answer, case, asked, seen_case, question, known.facts)
        fit = _without_what_failed(first, question, known.facts)
        if answer.sentences and not fit:
            longer = self._agent.ask(asked, _AT_LENGTH)
            further = self._fit(longer, case, asked, seen_case, question, known.facts)
            fit = (_without_what_failed(further, question, known.facts) or first)[: _length(question)]
        rests_on: RestsOn = "words" if asked.described else seen_case.rests_on
        guessed = asked.described or _guessed(question, asked, seen_case)
        taken_for = guess(guessed, seen_case.level, number, rests_on)
        looked = looked_at(question, spot, answer.observation, answer.comparison)
        return composed(fit, looked, seen_case, question, urgent, reminder, minded(known), taken_for, doubt)

    def _fit(
        self, answer: Answer, case: Case, asked: Question, seen_case: CaseView, question: str, told: Sequence[Fact]
    ) -> list[Supported]:
        """What of the answer fits the urgency of the case, who asks, and what they are allergic to."""
        number = self._settings.emergency_number
        return [
            each
            for each in fitting(answer.sentences, answer.passages, seen_case, asked.subjects, number)
            if (asks_of_aftercare(question) or not is_aftercare(each.text))
            and suits(each.text, asked.text, case.history, told)
        ]

    def _seen(self, case: Case, seen_case: CaseView) -> str:
        text = seen(case.findings, seen_case.differential.kind, seen_case.has_photo, seen_case.rests_on)
        unknown = seen_case.by_words and not seen_case.subjects and seen_case.level is not TriageLevel.EMERGENCY
        return f"{text} {_TELL_MORE}".strip() if unknown else text

    def _question(
        self,
        case: Case,
        seen_case: CaseView,
        question: str,
        known: Told,
        described: tuple[Subject, ...],
        spot: Comparable,
    ) -> Question:
        remembered = "".join(f"\nThe patient said: {fact.words}." for fact in known.here)
        before = "".join(f"\nThe patient said on {each.day}: {each.fact.words}." for each in known.carried)
        return Question(
            text=asked_for(question, case.history, known.facts),
            subjects=_asked_about(question, seen_case, described),
            described=described,
            facts=facts(case, seen_case) + remembered + before,
            photo=self._first_photo(case),
            earlier=self._earlier_photo(spot),
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

    def _comparable(self, case: Case, seen_case: CaseView, said: Sequence[str]) -> Comparable:
        """The earlier photo of the same spot as this case's, by all that was `said`, the question last. Of a rash none:
        the model knows single spots only.
        """
        if self._earlier is None or not case.photo_ids or seen_case.differential.kind is PhotoKind.RASH:
            return Comparable()
        texts = (case.words, *said)
        return comparable(said[-1], texts[:-1], place_of(case.history, texts), self._earlier(case))

    def _earlier_photo(self, spot: Comparable) -> Earlier | None:
        source, chosen = self._photo, spot.photo
        if source is None or chosen is None:
            return None
        return Earlier(lambda: source(chosen.photo_id), chosen.day)

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


def _with_told(case: Case, facts_told: Sequence[Fact]) -> Case:
    return case.model_copy(update={"history": history_told(facts_told, case.history)})


def _carried_into(seen_case: CaseView, known: Told) -> str:
    """What of other cases the advice rests on. Whoever must call for help reads nothing else."""
    return dated(known.carried) if seen_case.level is not TriageLevel.EMERGENCY else ""


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
            words=f"fits some of your {seen_case.rests_on} – {who_can_tell(seen_case.level, each, emergency_number)}",
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
