"""Words that several pages share."""

from conditions import TriageLevel

CLASS_TITLES: dict[str, str] = {
    "acne-rosacea": "Acne and rosacea",
    "malignant-lesions": "Malignant and pre-malignant lesions",
    "dermatitis": "Eczema and drug rashes",
    "bullous": "Blistering diseases",
    "bacterial": "Bacterial infections",
    "light": "Light and pigment disorders",
    "connective-tissue": "Connective tissue diseases",
    "benign-tumours": "Benign tumours",
    "melanoma-naevi": "Melanoma and moles",
    "fungal": "Fungal infections",
    "psoriasis-lichen-planus": "Psoriasis and lichen planus",
    "infestations-bites": "Infestations and bites",
    "urticaria": "Urticaria and angioedema",
    "vascular": "Vascular lesions",
    "herpes": "Herpes and related viruses",
    "others": "Other conditions",
    "emergencies": "Emergencies",
}

LEVEL_TITLES: dict[TriageLevel, str] = {
    TriageLevel.EMERGENCY: "Emergency",
    TriageLevel.SAME_DAY: "Same day",
    TriageLevel.THIS_WEEK: "This week",
    TriageLevel.ROUTINE: "Routine",
    TriageLevel.SELF_CARE: "Self-care",
}

REVIEW_MISSING = "Not reviewed by a clinician"
