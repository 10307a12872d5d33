"""History taking: the question that separates the possibilities best is asked, and the answer moves them.

Run: ``pytest tests/agents/test_history_taking.py``
"""

from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents.history_taking.candidates import MOST_QUESTIONS, Candidates, candidates, next_feature, told
from agents.history_taking.features import NOT_SURE, features
from bot.presses import MAX_BYTES
from bot.questions import next_question
from cases.record import Case, DangerSign, History
from conditions import CONDITIONS
from knowledge.record import Passage
from tests.agents.conftest import MakeAdviser
from tests.agents.samples import TODAY, case, passage

RING = (
    "A scaly ring with a clear middle that itches. It lasts for weeks. It spreads by touching an animal such as a cat."
)
WEALS = "Raised weals that itch, and come and go within hours. It is not contagious. Food or stress can bring it on."


def _two() -> Candidates:
    return Candidates({"tinea-corporis": 0.5, "urticaria": 0.5})


def test_an_answer_moves_the_possibilities() -> None:
    assert _two().after({"shape": "ring"}).ranked[0][0] == "tinea-corporis"
    assert _two().after({"shape": "weals"}).ranked[0][0] == "urticaria"


def test_not_sure_and_unknown_answers_move_nothing() -> None:
    assert _two().after({"shape": NOT_SURE, "site": "moon"}).weights == pytest.approx(_two().weights)


def test_what_separates_them_is_asked_and_never_twice() -> None:
    first = next_feature(_two(), (), 0)
    assert first is not None and first.id in {"shape", "onset", "contact"}
    again = next_feature(_two(), (first.id,), 1)
    assert again is None or again.id != first.id


def test_nothing_is_asked_once_it_is_settled_or_five_were() -> None:
    settled = _two().after({"shape": "ring", "onset": "weeks", "contact": "animal"})
    assert next_feature(settled, (), 3) is None
    assert next_feature(_two(), (), MOST_QUESTIONS) is None


@given(st.dictionaries(st.sampled_from(list(features())), st.text(max_size=12), max_size=7))
def test_weights_stay_shares_whatever_is_answered(answers: dict[str, str]) -> None:
    weights = _two().after(answers).weights
    assert sum(weights.values()) == pytest.approx(1) and all(weight >= 0 for weight in weights.values())


def test_every_condition_of_the_library_says_how_it_presents() -> None:
    raw = yaml.safe_load(files("agents.history_taking").joinpath("presentations.yaml").read_text(encoding="utf-8"))
    assert set(raw) == set(CONDITIONS)
    for entry in raw.values():
        assert 1 <= entry["seen"] <= 4
        for name, feature in features().items():
            assert sum(entry[name].values()) == 10 and set(entry[name]) <= {option.id for option in feature.options}


def test_a_vague_complaint_makes_the_common_likelier_and_a_description_the_first_found() -> None:
    common = _Search("leprosy", "acne-vulgaris")
    assert candidates("a patch", common, ("patch",)).ranked[0][0] == "acne-vulgaris"
    described = ("pale", "numb", "patch", "feeling")
    assert candidates("pale numb patch without feeling", common, described).ranked[0][0] == "leprosy"


def test_words_of_nothing_in_the_library_make_nothing_likely_unless_they_are_known_to_be_of_skin() -> None:
    assert not candidates("my headache", _Search(), ("headach",)).weights
    assert candidates("my headache", _Search(), ("headach",), of_skin=True).weights


def test_what_the_words_tell_is_not_asked() -> None:
    assert told("an itchy ring on my leg for weeks")["shape"] == "ring"
    assert "onset" in told("it came suddenly")


_DESCRIBED = tuple(
    passage(text, n, "What it looks like", slug)
    for n, (slug, text) in enumerate({"tinea-corporis": RING, "urticaria": WEALS}.items())
)


class _Search:
    """Finds passages of these conditions, in this order, whatever is asked."""

    def __init__(self, *slugs: str) -> None:
        self._found = tuple(
            passage(f"A patch of {slug}.", n, "What it looks like", slug) for n, slug in enumerate(slugs)
        )

    def vectors(self, texts: Sequence[str]) -> None:
        """No embedding model stands behind it."""

    def search(self, text: str, k: int = 5, **_: object) -> list[Passage]:
        return [
            Passage(
                chunk_id=each.chunk_id,
                slug=each.slug,
                title=each.slug,
                section=each.section,
                text=each.text,
                document=each.slug,
                key=each.slug,
                version="1",
                page=None,
                source="",
                reviewed=None,
                score=1.0,
            )
            for each in self._found or _DESCRIBED
        ]


def _itching(answers: frozenset[str] = frozenset()) -> Case:
    history = History(
        spot_or_rash="rash", age=30, immunosuppressed=False, danger=frozenset({DangerSign.NONE}), answers=answers
    )
    return case(None, history, "it itches", photo_ids=())


def test_the_agent_asks_by_button_until_it_is_answered(make_adviser: MakeAdviser) -> None:
    adviser = make_adviser(search=_Search())
    answers: frozenset[str] = frozenset()
    asked: list[str] = []
    for _ in range(MOST_QUESTIONS + 2):
        advice = adviser.advise(_itching(answers), TODAY)
        if advice.ask is None:
            break
        asked.append(advice.ask.feature)
        question = next_question(_itching(answers).model_copy(update={"advice": advice}))
        assert question is not None and question.text == advice.ask.text
        assert all(len(data.encode()) <= MAX_BYTES for row in question.rows for _, data in row)
        answers |= {f"{advice.ask.feature}:{NOT_SURE}"}
        assert next_question(_itching(answers).model_copy(update={"advice": advice})) is None
    assert asked and len(asked) <= MOST_QUESTIONS and len(set(asked)) == len(asked)


def test_the_differential_moves_with_the_answer(make_adviser: MakeAdviser) -> None:
    adviser = make_adviser(search=_Search())
    ring = adviser.advise(_itching(frozenset({"shape:ring", "contact:animal"})), TODAY)
    weals = adviser.advise(_itching(frozenset({"shape:weals", "onset:hours"})), TODAY)
    assert ring.possibilities[0].slug == "tinea-corporis"
    assert weals.possibilities[0].slug == "urticaria"


def test_answers_are_kept_one_a_feature() -> None:
    history = History(answers=frozenset({"shape:ring", "itch:some"}))
    merged = history.merged(History(answers=frozenset({"shape:scaly"})))
    assert merged.answers == {"shape:scaly", "itch:some"}


def test_every_button_of_every_feature_fits() -> None:
    for feature in features().values():
        assert all(len(f"q:{'a' * 32}:{feature.id}-{option.id}") <= MAX_BYTES for option in feature.options)
        assert all(first.id != second.id for first, second in pairwise(feature.options))


def test_what_a_patient_says_is_not_there_is_no_answer() -> None:
    assert "shape" not in told("dry, red, rough, scratch marks, no blisters or crust")
    assert told("not itchy at all, blisters on my arm")["shape"] == "blisters"
