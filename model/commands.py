"""Command line of the model room: `skingpt train`, `release`, `convert`, `export`, `serve`."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer

from model.errors import TrainingError, WeightsError
from model.pictures import Fold
from model.presets import PRESETS, Preset, PresetName
from model.release import of_run, of_weights, release
from model.told import told_plainly
from model.training.language import train_language
from model.training.vision import STORED_SIDE, VISION, VisionRecipe, join_towers, train_vision

app = typer.Typer(help="Train and serve the multimodal model.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="Folder with pad_ufes_20, ham10000, not_skin and vit_tiny.")]
Run = Annotated[Path, typer.Option("--run", help="Folder of this training run.")]


@app.command()
def train(
    data: Data,
    run: Run,
    step: Annotated[Literal["vision", "1", "2"], typer.Option(help="vision (mini only), then 1, then 2.")],
    preset: Annotated[PresetName, typer.Option(help="What is trained, and how.")] = "mini",
    start: Annotated[Path | None, typer.Option(help="Weights folder to start from instead of the step before.")] = None,
    fold: Annotated[str, typer.Option(help="K/N: hold out part K (from 0) of N of the phone photos' patients.")] = "",
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A hyper-parameter, NAME=VALUE, such as plan.batches=600.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    device: Annotated[str, typer.Option(help="Where it computes: cpu, cuda, cuda:1 …")] = "cpu",
) -> None:
    """One training step; goes on where it was cut off."""
    torch.set_num_threads(threads)
    with told_plainly():
        held = _fold(fold)
        if step == "vision":
            if preset != "mini":
                raise TrainingError(f"the vision tower of {preset} stays frozen: only the mini has a vision step")
            train_vision(data, run, changed(VisionRecipe(), setting or ()), start=start, fold=held, device=device)
        else:
            number = int(step)
            chosen: Preset = PRESETS[preset]
            recipe = changed(chosen.steps[number], setting or ())
            chosen = dataclasses.replace(chosen, steps={**chosen.steps, number: recipe})
            train_language(data, run, number, chosen, start=start, fold=held, device=device)


@app.command()
def join(
    start: Annotated[list[Path], typer.Option(help="Weights folder, or a run after its vision step; twice or more.")],
    run: Run,
    side: Annotated[int, typer.Option(help="Pixels along each side of the pictures that they read.")] = STORED_SIDE,
) -> None:
    """Vision towers of several runs as one, for steps 1 and 2 in a new run (mini only)."""
    with told_plainly():
        join_towers(start, run, side)
    typer.echo(f"wrote {run / VISION}")


@app.command("release")
def release_weights(
    data: Data,
    out: Annotated[Path, typer.Option("--out")],
    run: Annotated[Path | None, typer.Option("--run", help="Folder of a finished training run.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Released weights to start from instead of a run.")] = None,
    side: Annotated[int | None, typer.Option(help="Pixels a picture is read at; as trained if left out.")] = None,
    looks: Annotated[Literal["1", "2", "4"] | None, typer.Option(help="Looks at a picture; as before.")] = None,
    threads: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """A calibrated fp16 weights folder from a finished run, or from weights released before."""
    torch.set_num_threads(threads)
    with told_plainly():
        if run is not None and weights is None:
            trained = of_run(run)
        elif weights is not None and run is None:
            trained = of_weights(weights)
        else:
            raise WeightsError("name either a finished run by --run or released weights by --weights")
        told = release(trained, data, out, side=side, looks=int(looks) if looks else None)
    typer.echo(json.dumps(told))


@app.command()
def convert(
    out: Annotated[Path, typer.Option("--out")],
    preset: Annotated[Literal["skingpt4", "tgi"], typer.Option()] = "skingpt4",
    released: Annotated[Path | None, typer.Option(help="The authors' .pth: the trained projection.")] = None,
    tower: Annotated[list[Path] | None, typer.Option(help="LAVIS's ViT-g and Q-Former, one file or two.")] = None,
    llama: Annotated[Path | None, typer.Option(help="Folder of Llama-2-13b-chat (or Vicuna 13B).")] = None,
    llava: Annotated[Path | None, typer.Option(help="Folder of a LLaVA-NeXT, for --preset tgi.")] = None,
) -> None:
    """Published weights into a weights folder of ours; tensors only are read of them, nothing is executed."""
    from model.conversion.authors import convert_authors
    from model.conversion.llava import convert_llava

    with told_plainly():
        if preset == "tgi":
            if llava is None:
                raise WeightsError("--preset tgi starts from a published LLaVA-NeXT: name its folder by --llava")
            convert_llava(llava, out)
        elif released is None or not tower or llama is None:
            raise WeightsError("--preset skingpt4 needs --released, --tower (once or twice) and --llama")
        else:
            convert_authors(released, tower, llama, out)
    typer.echo(f"wrote {out}")


@app.command()
def export(
    weights: Annotated[Path, typer.Option("--weights", help="Weights folder of the preset.")],
    out: Annotated[Path, typer.Option("--out")],
    preset: Annotated[Literal["tgi"], typer.Option()] = "tgi",
) -> None:
    """Weights in the layout that TGI and vLLM load."""
    from model.conversion.llava import export_llava

    with told_plainly():
        export_llava(weights, out)
    typer.echo(f"wrote {out} in the layout of {preset}")


@app.command()
def serve() -> None:
    """The model server, TGI's API (settings: SKINGPT_MODEL_*)."""
    from model.server.__main__ import main

    main()


def changed(recipe: Any, settings: list[str] | tuple[str, ...]) -> Any:
    """The recipe with `NAME=VALUE` settings; `plan.rate=2e-4` reaches into the plan.

    Raises:
        TrainingError: there is no such hyper-parameter, or the value is of another type.
    """
    for setting in settings:
        name, _, value = setting.partition("=")
        first, _, rest = name.partition(".")
        fields = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}
        if first not in fields:
            raise TrainingError(f"there is no hyper-parameter {name!r}: one of {', '.join(fields)}")
        if rest:
            new = changed(fields[first], [f"{rest}={value}"])
        else:
            try:
                new = type(fields[first])(value)
            except (TypeError, ValueError) as error:
                raise TrainingError(f"{name} wants a {type(fields[first]).__name__}, not {value!r}") from error
        recipe = dataclasses.replace(recipe, **{first: new})
    return recipe


def _fold(told: str) -> Fold | None:
    if not told:
        return None
    number, _, of = told.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 0 <= int(number) < int(of)):
        raise TrainingError(f"--fold wants K/N with 0 <= K < N, not {told!r}")
    return Fold(int(number), int(of))
