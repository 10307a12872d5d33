"""The paper's Fig. 3: what each of the two steps brings.

A run's folder holds them: `vision.pt` (the tower with its plain head), `step-1`, `step-2` (after step 1) and, where it
was trained with `--start` from a network that never saw step 1, `step-2-only`. Step 1 alone was never taught to choose,
so its accuracy says what chance does; what it learned shows in how many of the measured concepts it tells.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from conditions import QUESTIONS, prompt
from model.choosing import choose
from model.concepts import COLOUR_CONCEPTS
from model.errors import WeightsError
from model.evaluation.evaluate import Cases, read_cases, read_records
from model.evaluation.figures import choice_figures
from model.evaluation.intervals import Bootstrap, Figure
from model.image_files import open_picture
from model.measure import ONE_COLOUR, measure
from model.network import SkinGPT, embed_prompt, load_skingpt, picture_tokens
from model.pictures import square
from model.training.vision import STORED_SIDE, VISION, load_plain_head

STEPS: Mapping[str, str] = {
    "step_1_only": "step-1",
    "step_2_only": "step-2-only",
    "both": "step-2",
}
MOST_DESCRIBED = 60
SHOWN = ("accuracy", "balanced_accuracy", "auc_malignant_vs_benign")


def compare_steps(run: Path, data: Path, split: str) -> dict[str, object]:
    """Figures of the tower alone, of step 1 alone, of step 2 alone and of both, as far as `run` has them.

    Raises:
        WeightsError: `run` has no step at all.
        DataSetError: `data` has no usable picture of that split.
    """
    there = {name: run / folder for name, folder in STEPS.items() if (run / folder / "config.json").is_file()}
    if not there:
        raise WeightsError(f"{run} holds none of {', '.join(STEPS.values())}: train first")
    records, faults = read_records(data, split)
    told: dict[str, object] = {"n": len(records), "missing": [name for name in STEPS if name not in there]}
    for name, folder in there.items():
        skingpt = load_skingpt(folder)
        cases = read_cases(skingpt, records, faults)
        judged = cases.judged(choose(skingpt, cases.features, [""] * len(cases.records)).choices.exp())
        told[name] = _shown(choice_figures(judged)) | {"measured_words_told": measured_words_told(skingpt, cases)}
        if (run / VISION).is_file() and "vision_only" not in told:
            with torch.inference_mode():
                plain = load_plain_head(run).heads(cases.features.float())[0].softmax(-1)
            told["vision_only"] = _shown(choice_figures(cases.judged(plain)))
    return told


def measured_words_told(skingpt: SkinGPT, cases: Cases) -> Figure:
    """The share of what can be measured in a picture (colours, size, outline) that the description says."""
    shares, groups = [], []
    for at, record in enumerate(cases.records[:MOST_DESCRIBED]):
        measured = measure(square(open_picture(record.path), STORED_SIDE))
        if measured is None:
            continue
        wanted = [*measured.colours, measured.size, measured.shape, measured.edge, measured.evenness]
        told = phrases_told(describe(skingpt, cases.features[at]), wanted)
        shares.append(sum(phrase in told for phrase in wanted) / len(wanted))
        groups.append(record.group)
    return Bootstrap(np.array(groups)).mean(shares) if shares else Figure(float("nan"), float("nan"), float("nan"))


def phrases_told(words: str, wanted: Sequence[str]) -> set[str]:
    """Those of `wanted` that `words` say as a whole: "light brown" does not say brown, nor "one even colour" even."""
    phrases = sorted({*wanted, *COLOUR_CONCEPTS, ONE_COLOUR}, key=len, reverse=True)
    return set(wanted).intersection(re.findall(rf"\b(?:{'|'.join(map(re.escape, phrases))})\b", words))


@torch.inference_mode()
def describe(skingpt: SkinGPT, features: torch.Tensor, question: str = QUESTIONS[0], facts: str = "") -> str:
    """The answer to a question about one picture's tower outputs (looks * (patches + 1), width), greedily decoded."""
    inputs = skingpt.processor.tokens([prompt("<image>", question, facts)])
    pictures, _ = picture_tokens(skingpt.network, features[None].float())
    embedded = embed_prompt(skingpt.network, inputs["input_ids"], pictures)
    ids = skingpt.network.language_model.generate(
        inputs_embeds=embedded,
        attention_mask=inputs["attention_mask"].to(embedded.device),
        max_new_tokens=120,
        do_sample=False,
    )
    text: str = skingpt.processor.tokenizer.decode(ids[0], skip_special_tokens=True)
    return text.strip()


def _shown(figures: Mapping[str, object]) -> dict[str, object]:
    return {name: figures[name] for name in SHOWN}
