// Where a person types: text, reply, edit, files, the command menu and the reply keyboard.
import { h, icon, iconButton, sizeWords } from "./dom.js";
import { gist } from "./bubbles.js";

let serial = 0;

export class Composer {
  /** `deeds`: send(text, replyTo), edit(id, text), files(list, caption, replyTo), press(keyboardButton), lastOwn(), refreshMenu(), grown(). */
  constructor(deeds) {
    this.deeds = deeds;
    this.replying = null;
    this.editing = null;
    this.picked = [];
    this.busy = false;
    this.folded = false;
    this.build();
  }

  build() {
    const id = `composer-${++serial}`;
    this.input = h("textarea", {
      id, rows: "1", dir: "auto", placeholder: "Message", enterkeyhint: "send", data: { role: "composer" },
      oninput: () => this.grow(), onkeydown: (event) => this.key(event), onpaste: (event) => this.take(event.clipboardData?.files, event),
    });
    this.chooser = h("input", { type: "file", multiple: true, class: "hidden-input", tabindex: "-1", "aria-hidden": "true", data: { role: "file-input" }, onchange: () => {
      this.attach([...this.chooser.files]);
      this.chooser.value = ""; // the same file may be chosen twice in a row
    } });
    this.menuButton = h("button", { type: "button", class: "round slash", "aria-label": "Commands", title: "Commands", "aria-expanded": "false", data: { role: "menu" }, onclick: () => this.toggleMenu() }, "/");
    this.keysButton = iconButton("keys", "Show or hide the buttons", "keyboard-toggle", () => {
      this.folded = !this.folded;
      this.drawKeyboard();
    }, { hidden: true });
    this.sendButton = h("button", { type: "button", class: "round go", "aria-label": "Send", title: "Send (Enter)", data: { role: "send" }, onclick: () => this.submit() }, icon("send"));
    this.context = h("div", { class: "context", hidden: true, data: { role: "context" } });
    this.menu = h("div", { class: "menu", role: "menu", "aria-label": "Commands", hidden: true, data: { role: "menu-list" }, onkeydown: (event) => event.key === "Escape" && this.toggleMenu(false) });
    this.keyboard = h("div", { class: "keyboard", role: "group", "aria-label": "Suggested answers", hidden: true, data: { role: "keyboard" } });
    this.label = h("label", { for: id, class: "unseen" }, "Message");
    this.root = h("div", { class: "composer" }, this.menu, this.context,
      h("div", { class: "composer-row" }, this.menuButton, iconButton("clip", "Send files", "attach", () => this.chooser.click()), this.chooser, this.label, this.input, this.keysButton, this.sendButton),
      this.keyboard);
  }

  /** Say whose composer this is, for those who hear the page. */
  name(words) {
    this.label.textContent = words;
  }

  update({ keyboard, menu }) {
    this.commands = menu;
    const mark = JSON.stringify(keyboard);
    if (mark !== this.keyboardMark) {
      this.keyboardMark = mark;
      this.rows = keyboard;
      this.folded = false;
      this.drawKeyboard();
    }
    const menuMark = JSON.stringify(menu);
    if (menuMark !== this.menuMark) {
      this.menuMark = menuMark;
      if (!this.menu.hidden) this.drawMenu();
    }
  }

  reset() {
    this.cancel();
    this.input.value = "";
    this.grow();
    this.toggleMenu(false);
  }

  replyTo(message, focus = true) {
    this.editing = null;
    this.replying = message;
    this.drawContext();
    if (focus) this.input.focus(); // not when a bot asks: the person may be writing in another pane
  }

  editOf(message) {
    this.replying = null;
    this.picked = [];
    this.editing = message;
    this.input.value = message.text;
    this.drawContext();
    this.grow();
    this.input.focus();
  }

  attach(files) {
    if (!files.length) return;
    this.editing = null;
    this.picked.push(...files);
    this.drawContext();
    this.input.focus();
  }

