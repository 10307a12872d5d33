"""History taking: the question that separates the possibilities best is asked, and the answer moves them.

Run: ``pytest tests/agents/test_history_taking.py``
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents.history_taking.by_buttons import by_buttons
from agents.history_taking.candidates import MOST_QUESTIONS, Candidates, candidates, next_feature, told
from agents.history_taking.features import NOT_SURE, features
from agents.triage import triage_history
from bot.presses import MAX_BYTES
from bot.questions import next_question
from cases.record import Advice, Case, DangerSign, History
from conditions import CONDITIONS, EMERGENCIES, TriageLevel
from knowledge.record import Passage
from tests.agents.conftest import MakeAdviser
from tests.agents.samples import TODAY, case, findings, passage

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
        options = {name: {option.id for option in feature.options} for name, feature in features().items()}
        asked_of_all = {"kind": {"spot", "rash"}, "age": {"baby", "child", "teenager", "adult", "middle", "older"}}
        for name, known in {**options, **asked_of_all}.items():
            assert sum(entry[name].values()) == 10 and set(entry[name]) <= known


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


def _photographed(*answers: str, age: int = 30, of: Mapping[str, float] | None = None, **told: Any) -> Case:
    """A photo without a word, of which the model can tell nothing, and what was pressed."""
    pressed = {"spot_or_rash": "rash", "danger": frozenset({DangerSign.NONE}), "immunosuppressed": False, **told}
    return case(findings(dict(of or {"cannot-tell": 0.95})), History(age=age, answers=frozenset(answers), **pressed))


def test_a_rash_without_words_is_asked_about_and_nothing_is_named_before_an_answer_tells(
    make_adviser: MakeAdviser,
) -> None:
    adviser = make_adviser(search=_Search())
    asked: list[str] = []
    while (advice := adviser.advise(_photographed(*(f"{each}:{NOT_SURE}" for each in asked)), TODAY)).ask is not None:
        assert not advice.possibilities and not advice.statements
        question = next_question(_photographed().model_copy(update={"advice": advice}))
        assert question is not None and question.text == advice.ask.text
        asked.append(advice.ask.feature)
    assert len(asked) == len(set(asked)) == MOST_QUESTIONS
    assert not advice.possibilities and not advice.statements


def test_who_never_answers_is_told_calmly_what_the_answer_rests_on(make_adviser: MakeAdviser) -> None:
    advice = make_adviser(search=_Search()).advise(_photographed(), TODAY)
    assert "I cannot judge a rash from a photo, so what follows rests only on your answers" in advice.seen
    assert "please tell me in a few words" in advice.seen
    assert advice.triage.level is TriageLevel.ROUTINE and advice.watch_for and "doctor" in advice.see_whom
    assert "What it may be" not in advice.text


def test_without_words_the_answers_move_the_differential_and_are_what_it_rests_on(make_adviser: MakeAdviser) -> None:
    adviser = make_adviser(search=_Search())
    one = adviser.advise(_photographed("itch:some"), TODAY)
    ring = adviser.advise(_photographed("shape:ring", "contact:animal", "onset:weeks", "itch:some"), TODAY)
    weals = adviser.advise(_photographed("shape:weals", "contact:none", "onset:hours", "itch:strong"), TODAY)
    assert not one.possibilities
    assert [each.slug for each in ring.possibilities] == ["tinea-corporis"]
    assert [each.slug for each in weals.possibilities] == ["urticaria"]
    assert ring.possibilities[0].words.startswith("fits some of your answers")


def test_an_answer_that_says_nothing_names_nothing_beside_words_that_say_nothing(make_adviser: MakeAdviser) -> None:
    adviser = make_adviser(search=_Search())
    unsure = _photographed(f"shape:{NOT_SURE}").model_copy(update={"words": "a rash"})
    assert not adviser.advise(unsure, TODAY).possibilities


def test_without_words_only_what_somebody_of_that_age_has_is_named(make_adviser: MakeAdviser) -> None:
    adviser, folds = make_adviser(search=_Search()), ("site:folds", "itch:hurts", "onset:days")
    assert [each.slug for each in adviser.advise(_photographed(*folds, age=0), TODAY).possibilities] == ["nappy-rash"]
    assert "nappy-rash" not in {each.slug for each in adviser.advise(_photographed(*folds), TODAY).possibilities}
    bumps = ("site:hands", "itch:no", "shape:bumps", "onset:months", "contact:none")
    assert [each.slug for each in adviser.advise(_photographed(*bumps, age=6), TODAY).possibilities] == ["warts"]
    assert not adviser.advise(_photographed(*bumps, age=0), TODAY).possibilities


def test_what_the_library_does_not_have_is_not_named(make_adviser: MakeAdviser) -> None:
    answers = ("shape:weals", "contact:none", "onset:hours", "itch:strong")
    assert not make_adviser().advise(_photographed(*answers), TODAY).possibilities


def test_a_growth_is_never_named_by_answers_alone(make_adviser: MakeAdviser) -> None:
    lasting = ("shape:bumps", "site:trunk", "onset:months", "itch:no", "contact:none")
    assert not make_adviser(search=_Search()).advise(_photographed(*lasting, age=72), TODAY).possibilities


def test_one_spot_that_the_model_cannot_judge_is_asked_how_long_and_named_only_if_new(
    make_adviser: MakeAdviser,
) -> None:
    adviser = make_adviser(search=_Search())
    bite = ("contact:bite", "itch:strong", "shape:weals", "site:limbs")

    def advised(*answers: str) -> Advice:
        return adviser.advise(_photographed(*answers, spot_or_rash="spot"), TODAY)

    first = advised().ask
    assert first is not None and first.feature == "onset"
    assert [each.slug for each in advised("onset:hours", *bite).possibilities] == ["insect-bites"]
    for known in ("weeks", "months", NOT_SURE):
        lasting = advised(f"onset:{known}", *bite)
        assert not lasting.possibilities and lasting.ask is None
        assert lasting.triage.level.urgency >= TriageLevel.ROUTINE.urgency


@pytest.mark.parametrize(
    "told",
    [{"of": {"cannot-tell": 0.7, "melanoma": 0.2}}, {"bleed": True}, {"grew": True, "elevation": True, "itch": True}],
    ids=["by the photo", "by a bleeding spot", "by a growing spot"],
)
def test_beside_a_cancer_that_is_not_ruled_out_answers_alone_name_nothing(
    make_adviser: MakeAdviser, told: dict[str, Any]
) -> None:
    adviser = make_adviser(search=_Search())
    answers = ("onset:days", "contact:bite", "itch:strong", "shape:weals", "site:limbs")
    advice = adviser.advise(_photographed(*answers, spot_or_rash="spot", **told), TODAY)
    assert advice.ask is None and "insect-bites" not in {each.slug for each in advice.possibilities}


@pytest.mark.parametrize(
    ("answers", "told", "level", "slug"),
    [
        (("itch:hurts", "onset:days", "shape:flat", "site:limbs"), {}, TriageLevel.SAME_DAY, "cellulitis"),
        (("itch:hurts", "onset:days", "shape:flat"), {"spot_or_rash": "spot"}, TriageLevel.SAME_DAY, "cellulitis"),
        (("itch:hurts", "onset:days", "shape:blisters"), {}, TriageLevel.SAME_DAY, "herpes-zoster"),
        (("itch:hurts", "shape:blisters", "site:face"), {}, TriageLevel.SAME_DAY, "herpes-zoster"),
        (("itch:hurts", "onset:weeks", "shape:blisters"), {}, TriageLevel.THIS_WEEK, "herpes-zoster"),
        (("contact:medicine",), {}, TriageLevel.SAME_DAY, "drug-eruption"),
        (("contact:medicine", "itch:hurts"), {}, TriageLevel.SAME_DAY, "stevens-johnson-syndrome"),
        (("shape:blisters",), {"age": 0}, TriageLevel.SAME_DAY, "staphylococcal-scalded-skin-syndrome"),
        (("contact:people",), {"pregnant": True}, TriageLevel.SAME_DAY, "chickenpox"),
        (("shape:blisters",), {"immunosuppressed": True}, TriageLevel.SAME_DAY, "chickenpox"),
        (("shape:ring", "onset:weeks", "contact:none"), {}, TriageLevel.THIS_WEEK, "lyme-disease"),
        (("shape:pus", "onset:days"), {}, TriageLevel.THIS_WEEK, "impetigo"),
        (("shape:blisters", "site:genital"), {}, TriageLevel.THIS_WEEK, "syphilis"),
    ],
)
def test_answers_that_a_doctor_would_want_to_see_soon_raise_the_urgency_and_say_for_what(
    make_adviser: MakeAdviser, answers: tuple[str, ...], told: dict[str, Any], level: TriageLevel, slug: str
) -> None:
    advice = make_adviser(search=_Search()).advise(_photographed(*answers, **told), TODAY)
    assert advice.triage.level is level
    assert slug in {each.slug for each in advice.possibilities}


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (("itch:hurts", "site:folds", "onset:days"), {"age": 0}),
        (("contact:medicine", "onset:days"), {"spot_or_rash": "spot"}),
        (("itch:hurts", "onset:days", "shape:bumps"), {"spot_or_rash": "spot"}),
        (("shape:ring", "onset:weeks", "contact:animal"), {}),
        (("shape:pus", "onset:months"), {}),
        (("contact:people", "shape:blisters"), {}),
    ],
)
def test_nappy_rash_a_pimple_acne_and_ringworm_are_not_made_urgent(
    make_adviser: MakeAdviser, answers: tuple[str, ...], told: dict[str, Any]
) -> None:
    advice = make_adviser(search=_Search()).advise(_photographed(*answers, **told), TODAY)
    assert advice.triage.level is TriageLevel.ROUTINE


_SOONEST = {
    TriageLevel.SAME_DAY: {"cellulitis", "herpes-zoster", "drug-eruption", "measles", "scarlet-fever", "vasculitis"},
    TriageLevel.THIS_WEEK: {"impetigo", "lyme-disease", "syphilis", "mpox"},
}


@given(
    age=st.sampled_from([0, 6, 15, 28, 52, 72]),
    kind=st.sampled_from(["spot", "rash"]),
    chosen=st.lists(st.integers(0, 6), min_size=MOST_QUESTIONS, max_size=MOST_QUESTIONS),
)
def test_whatever_is_answered_no_urgency_falls_and_nothing_is_named_that_needs_help_sooner(
    age: int, kind: Literal["spot", "rash"], chosen: list[int]
) -> None:
    raw = yaml.safe_load(files("agents.history_taking").joinpath("presentations.yaml").read_text(encoding="utf-8"))
    band = {0: "baby", 6: "child", 15: "teenager", 28: "adult", 52: "middle", 72: "older"}[age]
    history = History(age=age, spot_or_rash=kind, danger=frozenset({DangerSign.NONE}))
    answers: dict[str, str] = {}
    for choice in chosen:
        level = triage_history(history).level
        told = by_buttons(history, answers, {}, level, rash=kind == "rash")
        for slug in told.slugs:
            assert slug not in EMERGENCIES and raw[slug]["age"].get(band) and raw[slug]["kind"].get(kind)
            assert all(level.urgency >= least.urgency for least, slugs in _SOONEST.items() if slug in slugs)
        if told.feature is None:
            break
        assert told.feature.id not in answers
        options = told.feature.options
        answers[told.feature.id] = options[choice % len(options)].id
        history = history.merged(History(answers=frozenset({f"{told.feature.id}:{answers[told.feature.id]}"})))
        assert triage_history(history).level.urgency >= level.urgency


def test_without_words_an_illness_that_needs_help_sooner_and_is_not_excluded_leaves_nothing_named(
    make_adviser: MakeAdviser,
) -> None:
    adviser = make_adviser(search=_Search())
    swelling = ("itch:some", "onset:hours", "shape:weals", "site:face", "contact:none")
    for kind in ("rash", "spot"):
        advice = adviser.advise(_photographed(*swelling, spot_or_rash=kind), TODAY)
        assert not advice.possibilities, "a swelling of the face is no matter of weeks"
    child = adviser.advise(_photographed("shape:blisters", "contact:people", "onset:days", "itch:strong", age=6), TODAY)
    adult = adviser.advise(_photographed("shape:blisters", "contact:people", "onset:days", "itch:strong"), TODAY)
    assert [each.slug for each in child.possibilities] == ["chickenpox"]
    assert not adult.possibilities, "for an adult it is no matter for a pharmacist"


def test_what_words_that_name_nothing_tell_is_not_asked(make_adviser: MakeAdviser) -> None:
    adviser = make_adviser(search=_Search())

    def asked(words: str, **told: Any) -> str | None:
        ask = adviser.advise(_photographed(**told).model_copy(update={"words": words}), TODAY).ask
        return ask.feature if ask else None

    assert asked("a spot for weeks", spot_or_rash="spot") is None, "no answer excludes a cancer"
    assert asked("a spot for days", spot_or_rash="spot") not in (None, "onset")
    answers: list[str] = []
    while ask := adviser.advise(_photographed(*answers).model_copy(update={"words": "a rash for weeks"}), TODAY).ask:
        assert ask.feature != "onset"
        answers.append(f"{ask.feature}:{NOT_SURE}")


def test_one_changing_spot_without_a_photo_is_not_named_by_answers_alone(make_adviser: MakeAdviser) -> None:
    answers = ("onset:days", "contact:bite", "itch:strong", "shape:weals", "site:limbs")
    grows = _photographed(*answers, spot_or_rash="spot", grew=True, elevation=True)
    unseen = grows.model_copy(update={"findings": None, "photo_ids": (), "words": "a spot"})
    advice = make_adviser(search=_Search()).advise(unseen, TODAY)
    assert {each.slug for each in advice.possibilities} == {"melanoma"}


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
