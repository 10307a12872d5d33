// Where the patient writes: text, commands, photos from a file, the camera, the clipboard or dropped on the page.

import { element } from "./entities.js";
import { size } from "./bubbles.js";

const MOST_FILES = 10;
const PHOTO = /^image\/(jpeg|png|webp|heic|heif|gif|bmp)$/;
const find = (id) => document.getElementById(id);

export class Composer {
  #actions;
  #commands = [];
  #chosen = -1;
  #files = [];
  #addresses = [];

  // `actions`: say(text), sendFiles(files, caption, asFiles) → Promise, toast(text).
  constructor(actions) {
    this.#actions = actions;
    this.text = find("text");
    this.#writing();
    this.#commandList();
    this.#attaching();
    this.#sheet();
  }

  setCommands(commands) {
    this.#commands = commands;
    find("menu-button").hidden = commands.length === 0;
  }

  #writing() {
    this.text.addEventListener("input", () => this.#changed());
    this.text.addEventListener("keydown", (event) => {
      if (event.isComposing || this.#movedInList(event)) return;
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.#submit();
      }
    });
    find("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  #changed() {
    fit(this.text);
    find("send").disabled = !this.text.value.trim();
    find("composer").classList.toggle("writing", Boolean(this.text.value.trim()));
    const typed = /^\/(\w*)$/.exec(this.text.value);
    this.#showCommands(typed ? this.#commands.filter((each) => each.command.startsWith(typed[1].toLowerCase())) : []);
  }

  async #submit() {
    const words = this.text.value.trim();
    if (!words) return;
    this.text.value = "";
    this.#changed();
    try {
      await this.#actions.say(words);
    } catch (error) {
      // Nothing the patient wrote may be lost.
      if (!this.text.value) this.text.value = words;
      this.#changed();
      this.#actions.toast(error.status ? error.message : "Not sent: the playground cannot be reached.");
    }
  }

  #commandList() {
    find("menu-button").addEventListener("click", () => {
      if (find("commands").hidden) this.#showCommands(this.#commands);
      else this.#showCommands([]);
    });
    document.addEventListener("click", (event) => {
      if (!event.target.closest("#commands, #menu-button, #text")) this.#showCommands([]);
    });
  }

  #showCommands(commands) {
    const list = find("commands");
    this.#chosen = -1;
    list.replaceChildren(...commands.map((each, position) => {
      const item = element("li", "", element("b", "", `/${each.command}`), element("span", "", each.description));
      item.setAttribute("role", "option");
      item.id = `command-${position}`;
      item.addEventListener("click", () => this.#choose(each));
      return item;
    }));
    list.hidden = commands.length === 0;
    find("menu-button").setAttribute("aria-expanded", String(!list.hidden));
    this.text.removeAttribute("aria-activedescendant");
  }

  #choose(command) {
    this.text.value = `/${command.command}`;
    this.#showCommands([]);
    this.#submit();
    this.text.focus();
  }

  #movedInList(event) {
    const items = [...find("commands").children];
    if (find("commands").hidden || !items.length) return false;
    if (event.key === "Escape") {
      this.#showCommands([]);
      return true;
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#chosen = this.#chosen < 0 && step < 0 ? items.length - 1 : (this.#chosen + step + items.length) % items.length;
      items.forEach((item, position) => item.setAttribute("aria-selected", String(position === this.#chosen)));
      items[this.#chosen].scrollIntoView({ block: "nearest" });
      this.text.setAttribute("aria-activedescendant", items[this.#chosen].id);
      return true;
    }
    if ((event.key === "Enter" || event.key === "Tab") && this.#chosen >= 0) {
      event.preventDefault();
      items[this.#chosen].click();
      return true;
    }
    return false;
  }

  #attaching() {
    find("attach").addEventListener("click", () => find("files").click());
    find("camera").addEventListener("click", () => find("shot").click());
    for (const id of ["files", "shot"]) {
      find(id).addEventListener("change", (event) => {
        const files = [...event.target.files];
        event.target.value = "";
        this.open(files);
      });
    }
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length && !find("upload").open) {
        event.preventDefault();
        this.open(files);
      }
    });
    let depth = 0;
    const veil = find("drop");
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragenter", (event) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      veil.hidden = false;
    });
    document.addEventListener("dragover", (event) => {
      if (carriesFiles(event)) event.preventDefault();
    });
    document.addEventListener("dragleave", (event) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      veil.hidden = depth === 0;
    });
    document.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      veil.hidden = true;
      this.open([...event.dataTransfer.files]);
    });
  }

  // Ask for a caption, and whether to send pictures as files.
  open(files) {
    if (!files.length || find("composer").hidden) return;
    if (files.length > MOST_FILES) {
      this.#actions.toast(`At most ${MOST_FILES} files can be sent at once.`);
      return;
    }
    this.#files = files;
    const pictures = files.every((file) => PHOTO.test(file.type));
    const what = pictures ? "photo" : "file";
    find("upload-title").textContent = files.length > 1 ? `Send ${files.length} ${what}s` : `Send a ${what}`;
    find("as-file").checked = !pictures;
    find("as-file-row").hidden = !pictures;
    find("upload-problem").hidden = true;
    find("caption").value = this.text.value;
    this.#addresses = [];
    find("previews").replaceChildren(...files.map((file) => this.#preview(file)));
    find("previews").className = `previews count-${Math.min(files.length, 4)}`;
    find("upload").showModal();
    fit(find("caption"));
    find("caption").focus();
  }

  #preview(file) {
    const words = element("span", "file-words", element("b", "", file.name || "Photo"), element("span", "", size(file.size)));
    if (!PHOTO.test(file.type)) {
      return element("div", "document", element("span", "file-icon", (file.name.split(".").pop() || "file").slice(0, 4).toUpperCase()), words);
    }
    const image = element("img");
    image.alt = file.name;
    image.src = URL.createObjectURL(file);
    this.#addresses.push(image.src);
    const frame = element("div", "preview", image);
    // What the browser cannot show (HEIC in most of them) can be sent all the same.
    image.addEventListener("error", () => frame.replaceWith(element("div", "document", element("span", "file-icon", "IMG"), words)));
    return frame;
  }

  #sheet() {
    const sheet = find("upload");
    find("caption").addEventListener("input", () => fit(find("caption")));
    find("caption").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        find("upload-form").requestSubmit();
      }
    });
    find("upload-cancel").addEventListener("click", () => sheet.close());
    sheet.addEventListener("close", () => {
      for (const address of this.#addresses) URL.revokeObjectURL(address);
      this.#files = [];
      this.text.focus();
    });
    find("upload-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendFiles();
    });
  }

  async #sendFiles() {
    const send = find("upload-send");
    if (send.disabled) return;
    send.disabled = true;
    send.textContent = "Sending…";
    try {
      await this.#actions.sendFiles(this.#files, find("caption").value, find("as-file").checked);
      this.text.value = "";
      this.#changed();
      find("upload").close();
    } catch (error) {
      find("upload-problem").textContent = error.status ? error.message : "Not sent: the playground cannot be reached.";
      find("upload-problem").hidden = false;
    } finally {
      send.disabled = false;
      send.textContent = "Send";
    }
  }
}

// Let a text area be as high as its text, up to a limit of its style.
function fit(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}
