// One message, or one album, as a bubble.

import { appendFormatted, element } from "./entities.js";

const OTHER_KINDS = {
  sticker: (it) => it.emoji ?? "Sticker",
  voice: () => "🎤 Voice message",
  audio: () => "🎵 Audio",
  video: () => "🎬 Video",
  video_note: () => "📹 Video message",
  animation: () => "GIF",
  location: (it) => `📍 Location ${it.latitude}, ${it.longitude}`,
  contact: (it) => `👤 ${it.first_name} ${it.phone_number}`,
  poll: (it) => `📊 ${it.question}`,
  dice: (it) => `${it.emoji} ${it.value}`,
};

export const isOwn = (message) => !message.from.is_bot;

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const timeOf = (message) => clock.format(new Date(message.date * 1000));

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export function preview(message) {
  if (message.text) return message.text;
  if (message.photo) return message.caption || "Photo";
  if (message.document) return message.document.file_name ?? "File";
  const kind = Object.keys(OTHER_KINDS).find((name) => message[name]);
  return kind ? OTHER_KINDS[kind](message[kind]) : "Message";
}

// The date above the first message of a day; kept where the list has it already.
export function daySeparator(log, date) {
  const key = date.toDateString();
  const kept = [...log.querySelectorAll(".day")].find((node) => node.dataset.day === key);
  if (kept) return kept;
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  let words = date.toLocaleDateString([], { day: "numeric", month: "long", ...(date.getFullYear() !== today.getFullYear() && { year: "numeric" }) });
  if (key === today.toDateString()) words = "Today";
  if (key === yesterday.toDateString()) words = "Yesterday";
  const node = element("li", "day", element("span", "", words));
  node.dataset.day = key;
  return node;
}

// `actions`: command(text), press(message, button, node), view(messageId), jump(messageId), file(id) → Promise of an address.
export class Bubbles {
  #actions;
  #seen;

