// On a phone there is room for one person at a time.
import { h } from "./dom.js";

export class Tabs {
  /** `panes`: a list of { id, title, root } in the order of the stage. */
  constructor(nav, panes) {
    this.panes = panes;
    this.buttons = new Map(panes.map(({ id, title }) => [id, h("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `pane-${id}`, data: { tab: id }, onclick: () => this.choose(id), onkeydown: (event) => this.key(event, id) },
      h("span", { class: `tab-mark for-${id}`, "aria-hidden": "true" }), h("span", {}, title), h("span", { class: "tab-news", hidden: true }, h("span", { class: "unseen" }, "new")))]));
    nav.append(...this.buttons.values());
    this.choose(panes[0].id);
  }

  choose(id) {
    this.chosen = id;
    for (const { id: each, root } of this.panes) {
      const on = each === id;
      root.classList.toggle("chosen", on);
      const button = this.buttons.get(each);
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
    }
    this.buttons.get(id).querySelector(".tab-news").hidden = true;
  }

  key(event, id) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = this.panes.findIndex((pane) => pane.id === id);
    const next = this.panes[(at + step + this.panes.length) % this.panes.length].id;
    this.choose(next);
    this.buttons.get(next).focus();
  }

  /** Mark that something new is in a pane that is not looked at. */
  news(id) {
    if (id !== this.chosen) this.buttons.get(id).querySelector(".tab-news").hidden = false;
  }
}
