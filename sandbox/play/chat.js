// One person's chat with one bot: what is in it, and what the person can do there.
import * as api from "./api.js";

/** The rows of a reply keyboard, in whichever of its shapes it came; [] means it was taken away. */
function keyboardRows(keyboard) {
  const rows = Array.isArray(keyboard) ? keyboard : Array.isArray(keyboard?.keyboard) ? keyboard.keyboard : [];
  return rows.map((row) => (Array.isArray(row) ? row : [row]).map((button) => (typeof button === "string" ? { text: button } : button)));
}

export class Chat {
  /** `changed()` is called after every change that should be drawn. */
  constructor(person, bot, changed) {
    this.person = person;
    this.bot = bot;
    this.changed = changed;
    this.messages = new Map();
    this.pending = []; // typed, and not yet acknowledged by the sandbox
    this.blocked = false;
    this.menu = [];
    this.loaded = false;
    this.trouble = "";
    this.usedKeyboard = 0; // id of the message whose one-time keyboard was pressed
    this.changes = 0;
    this.closed = false;
  }

  get list() {
    return [...this.messages.values()].sort((a, b) => a.message_id - b.message_id);
  }

  /** Read the whole chat: after opening, after the line came back, and once things went quiet. */
  async load() {
    const before = this.changes;
    try {
      const answer = await api.readChat(this.person, this.bot);
      // A change that arrived meanwhile is newer than this answer; read again rather than step back.
      if (before !== this.changes) return this.loadSoon();
      this.messages = new Map((answer.messages ?? []).map((message) => [message.message_id, message]));
      this.blocked = Boolean(answer.blocked);
      this.menu = answer.menu ?? [];
      this.loaded = true;
      this.trouble = "";
    } catch (error) {
      this.trouble = error.message;
    }
    if (!this.closed) this.changed();
  }

  loadSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.closed || this.load(), 400);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  /** Take in one change from the stream. */
  heard(change) {
    this.changes += 1;
    const message = change.message;
    if (change.kind === "delete") this.messages.delete(message?.message_id ?? change.message_id);
    else if (message?.message_id !== undefined) {
      if (change.kind === "message" && message.from === "person") this.pending.shift();
      this.messages.set(message.message_id, message);
    }
    this.changed();
    this.loadSoon(); // the menu and the block are not in the stream
  }

  /** The reply keyboard in force: that of the last message which brought or took one away. */
  get keyboard() {
    const last = this.list.filter((message) => message.from === "bot" && message.keyboard !== undefined && message.keyboard !== null).at(-1);
    if (!last || (last.message_id === this.usedKeyboard && last.keyboard.one_time_keyboard)) return [];
    return keyboardRows(last.keyboard);
  }

  /** Note that the keyboard in force was used, since a one-time keyboard folds away then. */
  keyboardUsed() {
    this.usedKeyboard = this.list.filter((message) => message.keyboard).at(-1)?.message_id ?? 0;
  }

  start(payload) {
    return this.act("start", { payload: payload || undefined }, payload ? "/start …" : "/start");
  }

  send(text, replyTo) {
    return this.act("send", { text, reply_to: replyTo ?? undefined }, text);
  }

  edit(messageId, text) {
    return this.act("edit", { message_id: messageId, text });
  }

  contact() {
    return this.act("contact", {});
  }

  location() {
    return this.act("location", { latitude: 40.1776, longitude: 44.5126 }); // Republic Square, Yerevan
  }

  click(messageId, row, column) {
    return this.act("click", { message_id: messageId, button: [row, column] });
  }

  block(on) {
    return this.act(on ? "block" : "unblock", {});
  }

  /** Send files one after the other; several at once form an album, as on a phone. */
  async files(files, caption, replyTo) {
    const album = files.length > 1 ? `album-${Date.now()}` : undefined;
    for (const [number, file] of files.entries()) {
      const kind = kindOf(file);
      const first = number === 0;
      await this.waitFor(`Sending ${file.name}…`, () =>
        api.sendFile(this.person, file, { bot: this.bot, kind, caption: first ? caption : "", reply_to: first ? replyTo : null, media_group_id: album }));
    }
  }

  /** Do a deed; with `shown`, a bubble stands for it until the sandbox has it. */
  act(verb, body, shown) {
    return this.waitFor(shown, () => api.act(this.person, verb, { bot: this.bot, ...body }));
  }

  async waitFor(shown, deed) {
    const ghost = shown === undefined ? null : { text: shown };
    if (ghost) {
      this.pending.push(ghost);
      this.changed();
    }
    try {
      const answer = await deed();
      await this.load();
      return answer;
    } finally {
      if (ghost && this.pending.includes(ghost)) this.pending.splice(this.pending.indexOf(ghost), 1);
      if (!this.closed) this.changed();
    }
  }
}

// A phone sends a picture as a photo and everything else as what it is; SVG is no photo to Telegram.
function kindOf(file) {
  if (/^image\/(jpeg|png|webp)$/.test(file.type)) return "photo";
  if (/^video\/mp4$/.test(file.type)) return "video";
  if (/^audio\/ogg/.test(file.type)) return "voice";
  return "document";
}
