"""Traps: questions that are emergencies, and calm texts that hold an emergency's words.

Run: pytest tests/agents/test_triage_traps.py
"""

import pytest

from agents.triage import triage_words
from conditions import TriageLevel

EMERGENCIES_ALL_THE_SAME = (
    "can you help my lips are swelling",
    "I'm going away in two days and my lips are swelling",
    "could this be an allergy, my throat is closing",
    "does this look like anaphylaxis, my tongue is huge and i feel faint",
    "what is this purple rash that doesn't fade with a glass on my baby",
    "is this sepsis? red leg and confused",
    "what should i do my son cant breathe",
    "should I go to A&E, my lips are swelling",
    "if I press a glass it doesnt fade, purple rash",
    "when should I worry? her breathing is fast and she has a rash",
    "might be an allergic reaction throat closing",
    "scared of this, my throat is closing",
    "i read about meningitis and my son has these spots which dont fade under a glass",
    "what are these purple spots on my legs, I have a fever",
    "can my swollen tongue stop me breathing",
    "how do I treat swelling of my tongue",
    "is it dangerous that my lips are swelling up?",
    "is it normal that my skin is coming off in sheets?",
    "why cant I breathe and why do I have hives",
    "what does it mean when my eyelid is swollen and I have double vision",
    "any idea why my leg is red and I'm shaking uncontrollably?",
    "do i need to go to hospital, my baby is 5 weeks with fever",
    "My friend is having trouble breathing with hives",
    "someone here has swollen lips and cant breathe",
    "mouth sores and blisters all over and fever since taking ibuprofen, what is it?",
    "rash not fading with a glass, what now?",
    "Purple rash, doesn't blanch, should we worry?",
    "I can't breathe",
    "i want to die",
    "am I having anaphylaxis? hives and short of breath",
    "I am so scared. Throat closing.",
    "my nose is blocked and I can't breathe at all, hives everywhere",
    "the doctor said it's just hives but now I'm wheezing",
    "he is not breathing well and is covered in a rash",
    "I was fine last year but this year my lips swell and my throat closes",
    "I have had hives before but never with my tongue swelling",
    "no idea what happened but her lips are swollen",
    "he isn't well: fever, stiff neck, purple rash",
    "not getting enough breath",
    "I don't feel well, hot red leg and shivering",
    "my gran used to be fine, today confused with a red leg",
    "it's not just a rash, I can't breathe",
    "without warning my tongue swelled up",
    "he denies pain but leg is black and crackling",
    "I couldn't breathe last night and have hives, now still wheezing",
    "nothing helps and my skin is peeling off in sheets",
)

CALM_ALL_THE_SAME = (
    "if she starts wheezing should I call an ambulance?",
    "when to call 999 for hives",
    "could my eczema turn into sepsis?",
    "will my lips swell from filler?",
    "what if it spreads to my eyes",
    "I worry about getting anaphylaxis",
    "my friend had swollen lips last month",
    "my son had swollen lips two years ago",
    "he used to have trouble breathing as a baby, now dry skin",
    "my mum died of sepsis",
    "no swelling of lips, tongue or throat",
    "no purple spots, no stiff neck, no fever",
    "I have no difficulty breathing",
    "doesn't hurt, doesn't spread, no fever",
    "not suicidal, just sad about acne",
    "what's the treatment for necrotising fasciitis?",
    "she is not confused or drowsy",
    "he has not passed out or vomited",
    "my skin is not peeling and there are no mouth sores",
    "I've never had an allergic reaction",
    "eyes not swollen, vision fine",
    "breathing normally",
    "no red streaks no pus no fever",
    "my psoriasis is not all over my body",
    "signs of cellulitis to look out for?",
    "my colleague has shingles on her forehead",
    "tell me about scalded skin syndrome",
    "is SJS hereditary",
    "my neighbour's baby has a fever and spots",
    "thanks to the ambulance crew last year when I had anaphylaxis",
    "I had sepsis as a child",
    "does lamotrigine cause rashes?",
    "I take antihistamines for hay fever",
    "itchy eyes and hay fever",
    "the rash comes up in the heat and goes when I cool down",
    "it blanches when I press on it, mildly itchy",
    "I pressed a glass and the spots faded",
    "my nail went black after I dropped a hammer on it",
    "cherry red spots on my tummy for years",
    "bruise on my arm from blood test",
    "my toddler has bruises on his shins from playing",
    "bruised nail after football",
    "sore throat and dry skin",
    "my daughter has hot feet and dry skin",
    "my moles don't fade when pressed, normal?",
)


@pytest.mark.parametrize("text", EMERGENCIES_ALL_THE_SAME)
def test_an_emergency_asked_or_hedged_is_still_one(text: str) -> None:
    assert triage_words(text).level is TriageLevel.EMERGENCY


@pytest.mark.parametrize("text", CALM_ALL_THE_SAME)
def test_words_denied_past_asked_or_of_others_raise_no_alarm(text: str) -> None:
    assert triage_words(text).level not in (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY)


@pytest.mark.parametrize(
    "text",
    ["a mole on my back changed last month", "my mole grew over the last year", "My mole changed colour last summer."],
)
def test_a_mole_that_changed_is_seen_this_week_however_long_ago(text: str) -> None:
    assert triage_words(text).level is TriageLevel.THIS_WEEK


@pytest.mark.parametrize(
    "text",
    [
        "Got loads of brown moles, about 60, same since my teens, nothing's changed. How should I check them?",
        "Lots of moles, nothing has changed, how do I check them?",
        "I'm a butcher, rough lumps on my fingers like tiny cauliflowers. Can I pass them to my kids?",
        "Hives nearly every day for 4 months. Cetirizine one a day isn't enough. Is it okay to take more than one?",
        "A hard ivory patch on my side with a lilac edge. How does light treatment work?",
        "how long after acitretin before I can become pregnant",
        "I'm on isotretinoin, the pregnancy test every month is negative",
        "on methotrexate, I want to get pregnant next year",
        "mosquito bit me and I scratched it",
    ],
)
def test_calm_texts_are_not_called_soon(text: str) -> None:
    assert triage_words(text).level.urgency <= TriageLevel.ROUTINE.urgency


@pytest.mark.parametrize(
    "text",
    [
        "I am on isotretinoin since two months and my pregnancy test this morning is positive. What do I do?",
        "im on methotrexate for psoriasis and just found out im pregnant",
        "my period is 9 days late and I am on accutane",
        "I'm 8 weeks pregnant on isotretinoin, can it harm the baby?",
        "I am pregnant and on methotrexate, should I be worried",
        "the neighbour's dog bit my hand today, two deep holes",
        "a resident with dementia bit me on the forearm this morning and broke the skin",
    ],
)
def test_what_needs_a_doctor_today_is_told_so(text: str) -> None:
    assert triage_words(text).level is TriageLevel.SAME_DAY
