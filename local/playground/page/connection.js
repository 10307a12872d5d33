// The line to the playground: who we are, requests, and the stream of events.

const KEY = "playground.chat";

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export class Connection {
  #chat = null;
  #blobs = new Map();

  // Enter the chat this browser had, or open a new one.
  async enter() {
    const kept = this.#kept();
    if (kept) {
      this.#chat = kept;
      try {
        return await this.state();
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 404) throw error;
      }
    }
    return this.openNew();
  }

  async openNew() {
    const language = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(navigator.language) ? navigator.language.split("-")[0] : "en";
    const state = await this.#ask("/chat/open", { method: "POST", json: { language_code: language } });
    this.#chat = { chat_id: state.chat_id, session: state.session };
    localStorage.setItem(KEY, JSON.stringify(this.#chat));
    this.#dropBlobs();
    return state;
  }

  #kept() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "null");
      return Number.isInteger(kept?.chat_id) && typeof kept.session === "string" ? kept : null;
    } catch {
      return null;
    }
  }

  #dropBlobs() {
    for (const blob of this.#blobs.values()) blob.then((url) => URL.revokeObjectURL(url), () => {});
    this.#blobs.clear();
  }

  async #ask(path, { method = "GET", json, form } = {}) {
    const headers = {};
    if (this.#chat) headers.Authorization = `Bearer ${this.#chat.session}`;
    if (json) headers["Content-Type"] = "application/json";
    const response = await fetch(path, { method, headers, body: json ? JSON.stringify(json) : form });
    const body = await response.json();
    if (!response.ok) throw new Refused(body.error ?? body.description ?? "Something went wrong.", response.status);
    return body;
  }

  #at(path) {
    return `/chat/${this.#chat.chat_id}${path}`;
  }

  state() {
    return this.#ask(this.#at(""));
  }

  async history(before) {
    const query = before ? `?limit=100&before=${before}` : "?limit=100";
    return (await this.#ask(this.#at(`/messages${query}`))).messages;
  }

  say(text) {
    return this.#ask(this.#at("/text"), { method: "POST", json: { text } });
  }

  sendFiles(files, caption, asFiles) {
    const form = new FormData();
    for (const file of files) form.append("file", file, file.name || "photo.jpg");
    form.append("caption", caption);
    return this.#ask(this.#at(asFiles ? "/documents" : "/photos"), { method: "POST", form });
  }

  press(messageId, data) {
    return this.#ask(this.#at("/press"), { method: "POST", json: { message_id: messageId, data } });
  }

  block(blocked) {
    return this.#ask(this.#at("/block"), { method: "POST", json: { blocked } });
  }

  forget() {
    return this.#ask(this.#at(""), { method: "DELETE" });
  }

  // The address of a file of this chat for <img> and downloads. The token travels in a header, never in an address.
  file(fileId) {
    if (!this.#blobs.has(fileId)) {
      const loading = this.#load(fileId);
      loading.catch(() => this.#blobs.delete(fileId));
      this.#blobs.set(fileId, loading);
    }
    return this.#blobs.get(fileId);
  }

  async #load(fileId) {
    const response = await fetch(this.#at(`/file/${fileId}`), { headers: { Authorization: `Bearer ${this.#chat.session}` } });
    if (!response.ok) throw new Refused("This file is gone.", response.status);
    return URL.createObjectURL(await response.blob());
  }

  // Events as {kind, body}, until the stream ends or breaks.
  async *events(signal) {
    const response = await fetch(this.#at("/events"), { signal, headers: { Authorization: `Bearer ${this.#chat.session}` } });
    if (!response.ok) throw new Refused("The chat is gone.", response.status);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      const parts = rest.split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const kind = /^event: (.*)$/m.exec(part)?.[1];
        const data = /^data: (.*)$/m.exec(part)?.[1];
        if (kind && data) yield { kind, body: JSON.parse(data) };
      }
    }
  }
}
