"""`skingpt evaluate`: figures of known answers, JSON as promised, what cannot be used is told, the paper's study."""

import base64
import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from agents.settings import AgentSettings
from conditions import CHOICES, MALIGNANT, QUESTIONS, Domain
from model.datasets.record import SkinRecord
from model.errors import TrainingError
from model.evaluation import figures as deployed
from model.evaluation.commands import app
from model.evaluation.evaluate import Cases
from model.evaluation.figures import Judged, choice_figures, difference
from model.evaluation.folds import judge_folds
from model.evaluation.intervals import Bootstrap, Figure, auc, calibration_slope, expected_calibration_error
from model.evaluation.left_out import doubt_auc
from model.evaluation.pictures import draw_judged
from model.evaluation.steadiness import VIEWS, agreement, sampled
from model.evaluation.steps import phrases_told
from model.evaluation.study import LEVELS, STATEMENTS
from model.network import SkinGPT
from model.pictures import Fold
from model.vision_tower import PlainHead
from tests.model.conftest import broken_png, drawn_lesion
from worker.settings import WorkerSettings

PROMISED = "n accuracy balanced_accuracy top3 recall auc_malignant_vs_benign brier ece abstained".split()


def known(told: list[str], truth: list[str], sure: float = 1.0) -> Judged:
    rest = (1 - sure) / (len(CHOICES) - 1)
    probabilities = np.full((len(told), len(CHOICES)), rest)
    probabilities[np.arange(len(told)), [CHOICES.index(slug) for slug in told]] = sure
    return Judged(
        probabilities, np.array([CHOICES.index(slug) for slug in truth]), np.array([str(i) for i in range(len(told))])
    )


def test_figures_of_known_answers() -> None:
    truth = ["melanoma"] * 10 + ["melanocytic-naevus"] * 30
    found = choice_figures(known(["melanocytic-naevus", *truth[1:]], truth))
    assert found["accuracy"].value == pytest.approx(39 / 40)  # type: ignore[attr-defined]
    assert found["balanced_accuracy"].value == pytest.approx((0.9 + 1) / 2)  # type: ignore[attr-defined]
    assert found["auc_malignant_vs_benign"].value == pytest.approx(0.95)  # type: ignore[attr-defined]
    assert found["recall"]["melanoma"].value == pytest.approx(0.9)  # type: ignore[index]
    assert found["cancer_named"]["sensitivity"].value == pytest.approx(0.9)  # type: ignore[index]
    assert found["cancer_named"]["specificity"].value == 1  # type: ignore[index]
    assert found["brier"].value == pytest.approx(2 / 40)  # type: ignore[attr-defined]
    assert found["abstained"].value == 0  # type: ignore[attr-defined]
    assert found["accuracy"].low < found["accuracy"].value <= found["accuracy"].high  # type: ignore[attr-defined]
    assert "melanoma" in MALIGNANT


def test_unsure_answers_and_answers_that_name_no_kind_are_abstentions() -> None:
    truth = ["melanoma"] * 4
    assert known(["cannot-tell", "not-skin", "melanoma", "melanoma"], truth, 0.9).abstained.tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert known(["melanoma"] * 4, truth, 0.3).abstained.all()


def test_the_thresholds_are_the_deployed_ones() -> None:
    assert WorkerSettings.model_fields["worker_sureness"].default == deployed.SURENESS
    assert AgentSettings.model_fields["serious_threshold"].default == deployed.SERIOUS


def test_intervals_are_drawn_by_group_and_narrow_with_more_groups() -> None:
    values = np.tile([0.0, 1.0], 100)
    together = Bootstrap(np.array(["a", "b"] * 100)).mean(values)
    apart = Bootstrap(np.array([str(i) for i in range(200)])).mean(values)
    assert together.value == apart.value == 0.5
    assert together.high - together.low > 3 * (apart.high - apart.low)


def test_nothing_measured_is_nan_and_becomes_null() -> None:
    assert str(Bootstrap(np.array(["a"])).figure(lambda at: float("nan"))) == "–"
    assert np.isnan(auc(np.array([0.1, 0.2]), np.array([True, True])))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[float, bool]]) -> None:
    scores, positive = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    above, below = scores[positive], scores[~positive]
    if len(above) and len(below):
        wins = (above[:, None] > below).mean() + (above[:, None] == below).mean() / 2
        assert auc(scores, positive) == pytest.approx(float(wins))


