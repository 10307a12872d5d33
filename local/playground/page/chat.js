// The chat page: enters the chat, follows its events, and keeps the list of bubbles in step.

import { Bubbles, daySeparator, isOwn } from "./bubbles.js";
import { Composer } from "./composer.js";
import { Connection, Refused } from "./connection.js";
import { appendFormatted, element } from "./entities.js";
import { ask, toast } from "./notices.js";
import { Viewer } from "./viewer.js";

const ACTIONS = {
  typing: "typing", upload_photo: "sending a photo", upload_document: "sending a file", choose_sticker: "choosing a sticker",
  find_location: "looking for a place", record_voice: "recording", upload_voice: "sending a voice message",
  record_video: "recording", upload_video: "sending a video", record_video_note: "recording", upload_video_note: "sending a video",
};
const ACTION_SECONDS = 5.5;
const DRAFT_SECONDS = 30;
const ANSWER_SECONDS = 15;
const find = (id) => document.getElementById(id);

const connection = new Connection();
const messages = new Map();
const pressed = new Map();
let state = null;
let complete = false;
let unread = 0;
let actionTimer = 0;
let draftTimer = 0;
let listening = null;

const bubbles = new Bubbles({
  command: (text) => attempt(() => connection.say(text)),
  press: pressButton,
  view: (id) => viewer.open([...sorted()].filter((message) => message.photo), id),
  jump,
  file: (id) => connection.file(id),
});
const viewer = new Viewer((id) => connection.file(id));
const composer = new Composer({
  say: (text) => connection.say(text),
  sendFiles: (files, caption, asFiles) => connection.sendFiles(files, caption, asFiles),
  toast,
});

const sorted = () => [...messages.values()].sort((a, b) => a.message_id - b.message_id);
const unitOf = (message) => (message.media_group_id ? `album-${message.media_group_id}` : `message-${message.message_id}`);

// ---- the list

function atBottom() {
  const scroll = find("scroll");
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
}

