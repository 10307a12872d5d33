"""Before the library changes: which standing questions would be answered otherwise, both answers with their passages.

Both answers are quoted by rule, whatever language model answers patients: so they differ because the library does, and
never because a model chose other words. Each question is asked as by a patient who has told nothing else.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from agents.adviser import Adviser
from agents.errors import SettingsIncomplete
from agents.evaluation.asking import made_up
from agents.replying import Reply
from agents.settings import AgentSettings
from agents.standing_questions import standing_questions
from agents.vision import NoVision
from cases.record import Role, Turn
from knowledge.embedding import Embedder
from knowledge.errors import KnowledgeError
from knowledge.library import Library
from knowledge.rehearsal import Change, rehearsed
from knowledge.report import ChangedAnswer, CitedPassage, Comparison, GivenAnswer
from knowledge.search import Search
from knowledge.submissions import CompareAnswers


def compare(
    library: Library,
    embedder: Embedder,
    change: Change,
    questions: Sequence[str],
    settings: AgentSettings,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Comparison:
    """The answers to `questions` that `change` would change, in their order; `tell` hears how many are compared.

    An answer counts as changed where a patient would read other words, or be shown another document or section as
    their source. Raises what publishing, retiring and searching raise.
    """
    changed: list[ChangedAnswer] = []
    with rehearsed(library, change, embedder) as rehearsal:
        before, after = _Asked(rehearsal.before, settings), _Asked(rehearsal.after, settings)
        for done, question in enumerate(questions, 1):
            old, new = before.reply(question), after.reply(question)
            if old != new:
                answers = before.given(old), after.given(new)
                if _differ(*answers):
                    changed.append(ChangedAnswer(question=question, before=answers[0], after=answers[1]))
            tell(done, len(questions))
    return Comparison(questions=len(questions), changed_answers=tuple(changed))


def comparing(library: Library, embedder: Embedder, settings: AgentSettings) -> CompareAnswers:
    """`compare` with the standing questions, as `knowledge.submissions` wants it.

    A file of questions that cannot be read is a KnowledgeError then, which says what to do.
    """

    def compare_change(change: Change, tell: Callable[[int, int], None]) -> Comparison:
        try:
            questions = standing_questions(settings)
        except SettingsIncomplete as error:
            raise KnowledgeError(str(error)) from error
        return compare(library, embedder, change, questions, settings, tell)

    return compare_change


class _Asked:
    """One library that is asked."""

    def __init__(self, search: Search, settings: AgentSettings) -> None:
        self._library = search.library
        self._adviser = Adviser(search, None, None, NoVision(), settings)
        self._now = datetime.now(UTC)

    def reply(self, question: str) -> Reply:
        case = made_up("", "0" * 32)
        turn = Turn(id=1, case_id=case.id, role=Role.PATIENT, text=question, created=self._now)
        return self._adviser.reply(case, [turn], self._now.date())

    def given(self, reply: Reply) -> GivenAnswer:
        passages = [(citation.n, self._library.passage(citation.chunk_id)) for citation in reply.citations]
        return GivenAnswer(
            text=reply.text,
            passages=tuple(
                CitedPassage(n=n, **passage.model_dump(include=set(CitedPassage.model_fields)))
                for n, passage in passages
            ),
        )


def _differ(before: GivenAnswer, after: GivenAnswer) -> bool:
    sources = [[(passage.key, passage.section) for passage in answer.passages] for answer in (before, after)]
    return before.text != after.text or sources[0] != sources[1]
