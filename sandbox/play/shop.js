// The shop's own web page, as a visitor sees it: another server's page in a frame.
import { h, icon, iconButton } from "./dom.js";

const PAUSE = 700; // milliseconds between two looks whether the shop is up

export class ShopPane {
  /** `open(url)`: the page may ask for a Telegram link to be opened; answers whether this page took it. */
  constructor({ open }) {
    this.open = open;
    this.url = "";
    this.words = h("p", {}, "The shop opens as soon as the product answers…");
    this.cover = h("div", { class: "cover", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), this.words);
    this.frame = h("iframe", { title: "The shop's web page with the chat widget", hidden: true, data: { role: "shop" }, allow: "clipboard-write" });
    this.address = h("div", { class: "who-about", dir: "ltr" }, "…");
    this.root = h("section", { class: "pane shop", id: "pane-shop", "aria-label": "The shop's web page", data: { pane: "shop" } },
      h("header", { class: "pane-head" }, h("span", { class: "avatar shop-mark", "aria-hidden": "true" }, icon("globe")),
        h("div", { class: "who" }, h("div", { class: "who-name" }, h("strong", {}, "The shop’s web page")), this.address),
        h("div", { class: "who-extra" },
          iconButton("again", "Load the page again", "shop-again", () => this.look()),
          iconButton("out", "Open the page in a tab of its own", "shop-out", () => this.url && window.open(this.url, "_blank", "noopener")))),
      h("div", { class: "pane-body" }, this.frame, this.cover));
    window.addEventListener("message", (event) => this.spoken(event));
  }

  // "Continue in Telegram" is a t.me link; a shop page that is framed here may hand it over instead of leaving for the real Telegram.
  spoken(event) {
    if (event.source !== this.frame.contentWindow) return;
    const url = typeof event.data === "string" ? event.data : event.data?.url ?? event.data?.href;
    if (typeof url === "string" && url.length < 2000) this.open(url);
  }

  /** Show the page at `url` once its server is up. */
  show(url) {
    this.url = url || "";
    this.address.textContent = this.url.replace(/^https?:\/\//, "") || "no address";
    if (!this.url) {
      this.words.textContent = "This run has no shop page.";
      this.cover.classList.add("still");
      return;
    }
    this.look();
  }

  async look() {
    if (!this.url) return;
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.cover.hidden = false;
    const since = Date.now();
    while (!(await answers(this.url))) {
      if (turn !== this.turn) return;
      if (Date.now() - since > 20_000) this.words.textContent = "Still waiting for the product to open the shop…";
      await new Promise((later) => setTimeout(later, PAUSE));
      if (turn !== this.turn) return;
    }
    this.frame.hidden = false;
    this.frame.onload = () => (this.cover.hidden = true);
    this.frame.src = this.url;
  }
}

// Another origin tells this page nothing but that it answered, which is all that is asked.
async function answers(url) {
  try {
    await fetch(url, { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(4000) });
    return true;
  } catch {
    return false;
  }
}
