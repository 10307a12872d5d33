// Text with entities as DOM nodes. Offsets count UTF-16 units, as JavaScript's strings do; nothing is parsed as HTML.

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code" };
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);

export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

// Append `text` to `parent`; `onCommand` is called with a command that was pressed.
export function appendFormatted(parent, text, entities, onCommand) {
  const sorted = [...(entities ?? [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  appendRange(parent, text, 0, text.length, sorted, onCommand);
}

function appendRange(parent, text, start, end, entities, onCommand) {
  let at = start;
  let waiting = entities;
  while (waiting.length) {
    const [entity, ...others] = waiting;
    const from = Math.max(entity.offset, at);
    const to = Math.min(entity.offset + entity.length, end);
    const inside = others.filter((other) => other.offset < to);
    // What reaches beyond this entity goes on after it, so that ranges which merely overlap nest too.
    waiting = others.filter((other) => other.offset + other.length > to).map((other) => {
      const offset = Math.max(other.offset, to);
      return { ...other, offset, length: other.offset + other.length - offset };
    });
    if (from >= to) continue;
    appendText(parent, text.slice(at, from), BLOCKS.has(entity.type));
    const { outer, inner } = wrapper(entity, text.slice(from, to), onCommand);
    appendRange(inner, text, from, to, inside, onCommand);
    parent.append(outer);
    at = to;
  }
  appendText(parent, text.slice(at, end), false);
}

// A block brings its own line breaks: the one in the text beside it would be a second.
function appendText(parent, text, beforeBlock) {
  let words = text;
  if (parent.lastChild?.nodeType === Node.ELEMENT_NODE && parent.lastChild.dataset.block && words.startsWith("\n")) words = words.slice(1);
  if (beforeBlock && words.endsWith("\n")) words = words.slice(0, -1);
  if (words) parent.append(words);
}

function wrapper(entity, words, onCommand) {
  const plain = (node) => ({ outer: node, inner: node });
  if (TAGS[entity.type]) return plain(element(TAGS[entity.type]));
  switch (entity.type) {
    case "pre": {
      const code = element("code");
      const pre = element("pre", "", code);
      pre.dataset.block = "1";
      if (entity.language) pre.dataset.language = entity.language;
      pre.tabIndex = 0;
      return { outer: pre, inner: code };
    }
    case "blockquote":
    case "expandable_blockquote":
      return quote(entity.type === "expandable_blockquote");
    case "spoiler":
      return spoiler();
    case "url":
    case "text_link":
      return plain(link(entity.url ?? (/^[a-z]+:/i.test(words) ? words : `https://${words}`)));
    case "bot_command": {
      const command = element("button", "command");
      command.type = "button";
      command.addEventListener("click", () => onCommand(words));
      return plain(command);
    }
    case "mention":
    case "hashtag":
    case "cashtag":
    case "email":
    case "text_mention":
      return plain(element("span", "tag"));
    default:
      return plain(element("span"));
  }
}

function link(address) {
  let url = null;
  try {
    url = new URL(address);
  } catch {
    return element("span");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return element("span", "tag");
  const anchor = element("a");
  anchor.href = url.href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.title = url.href;
  return anchor;
}

function pressable(node, action) {
  node.tabIndex = 0;
  node.setAttribute("role", "button");
  node.addEventListener("click", (event) => {
    if (!event.target.closest("a")) action();
  });
  node.addEventListener("keydown", (event) => {
    if (event.target === node && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      action();
    }
  });
}

function spoiler() {
  const words = element("span", "spoiler-words");
  const node = element("span", "spoiler", words);
  node.setAttribute("aria-label", "Hidden text, press to show it");
  const show = () => {
    node.classList.add("shown");
    for (const name of ["role", "aria-label", "tabindex"]) node.removeAttribute(name);
  };
  pressable(node, show);
  return { outer: node, inner: words };
}

function quote(expandable) {
  const inner = element("div", "quote-words");
  const outer = element("blockquote", expandable ? "expandable" : "", inner);
  outer.dataset.block = "1";
  if (expandable) {
    outer.setAttribute("aria-expanded", "false");
    pressable(outer, () => {
      const open = outer.classList.toggle("open");
      outer.setAttribute("aria-expanded", String(open));
    });
  }
  return { outer, inner };
}