def test_calibration_figures_of_an_honest_and_a_boastful_forecaster() -> None:
    rng = np.random.default_rng(0)
    risk = rng.uniform(0.02, 0.98, 6000)
    happened = rng.random(6000) < risk
    assert calibration_slope(risk, happened) == pytest.approx(1, abs=0.1)
    odds = 2 * np.log(risk / (1 - risk))
    assert calibration_slope(1 / (1 + np.exp(-odds)), happened) == pytest.approx(0.5, abs=0.06)
    boastful = np.where(happened ^ (rng.random(6000) < 0.08), 1 - 1e-6, 1e-6)
    assert 0.05 < calibration_slope(boastful, happened) < 0.4
    assert np.isnan(calibration_slope(np.where(happened, 0.9, 0.1), happened)), "parted entirely: no slope"
    right = (rng.random(6000) < 0.8).astype(float)
    assert expected_calibration_error(np.full(6000, 0.8), right) < 0.02
    assert expected_calibration_error(np.full(6000, 0.99), right) == pytest.approx(0.19, abs=0.02)


def test_a_paired_difference_of_the_same_answers_is_nothing() -> None:
    one = known(["melanoma", "melanocytic-naevus"] * 5, ["melanoma"] * 10)
    assert difference(one, one) == Figure(0, 0, 0)


def test_sampling_follows_the_probabilities_and_leaves_the_tail_out() -> None:
    drawn = sampled(np.tile([0.6, 0.35, 0.05], (400, 1)), 10, np.random.default_rng(0))
    assert (drawn == 0).mean() == pytest.approx(0.6 / 0.95, abs=0.03)
    assert not (drawn == 2).any()
    assert agreement(np.array([[1, 1, 1, 2], [3, 3, 3, 3]])).tolist() == [0.75, 1.0]


def test_every_view_is_another_picture_of_the_same_lesion() -> None:
    photo = drawn_lesion((110, 70, 50), side=200)
    for name, view in VIEWS.items():
        assert np.asarray(view(photo)).shape[2] == 3, name
        if name != "mirrored":
            assert view(photo).tobytes() != photo.tobytes(), name


def run(*words: object) -> str:
    told = CliRunner().invoke(app, [str(word) for word in words])
    assert told.exit_code == 0, told.output
    return told.stdout


@pytest.mark.parametrize("asked", [("pad_ufes_20", "--with-history"), ("ham10000", "--photo-only")])
def test_json_is_as_promised(drawn_data: Path, released: Path, asked: tuple[str, str]) -> None:
    told = json.loads(
        run("--data", drawn_data / asked[0], "--split", "test", asked[1], "--json", "--weights", released)
    )
    assert told["n"] == 6
    assert set(PROMISED) <= set(told)
    for name in PROMISED[1:]:
        figures = told[name].values() if name == "recall" else [told[name]]
        assert all(set(figure) == {"value", "low", "high"} for figure in figures)
    assert set(PROMISED[1:]) <= set(told["plain_head"])
    assert 0 <= told["repeats_agree"]["sampled"]["value"] <= 1
    assert ("ablation" in told) == (asked[1] == "--with-history")


@pytest.mark.slow
def test_views_not_skin_and_pictures(drawn_data: Path, released: Path, tmp_path: Path) -> None:
    where = ("--data", drawn_data / "pad_ufes_20", "--split", "val", "--json", "--weights", released)
    told = json.loads(run(*where, "--views", "--not-skin", drawn_data / "not_skin" / "test", "--out", tmp_path))
    assert set(told["views_agree"]) == {*VIEWS, "all"}
    assert 0 <= told["not_skin_auc"]["value"] <= 1
    assert {path.name for path in tmp_path.iterdir()} == {"confusion.png", "reliability.png", "abstention.png"}