function toBottom(smooth) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  find("scroll").scrollTo({ top: find("scroll").scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
}

function units() {
  const groups = new Map();
  for (const message of sorted()) {
    const key = unitOf(message);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(message);
  }
  return groups;
}

// Build what is new or changed, drop what is gone, keep the rest of the DOM as it is.
function draw({ changed = new Set(), everything = false } = {}) {
  const log = find("log");
  const shown = new Map([...log.querySelectorAll(".unit")].map((node) => [node.dataset.unit, node]));
  const wanted = [];
  let day = "";
  let before = null;
  for (const [key, group] of units()) {
    const kept = shown.get(key);
    const same = kept && !everything && !changed.has(key);
    const node = same ? kept : bubbles.render(group, state.read_message_id);
    node.dataset.unit = key;
    if (!kept && changed.size && !everything) node.classList.add("arriving");
    const date = new Date(group[0].date * 1000);
    if (date.toDateString() !== day) {
      day = date.toDateString();
      wanted.push(daySeparator(log, date));
      before = null;
    }
    const follows = before && isOwn(before.at(-1)) === isOwn(group[0]);
    node.classList.toggle("first", !follows);
    if (before) wanted.at(-1).classList.toggle("last", !follows);
    node.classList.add("last");
    wanted.push(node);
    before = group;
  }
  const draft = log.querySelector(".draft");
  if (draft) wanted.push(draft);
  let cursor = log.firstElementChild;
  for (const node of wanted) {
    if (node === cursor) cursor = cursor.nextElementSibling;
    else log.insertBefore(node, cursor);
  }
  while (cursor) {
    const next = cursor.nextElementSibling;
    cursor.remove();
    cursor = next;
  }
  const keep = new Set(wanted);
  for (const node of [...log.children]) if (!keep.has(node)) node.remove();
  const empty = messages.size === 0;
  find("welcome").hidden = !empty;
  find("start").hidden = !empty && !state.blocked;
  find("start").textContent = state.blocked ? "RESTART THE BOT" : "START";
  find("composer").hidden = !find("start").hidden;
}

function jump(messageId) {
  const message = messages.get(messageId);
  const node = message && [...find("log").children].find((each) => each.dataset.unit === unitOf(message));
  if (!node) return;
  node.scrollIntoView({ block: "center", behavior: "smooth" });
  node.classList.add("found");
  setTimeout(() => node.classList.remove("found"), 1500);
}

async function loadOlder() {
  if (complete || !messages.size) return;
  complete = true;
  const scroll = find("scroll");
  const older = await connection.history(sorted()[0].message_id).catch(() => []);
  complete = older.length < 100;
  const height = scroll.scrollHeight - scroll.scrollTop;
  for (const message of older) messages.set(message.message_id, message);
  if (older.length) draw();
  scroll.scrollTop = scroll.scrollHeight - height;
}

function showUnread() {
  find("to-bottom").hidden = atBottom();
  if (atBottom()) unread = 0;
  find("unread").textContent = unread;
  find("unread").hidden = unread === 0;
}

// ---- events

const handlers = {
  async hello() {
    showState(await connection.state());
    const newest = await connection.history();
    const stick = !messages.size || atBottom();
    messages.clear();
    for (const message of newest) messages.set(message.message_id, message);
    complete = newest.length < 100;
    draw({ everything: true });
    if (stick) toBottom(false);
  },
  message(message) {
    const stick = atBottom() || isOwn(message);
    messages.set(message.message_id, message);
    if (!isOwn(message)) {
      showAction(null);
      dropDraft();
      if (!stick) unread += 1;
    }
    draw({ changed: new Set([unitOf(message)]) });
    if (stick) toBottom(false);
    showUnread();
  },
  edit(message) {
    if (!messages.has(message.message_id)) return;
    const stick = atBottom();
    messages.set(message.message_id, message);
    redraw(message);
    if (stick) toBottom(false);
  },
  delete({ message_ids: ids }) {
    const touched = new Set(ids.filter((id) => messages.has(id)).map((id) => unitOf(messages.get(id))));
    for (const id of ids) messages.delete(id);
    draw({ changed: touched });
  },
  reaction({ message_id: id, emoji }) {
    const message = messages.get(id);
    if (!message) return;
    message.reaction = emoji || undefined;
    redraw(message);
  },
  read({ message_id: id }) {
    if (id <= state.read_message_id) return;
    const touched = sorted().filter((message) => isOwn(message) && message.message_id > state.read_message_id && message.message_id <= id);
    state.read_message_id = id;
    draw({ changed: new Set(touched.map(unitOf)) });
  },
  action: ({ action }) => showAction(action),
  draft: showDraft,
  answer({ callback_query_id: id, text, show_alert: alert }) {
    release(id);
    if (text && alert) ask(text);
    else if (text) toast(text);
  },
  async profile() {
    showState(await connection.state());
  },
};

function redraw(message) {
  const open = [...find("log").querySelectorAll(`[data-unit="${unitOf(message)}"] .expandable`)].map((node) => node.classList.contains("open"));
  draw({ changed: new Set([unitOf(message)]) });
  const quotes = find("log").querySelectorAll(`[data-unit="${unitOf(message)}"] .expandable`);
  quotes.forEach((node, position) => {
    node.classList.toggle("open", open[position] ?? false);
    node.setAttribute("aria-expanded", String(open[position] ?? false));
  });
}

function showState(next) {
  state = next;
  const name = state.bot.first_name;
  document.title = name;
  find("bot-name").textContent = name;
  for (const id of ["avatar", "welcome-avatar"]) find(id).textContent = [...name][0] ?? "?";
  find("description").textContent = state.bot.description || state.bot.short_description || `Press START to begin talking to ${name}.`;
  composer.setCommands(state.bot.commands);
  document.querySelector('[data-action="block"]').hidden = state.blocked;
}

function showStatus(words, busy) {
  const node = find("status");
  node.className = busy ? "busy" : "";
  node.replaceChildren(words);
  if (busy) {
    const dots = element("span", "dots", element("i"), element("i"), element("i"));
    dots.setAttribute("aria-hidden", "true");
    node.append(dots);
  }
}

function showAction(action) {
  clearTimeout(actionTimer);
  if (!action) {
    showStatus("bot");
    return;
  }
  showStatus(ACTIONS[action] ?? "typing", true);
  actionTimer = setTimeout(() => showAction(null), ACTION_SECONDS * 1000);
}

function showDraft({ text, entities }) {
  const stick = atBottom();
  clearTimeout(draftTimer);
  draftTimer = setTimeout(dropDraft, DRAFT_SECONDS * 1000);
  let node = find("log").querySelector(".draft");
  if (!node) {
    node = element("li", "unit theirs draft first last", element("div", "bubble", element("div", "words")));
    node.setAttribute("aria-live", "off");
    find("log").append(node);
  }
  const words = node.querySelector(".words");
  words.replaceChildren();
  if (text) appendFormatted(words, text, entities, () => {});
  else words.append(element("span", "thinking", "Thinking…"));
  if (stick) toBottom(false);
}

function dropDraft() {
  clearTimeout(draftTimer);
  find("log").querySelector(".draft")?.remove();
}

// ---- buttons

async function pressButton(message, button, node) {
  if (node.classList.contains("waiting")) return;
  if (!button.callback_data) {
    if (button.copy_text) await navigator.clipboard.writeText(button.copy_text.text);
    toast(button.copy_text ? "Copied" : "The playground cannot do what this button asks for.");
    return;
  }
  node.classList.add("waiting");
  const done = () => node.classList.remove("waiting");
  try {
    const { callback_query_id: id } = await connection.press(message.message_id, button.callback_data);
    pressed.set(id, done);
    setTimeout(() => release(id), ANSWER_SECONDS * 1000);
  } catch (error) {
    done();
    toast(error.status ? error.message : "The playground cannot be reached.");
  }
}

function release(id) {
  pressed.get(id)?.();
  pressed.delete(id);
}

async function attempt(doing) {
  try {
    return await doing();
  } catch (error) {
    toast(error.status ? error.message : "The playground cannot be reached.");
    return null;
  }
}

// ---- the menu of the header

function setMenu(open) {
  find("more-menu").hidden = !open;
  find("more").setAttribute("aria-expanded", String(open));
  if (open) find("more-menu").querySelector("button:not([hidden])").focus();
}

const menuActions = {
  newcomer: async () => {
    if (await ask("Open a new, empty chat as another patient? This browser then no longer shows the present one.", "New chat")) await startOver();
  },
  block: () => connection.block(true).then(() => handlers.hello()),
  forget: async () => {
    if (!(await ask("Delete this chat from the playground, with all photos? What the bot itself has stored is deleted with /forget, which should come first.", "Delete"))) return;
    await connection.forget();
    await startOver();
  },
};

async function startOver() {
  state = await connection.openNew();
  messages.clear();
  dropDraft();
  listening?.abort();
}

find("more").addEventListener("click", () => setMenu(find("more-menu").hidden));
find("more-menu").addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]")?.dataset.action;
  setMenu(false);
  if (action) attempt(menuActions[action]);
});
find("more-menu").addEventListener("keydown", (event) => {
  const items = [...find("more-menu").querySelectorAll("button:not([hidden])")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  if (event.key === "Escape") {
    setMenu(false);
    find("more").focus();
  }
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("#more, #more-menu")) setMenu(false);
});
find("start").addEventListener("click", async () => {
  await attempt(async () => {
    if (state.blocked) await connection.block(false);
    await connection.say("/start");
    showState(await connection.state());
    draw();
  });
  composer.text.focus();
});
find("to-bottom").addEventListener("click", () => toBottom(true));
find("scroll").addEventListener("scroll", () => {
  showUnread();
  if (find("scroll").scrollTop < 200) loadOlder();
}, { passive: true });
// Keep the newest message in sight when the list grows or the keyboard of a phone comes up.
const keepAtBottom = new ResizeObserver(() => { if (find("to-bottom").hidden) toBottom(false); });
keepAtBottom.observe(find("log"));
keepAtBottom.observe(find("scroll"));

// ---- stay connected

const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

async function follow() {
  let wait = 0.5;
  for (;;) {
    listening = new AbortController();
    try {
      if (!state) showState(await connection.enter());
      for await (const { kind, body } of connection.events(listening.signal)) {
        await handlers[kind]?.(body);
        if (kind === "hello") {
          wait = 0.5;
          showAction(null);
        }
      }
    } catch (error) {
      // A chat that was deleted meanwhile is opened anew.
      if (error instanceof Refused && error.status === 404) state = null;
    }
    if (!listening.signal.aborted) {
      showStatus("connecting", true);
      await pause(wait);
      wait = Math.min(wait * 1.6, 5);
    }
  }
}

follow();
