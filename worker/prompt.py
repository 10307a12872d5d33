"""The prompts the model is asked with, exactly as it was trained on them (`conditions.prompt`).

The photo travels inside the text as a markdown image with a data address, which is how TGI's ``/generate`` takes
pictures.
"""

import base64
import re

import conditions
from cases.record import History

_MAX_QUESTION = 300
_UNSAFE = re.compile(r"!\[|\]\(|#{2,}|[<>\x00-\x1f]")
"""What a question must not hold: a markdown image (the server would fetch its address), prompt marks, special tokens.
"""


def facts(history: History) -> str:
    """What is known of the patient, as the model read it in training; "" for nothing."""
    signs = {sign: getattr(history, sign) for sign in conditions.SIGNS}
    return conditions.facts_in_words(history.age, plain(history.region or ""), signs)


def plain(question: str) -> str:
    """`question` on one line, at most 300 characters, without anything that the prompt or the server would act on."""
    return " ".join(_UNSAFE.sub(" ", question).split())[:_MAX_QUESTION]


def prompt(jpeg: bytes, facts_text: str, question: str) -> str:
    """The text sent to ``/generate``: the photo, what is known, the question."""
    return conditions.prompt(markdown_image(jpeg), question, facts_text)


def markdown_image(jpeg: bytes) -> str:
    """The photo alone, as ``/generate`` and ``/explain`` take it."""
    return f"![](data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')})"
