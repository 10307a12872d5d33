"""Emergencies that are told in passing in a chat about skin, and calm texts that sound like them.

Run: ``pytest tests/agents/test_overlooked.py``
"""

import pytest

from agents.adviser import Adviser
from agents.evaluation.triage_texts import ALARMS
from agents.triage import triage_words
from conditions import TriageLevel
from tests.agents.samples import TODAY, case


@pytest.mark.parametrize(
    "text",
    [
        "the teapot tipped over onto my toddler, his chest and arm are peeling, do i put cream on",
        "my dressing gown caught the gas fire, my back is blistery from neck down",
        "caught my hand in the steam press, it is stiff and white and numb",
        "someone threw a liquid at my face from a car and it is burning",
        "a power bank exploded in his pocket, his thigh is black in one place",
        "the baby chewed the phone charger lead, her lip is grey in the corner",
        "my husband put his cigarette out on my arm again last night",
        "he says he will kill me if I show the bruises to the doctor",
        "im 10, dad hits me with a belt when hes drunk, how do i hide the marks",
        "my step dad does things to my little sister, she has red sore bits",
        "my boss keeps my passport and hits us. what cream is cheap for red hands",
        "they take me to my aunt's village for the cutting in july, I have a rash",
        "I have done my arms again tonight, the towel is soaked. will it scar",
        "nothing helps the itch so I took two paracetamol every hour since yesterday, feel sick",
        "my ball hurts badly since i woke up and i was sick, is it a rash",
        "hit my shin yesterday, the calf is hard as rock and the pain is getting worse when I move my toes",
        "in plaster since monday, my fingers are blue and numb and it hurts",
        "my shingles is better but my mouth droops on one side since breakfast and my arm is weak",
        "34 weeks, itchy hands, and I have not felt the baby move since yesterday",
        "pregnant, itchy bump, banging headache and flashing lights",
        "on chemo for breast cancer and she is shivering with a few spots",
        "the vein on my ankle burst, it has bled through three towels",
        "a dog bit the tip of his nose off",
        "found gran on the floor, she lay there all night, cold and mumbling, mark on her hip",
        "something bit my ankle in the grass, two little holes, swollen up to the knee and I was sick",
        "walked all night in the snow, my toes are white and hard like wax",
    ],
)
def test_what_is_told_in_passing_is_heard(text: str) -> None:
    assert triage_words(text).level is TriageLevel.EMERGENCY


@pytest.mark.parametrize(
    "text",
    [
        "my mum will kill me if she sees this tattoo, it has gone a bit scabby, what cream",
        "the sun hit me hard on holiday, shoulders peeling now, is aloe fine",
        "our dad was strict and the belt rash on my waist itches, it is the buckle I think",
        "I always take two antihistamine tablets for hay fever, can I use the nettle cream too",
        "splashed a bit of tea on my wrist last month, tiny mark left, will it fade",
        "30 weeks pregnant, stretch marks on my bump itch, baby kicks all day",
        "finished chemo two years ago, nails still ridged, what varnish is kind to them",
        "the tip of my nose is dry and flaky",
        "my arm is a bit heavy with eczema bandages, how long to wear them",
        "dropped my phone on my foot, small bruise, which gel",
        "my boyfriend always picks my spots, how do I stop them scarring",
        "bit of a dry patch on my ear lobe from cheap earrings",
    ],
)
def test_what_only_sounds_so_calls_nobody(text: str) -> None:
    assert triage_words(text).level not in ALARMS


def test_who_is_hurt_at_home_is_told_of_no_skin_condition(adviser: Adviser) -> None:
    words = "my stepdad put his cigarette out on my arm again last night, round itchy ring. what cream"
    advice = adviser.advise(case(None, words=words, photo_ids=()), TODAY)
    assert advice.triage.level is TriageLevel.EMERGENCY and "believed" in advice.now
    assert not advice.possibilities and not advice.statements and not advice.seen


@pytest.mark.parametrize(
    "text",
    [
        "grey and clammy, feels like an elephant on my chest and the arm has gone dead. which cream?",
        "my roofer mate has stopped sweating, skin hot and dry, doesnt know his own name",
        "the grease gun shot straight into my thumb, tiny hole, hardly hurts",
        "acid. somebody threw it. in my face. what do i wash with",
        "rust remover on my hand at work, hardly a mark",
        "on apixaban, nicked a mole, an hour of pressing and it has not stopped",
        "half of my aunt's face drooped while I put cream on her eczema",
        "i am on the wrong side of the railing. my skin won",
        "swallowed the lot an hour ago, feel fine. will i go yellow?",
        "a whole bottle of her tablets gone down me",
        "he's at the door with a knife, what do I put on cuts",
        "My son stopped sweating, he is confused",
        "a man is at the door with a machete",
        "grease gun injected grease in my finger",
        "rust remover leaked through my glove and my fingers burn",
        "I cut my arm, how deep is too deep?",
        "been pressing for half an hour and the bleeding hasn't stopped",
    ],
)
def test_an_emergency_that_a_writer_told_in_few_words_is_found(text: str) -> None:
    assert triage_words(text).level is TriageLevel.EMERGENCY


@pytest.mark.parametrize(
    "text",
    [
        "salicylic acid for the spots on my face, she threw it away",
        "pressure washer hands are dry and red",
        "I am sweating in the heat and my neck itches",
        "I've been on sertraline 50 since March, can it cause a rash?",
        "My tablets are counted out by the pharmacist every week. Could one cause this rash?",
        "I got a small cut, how deep is too deep for a plaster?",
        "My stitches hurt when pressed and the itching has not stopped",
        "I was in the garden with a hammer and hit my thumb",
        "The scab on my lip fell when I washed my face",
        "I stopped sweating after the antiperspirant. I'm confused why.",
        "I handle rust remover at work and my skin is a bit dry",
    ],
)
def test_calm_words_near_those_call_nobody(text: str) -> None:
    assert triage_words(text).level is not TriageLevel.EMERGENCY
