// A phone with Telegram open: one person's chat with one bot.
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { h, hue, iconButton } from "./dom.js";
import { ChatLog } from "./log.js";

export class TelegramPane {
  /** `options`: pane, title, bot, hint (words of the empty chat), payload() for Start, open(url) -> handled?, unread(). */
  constructor(options) {
    this.options = options;
    this.chat = null;
    this.log = new ChatLog({
      reply: (message) => this.composer.replyTo(message),
      edit: (message) => this.composer.editOf(message),
      press: (message, row, column, button, element) => this.press(message, row, column, button, element),
      open: (url) => options.open(url),
      command: (text) => this.send(text),
    });
    this.composer = new Composer({
      send: (text, replyTo) => this.send(text, replyTo),
      edit: (id, text) => this.tried(() => this.chat.edit(id, text)),
      files: (files, caption, replyTo) => this.tried(() => this.chat.files(files, caption, replyTo)),
      press: (button) => this.pressKey(button),
      lastOwn: () => this.chat?.list.filter((message) => message.from === "person" && message.text).at(-1),
      grown: () => this.log.keepEnd(),
      refreshMenu: () => this.chat?.load(),
    });
    this.build();
  }

  build() {
    const { pane, title, bot } = this.options;
    this.avatar = h("span", { class: "avatar", "aria-hidden": "true" });
    this.nameSlot = h("div", { class: "who-name" });
    this.about = h("div", { class: "who-about" });
    this.menu = h("div", { class: "dropdown", role: "menu", hidden: true, data: { role: "more-list" } });
    this.more = iconButton("more", "More", "more", () => this.toggleMore(), { "aria-haspopup": "menu", "aria-expanded": "false" });
    this.toast = h("p", { class: "toast", role: "status", hidden: true, data: { role: "toast" } });
    this.alert = h("div", { class: "alert", role: "alertdialog", "aria-label": "The bot answers", hidden: true, data: { role: "alert" } });
    this.strip = h("div", { class: "strip", hidden: true });
    this.extra = h("div", { class: "who-extra" });
    this.root = h("section", { class: "pane telegram", id: `pane-${pane}`, "aria-label": `${title}: chat with the bot ${bot}`, data: { pane, bot } },
      h("header", { class: "pane-head" }, this.avatar, h("div", { class: "who" }, this.nameSlot, this.about), this.extra,
        h("div", { class: "more" }, this.more, this.menu)),
      h("div", { class: "pane-body" }, this.log.root, this.toast, this.alert), this.composer.root);
    this.composer.root.prepend(this.strip);
    document.addEventListener("click", (event) => this.more.parentElement.contains(event.target) || this.toggleMore(false));
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && this.toggleMore(false));
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => this.composer.take(event.dataTransfer?.files, event));
  }

  /** Give the phone to a person: `{person, first_name, about}`; `name` may be an element, such as a choice of people. */
  show({ person, first_name, about, name, language_code }) {
    this.chat?.close();
    this.chat = new Chat(person, this.options.bot, () => this.draw());
    this.person = person;
    this.names = { person: first_name, bot: `${this.options.bot} bot` };
    this.root.dataset.person = person;
    this.avatar.textContent = [...first_name][0].toUpperCase();
    this.avatar.className = `avatar ${hue(person)}`;
    if (!name || !this.nameSlot.contains(name)) this.nameSlot.replaceChildren(name ?? h("strong", { dir: "auto" }, first_name));
    this.about.textContent = about;
    this.composer.name(`Message from ${first_name} to the bot ${this.options.bot}`);
    this.composer.input.lang = language_code ?? "";
    this.log.clear();
    this.asked = 0;
    this.composer.reset();
    this.hideAlert();
    this.toast.hidden = true;
    this.untyping();
    this.draw();
    return this.chat.load();
  }

  draw() {
    const chat = this.chat;
    this.log.update(chat, this.names, chat.trouble || (chat.loaded ? this.options.hint : "Opening the chat…"));
    this.composer.update({ keyboard: chat.keyboard, menu: chat.menu });
    this.drawStrip();
    this.openAskedReply();
  }

  // A bot may ask for an answer to its last message; Telegram then opens the reply by itself, once.
  openAskedReply() {
    const last = this.chat.list.at(-1);
    const wanted = last?.keyboard?.force_reply ?? last?.force_reply;
    if (!wanted || last.from !== "bot" || this.asked === last.message_id || this.composer.input.value) return;
    this.asked = last.message_id;
    this.composer.replyTo(last, false);
  }

  // The wide button above the composer: Start in an empty chat, Unblock in a blocked one.
  drawStrip() {
    const { chat } = this;
    const empty = chat.loaded && !chat.list.length && !chat.pending.length;
    const kind = chat.blocked ? "unblock" : empty ? "start" : "";
    this.strip.hidden = !kind;
    if (this.strip.dataset.kind === kind) return;
    this.strip.dataset.kind = kind;
    if (kind === "unblock") this.strip.replaceChildren(h("span", {}, "You blocked this bot."), h("button", { type: "button", data: { role: "unblock" }, onclick: () => this.block(false) }, "Unblock"));
    else if (kind === "start") this.strip.replaceChildren(h("button", { type: "button", data: { role: "start" }, onclick: () => this.start(this.options.payload?.()) }, "Start"));
    else this.strip.replaceChildren();
  }

  /** Press Start, with a payload when a link brought one. */
  start(payload) {
    return this.tried(() => this.chat.start(payload));
  }

  send(text, replyTo) {
    return this.tried(() => this.chat.send(text, replyTo));
  }

  async block(on) {
    const done = await this.tried(() => this.chat.block(on));
    if (done) this.say(on ? "The bot is blocked: it can no longer write here." : "The bot may write again.");
  }

  async pressKey(button) {
    this.chat.keyboardUsed();
    if (button.request_contact) return this.tried(() => this.chat.contact());
    if (button.request_location) return this.tried(() => this.chat.location());
    return this.send(button.text);
  }

  async press(message, row, column, button, element) {
    if (button.url) {
      if (!this.options.open(button.url)) window.open(button.url, "_blank", "noopener");
      return;
    }
    if (element.getAttribute("aria-busy") === "true") return; // a second press while the first one is under way
    element.setAttribute("aria-busy", "true");
    const answer = await this.tried(() => this.chat.click(message.message_id, row, column));
    element.removeAttribute("aria-busy");
    if (!answer) return;
    const words = answer.text || (typeof answer.alert === "string" ? answer.alert : "");
    if (answer.answered === false) this.say("The bot did not answer this press.", true);
    if (words && answer.alert) this.showAlert(words);
    else if (words) this.say(words);
    if (answer.url && !this.options.open(answer.url)) window.open(answer.url, "_blank", "noopener");
  }

  /** Do a deed and answer what it gave; a refusal is shown in words and answered with null. */
  async tried(deed) {
    const { chat } = this;
    try {
      return (await deed()) ?? {};
    } catch (error) {
      if (chat === this.chat) this.say(error.message, true);
      return null;
    }
  }

  say(words, bad = false) {
    this.toast.textContent = words;
    this.toast.classList.toggle("bad", bad);
    this.toast.hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (this.toast.hidden = true), Math.max(3500, words.length * 70));
  }

  showAlert(words) {
    const back = document.activeElement;
    const ok = h("button", { type: "button", data: { role: "alert-ok" }, onclick: () => {
      this.hideAlert();
      if (back?.isConnected) back.focus();
    } }, "OK");
    this.alert.replaceChildren(h("div", { class: "alert-card" }, h("p", { dir: "auto" }, words), ok));
    // A handler set as a property cancels the key when it answers false, so this one answers nothing.
    this.alert.onkeydown = (event) => {
      if (event.key === "Escape") ok.click();
    };
    this.alert.hidden = false;
    ok.focus({ preventScroll: true });
  }

  hideAlert() {
    this.alert.hidden = true;
    this.alert.replaceChildren();
  }

  toggleMore(on = this.menu.hidden) {
    this.menu.hidden = !on;
    this.more.setAttribute("aria-expanded", String(on));
    if (!on) return;
    const item = (role, words, deed) => h("button", { type: "button", role: "menuitem", data: { role }, onclick: () => {
      this.toggleMore(false);
      this.more.focus();
      deed();
    } }, words);
    this.menu.replaceChildren(
      item("press-start", "Press Start", () => this.start(this.chat.list.length ? "" : this.options.payload?.())), // an invitation works once
      item("share-contact", "Share my phone number", () => this.tried(() => this.chat.contact())),
      item("share-place", "Send a place", () => this.tried(() => this.chat.location())),
      this.chat?.blocked ? item("unblock-bot", "Unblock the bot", () => this.block(false)) : item("block-bot", "Block the bot", () => this.block(true)));
    this.menu.querySelector("button").focus();
  }

  /** Take in a change from the stream when it is this person's chat; answers whether it was. */
  heard(change) {
    if (!this.chat || change.bot !== this.options.bot || change.person !== this.person) return false;
    if (change.kind === "typing") {
      this.typing();
      return true;
    }
    if (change.message?.from === "bot") this.untyping();
    this.chat.heard(change);
    if (change.kind === "message" && change.message?.from === "bot") this.options.unread?.();
    return true;
  }

  typing() {
    this.root.classList.add("typing");
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.untyping(), 5000); // as long as Telegram shows it
  }

  untyping() {
    this.root.classList.remove("typing");
  }

  reload() {
    return this.chat?.load();
  }
}
