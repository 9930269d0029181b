// The messages of a chat, one under another.
import { h, icon } from "./dom.js";
import { bubble, dayOf, ghost } from "./bubbles.js";

const NEAR = 80; // pixels from the end within which a reader is taken to be following

export class ChatLog {
  constructor(hooks) {
    this.hooks = { ...hooks, jump: (id) => this.jump(id), pick: (row) => this.pick(row) };
    this.drawn = new Map(); // message id -> { node, mark }
    this.lines = h("div", { class: "lines", role: "log", "aria-live": "polite", "aria-relevant": "additions text", "aria-busy": "true" });
    this.empty = h("p", { class: "empty" });
    this.ghosts = h("div", { class: "ghosts" });
    this.scroll = h("div", { class: "scroll", tabindex: "0", "aria-label": "Messages", onscroll: () => this.noticeScroll() }, this.empty, this.lines, this.ghosts);
    this.newest = h("button", { type: "button", class: "newest", hidden: true, "aria-label": "Go to the newest message", onclick: () => this.toEnd(true) }, icon("down"));
    this.root = h("div", { class: "log" }, this.scroll, this.newest);
    // The list shrinks when the composer or a keyboard grows; a reader at the end stays at the end.
    this.following = true;
    this.top = 0;
    new ResizeObserver(() => this.keepEnd()).observe(this.scroll);
    // Pictures get their height only once they are loaded, which happens after the scrolling.
    this.lines.addEventListener("load", () => this.keepEnd(), true);
  }

  /** Forget everything: another person's chat comes. */
  clear() {
    this.drawn.clear();
    this.last = 0;
    this.lines.replaceChildren();
    this.ghosts.replaceChildren();
    this.following = true;
    this.lines.setAttribute("aria-busy", "true");
  }

  /** Draw what changed and nothing else, so that a screen reader says only what is new and a focused button keeps its focus. */
  update(chat, names, emptyWords) {
    const list = chat.list;
    const gone = new Set(this.drawn.keys());
    let previous = null;
    let day = "";
    for (const message of list) {
      gone.delete(message.message_id);
      const today = dayOf(message);
      const node = this.draw(message, chat, names, today !== day ? today : "");
      day = today;
      const place = previous ? previous.nextSibling : this.lines.firstChild;
      if (place !== node) this.lines.insertBefore(node, place);
      previous = node;
    }
    for (const id of gone) {
      this.drawn.get(id).node.remove();
      this.drawn.delete(id);
    }
    const fresh = list.length && list.at(-1).message_id > (this.last ?? 0);
    this.last = list.at(-1)?.message_id ?? 0;
    this.ghosts.replaceChildren(...chat.pending.map((one) => ghost(one.text)));
    this.empty.hidden = list.length > 0 || chat.pending.length > 0;
    this.empty.textContent = emptyWords;
    if (chat.loaded) this.lines.setAttribute("aria-busy", "false");
    if (this.following || chat.pending.length) this.toEnd();
    else if (fresh) this.newest.hidden = false;
  }

  draw(message, chat, names, day) {
    const replyId = typeof message.reply_to === "object" ? message.reply_to?.message_id : message.reply_to;
    const quoted = replyId ? chat.messages.get(replyId) : null;
    const mark = JSON.stringify([message, quoted?.text, names, day]);
    const before = this.drawn.get(message.message_id);
    if (before?.mark === mark) return before.node;
    const node = h("div", { class: "slot" }, day ? h("p", { class: "day" }, h("span", {}, day)) : null, bubble(message, quoted, names, this.hooks));
    if (before) before.node.replaceWith(node);
    this.drawn.set(message.message_id, { node, mark });
    return node;
  }

  noticeScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    // Only a reader who goes up stops following: when the list shrinks or grows, the end moves away without anybody scrolling.
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.following = true;
    else if (scrollTop < this.top - 1) this.following = false;
    this.top = scrollTop;
    if (this.following) this.newest.hidden = true;
  }

  keepEnd() {
    if (this.following) this.toEnd();
  }

  toEnd(smooth = false) {
    this.scroll.scrollTo({ top: this.scroll.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    this.top = this.scroll.scrollTop; // the end of a taller view lies higher, which is no going up
    this.following = true;
    this.newest.hidden = true;
  }

  jump(id) {
    const node = this.drawn.get(id)?.node;
    if (!node) return;
    node.scrollIntoView({ block: "center", behavior: "smooth" });
    node.classList.remove("flash");
    void node.offsetWidth; // starts the animation anew when the same message is sought twice
    node.classList.add("flash");
  }

  pick(row) {
    for (const other of this.lines.querySelectorAll(".picked")) if (other !== row) other.classList.remove("picked");
    row.classList.toggle("picked");
  }
}