  take(files, event) {
    if (!files?.length) return;
    event.preventDefault();
    this.attach([...files]);
  }

  cancel() {
    if (this.editing) this.input.value = "";
    this.replying = null;
    this.editing = null;
    this.picked = [];
    this.drawContext();
    this.grow();
  }

  drawContext() {
    const shown = this.editing ?? this.replying;
    this.context.hidden = !shown && !this.picked.length;
    this.context.replaceChildren(...[
      shown ? h("div", { class: "context-line" }, icon(this.editing ? "edit" : "reply"), h("div", { class: "context-words" },
        h("b", {}, this.editing ? "Editing" : "Reply to"), h("span", { dir: "auto", data: { role: "quoted" } }, gist(shown)))) : null,
      ...this.picked.map((file) => h("div", { class: "context-line" }, icon("file"), h("div", { class: "context-words" },
        h("b", { dir: "auto" }, file.name), h("span", {}, sizeWords(file.size))))),
      iconButton("close", "Cancel (Escape)", "cancel", () => this.cancel()),
    ].filter(Boolean));
  }

  key(event) {
    // While an input method is composing a letter, Enter belongs to it.
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") {
      if (!this.menu.hidden) this.toggleMenu(false);
      else this.cancel();
    } else if (event.key === "ArrowUp" && !this.input.value && !this.editing) {
      const last = this.deeds.lastOwn();
      if (last) {
        event.preventDefault();
        this.editOf(last);
      }
    }
  }

  async submit() {
    const text = this.input.value.trim();
    if (!text && !this.picked.length) return;
    const { replying, editing, picked } = this;
    const typed = this.input.value;
    this.editing = null; // so that cancel() keeps nothing to restore
    this.cancel();
    this.input.value = "";
    this.grow();
    this.toggleMenu(false);
    this.input.focus();
    const done = await (editing ? this.deeds.edit(editing.message_id, text)
      : picked.length ? this.deeds.files(picked, text, replying?.message_id)
        : this.deeds.send(text, replying?.message_id));
    // What could not be sent goes back where it was, unless the person went on typing.
    if (!done && !this.input.value) {
      this.input.value = typed;
      Object.assign(this, { replying, editing, picked });
      this.drawContext();
      this.grow();
    }
  }

  grow() {
    if (CSS.supports("field-sizing", "content")) return; // chat.css does it then
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 140)}px`;
    this.deeds.grown(); // measuring made the chat taller for a moment, which may have moved it
  }

  toggleMenu(on = this.menu.hidden) {
    this.menu.hidden = !on;
    this.menuButton.setAttribute("aria-expanded", String(on));
    if (!on) return;
    this.drawMenu();
    this.deeds.refreshMenu();
    this.menu.querySelector("button")?.focus();
  }

  drawMenu() {
    const commands = this.commands ?? [];
    this.menu.replaceChildren(...(commands.length ? commands.map((one) =>
      h("button", { type: "button", role: "menuitem", data: { role: "menu-item" }, onclick: () => {
        this.toggleMenu(false);
        this.deeds.send(`/${one.command}`);
        this.input.focus();
      } }, h("b", {}, `/${one.command}`), h("span", { dir: "auto" }, one.description)))
      : [h("p", { class: "menu-none" }, "This bot has no commands here yet.")]));
  }

  drawKeyboard() {
    const rows = this.rows ?? [];
    this.keysButton.hidden = !rows.length;
    this.keyboard.hidden = !rows.length || this.folded;
    this.keyboard.replaceChildren(...rows.map((row) => h("div", { class: "button-row" }, row.map((button) =>
      h("button", { type: "button", data: { role: "key" }, onclick: () => this.deeds.press(button) },
        button.request_contact ? icon("person") : button.request_location ? icon("pin") : null, h("span", { dir: "auto" }, button.text))))));
  }
}
