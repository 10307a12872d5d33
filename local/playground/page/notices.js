// Short notices, and questions that wait for an answer.

const find = (id) => document.getElementById(id);
let toastTimer = 0;

export function toast(text) {
  clearTimeout(toastTimer);
  find("toast").textContent = text;
  find("toast").hidden = false;
  toastTimer = setTimeout(() => { find("toast").hidden = true; }, 4000);
}

// A question when `yes` names what is confirmed, else a notice with OK.
export function ask(text, yes) {
  find("ask-text").textContent = text;
  find("ask-yes").textContent = yes ?? "OK";
  find("ask-no").hidden = !yes;
  find("ask").returnValue = "no";
  find("ask").showModal();
  return new Promise((resolve) => {
    find("ask").addEventListener("close", () => resolve(find("ask").returnValue === "yes"), { once: true });
  });
}
