"""Fuzz what strangers can send: the bytes of a photo, and the JSON of an update. docs/FUZZING.md says what was found.

Needs the extra `fuzz` (`pip install -e '.[fuzz]'`). One target a run; libFuzzer's options follow:

    python -m benchmarks.fuzz_intake photos var/fuzz/photos -max_total_time=2400 -timeout=10 -rss_limit_mb=1500
    python -m benchmarks.fuzz_intake updates var/fuzz/updates -max_total_time=1200 -timeout=10 -rss_limit_mb=1500

`photos`: mutated JPEG, PNG, WebP and HEIC files through `take_in`. Whatever is no `PhotoRefused` is a finding, and so
is a photo that comes out larger than it may. `updates`: updates of every kind with values replaced, removed and
swapped, through the real application with a record on disk and a Bot API that agrees to everything; an exception in
a handler is a finding. libFuzzer ends at a finding and leaves the input in the working folder (`crash-...`): give that
file as the last argument to see it again.
"""

import asyncio
import copy
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["bot", "PIL", "pillow_heif"]):
    from bot.errors import PhotoRefused
    from bot.intake import KEPT_SIDE, take_in

import numpy as np
from PIL import Image

Json = dict[str, Any]

MAX_BYTES = 200_000


def _seeds() -> Iterator[bytes]:
    """Small pictures in every format and mode that is taken."""
    noise = np.random.default_rng(1).normal(0, 6, (160, 160, 1))
    picture = Image.fromarray(np.clip(np.array((205, 160, 130)) + noise, 0, 255).astype("uint8"))
    exif = Image.Exif()
    exif[0x0112] = 6
    saved: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (picture, "JPEG", {"quality": 40, "exif": exif}),
        (picture, "JPEG", {"quality": 40, "progressive": True}),
        (picture.convert("CMYK"), "JPEG", {"quality": 40}),
        (picture.convert("P"), "PNG", {}),
        (picture.convert("RGBA"), "PNG", {}),
        (picture.convert("L").convert("I;16"), "PNG", {}),
        (picture, "WEBP", {"quality": 40}),
        (picture, "WEBP", {"lossless": True}),
        (picture, "HEIF", {"quality": 40}),
    ]
    for image, kind, options in saved:
        out = io.BytesIO()
        image.save(out, kind, **options)
        yield out.getvalue()


def photo(data: bytes) -> None:
    """One photo."""
    try:
        kept = take_in(data)
    except PhotoRefused:
        return
    with Image.open(io.BytesIO(kept), formats=("JPEG",)) as again:
        again.load()
        assert max(again.size) <= KEPT_SIDE
        assert again.mode == "RGB"


ODD: list[Any] = [
    None, True, 0, -1, 2**31, 2**53, -(2**63), 1e308, "", " ", "0", "x" * 5000, "\u202e\u200b\u0000", "\ud83d",
    "🙂" * 300, "<b>&</i>", "[a](tg://user?id=1)", "/forget", "y::yes", "x::yes", "d:0:fever",
    "t:99999999999999999999:1", "c::", [], {}, [None], {"id": 1}, [[]],
]  # fmt: skip
"""Values that some field of an update may be replaced by."""


def _update_seeds() -> list[Json]:
    user = {"id": 7, "is_bot": False, "first_name": "Sam", "language_code": "en"}
    file = {"file_id": "f", "file_unique_id": "f", "file_size": 999, "width": 90, "height": 90}
    common = {"message_id": 1, "date": 1_700_000_000, "chat": {"id": 7, "type": "private"}, "from": user}
    bodies: list[Json] = [
        {"text": "an itchy rash on my arm"},
        {"text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]},
        {"photo": [file], "caption": "my arm", "media_group_id": "5"},
        {"document": {**file, "mime_type": "image/jpeg", "file_name": "a.jpg"}},
        {"sticker": {**file, "type": "regular", "is_animated": False, "is_video": False}},
        {"voice": {**file, "duration": 1}, "video_note": {**file, "duration": 1, "length": 5}},
        {"location": {"latitude": 1.0, "longitude": 2.0}, "contact": {"phone_number": "1", "first_name": "X"}},
        {"poll": {"id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False,
                  "is_anonymous": True, "type": "regular",
                  "allows_multiple_answers": False, "allows_revoting": False, "members_only": False}},
        {"pinned_message": {**common, "text": "x"}, "reply_to_message": {**common, "text": "y"}},
        {"forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "x"}, "text": "z"},
    ]  # fmt: skip
    messages = [{**common, **body} for body in bodies]
    query = {"id": "1", "from": user, "chat_instance": "1", "data": "y::yes", "message": messages[0]}
    return [
        *({"update_id": 1, "message": message} for message in messages),
        {"update_id": 1, "edited_message": {**messages[0], "edit_date": 1_700_000_001}},
        *(
            {"update_id": 1, "callback_query": {**query, "data": data}}
            for data in ("y::yes", "r::on", "o:0:", "x::yes")
        ),
    ]


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a tree of JSON, but for the root."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _places(value, (*path, key))


def mutated(data: bytes, seeds: list[Json]) -> Json:
    """The update that `data` describes: a seed with up to eight values replaced, removed or swapped."""
    choices = atheris.FuzzedDataProvider(data)
    update: Json = copy.deepcopy(seeds[choices.ConsumeIntInRange(0, len(seeds) - 1)])
    for _ in range(choices.ConsumeIntInRange(0, 8)):
        places = list(_places(update))
        if not places:
            break
        path = places[choices.ConsumeIntInRange(0, len(places) - 1)]
        parent: Any = update
        for key in path[:-1]:
            parent = parent[key]
        match choices.ConsumeIntInRange(0, 3):
            case 0:
                parent[path[-1]] = copy.deepcopy(ODD[choices.ConsumeIntInRange(0, len(ODD) - 1)])
            case 1:
                del parent[path[-1]]
            case 2:
                parent[path[-1]] = choices.ConsumeUnicode(choices.ConsumeIntInRange(0, 64))
            case _:
                donor = seeds[choices.ConsumeIntInRange(0, len(seeds) - 1)]
                if "message" in donor and isinstance(parent, dict):
                    parent |= copy.deepcopy(donor["message"])
    return update


def _corpus() -> Path | None:
    """The folder of inputs, made where it is missing; None where one input is to be seen again."""
    folder = next((Path(word) for word in sys.argv[1:] if not word.startswith("-")), None)
    if folder is None or folder.is_file():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def updates() -> None:
    """Set up the application, then fuzz it."""
    _corpus()
    with atheris.instrument_imports(include=["bot"]):
        from benchmarks.agreeable_bot import AgreeableHouse

    seeds = _update_seeds()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        house = runner.run(AgreeableHouse.open(Path(folder)))

        def one(data: bytes) -> None:
            update = mutated(data, seeds)
            runner.run(house.deal(json.dumps(update).encode()))

        atheris.Setup([*sys.argv, "-max_len=512", "-len_control=0"], one)
        atheris.Fuzz()


def photos() -> None:
    """Write the seeds into the corpus, then fuzz `take_in`."""
    if corpus := _corpus():
        for number, seed in enumerate(_seeds()):
            (corpus / f"seed{number}").write_bytes(seed)
    atheris.Setup([*sys.argv, f"-max_len={MAX_BYTES}"], photo)
    atheris.Fuzz()


if __name__ == "__main__":
    target = {"photos": photos, "updates": updates}.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if target is None:
        sys.exit(__doc__)
    del sys.argv[1]
    target()
