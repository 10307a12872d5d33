"""Everything the bot says of its own accord, in one place. HTML as Telegram knows it; values are escaped by
whoever fills them in.

What the agent says about a case is not here: see `bot.rendering_answer`.
"""

from bot.errors import RefusalReason

COMMANDS = (
    ("start", "What I do, and your consent"),
    ("new", "Start a new question"),
    ("cases", "Your earlier questions"),
    ("memory", "What I remember, to correct or erase"),
    ("help", "How to take a good photo"),
    ("privacy", "What is stored, and your choices"),
    ("export", "Get a copy of all your data"),
    ("forget", "Erase all your data"),
)

CONSENT = (
    "👋 <b>Hello, I'm SkinGPT.</b> Send me a photo of your skin and I'll tell you what I see, what it may be, "
    "how soon to "
    "see someone, and what published guidelines say.\n\n"
    "<b>Before we start</b>\n"
    "• I'm a computer program. I'm <b>not a doctor</b> and not a medical device, and I can be wrong. A photo "
    "can never "
    "rule out skin cancer.\n"
    "• <b>No person is watching this chat.</b> In an emergency call <b>{number}</b>; don't wait for me.\n"
    "• I store your photos, what you write and my answers, <b>encrypted</b>, so that you can ask me more. "
    "Telegram carries our messages and keeps its own copy.\n"
    "• You can erase everything at any time with /forget, or get a copy with /export. More: /privacy\n\n"
    "Is that all right with you?"
)
CONSENT_FIRST = "Before I may keep a photo or what you write, I need your yes.\n\n"
CONSENT_YES = "Yes, I agree"
CONSENT_NO = "No, thank you"
CONSENT_GIVEN = (
    "Thank you. 📷 <b>Now send me a photo</b> of your skin, or tell me in words what is wrong.\n\n"
    "Daylight, one hand's width away, sharp. If you sent something already, please <b>send it again</b>: I "
    "kept nothing."
)
CONSENT_REFUSED = (
    "That's fine. I have kept nothing you sent. If your skin worries you, please ask a doctor or pharmacist. "
    "If you change your mind, send /start."
)
WELCOME_BACK = "👋 Good to see you. Send me a photo of your skin, or tell me what is wrong. For tips on photos: /help"

HELP = (
    "<b>How to take a good photo</b>\n"
    "• Daylight, no flash, no filter.\n"
    "• First from about one hand's width away, then one from further back. Send both together.\n"
    "• Hold still and tap the spot on your screen so that it is sharp.\n"
    "• Put a coin or ruler beside a spot to show its size.\n"
    "• Leave out your face, name and tattoos if you can. Please don't send photos of a child's private "
    "parts.\n\n"
    "<b>Then</b> answer the buttons: they tell me what a photo cannot show. You can ask me more in your own "
    "words afterwards.\n\n"
    "/new starts a new question · /cases shows earlier ones · /privacy your data\n\n"
    "I'm not a doctor, and nobody watches this chat. In an emergency call <b>{number}</b>."
)

PRIVACY = (
    "<b>Your data</b>\n"
    "• <b>Stored:</b> your photos (without place or camera details), what you write and press, my answers. "
    "Encrypted; the key is "
    "kept apart.\n"
    "• <b>Used for:</b> answering you. Nothing else.\n"
    "• <b>Not stored:</b> your name, phone number or Telegram profile.\n"
    "• <b>For how long:</b> until you send /forget, or until the storage time of this service is over.\n"
    "• <b>A copy:</b> /export sends you everything.\n"
    "• Telegram keeps its own copy of this chat; you can delete that in Telegram.\n\n"
    "{care}\n{research}\n\n"
    "Responsible clinician: {clinician}"
)
PRIVACY_CARE_ON = "✅ You agreed that I store your questions to answer them."
PRIVACY_CARE_OFF = "⬜ You have not agreed that I store your questions. Send /start to agree."
PRIVACY_RESEARCH_ON = "✅ You allow your photos to be used to improve the model, without your identity."
PRIVACY_RESEARCH_OFF = "⬜ Your photos are <b>not</b> used to improve the model."
RESEARCH_ON_BUTTON = "Allow use for research"
RESEARCH_OFF_BUTTON = "Stop use for research"
WITHDRAW_BUTTON = "Withdraw my consent"
WITHDRAWN = "I'll store nothing more from you. What is stored stays until you erase it with /forget."
NO_CLINICIAN = "none named"

