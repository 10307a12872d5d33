// The large view of a photo; arrows go through the photos of the chat.

const find = (id) => document.getElementById(id);

export class Viewer {
  #photos = [];
  #at = 0;
  #file;

  // `file(id)` gives a promise of an address.
  constructor(file) {
    this.#file = file;
    const dialog = find("viewer");
    find("viewer-close").addEventListener("click", () => dialog.close());
    find("viewer-previous").addEventListener("click", () => this.#show(this.#at - 1));
    find("viewer-next").addEventListener("click", () => this.#show(this.#at + 1));
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.#show(this.#at - 1);
      if (event.key === "ArrowRight") this.#show(this.#at + 1);
    });
  }

  open(photos, messageId) {
    this.#photos = photos;
    find("viewer").showModal();
    this.#show(Math.max(0, photos.findIndex((message) => message.message_id === messageId)));
  }

  async #show(position) {
    if (position < 0 || position >= this.#photos.length) return;
    this.#at = position;
    find("viewer-previous").disabled = position === 0;
    find("viewer-next").disabled = position === this.#photos.length - 1;
    const image = find("viewer-photo");
    image.removeAttribute("src");
    const message = this.#photos[position];
    image.alt = message.caption ?? "Photo";
    const address = await this.#file(message.photo.at(-1).file_id).catch(() => null);
    if (address && this.#at === position) image.src = address;
  }
}