  constructor(actions) {
    this.#actions = actions;
    this.#seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        this.#seen.unobserve(entry.target);
        this.#fill(entry.target);
      }
    }, { rootMargin: "600px" });
  }

  // The list item of a unit: messages that share an album, or a single one.
  render(messages, readUpTo) {
    const last = messages.at(-1);
    const item = element("li", `unit ${isOwn(last) ? "own" : "theirs"}`);
    item.dataset.last = last.message_id;
    const bubble = element("div", "bubble");
    bubble.setAttribute("aria-label", `${isOwn(last) ? "You" : last.from.first_name}, ${timeOf(last)}`);
    bubble.setAttribute("role", "group");
    if (messages[0].reply_to_message) bubble.append(this.#reply(messages[0].reply_to_message));

    const photos = messages.filter((message) => message.photo);
    if (photos.length) bubble.append(this.#grid(photos));
    for (const message of messages.filter((each) => each.document)) bubble.append(this.#document(message.document));
    const other = Object.keys(OTHER_KINDS).find((name) => last[name]);
    if (other) bubble.append(element("div", other === "sticker" ? "sticker" : "other", OTHER_KINDS[other](last[other])));

    const worded = messages.find((message) => message.text || message.caption);
    const meta = this.#meta(last, readUpTo);
    if (worded) {
      const words = element("div", "words");
      words.dir = "auto";
      appendFormatted(words, worded.text ?? worded.caption, worded.entities ?? worded.caption_entities, this.#actions.command);
      words.append(meta);
      bubble.append(words);
      if (photos.length) bubble.classList.add("captioned");
    } else {
      bubble.append(meta);
      if (photos.length) bubble.classList.add("bare");
    }
    if (worded?.text && emojiOnly(worded)) bubble.classList.add("big-emoji");
    if (last.reaction) bubble.append(element("div", "reaction", last.reaction));
    const stack = element("div", "stack", bubble);
    if (last.reply_markup?.inline_keyboard) stack.append(this.#keyboard(last));
    item.append(stack);
    return item;
  }

  #meta(message, readUpTo) {
    const meta = element("span", "meta");
    if (message.edit_date) meta.append(element("span", "edited", "edited"));
    const time = element("time", "", timeOf(message));
    time.dateTime = new Date(message.date * 1000).toISOString();
    meta.append(time);
    if (isOwn(message)) {
      const read = message.message_id <= readUpTo;
      const ticks = element("span", read ? "ticks read" : "ticks", read ? "✓✓" : "✓");
      ticks.setAttribute("role", "img");
      ticks.setAttribute("aria-label", read ? "Read by the bot" : "Sent");
      meta.append(ticks);
    }
    return meta;
  }

  #reply(message) {
    const node = element("button", "reply", element("b", "", message.from.is_bot ? message.from.first_name : "You"), element("span", "", preview(message)));
    node.type = "button";
    node.addEventListener("click", () => this.#actions.jump(message.message_id));
    return node;
  }

  #grid(photos) {
    const grid = element("div", `grid count-${Math.min(photos.length, 10)}`);
    for (const [position, message] of photos.entries()) {
      const biggest = message.photo.at(-1);
      const frame = element("button", "photo");
      frame.type = "button";
      frame.setAttribute("aria-label", photos.length > 1 ? `Photo ${position + 1} of ${photos.length}, open` : "Photo, open");
      if (photos.length === 1) {
        const scale = Math.min(1, 420 / biggest.width, 420 / biggest.height);
        frame.style.width = `${Math.max(120, Math.round(biggest.width * scale))}px`;
        frame.style.aspectRatio = `${biggest.width} / ${biggest.height}`;
      }
      if (message.has_media_spoiler) frame.classList.add("veiled");
      const image = element("img");
      image.alt = message.caption ?? "";
      image.draggable = false;
      image.dataset.file = (message.photo.find((each) => Math.max(each.width, each.height) >= 800) ?? biggest).file_id;
      frame.append(image);
      frame.addEventListener("click", () => {
        if (frame.classList.contains("veiled")) frame.classList.remove("veiled");
        else this.#actions.view(message.message_id);
      });
      this.#seen.observe(image);
      grid.append(frame);
    }
    return grid;
  }

  async #fill(image) {
    try {
      image.src = await this.#actions.file(image.dataset.file);
      await image.decode().catch(() => {});
      image.classList.add("loaded");
    } catch {
      image.parentElement?.classList.add("gone");
    }
  }

  #document(file) {
    const suffix = (file.file_name ?? "").split(".").pop().slice(0, 4).toUpperCase();
    const icon = element("span", "file-icon");
    if (file.thumbnail) {
      const image = element("img");
      image.alt = "";
      image.dataset.file = file.thumbnail.file_id;
      icon.append(image);
      this.#seen.observe(image);
    } else {
      icon.append(suffix || "FILE");
    }
    const node = element("button", "document", icon,
      element("span", "file-words", element("b", "", file.file_name ?? "File"), element("span", "", size(file.file_size ?? 0))));
    node.type = "button";
    node.addEventListener("click", async () => {
      const anchor = element("a");
      anchor.href = await this.#actions.file(file.file_id);
      anchor.download = file.file_name ?? "file";
      anchor.click();
    });
    return node;
  }

  #keyboard(message) {
    const keyboard = element("div", "keyboard");
    for (const row of message.reply_markup.inline_keyboard) {
      const line = element("div", "keyboard-row");
      for (const button of row) line.append(this.#button(message, button));
      keyboard.append(line);
    }
    return keyboard;
  }

  #button(message, button) {
    if (button.url && /^https?:/.test(button.url)) {
      const anchor = element("a", `key url ${button.style ?? ""}`, element("span", "", button.text));
      anchor.href = button.url;
      anchor.target = "_blank";
      anchor.rel = "noopener noreferrer";
      return anchor;
    }
    const node = element("button", `key ${button.style ?? ""}`, element("span", "", button.text));
    node.type = "button";
    node.addEventListener("click", () => this.#actions.press(message, button, node));
    return node;
  }
}

const EMOJI = /^(?:\p{RI}\p{RI}|\p{Emoji_Presentation}\p{EMod}?|\p{Emoji}\uFE0F)(?:\u200D(?:\p{Emoji_Presentation}|\p{Emoji}\uFE0F?)\p{EMod}?)*$/u;

// One to three emoji and nothing else are shown large.
function emojiOnly(message) {
  if (message.text.length > 24 || message.entities) return false;
  const characters = [...new Intl.Segmenter().segment(message.text)].map((part) => part.segment);
  return characters.length <= 3 && characters.every((each) => EMOJI.test(each));
}
