"""What the network is taught to say: the choice, and the answers to the paper's four questions.

Step 1 teaches concepts (what is seen, measured in the picture); step 2 teaches the choice and the notes (cause, what
to do). Wording varies so that the language model learns to say a thing rather than a string. Answers never name a
diagnosis as seen: the description stays with what was measured, and sureness stays with the choice's probabilities.

Source: Zhou et al. 2024, Methods ("two-step training", the four questions).
"""

from dataclasses import asdict
from random import Random

from conditions import CANNOT_TELL, CHOICES, CONDITIONS, HEALTHY_SKIN, NOT_SKIN, Domain
from model.datasets.record import PatientFacts
from model.measure import Measured

DOMAIN_TOKENS: tuple[str, ...] = tuple(f"<{domain}>" for domain in Domain)
CHOICE_TOKENS: tuple[str, ...] = tuple(f"<{choice}>" for choice in CHOICES)

_TAKEN = {Domain.PHONE: "phone photo", Domain.DERMOSCOPY: "dermoscopy picture"}

_NOTHING_TO_DESCRIBE = {
    NOT_SKIN: (
        "This picture does not seem to show skin.",
        "No skin can be made out in this picture.",
    ),
    HEALTHY_SKIN: (
        "This {taken} shows skin without a clear spot.",
        "The skin in this {taken} shows no single spot that stands out.",
    ),
    CANNOT_TELL: (
        "This {taken} does not show one clear spot that can be described.",
        "No single clear spot can be described in this {taken}.",
    ),
}

_CAUSES = {
    "melanocytic-naevus": "Moles are small groups of pigment cells that sit together in the skin.",
    "melanoma": "Melanoma is a cancer of pigment cells, often after damage by ultraviolet light.",
    "basal-cell-carcinoma": "Basal cell carcinoma is a slow skin cancer, mostly after years of sun.",
    "actinic-keratosis": "Actinic keratoses are rough spots left by years of sun.",
    "squamous-cell-carcinoma": "Squamous cell carcinoma is a cancer of the upper skin, mostly after years of sun.",
    "seborrhoeic-keratosis": "Seborrhoeic keratoses are harmless growths of the top layer that come with age.",
    "dermatofibroma": "Dermatofibromas are firm harmless nodules, sometimes after a bite or a small injury.",
    "cherry-angioma": "Cherry angiomas are small harmless knots of blood vessels.",
}

_PLANS = {
    "melanocytic-naevus": "No treatment is needed. A doctor should see any mole that changes.",
    "melanoma": "A doctor should see this soon and may remove it to test it.",
    "basal-cell-carcinoma": "A doctor should see this. It is usually removed or treated with a cream or light.",
    "actinic-keratosis": "A doctor can confirm it and treat it by freezing or with a cream.",
    "squamous-cell-carcinoma": "A doctor should see this soon. It is usually removed.",
    "seborrhoeic-keratosis": "No treatment is needed. A doctor should see it if it changes, bleeds or is in doubt.",
    "dermatofibroma": "No treatment is needed. A doctor should see it if it grows or changes.",
    "cherry-angioma": "No treatment is needed. A doctor should see it if it grows, bleeds often or is in doubt.",
}

_NOTHING_NEEDED = "No treatment is needed. "
"""Left out of the plan for a spot that changes: nothing told there may reassure."""

_CHANGES = {"grew": "has grown", "changed": "has changed", "bleed": "bleeds", "hurt": "hurts"}

_UNSURE_CAUSE = ("No cause can be given from this picture.", "This picture is not enough to name a cause.")
_UNSURE_PLAN = (
    "Please take a sharp, close photo of one spot in daylight, or show the skin to a doctor.",
    "A sharp, close photo of one spot in daylight would help. A doctor can look at the skin itself.",
)


def choice_answer(domain: Domain, choice: str) -> str:
    """The answer to CHOICE_QUESTION: one domain token, one choice token."""
    return f"<{domain}><{choice}>"


def description(domain: Domain, choice: str, measured: Measured | None, rng: Random) -> str:
    """Answer to the first question: what was measured, in a sentence or two."""
    taken = _TAKEN[domain]
    if choice in _NOTHING_TO_DESCRIBE or measured is None:
        lines = _NOTHING_TO_DESCRIBE.get(choice, _NOTHING_TO_DESCRIBE[CANNOT_TELL])
        return rng.choice(lines).format(taken=taken)
    colours = _listed(measured.colours)
    return rng.choice(
        (
            f"This {taken} shows one {measured.size} {colours} spot. "
            f"Its outline is {measured.shape} with a {measured.edge} edge, and it is {measured.evenness}.",
            f"One {measured.size} spot can be seen in this {taken}. It is {colours} and {measured.evenness}. "
            f"The outline is {measured.shape} and the edge is {measured.edge}.",
        )
    )


def features(choice: str, measured: Measured | None, facts: PatientFacts) -> str:
    """Answer to the second question: the features one by one, with what the patient told."""
    if choice in _NOTHING_TO_DESCRIBE or measured is None:
        return "No further features can be described."
    told = {True: " Surface: raised, as told.", False: " Surface: flat, as told.", None: ""}[facts.elevation]
    bleeds = " Bleeding: yes, as told." if facts.bleed else ""
    return (
        f"Colours: {_listed(measured.colours)}. Evenness: {measured.evenness}. Outline: {measured.shape}. "
        f"Edge: {measured.edge}. Size in the picture: {measured.size}.{told}{bleeds}"
    )


def cause(choice: str, facts: PatientFacts, rng: Random) -> str:
    """Answer to the third question, from the kind, the site and the age."""
    if choice not in _CAUSES:
        return rng.choice(_UNSURE_CAUSE)
    opening = rng.choice(("Of what this model knows, it looks most like", "It looks most like"))
    about = _site_and_age(facts)
    about = f" ({about})" if about and rng.random() < 0.5 else ""
    return f"{opening} {CONDITIONS[choice].title}{about}. {_CAUSES[choice]}"


def plan(choice: str, facts: PatientFacts, rng: Random) -> str:
    """Answer to the fourth question, from the kind, the change and the symptoms that were told."""
    if choice not in _PLANS:
        return rng.choice(_UNSURE_PLAN)
    changes = [words for sign, words in _CHANGES.items() if getattr(facts, sign)]
    if not changes:
        return _PLANS[choice]
    told = rng.choice(
        (
            f"It {_listed(tuple(changes))}, so a doctor should look at it soon.",
            f"Because it {_listed(tuple(changes))}, it should be shown to a doctor soon.",
        )
    )
    return f"{told} {_PLANS[choice].removeprefix(_NOTHING_NEEDED)}"


def _site_and_age(facts: PatientFacts) -> str:
    told = [f"at age {facts.age}"] if facts.age is not None else []
    told += [f"on the {facts.region}"] if facts.region else []
    return ", ".join(told)


def masked(facts: PatientFacts, rng: Random) -> PatientFacts:
    """None of the facts, all, or some at random, so that a missing fact says nothing about the diagnosis."""
    drawn = rng.random()
    if drawn < 0.35:
        return PatientFacts()
    if drawn < 0.65:
        return facts
    keep = rng.uniform(0.3, 1.0)
    known = {name: value if rng.random() < keep else None for name, value in asdict(facts).items()}
    return PatientFacts(**known)


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