def test_what_cannot_be_judged_is_told_and_the_rest_is_judged(released: Path, tmp_path: Path) -> None:
    lines = [
        "img_id,file,diagnostic,split",
        "A,a.jpg,MEL,mine",
        "B,gone.jpg,MEL,mine",
        "C,c.jpg,FUNGUS,mine",
        "D,d.jpg,NEV,mine",
        "E,e.png,NEV,mine",
        f"F,{'f' * 300}.jpg,NEV,mine",
    ]
    (tmp_path / "metadata.csv").write_text("\n".join(lines))
    drawn_lesion((40, 30, 30)).save(tmp_path / "a.jpg")
    drawn_lesion((40, 30, 30)).save(tmp_path / "c.jpg")
    (tmp_path / "d.jpg").write_bytes(b"no picture")
    (tmp_path / "e.png").write_bytes(broken_png())
    told = json.loads(run("--data", tmp_path, "--split", "mine", "--json", "--weights", released))
    assert told["n"] == 1
    assert [line.split(": ")[0] for line in told["left_out"]] == [
        "metadata.csv:3",
        "metadata.csv:4",
        "metadata.csv:7",
        "d.jpg",
        "e.png",
    ]
    assert told["auc_malignant_vs_benign"]["value"] is None


def test_a_wrong_split_is_answered_with_the_splits_there_are(drawn_data: Path, released: Path) -> None:
    told = CliRunner().invoke(
        app, ["--data", str(drawn_data / "ham10000"), "--split", "mine", "--weights", str(released)]
    )
    assert told.exit_code == 2
    assert "its splits: test, train, val" in told.output


def test_pictures_of_figures(tmp_path: Path) -> None:
    draw_judged(known(["melanoma", "cannot-tell"] * 10, ["melanoma"] * 20, 0.7), tmp_path)
    assert all((tmp_path / f"{name}.png").stat().st_size > 4000 for name in ("confusion", "reliability", "abstention"))


def test_the_form_holds_its_cases_and_nothing_from_outside(drawn_data: Path, released: Path, tmp_path: Path) -> None:
    out = tmp_path / "study.html"
    run("paper", "--data", drawn_data / "pad_ufes_20", "--cases", 1, "--out", out, "--weights", released)
    page = out.read_text()
    assert page.count("<section") == 1
    assert page.count("<input type=radio") == 7 * 5
    assert all(page.count(question) == 1 for question in QUESTIONS)
    assert not re.search(r"(?:src|href)=[\"']?https?:", page)
    assert "{{" not in page
    first = re.search(r"base64,([^\"]+)", page)
    assert first is not None
    assert base64.b64decode(first[1])[:2] == b"\xff\xd8"
    assert not any(slug in page for slug in MALIGNANT), "the form must not tell the diagnosis"


def test_filled_forms_become_the_papers_figure(tmp_path: Path) -> None:
    for reader, level in (("a", LEVELS[0]), ("b", LEVELS[3])):
        marks = [{"case": 1, "statement": 1, "level": level}, {"case": 2, "statement": 1, "level": LEVELS[1]}]
        (tmp_path / f"{reader}.json").write_text(
            json.dumps({"format": "skingpt-study-1", "reader": reader, "marks": marks})
        )
    told = json.loads(run("paper", "--read", tmp_path / "a.json", "--read", tmp_path / "b.json", "--json"))
    assert (told["readers"], told["marks"]) == (2, 4)
    assert told[STATEMENTS[0]]["agree"] == 2
    assert told[STATEMENTS[0]]["agree_share"]["value"] == 0.75
    (tmp_path / "c.json").write_text('{"format": "other"}')
    assert CliRunner().invoke(app, ["paper", "--read", str(tmp_path / "c.json")]).exit_code == 2


@pytest.mark.slow
def test_steps_are_compared_as_far_as_they_were_trained(drawn_data: Path, released: Path, tmp_path: Path) -> None:
    (tmp_path / "step-1").symlink_to(released)
    (tmp_path / "step-2").symlink_to(released)
    told = json.loads(run("steps", "--run", tmp_path, "--data", drawn_data / "pad_ufes_20", "--split", "val", "--json"))
    assert told["missing"] == ["step_2_only"]
    assert told["step_1_only"] == told["both"]
    assert set(told["both"]) == {"accuracy", "balanced_accuracy", "auc_malignant_vs_benign", "measured_words_told"}
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "This phone photo shows one large light brown spot. Its outline is uneven with a sharp edge",
            {"large", "sharp"},
        ),
        ("The outline is even and the edge is soft. It is brown and mixed in colour.", {"even", "brown"}),
        ("It is dark brown and brown and one even colour.", {"brown"}),
        ("reddish brown", set()),
    ],
)
def test_only_whole_phrases_count_as_told(words: str, told: set[str]) -> None:
    assert phrases_told(words, ["brown", "red", "large", "even", "sharp"]) == told


