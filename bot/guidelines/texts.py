"""What the bot says to dermatologists, in one place. HTML as Telegram knows it; values are escaped by whoever fills
them in.
"""

COMMAND = ("guidelines", "The guideline library")

WELCOME = (
    "👋 <b>Welcome, {name}.</b> You can change the guideline library from this chat now.\n\n"
    "• <b>Send a document</b> (PDF, Word, Markdown, HTML or text, up to 20 MB). I show you its passages, what differs "
    "from the live version and which answers would change. Nothing is published before you press <b>Publish</b>.\n"
    "• /guidelines lists, searches, retires and brings back, and shows what expires soon.\n\n"
    "Everything you do is logged under your name. /help tells more."
)
ON_THE_LIST_ALREADY = "You are on the list already, as {name}. /guidelines shows the library."
INVITATION_OVER = (
    "This invitation doesn't work: it was used, is older than three days or was taken back. Please ask whoever invited "
    "you for a new link."
)
NOT_LISTED = "This is for the dermatologists who keep the library; you are not on their list."

HELP = (
    "<b>For dermatologists: the library</b>\n"
    "/guidelines: all texts, what expires soon, what waits, the log\n"
    "/guidelines WORDS: search as a patient's question does\n\n"
    "Send a <b>document</b> to put it into the library. The caption may say what it is about; what you leave out has "
    "the value in brackets:\n"
    "<code>psoriasis\n"
    "jurisdiction: UK</code> (international)\n"
    "<code>language: en-GB</code> (en)\n"
    "<code>title: …</code> (its first heading)\n"
    "<code>source: …</code> (title and version)\n"
    "<code>version: 2</code> (today's date)\n"
    "<code>valid-from: 2027-01-31</code> (at once)\n"
    "<code>review-by: 2028-01-31</code> (in a year)\n"
    "Forgotten something? Reply to the document's card with it.\n\n"
    "A Markdown file named after a condition (<code>psoriasis.md</code>) in the library's own form replaces that "
    "guideline; any other document stands beside it. Open a text and press “As a file” to edit and send it back."
)

CAPTION_INVALID = (
    "I did not take this document: in its caption, {why}. Please send it again with no caption, or one like this:\n"
    "<code>psoriasis\njurisdiction: UK\nreview-by: 2028-01-31</code>"
)
REPLY_INVALID = (
    "I changed nothing: {why}. Write for example <code>psoriasis</code> or <code>review-by: 2028-01-31</code>."
)
TOO_HEAVY = (
    "This file has more than 20 MB, and Telegram hands bots no larger one. Remove its pictures or split it; on the "
    "server, <code>./run knowledge submit FILE</code> takes 25 MB."
)
NOT_FETCHED = "Telegram didn't hand me that file. Please send it once more."
REFUSED = "I can't do that: {why}."
AWAY = "The library can't be reached right now, so nothing was changed. Please try again in a minute."
CHANGED_SINCE = "Somebody changed this guideline since the preview. Compare again, look, and then publish."

CARD_MARK = "📑"
"""How every card begins, and nothing a patient gets."""
RECEIVED = "🕐 Waits to be read."
READING = "⏳ Being read: {progress}."
READY = "👀 <b>Please look at it and decide.</b> Nothing is published yet."
REFUSED_DOCUMENT = "❌ <b>Not taken:</b> {why}."
REFUSED_REMEDY = (
    "Reply to this message with what is missing (for example <code>psoriasis</code>), or send another file."
)
FOR_APPROVAL = "⏸ <b>Waits for a second person to approve it:</b> {who}."
NOBODY_APPROVES = "nobody else is on the list yet, so ask the operator to invite somebody"
WAITS = "📅 Decided by {who}; {progress}."
PUBLISHED = "✅ <b>Published</b>{who}. Patients are answered from it."
WITHDRAWN = "🗑 Withdrawn by {who}."
MOVED = "↓ Shown again below."
STANDS = (
    "Stands for {condition} · version {version} · {jurisdiction} · {language}\nTo be reviewed by {review_by}{valid}"
)
VALID_FROM = " · valid from {day}"
NEW_IN_LIBRARY = "Nothing of this name is in the library yet."
CHANGE = "<b>{passages} passages</b>{pages}: {new} new, {gone} gone, {unchanged} unchanged."
REMOVED = "<b>Taken out</b> before anybody could be answered from it:"
WARNINGS = "<b>Mind</b>"
NO_ANSWER_CHANGES = "None of {questions} standing questions would be answered differently."
NOT_COMPARED = "Answers to standing questions were not compared."
ANSWERS_CHANGE = "<b>{changed} of {questions} standing questions would be answered differently:</b>"
NEW_PASSAGES = "<b>New</b>"
GONE_PASSAGES = "<b>Gone</b>"
MORE = "… and {count} more in the whole preview"
NO_ANSWER = "(not covered by the library)"

PUBLISH, APPROVE, WITHDRAW, DECLINE = "✅ Publish", "✅ Approve and publish", "🗑 Withdraw", "🗑 Decline"
WHOLE_PREVIEW, COMPARE_AGAIN = "📄 Whole preview", "🔄 Compare again"
PREVIEW_CAPTION = "All passages, the difference and the changed answers of submission {number}."
PUBLISHING = "Publishing…"
COMPARING = "It is being compared again."
AMENDED = "Noted; I read it again with that."

HOME = (
    "📚 <b>The guideline library</b>\n{live} texts are live, {waiting} wait to be decided, {due} must be reviewed "
    "within {days} days or are overdue.\n\nSend a document to add or replace one. /guidelines WORDS searches."
)
HOME_ROWS = {
    "list": "📖 All texts",
    "due": "⏰ Expires soon",
    "waiting": "📥 Waiting",
    "gone": "🗄 Retired",
    "log": "🧾 Log",
}
LIST = "📖 <b>Live texts</b> {range}"
DUE = "⏰ <b>Expires soon</b> {range}"
DUE_NONE = "Nothing must be reviewed within {days} days."
WAITING = "📥 <b>Waiting</b> {range}"
WAITING_NONE = "Nothing waits to be decided."
RETIRED = "🗄 <b>Retired</b> {range}"
RETIRED_NONE = "Nothing is retired."
LOG = "🧾 <b>Who did what</b> {range}"
VERSIONS = "<b>Versions of {title}</b> {range}"
BACK, HOME_BUTTON, OLDER, NEWER = "‹ Back", "📚 Library", "›", "‹"
AS_FILE, ALL_VERSIONS, RETIRE, RETIRE_YES = "⬇️ As a file", "🕘 Versions", "🗄 Retire", "Yes, retire it"
RESTORE, RESTORE_YES = "↩️ Bring back {version} ({day})", "Yes, bring it back"
RETIRE_ASK = (
    "Retire <b>{title}</b> (version {version})? No patient is answered from it any more, at once. What was cited from "
    "it can still be opened, and you can bring it back."
)
RESTORE_ASK = "Bring back version {version} of <b>{title}</b>, published {day} by {author}, word for word?"
RESTORE_REPLACES = "It replaces the live version {version}."
FOUND = "🔎 <b>{words}</b>"
FOUND_FOR = "<i>Patients are answered from texts {texts}; only those are searched here.</i>"
FOUND_NONE = "Nothing in the library is about this."
NOT_REVIEWED = "Not reviewed by a clinician"
GONE = "That is not there any more."
