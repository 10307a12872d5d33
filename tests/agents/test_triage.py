"""The verdicts themselves: merging, the buttons, the history, the findings.

Run: pytest tests/agents/test_triage.py
"""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.triage import (
    DangerSign,
    FindingThresholds,
    History,
    Reason,
    Triage,
    triage,
    triage_findings,
    triage_history,
    triage_words,
)
from agents.triage.rules import reason, rules
from conditions import CHOICES, Domain, TriageLevel

THRESHOLDS = FindingThresholds(melanoma=0.10, urgent_malignant=0.20)
EMERGENCY_TEXT = "my throat is closing and I can't breathe"

probabilities = st.dictionaries(st.sampled_from(CHOICES), st.floats(0, 1))
domains = st.sampled_from([None, *Domain])
answers = st.sampled_from([None, False, True])
histories = st.builds(
    History,
    age=st.none() | st.integers(0, 110),
    itch=answers,
    grew=answers,
    hurt=answers,
    changed=answers,
    bleed=answers,
    elevation=answers,
    region=st.sampled_from([None, "LIP", "FACE", "BACK"]),
    spot_or_rash=st.sampled_from([None, "spot", "rash"]),
    danger=st.frozensets(st.sampled_from(list(DangerSign))),
    pregnant=answers,
    immunosuppressed=answers,
)


def _level(**answered: object) -> TriageLevel:
    return triage_history(History(**answered)).level  # type: ignore[arg-type]


def _of(*pressed: DangerSign) -> frozenset[DangerSign]:
    return frozenset(pressed)


@pytest.mark.parametrize(
    ("answered", "level"),
    [
        ({}, TriageLevel.SELF_CARE),
        ({"danger": _of(DangerSign.NONE), "spot_or_rash": "rash"}, TriageLevel.SELF_CARE),
        ({"danger": _of(DangerSign.BREATHING)}, TriageLevel.EMERGENCY),
        ({"danger": _of(DangerSign.PEELING)}, TriageLevel.EMERGENCY),
        ({"danger": _of(DangerSign.FEVER)}, TriageLevel.SAME_DAY),
        ({"danger": _of(DangerSign.SPREADING)}, TriageLevel.SAME_DAY),
        ({"danger": _of(DangerSign.EYE)}, TriageLevel.SAME_DAY),
        ({"danger": _of(DangerSign.FEVER, DangerSign.SPREADING)}, TriageLevel.EMERGENCY),
        ({"danger": _of(DangerSign.FEVER, DangerSign.EYE)}, TriageLevel.EMERGENCY),
        ({"danger": _of(DangerSign.FEVER), "age": 0}, TriageLevel.EMERGENCY),
        ({"danger": _of(DangerSign.SPREADING), "answers": frozenset({"fever:fever"})}, TriageLevel.EMERGENCY),
        ({"danger": _of(DangerSign.FEVER), "immunosuppressed": True}, TriageLevel.EMERGENCY),
        ({"danger": _of(DangerSign.BREATHING, DangerSign.NONE)}, TriageLevel.EMERGENCY),
        ({"spot_or_rash": "spot"}, TriageLevel.ROUTINE),
        ({"spot_or_rash": "spot", "itch": True}, TriageLevel.ROUTINE),
        ({"spot_or_rash": "spot", "grew": True, "bleed": True}, TriageLevel.THIS_WEEK),
        ({"spot_or_rash": "spot", "grew": True, "elevation": True}, TriageLevel.THIS_WEEK),
        ({"spot_or_rash": "spot", "changed": True}, TriageLevel.THIS_WEEK),
        ({"spot_or_rash": "spot", "bleed": True}, TriageLevel.THIS_WEEK),
        ({"spot_or_rash": "spot", "region": "LIP"}, TriageLevel.THIS_WEEK),
        ({"spot_or_rash": "rash", "grew": True, "itch": True}, TriageLevel.SELF_CARE),
        ({"spot_or_rash": "rash", "immunosuppressed": True}, TriageLevel.THIS_WEEK),
    ],
)
def test_buttons_and_answers_give_their_level(answered: dict[str, object], level: TriageLevel) -> None:
    assert _level(**answered) is level


@given(histories, st.sampled_from(list(DangerSign)))
def test_one_more_danger_sign_never_lowers(history: History, sign: DangerSign) -> None:
    more = History(**{**history.__dict__, "danger": history.danger | {sign}})
    assert triage_history(more).level.urgency >= triage_history(history).level.urgency


