"""Words that alarm only where they are not meant so do not alarm; the same words meant as they stand do.

Run: ``pytest tests/agents/test_figures_of_speech.py``
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.evaluation.triage_texts import ALARMS
from agents.triage import triage_words
from agents.triage.figures_of_speech import without_figures_of_speech
from conditions import TriageLevel


@pytest.mark.parametrize(
    "text",
    [
        "is morphea the same as scleroderma, im confused",
        "sorry im so confused by all the sun cream factors, 30 or 50?",
        "what is the difference between eczema and psoriasis, I'm really confused",
        "I literally can't breathe for laughing at my sunburn stripes, pink and a bit sore. aloe vera?",
        "i nearly pass out from embarrassment when my hands sweat. which antiperspirant is strongest",
        "collapse of my nail bed is how the podiatrist wrote it, thick crumbly yellow nails. do i need tablets",
        "skin went floppy on my belly after losing six stone. do firming creams do anything",
        "used a foot peel mask and my heels are flaking, is that meant to happen",
        "Eczema on my black son looks grey and bumpy, not red. Will the dark marks fade?",
        "ingrowing toenail twice, do they take the whole nail off or just the edge",
        "my wife says I stop breathing in my sleep and snore like a tractor. what test is it",
        "cold sores come back whenever I am in the sun. is it ok to kiss my newborn nephew",
        "I snore so loud my wife moved out. she says I stop breathing in the night. any tips",
        "going grey at 19, is premature greying a vitamin thing",
        "Grandad's hearing aids whistle when he chews. Is it wax or the fitting?",
        "My tongue looks like a map, red with white edges, sore with oranges",
        "my tongue tip is sore like i drank scalding coffee since the menopause",
        "hair on my chin and upper lip getting thick and black",
        "My voice goes hoarse after choir practice",
        "white fingers when I take things out of the freezer at work",
        "loads of tiny clear pinprick blobs on her neck in the heat wave, feeding fine, no fever",
        "3 months of salicylic gel on my verruca and the black dots still hurt when I squeeze. is freezing worth it",
        "the creases of his elbows are itchy and look grey-purple rather than red. is it flaring",
        "acne all over my back, is it cos of the protein shakes i have for gym",
        "I have hereditary angioedema, which contraception is ok for me",
        "Mottled brown net pattern on my tummy where I keep my hot water bottle. Will it fade",
        "my fingers are cracked, dry and bleeding with wee itchy blisters, which gloves",
        "eczema bleeding where she scratches in her sleep, 5 years old, no weeping or crusts. out of cream",
        "my cheeks blaze after red wine, total social suicide at parties. is there a cream for it",
        "my feet are suffocating in these safety boots, little pits on the heel. what can i wash with",
        "I dreamed all my skin was peeling off and woke up crying. It is only soggy between my toes. Which cream?",
        "Stretch marks on my hips purple colour, growing fast this year, I'm 15. Will they go",
    ],
)
def test_a_figure_of_speech_calls_nobody(text: str) -> None:
    assert triage_words(text).level not in ALARMS


@pytest.mark.parametrize(
    "text",
    [
        "my dad has cellulitis and a fever and is confused about where he is",
        "infected cut, shivering and im confused",
        "I dreamt my skin peeled off. Now my lips are swelling and I cannot breathe",
        "purple blotches are spreading over my stretch marks, I have a fever and feel awful",
        "I am holding my newborn, he has a fever and blisters",
        "her leg is red hot and infected, she is hot and confused about things",
        "gran has a red hot leg, she is confused by what day it is",
        "my brother has a boil, a red line goes up his arm, he has fever and is not knowing his name",
        "purple blotches, burning up, no waking up right",
        "i have hives and can't breathe",
        "face swelling after nuts, she fainted from the shock of it and cant breathe",
        "I've taken all my tablets at once",
        "I want to take all my tablets tonight",
        "my baby stops breathing in her sleep",
        "stung by a wasp, covered in hives, he is snoring and stopped breathing",
        "he has a red hot leg and has gone grey and sweaty",
        "rash all over and he is fitting",
        "hives after a nut bar, voice hoarse and throat tight",
        "my tongue is swelling after oranges",
        "I have hereditary angioedema, what now, my lips are swelling",
        "I am going to end things",
        "my newborn has blisters",
        "my baby with eczema looks grey",
        "my son has eczema and he looks grey and floppy",
        "my baby is floppy and her skin is mottled",
        "she collapsed, rash all over and very hot",
        "i'd rather die than go on like this, not kidding",
        "I would rather die than wake up with this skin again and I am not joking",
        "my husband will kill me if i leave him",
        "my dad will kill me because i told the teacher",
        "she had a nightmare and woke up with swollen lips and can't breathe",
        "it feels like i burned it and the skin comes off in sheets and my mouth is raw",
    ],
)
def test_the_same_words_meant_as_they_stand_do(text: str) -> None:
    assert triage_words(text).level is TriageLevel.EMERGENCY


def test_the_words_around_a_figure_of_speech_stay_apart() -> None:
    assert without_figures_of_speech("He has a fever. Eczema looks grey") == "He has a fever. Eczema"
    assert without_figures_of_speech("mum says his eczema looks purple") == "mum says his eczema"


@given(st.text(max_size=400))
def test_any_text_is_taken(text: str) -> None:
    assert isinstance(without_figures_of_speech(text), str)
