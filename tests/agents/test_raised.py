"""Advice covers what raised the urgency: whatever a photo looks like, the condition behind the level is cited.

Run: ``pytest tests/agents/test_raised.py``
"""

import pytest

from agents import case_view
from agents.adviser import Adviser
from agents.settings import AgentSettings
from agents.triage.rules import reason, rules
from agents.triage.verdict import verdict
from cases.record import Advice, Case, DangerSign, History
from conditions import CONDITIONS, MALIGNANT, TriageLevel
from tests.agents.library import WordSearch, starter_passages
from tests.agents.samples import MOLE, TODAY, Looking, case, findings, turns

NO_GUIDELINE = {
    "bruised-child", "wide-harm", "bruised-baby",  # a child may be harmed
    "wide-scald", "medicine-in-pregnancy", "burn", "pregnancy-itch", "leg-ulcer", "electric-shock",
    "corrosive-skin", "acid-on-skin", "nipple", "itch-with-weight-loss",
    "used-needle",  # no guideline of the library is about these
    "means-same-day", "means-this-week", "means-routine",  # learned: no condition stands behind them
    "lesion-question", "lasting", "needs-doctor", "mouth-or-eye-sore", "history-spot",  # any condition at all
    "finding-cannot-tell", "finding-photo-alone",
}  # fmt: skip
"""Rules that raise the level and speak of no condition of the library."""
RAISING = {name: rule.about for name, (rule, why) in rules().items() if why.level is not TriageLevel.EMERGENCY}
EMERGENCIES = [name for name, (_, why) in rules().items() if why.level is TriageLevel.EMERGENCY]


@pytest.fixture
def starter(agent_settings: AgentSettings) -> Adviser:
    return Adviser(WordSearch(starter_passages()), None, None, Looking(), agent_settings)


def _covers(advice: Advice, slugs: tuple[str, ...] | set[str]) -> bool:
    cited = {citation.slug for citation in advice.citations if citation.n in _of_statements(advice)}
    return bool(cited & set(slugs)) and bool({each.slug for each in advice.possibilities} & set(slugs))


def _of_statements(advice: Advice) -> set[int]:
    return {n for statement in advice.statements for n in statement.citations}


def test_every_rule_that_raises_the_level_says_what_it_is_about() -> None:
    assert {name for name, about in RAISING.items() if not about} == NO_GUIDELINE
    assert all(set(about) <= set(CONDITIONS) for about in RAISING.values())


@pytest.mark.slow
@pytest.mark.parametrize("rule", sorted(set(RAISING) - NO_GUIDELINE))
def test_advice_covers_what_raised_the_level(starter: Adviser, monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    monkeypatch.setattr(case_view, "triage_words", lambda _: verdict([reason(rule)]))
    advice = starter.advise(MOLE.model_copy(update={"words": "look at this please"}), TODAY)
    assert advice.triage.level.urgency >= reason(rule).level.urgency
    assert _covers(advice, RAISING[rule])
    assert _covers(advice, {"melanocytic-naevus"})
    if MALIGNANT & set(RAISING[rule]):
        assert "Has a doctor already seen this spot?" in advice.now


@pytest.mark.slow
@pytest.mark.parametrize("rule", EMERGENCIES)
def test_an_emergency_says_whom_to_call_and_nothing_else(
    starter: Adviser, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    monkeypatch.setattr(case_view, "triage_words", lambda _: verdict([reason(rule)]))
    advice = starter.advise(MOLE.model_copy(update={"words": "look at this please"}), TODAY)
    assert "112" in advice.now and not advice.statements and not advice.watch_for and advice.see_by == TODAY


SPOT = History(spot_or_rash="spot", age=58)
TOLD = {
    "itches and grew": (SPOT.merged(History(itch=True, grew=True)), {"melanoma"}),
    "grew": (SPOT.merged(History(grew=True)), {"melanoma", "squamous-cell-carcinoma"}),
    "changed": (SPOT.merged(History(changed=True)), {"melanoma", "squamous-cell-carcinoma"}),
    "raised and growing": (SPOT.merged(History(grew=True, elevation=True)), {"melanoma", "squamous-cell-carcinoma"}),
    "bleeds": (SPOT.merged(History(bleed=True)), {"melanoma", "squamous-cell-carcinoma", "basal-cell-carcinoma"}),
    "on the lip": (SPOT.merged(History(region="LIP")), {"squamous-cell-carcinoma"}),
    "fever": (SPOT.merged(History(danger=frozenset({DangerSign.FEVER}))), {"sepsis"}),
    "spreads": (SPOT.merged(History(danger=frozenset({DangerSign.SPREADING}))), {"cellulitis"}),
    "eye": (SPOT.merged(History(danger=frozenset({DangerSign.EYE}))), {"herpes-zoster"}),
}


@pytest.mark.parametrize("told", TOLD)
def test_history_alone_raises_the_level_and_the_advice(starter: Adviser, told: str) -> None:
    history, behind = TOLD[told]
    advice = starter.advise(MOLE.model_copy(update={"history": history}), TODAY)
    assert advice.triage.level.urgency >= TriageLevel.THIS_WEEK.urgency
    assert _covers(advice, behind) and _covers(advice, {"melanocytic-naevus"})
    assert advice.citations[0].slug in behind  # the most serious first
    named = next(each for each in advice.possibilities if each.slug in behind)
    assert "cannot be ruled out given what you told me" in named.words


FOUND = {
    "melanoma at its threshold": ({"melanocytic-naevus": 0.9, "melanoma": 0.06}, {"melanoma"}),
    "melanoma and carcinoma together": (
        {"melanocytic-naevus": 0.9, "melanoma": 0.035, "squamous-cell-carcinoma": 0.046},
        {"squamous-cell-carcinoma"},
    ),
    "basal cell carcinoma": ({"seborrhoeic-keratosis": 0.8, "basal-cell-carcinoma": 0.16}, {"basal-cell-carcinoma"}),
    "sun damage": ({"seborrhoeic-keratosis": 0.6, "actinic-keratosis": 0.31}, {"actinic-keratosis"}),
}


@pytest.mark.parametrize("found", FOUND)
def test_what_the_photo_raises_is_advised_on(starter: Adviser, found: str) -> None:
    likely, behind = FOUND[found]
    assert _covers(starter.advise(case(findings(likely)), TODAY), behind)


def test_a_reply_about_care_covers_it_too(starter: Adviser) -> None:
    of: Case = MOLE.model_copy(update={"history": TOLD["itches and grew"][0]})
    reply = starter.reply(of, turns("Can I treat it at home?"), TODAY)
    assert reply.text.startswith("First of all: I cannot rule out melanoma")
    assert "melanoma" in {citation.slug for citation in reply.citations}


def test_one_that_is_told_of_in_the_conversation_is_covered_from_then_on(starter: Adviser) -> None:
    said = turns("my mole has doubled in size and changed colour", "See a doctor this week.", "How is it treated?")
    assert "melanoma" in {citation.slug for citation in starter.reply(MOLE, said, TODAY).citations}