def clustered(places: dict[str, float], count: int = 30) -> Cases:
    """Pictures whose tower outputs lie about one place a kind, on the first two of eight numbers."""
    chance = torch.Generator().manual_seed(5)
    records, features = [], []
    for kind, angle in places.items():
        for at in range(count):
            records.append(SkinRecord(Path(f"{kind}{at}"), kind, Domain.PHONE, f"{kind}{at}", "test"))
            place = torch.zeros(8)
            place[:2] = 4 * torch.tensor([np.cos(angle), np.sin(angle)])
            features.append((place + torch.randn(8, generator=chance) * 0.5).expand(3, 8))
    return Cases(tuple(records), torch.stack(features))


def test_a_kind_that_was_left_out_is_doubted_where_it_lies_between_the_others() -> None:
    """Between two known kinds the head must waver; beyond one of them, on its own side, it cannot know better."""
    between = clustered({"melanoma": 0.0, "melanocytic-naevus": np.pi, "dermatofibroma": np.pi / 2})
    assert doubt_auc(between, between, "dermatofibroma").value > 0.95
    beyond = clustered({"melanoma": 0.0, "melanocytic-naevus": np.pi, "dermatofibroma": 0.05})
    assert doubt_auc(beyond, beyond, "dermatofibroma").value < 0.75


@pytest.mark.slow
def test_folds_are_pooled_and_must_be_whole_and_honest(
    drawn_data: Path, miniature: SkinGPT, released: Path, tmp_path: Path
) -> None:
    for number in range(2):
        folder = tmp_path / f"fold-{number}"
        folder.mkdir()
        (folder / "step-2").symlink_to(released)
        began(folder, Fold(number, 2))
        torch.save(PlainHead(miniature.network.vision_model).state_dict(), folder / "vision.pt")
    where = ["--data", str(drawn_data), "--json"]
    both = [str(tmp_path / f"fold-{number}") for number in range(2)]
    told = json.loads(run("folds", *both, *where))
    assert told["n"] == 12
    assert set(told["gain_from_history"]) == {"value", "low", "high"}
    looked = json.loads(run("folds", *both, *where, "--looks", "2"))
    assert looked["n"] == 12 and looked["plain_head"] != told["plain_head"], "mirrored, a picture is another one"
    assert "each once" in CliRunner().invoke(app, ["folds", both[0], both[0], *where]).output
    none = tmp_path / "none"
    none.mkdir()
    began(tmp_path / "fold-1", Fold(1, 2), start=none)
    for seen in (None, Fold(0, 2)):
        began(none, seen)
        refused = CliRunner().invoke(app, ["folds", *both, *where])
        assert (refused.exit_code, "may have seen the fold" in refused.output) == (2, True)
    began(none, Fold(0, 1))
    assert json.loads(run("folds", *both, *where)) == told, "a common beginning that saw no photo is fair"
    began(none, Fold(0, 1), start=released)
    assert "may have seen the fold" in CliRunner().invoke(app, ["folds", *both, *where]).output
    began(tmp_path / "fold-1", Fold(1, 2))
    for fold, start in ((None, None), (Fold(0, 2), None), (Fold(1, 2), released)):
        noted(tmp_path / "fold-1", "step-2", fold, start)
        refused = CliRunner().invoke(app, ["folds", *both, *where])
        assert (refused.exit_code, "step-2 of" in refused.output) == (2, True)


def test_a_fold_whose_later_steps_saw_it_is_refused(drawn_data: Path, tmp_path: Path) -> None:
    began(tmp_path, Fold(0, 1))
    (tmp_path / "step-1.data.json").unlink()
    with pytest.raises(TrainingError, match="step-1"):
        judge_folds(drawn_data, [tmp_path])
    for fold, start in ((None, None), (Fold(1, 2), None), (Fold(0, 1), tmp_path)):
        began(tmp_path, Fold(0, 1))
        noted(tmp_path, "step-1", fold, start)
        with pytest.raises(TrainingError, match=r"step-1 of .* may have seen the fold"):
            judge_folds(drawn_data, [tmp_path])


def began(run: Path, fold: Fold | None, start: Path | None = None) -> None:
    noted(run, "vision", fold, start)
    for step in ("step-1", "step-2"):
        noted(run, step, fold, None)


def noted(run: Path, step: str, fold: Fold | None, start: Path | None) -> None:
    told = {"fold": fold and asdict(fold), "start": start and str(start)}
    (run / f"{step}.data.json").write_text(json.dumps(told))
