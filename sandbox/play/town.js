// The other platforms: who stands in the shop may as well write an e-mail, a WhatsApp message, an SMS, or let the telephone ring.
import * as api from "./api.js";
import { h, icon } from "./dom.js";

const TITLES = { email: "E-mail", whatsapp: "WhatsApp", messenger: "Messenger", instagram: "Instagram", viber: "Viber", vk: "VK", max: "MAX", matrix: "Matrix", sms: "SMS", smpp: "SMS by SMPP", twilio: "SMS by Twilio", calls: "A phone that rings", voice: "A phone at Twilio", zadarma: "A phone at Zadarma", mango: "A phone at Mango", asterisk: "An Asterisk that rings",
  leads: "A form elsewhere", googleads: "Google Ads form", metaleads: "Instagram form", vkleads: "VK form", tilda: "Tilda form" };
const EVERY = 700; // milliseconds between two looks at the screen

export class TownPane {
  /** `shop` is the pane whose place is shared; `channels` are the names of the platforms. */
  constructor(shop, channels) {
    this.shop = shop;
    this.channel = "";
    this.drawn = "";
    this.choice = h("select", { class: "choice", "aria-label": "Where do you write to the firm?", data: { role: "place" }, onchange: () => this.choose(this.choice.value) },
      h("option", { value: "" }, "The shop’s web page"), ...channels.map((name) => h("option", { value: name }, TITLES[name] ?? name)));
    this.words = h("textarea", { rows: 1, placeholder: "Write…", dir: "auto", "aria-label": "Write to the firm", data: { role: "town-words" }, onkeydown: (event) => this.key(event) });
    this.ring = h("button", { type: "button", class: "pill", data: { role: "ring" }, onclick: () => this.say("") }, "Ring, and nobody answers");
    this.composer = h("div", { class: "composer" }, h("div", { class: "composer-row" }, this.words,
      h("button", { type: "button", class: "round", "aria-label": "Send", title: "Send", data: { role: "town-send" }, onclick: () => this.send() }, icon("send"))));
    this.list = h("div", { class: "messages town-lines", role: "log", "aria-label": "What was said", tabindex: 0 });
    this.root = h("div", { class: "town", hidden: true, data: { role: "town" } }, h("div", { class: "log" }, this.list), this.composer, this.ring);
    shop.root.querySelector(".who-name").replaceChildren(this.choice);
    shop.root.querySelector(".pane-body").append(this.root);
    setInterval(() => this.channel && this.look(), EVERY);
  }

  choose(channel) {
    this.channel = channel;
    this.drawn = "";
    this.list.replaceChildren();
    this.root.hidden = !channel;
    for (const part of [this.shop.frame, this.shop.cover]) part.classList.toggle("aside", Boolean(channel));
    const rings = ["calls", "asterisk", "voice", "zadarma", "mango"].includes(channel);
    this.composer.hidden = rings;
    this.ring.hidden = !rings;
    this.shop.address.textContent = channel ? `Ani · ${TITLES[channel] ?? channel}` : this.shop.url.replace(/^https?:\/\//, "");
    if (channel) this.look();
  }

  key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.send();
  }

  async send() {
    const text = this.words.value.trim();
    if (!text) return;
    this.words.value = "";
    await this.say(text);
  }

  async say(text) {
    await api.townSay(this.channel, text).catch((refused) => this.tell(refused.message));
    await this.look();
  }

  tell(words) {
    this.list.append(h("p", { class: "dim", role: "status" }, words));
  }

  async look() {
    const channel = this.channel;
    let lines;
    try {
      ({ lines } = await api.townLines(channel));
    } catch {
      return; // the bar says already that nothing answers
    }
    const drawn = JSON.stringify(lines);
    if (channel !== this.channel || drawn === this.drawn) return;
    this.drawn = drawn;
    this.list.replaceChildren(...lines.map((line) => this.line(line)));
    this.list.scrollTop = this.list.scrollHeight;
  }

  line(line) {
    const foot = [line.mine ? "" : line.state].filter(Boolean).join(" · ");
    return h("article", { class: `message ${line.mine ? "own" : "theirs"}`, data: { from: line.mine ? "person" : "firm" } }, h("div", { class: "line" }, h("div", { class: "bubble" },
      line.subject ? h("strong", { class: "subject" }, line.subject) : null,
      h("div", { class: "words", dir: "auto" }, line.text),
      ...(line.choices ?? []).map((label) => h("button", { type: "button", class: "pill", onclick: () => this.say(label) }, label)),
      foot ? h("div", { class: "dim" }, foot) : null)));
  }
}

/** Add the platforms to the shop's pane, where the sandbox has any. */
export async function addTown(shop) {
  const { channels } = await api.town().catch(() => ({ channels: [] }));
  return channels.length ? new TownPane(shop, channels) : null;
}