FORGET_ASK = "Erase <b>everything</b> I have stored about you: photos, questions, answers? This can't be undone."
FORGET_YES = "Yes, erase everything"
FORGET_NO = "No, keep it"
FORGOTTEN = (
    "Done. Everything I had stored about you is erased ({rows} entries); my working memory of our talk follows within "
    "the hour. {chat} Backups of this service lose you when they age out. You're welcome back any time with /start."
)
CHAT_EMPTIED = (
    "I also deleted the messages of this chat, on your side too. Telegram lets me delete those of the last 48 hours "
    "only, and may keep copies of its own: delete the chat in Telegram as well."
)
CHAT_LEFT = "I could not delete the messages of this chat: please delete the chat in Telegram yourself."
NOT_FORGOTTEN = "All right, nothing was erased."
NOTHING_STORED = "I have nothing stored about you."
EXPORT_CAPTION = "Here is everything I have stored about you."
EXPORT_TOO_BIG = "Your data is too big for one Telegram file. Please ask the operator of this bot for a copy."

NEW = "🆕 A new question. Send me a photo, or tell me what is wrong."
NO_CASES = "You have no questions stored. Send me a photo to start."
CASES = "<b>Your questions</b> (newest first)"
ASK_AGAIN = "Press a number to see the answer again."
READY = "Your answer is ready ↑"
ANSWER_UPDATED = "Thank you, I have that."
THANKS_HELPFUL = "Thank you! I'm glad it helped."
THANKS_NOT_HELPFUL = "Thank you. You can tell me what was missing, or see a doctor."
GONE = "That question has been erased."
PASSAGE_GONE = "That source isn't here any more."
NOT_REVIEWED = "This text has not been reviewed by a clinician."
OVERDUE = "Its review was due on {day}; it may be out of date."
THINKING = "💬 Let me look that up."
HERE_IT_COMES = "📄 Here is your answer…"
UNDELIVERED = (
    "I have an answer for you but could not show it here. Please don't wait for it: if you feel worse or something "
    "changes, call a doctor. You can also ask me again."
)
LATER = (
    "I have your message, but I can't work on it right now. You need do nothing: I'll answer here as soon as I can. "
    "If you feel worse, don't wait for me: call a doctor."
)
WAITS_FOR_PHOTO = "I have that. I'll answer as soon as I have looked at your photo."

FAILED = (
    "I'm sorry, I could not look at this. <b>Please don't wait for me.</b>\n"
    "• See a doctor this week if a spot is new, growing, changing, bleeding or not healing.\n"
    "• Get help <b>today</b> if it spreads fast, is very painful, is near your eye, or you have a fever.\n"
    "• Call <b>{number}</b> if you can't breathe well, your face or tongue swells, or a rash doesn't fade "
    "when pressed.\n\n"
    "You can also send the photo again later."
)
FAILED_ONCE = (
    "Something went wrong on my side. Please send that again. If you feel worse, don't wait for me: call a doctor."
)
CLOSED_BOT = (
    "This bot isn't open to the public yet, so I can't answer you. If your skin worries you, please see a "
    "doctor. "
    "In an emergency call <b>{number}</b>."
)
PRIVATE_ONLY = "Please write to me in a private chat; your skin is nobody else's business."

CHILD_PRIVATE_PARTS = (
    "Thank you for telling me. I can't look at pictures of a child's private parts, and I have kept nothing "
    "of this message. "
    "Please don't send a photo. A children's doctor, family doctor or nurse sees this often and can "
    "help: call them "
    "today. If the child has a fever, is in pain, can't pass urine, or you are worried about how this "
    "happened, go "
    "today. In an emergency call {number}."
)
"""Plain text: the outbox sends it."""

PHOTO_AFTER_CHILD = (
    "I haven't kept that picture, because you just wrote to me about a child's private parts: if it shows something "
    "else, please send /new and then the picture again."
)
NOT_SKIN_SEEN = (
    "I don't think this picture shows skin, so I can't say anything about it: please send a sharp photo of the skin in "
    "daylight, from about a hand's width away, or show a doctor what worries you."
)

