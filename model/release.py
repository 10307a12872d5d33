"""From a training run to a weights folder: calibrated on the validation split, halved to fp16, with the plain head.

Run: `skingpt release --data DATA --run RUN --out FOLDER`.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from model.choosing import choose, fitted_temperature, scale_choices
from model.network import load_skingpt
from model.pictures import read_pictures
from model.presets import MINI
from model.sight import sight_of
from model.training.cached_views import cached_views
from model.training.language import VIEWS_SEED
from model.training.lessons import facts_text
from model.training.vision import STORED_SIDE, load_plain_head
from model.vision_tower import PLAIN_HEAD


def release(data: Path, run: Path, out: Path) -> dict[str, float]:
    """Writes the weights folder `out` from `run/step-2`; gives the temperature and what it was fitted on.

    The temperature is fitted on whole validation pictures (no pasted cut-outs), each domain counting alike.

    Raises:
        WeightsError: a training step has not been run in `run`.
    """
    skingpt = load_skingpt(run / "step-2")
    head = load_plain_head(run)
    val = read_pictures(data, "val", STORED_SIDE)
    sight = sight_of(skingpt.network, MINI)
    features = cached_views(sight, MINI, val, run / "val.f16", seed=VIEWS_SEED, views=0)[0]
    chosen = choose(skingpt, features, [facts_text(facts) for facts in val.facts])
    lesions = torch.tensor([bool(group) for group in val.groups]) & ~torch.from_numpy(val.made)
    temperature = fitted_temperature(chosen.choices[lesions], torch.from_numpy(val.choice)[lesions])
    scale_choices(skingpt, temperature)
    skingpt.network.half().save_pretrained(out)
    skingpt.processor.save_pretrained(out)
    heads = {name: t.half().contiguous() for name, t in head.state_dict().items() if not name.startswith("tower.")}
    save_file(heads, out / PLAIN_HEAD)
    figures = {"temperature": temperature, "fitted_on": float(lesions.sum())}
    (out / "calibration.json").write_text(json.dumps(figures, indent=1))
    return figures