@pytest.mark.parametrize(
    ("found", "level"),
    [
        ({"melanoma": 0.10, "melanocytic-naevus": 0.90}, TriageLevel.THIS_WEEK),
        ({"melanoma": 0.09, "squamous-cell-carcinoma": 0.11, "seborrhoeic-keratosis": 0.8}, TriageLevel.THIS_WEEK),
        ({"melanoma": 0.09, "melanocytic-naevus": 0.91}, TriageLevel.ROUTINE),
        ({"basal-cell-carcinoma": 0.5, "melanocytic-naevus": 0.5}, TriageLevel.ROUTINE),
        ({"actinic-keratosis": 0.9, "melanocytic-naevus": 0.1}, TriageLevel.ROUTINE),
        ({"melanocytic-naevus": 1.0}, TriageLevel.ROUTINE),
        ({"healthy-skin": 1.0}, TriageLevel.ROUTINE),
        ({"cannot-tell": 1.0}, TriageLevel.ROUTINE),
        ({"not-skin": 1.0}, TriageLevel.SELF_CARE),
        ({"not-skin": 0.8, "melanoma": 0.2}, TriageLevel.THIS_WEEK),
    ],
)
def test_findings_give_their_level(found: dict[str, float], level: TriageLevel) -> None:
    assert triage_findings(found, Domain.PHONE, THRESHOLDS).level is level


def test_benign_findings_say_that_a_photo_cannot_rule_out_cancer() -> None:
    verdict = triage_findings({"seborrhoeic-keratosis": 1.0}, Domain.PHONE, THRESHOLDS)
    assert "A photo cannot rule out skin cancer." in [given_reason.text for given_reason in verdict.reasons]


def test_a_kind_never_seen_in_the_domain_is_cannot_tell() -> None:
    phone = triage_findings({"dermatofibroma": 1.0}, Domain.PHONE, THRESHOLDS)
    dermoscopy = triage_findings({"dermatofibroma": 1.0}, Domain.DERMOSCOPY, THRESHOLDS)
    assert [found.rule for found in phone.reasons] == ["finding-cannot-tell"]
    assert [found.rule for found in dermoscopy.reasons] == ["finding-photo-alone"]


@pytest.mark.parametrize("found", [{"eczema": 0.5}, {"melanoma": float("nan")}, {"melanoma": -0.1}, {"melanoma": 1.5}])
def test_findings_that_make_no_sense_are_refused(found: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"findings name|not numbers"):
        triage_findings(found, Domain.PHONE, THRESHOLDS)


@given(histories, probabilities, domains)
def test_findings_never_lower(history: History, found: dict[str, float], domain: Domain | None) -> None:
    before = triage_history(history)
    after = triage(before, triage_findings(found, domain, THRESHOLDS))
    assert after.level.urgency >= before.level.urgency
    assert set(before.reasons) <= set(after.reasons)


@given(probabilities, domains, st.floats(0, 1))
def test_more_melanoma_never_lowers(found: dict[str, float], domain: Domain | None, more: float) -> None:
    lower = triage_findings(found, domain, THRESHOLDS)
    higher = triage_findings({**found, "melanoma": max(more, found.get("melanoma", 0.0))}, domain, THRESHOLDS)
    assert higher.level.urgency >= lower.level.urgency


@given(st.text())
def test_an_emergency_added_to_anything_stays_one(text: str) -> None:
    merged = triage(triage_words(text), triage_words(EMERGENCY_TEXT))
    assert merged.level is TriageLevel.EMERGENCY
    assert merged.reasons[0].level is TriageLevel.EMERGENCY


@given(st.lists(st.sampled_from([given_reason for _, given_reason in rules().values()]), max_size=12))
def test_reasons_are_merged_once_each_most_urgent_first(given_reasons: list[Reason]) -> None:
    parts = [Triage(level=given_reason.level, reasons=(given_reason,)) for given_reason in given_reasons]
    merged = triage(*parts)
    assert len({found.rule for found in merged.reasons}) == len(merged.reasons)
    assert {found.rule for found in merged.reasons} == {given_reason.rule for given_reason in given_reasons}
    assert all(a.level.urgency >= b.level.urgency for a, b in itertools.pairwise(merged.reasons))


def test_nothing_gives_self_care_without_reasons() -> None:
    assert triage() == Triage(level=TriageLevel.SELF_CARE, reasons=())


def test_a_level_without_reasons_is_kept() -> None:
    assert triage(Triage(level=TriageLevel.SAME_DAY, reasons=()), triage_words("hello")).level is TriageLevel.SAME_DAY


def test_every_emergency_says_what_to_do_now() -> None:
    for _, given_reason in rules().values():
        assert given_reason.text.endswith((".", "?"))
        assert given_reason.source
        assert given_reason.action.format(emergency_number="112")
        if given_reason.level is TriageLevel.EMERGENCY:
            assert "{emergency_number}" in given_reason.action


def test_a_reason_is_found_by_its_rule() -> None:
    assert reason("seven-points").level is TriageLevel.THIS_WEEK