UNSUPPORTED = {
    "animation": "That one moves. Please send a still photo.",
    "video": (
        "I can't watch videos yet. Please send a photo: pause the video where it is sharpest and take a screenshot."
    ),
    "video_note": "I can't watch video messages yet. Please send a photo instead, or write it in a few words.",
    "voice": "I can't listen yet. Please write it in a few words, or send a photo.",
    "audio": "I can't listen to audio files. Please write it in a few words, or send a photo.",
    "sticker": "That's a nice one! What I need is a photo of your skin, or a few words.",
    "venue": "I can't look up places, and I haven't kept it. To find a doctor near you, ask your map app.",
    "location": (
        "I don't need to know where you are, and I haven't kept it. To find a doctor near you, ask your map app."
    ),
    "contact": "I don't need anybody's number, and I haven't kept it. Send me a photo of your skin, or a few words.",
    "poll": "I don't take part in polls. Please tell me in a few words what is wrong, or send a photo of your skin.",
    "checklist": "I can't use checklists. Please tell me in a few words what is wrong, or send a photo of your skin.",
    "dice": "I'd rather leave nothing to chance! Please send a photo of your skin, or a few words.",
    "game": "I don't play games, I'm afraid. Please send a photo of your skin, or a few words.",
    "paid_media": "I can't open paid pictures. Please send the photo of your skin as a normal one; I cost nothing.",
    "story": "I can't see stories. Please send the picture itself as a photo.",
    "invoice": "There is nothing to pay here. Please send a photo of your skin, or a few words.",
    "document": "I can't read that kind of file. Please send a photo (JPEG, PNG, WebP or HEIC).",
    "other": "I can't use that, I'm afraid. Please send a photo of your skin, or a few words.",
}
"""One sentence for each kind of message (its field in the Bot API) that is neither words nor a photo."""
EDITED = "I saw that you changed a message. Please send the new words as a new message, so that I don't miss them."
EDITED_PICTURE = "I saw that you changed a picture or its words. Please send it again as a new message."
UNKNOWN_COMMAND = "I don't know that command. Try /help, or just send me a photo."
NO_WORDS = (
    "I can't read much from that alone. Please tell me in a few words what is wrong, or send a photo of your skin; in "
    "an emergency call <b>{number}</b>."
)
OTHER_LANGUAGE = (
    "I'm sorry, I only understand English so far: please write in English, even a few words, or send a photo; in an "
    "emergency call <b>{number}</b>."
)

REFUSED = {
    RefusalReason.NOT_A_PHOTO: "I can't open that as a photo. Please send a JPEG, PNG, WebP or HEIC picture.",
    RefusalReason.TOO_HEAVY: ("That file is over 20 MB. Please send it as a normal Telegram photo instead of a file."),
    RefusalReason.TOO_MANY_PIXELS: ("That picture is too large for me. Please send it as a normal Telegram photo."),
    RefusalReason.BROKEN: "The picture arrived damaged. Please send it once more, or take a new one.",
    RefusalReason.ANIMATED: "That one moves. Please send a still photo.",
    RefusalReason.TOO_SMALL: ("The picture is too small to see enough. Please take a new photo instead of a cut-out."),
    RefusalReason.TOO_DARK: (
        "The photo is too dark for me. Please go to a window or outside, and take it again without flash."
    ),
    RefusalReason.TOO_BRIGHT: (
        "The photo is too bright to see anything. Please take it in the shade and without flash."
    ),
    RefusalReason.BLANK: (
        "I see one plain colour and nothing on it. Please hold the camera about a hand's width away."
    ),
    RefusalReason.BLURRED: (
        "The photo is blurred. Hold the camera a hand's width away, tap the spot on the screen, and hold still."
    ),
    RefusalReason.GREY: (
        "That is a black-and-white picture, such as an X-ray or a scan, and I can only judge skin in colour: "
        "please send a colour photo of the skin itself."
    ),
    RefusalReason.SCREENSHOT: (
        "That looks like a picture of text, which I don't read: please write it to me as a message, or send a "
        "photo of the skin itself."
    ),
    RefusalReason.NOT_SKIN: (
        "I don't see any skin in this picture. Please send a photo of the skin itself, in daylight."
    ),
}
NOT_FETCHED = "Telegram didn't hand me that photo. Please send it once more."
SOME_REFUSED = "I'm using {taken} of your {sent} photos. {why}"
REFUSED_OF_ALBUM = "{which}: {why}"
TOO_MANY_PHOTOS = (
    "That's a lot of photos: I take {most} in a minute, so I've left out the last ones. Please wait a minute, "
    "then send only the two or three sharpest that are still missing."
)

DANGER_QUESTION = "❗ <b>Is any of these true now?</b> (a photo can't show it)"
KIND_QUESTION = "<b>Is it one spot, or a rash?</b>"
CHANGES_QUESTION = "<b>What has the spot done in the last weeks?</b> Press all that fit, then “That's all”."
AGE_QUESTION = "<b>How old is the person?</b>"
SPECIAL_QUESTION = "<b>Is one of these true for them?</b>"

DANGER_BUTTONS = (
    ("breathing", "😮‍💨 Hard to breathe, or face or tongue swelling"),
    ("fever", "🤒 Fever, or feeling very ill"),
    ("peeling", "Skin peeling off, or sores in the mouth"),
    ("spreading", "Spreading fast, or very painful"),
    ("eye", "👁 At or in the eye"),
    ("none", "None of these"),
)
KIND_BUTTONS = (("spot", "One spot or lump"), ("rash", "A rash, or many spots"))
CHANGES_BUTTONS = (
    ("grew", "Got bigger"),
    ("changed", "Changed shape or colour"),
    ("bleed", "Bleeds or won't heal"),
    ("itch", "Itches"),
    ("hurt", "Hurts"),
    ("elevation", "Is raised"),
)
CHANGES_DONE = "That's all"
CHANGES_NONE = "None of these"
AGE_BUTTONS = (
    (0, "Baby under 1"),
    (6, "Child 1-11"),
    (15, "12-17"),
    (28, "18-39"),
    (52, "40-64"),
    (72, "65 or older"),
)
SPECIAL_BUTTONS = (("pregnant", "Pregnant"), ("immune", "Weak immune system"), ("neither", "Neither"))
MORE_DANGER = "❗ One more warning sign"
HELPFUL, NOT_HELPFUL = "👍 Helpful", "👎 Not helpful"
EXPLAIN = "🔍 What did it look at?"
EXPLAINING = "I'm asking the model. The picture comes here in a moment."
EXPLAINING_ALREADY = "I'm on it. If nothing comes within a minute, please press again."
EXPLAINED_ALREADY = "I have sent you that picture already."
EXPLAINED_NO_MORE = "I can't show that for this answer any more."
NOT_EXPLAINED = "I can't show you that right now. My answer stands as it is. Please press again later."
EXPLANATION = (
    "🔍 <b>What the model looked at</b>{first}\n"
    "Warm (orange) parts are where covering the picture changed the model's answer most; grey parts hardly mattered. "
    "If everything is grey, no single part did.\n\n"
    "This is about the picture alone, without what you told me. It is <b>not a reason and not a diagnosis</b>: my "
    "answer, and how soon to see someone, stand as they are."
)
EXPLANATION_FIRST = " (in the first of your {photos} photos)"

STAGE_RECEIVED = "📷 I have your {photos}. {queue}"
STAGE_LOOKING = "I'm looking now…"
STAGE_QUEUE = "Before you in the queue: {before}."
STAGE_STALLED = (
    "⏳ I have what you sent, but this takes longer than usual: a part that I need is not available right now. You "
    "need do nothing, the answer comes here by itself. <b>If it gets worse, don't wait for me</b>: call a doctor, "
    "or <b>{number}</b> if you can't breathe well, your face swells or you feel very ill."
)
STAGE_EXAMINED = "🔎 I have looked at it. Now I'm checking the guidelines…"
STAGE_WORDS = "📖 Thank you. I'm checking the guidelines…"
STAGE_CLOSED = "This question is closed. Send a photo or a message to start a new one."
UPDATING = "✏️ <i>Thank you. I'm updating this answer with what you told me…</i>"
NOT_UPDATED = "⚠️ <i>I could not update this answer with the last thing you told me. If unsure, call a doctor.</i>"
WAITS_FOR_ADVICE = "I have that. I'll answer as soon as I have checked the guidelines."

MEMORY = (
    "<b>What I remember</b> of your question of {day} ({about}):\n\n{facts}\n\n{carried}Is something wrong? Press it, "
    "and I will not rely on it any more; press it again if it is right after all. To correct it, write to me how it "
    "is. Danger signs that you told me stay."
)
MEMORY_CARRIED = (
    "<b>Told me in other questions</b>, and I bear it in mind here too:\n\n{facts}\n\nIf one of these is no longer so, "
    "press it, or write it to me, for example: “I am not pregnant any more”. Then I do not rely on it in later "
    "questions about you either.\n\n"
)
MEMORY_NO_FACTS = "Nothing beside the conversation itself."
MEMORY_PHOTO = "a photo"
MEMORY_EMPTY = "I remember nothing: you have asked me nothing yet."
MEMORY_ERASE = "Erase this question and all I know of it"
MEMORY_ERASED = "Erased: the question, its photos, its conversation and what I remembered of it."
MEMORY_CORRECTED = "I do not rely on it any more."
MEMORY_RELIED_ON = "Thank you. I rely on it again."
MEMORY_RIGHT_AFTER_ALL = "↺ {words} – is right after all"
MEMORY_OTHER = "🗂 {day}: {about}"
ABOUT_EARLIER_OR_NEW = (
    "I take this to be about your earlier question of {day} ({about}). Is it something new? Then write “new problem”, "
    "and tell me what it is."
)
ABOUT_EARLIER = "I take this to be about your earlier question of {day} ({about}). /new begins another one."
