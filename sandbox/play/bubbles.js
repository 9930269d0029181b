// One message as a bubble.
import { h, icon, iconButton, sizeWords } from "./dom.js";
import { richText } from "./entities.js";

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });

function moment(at) {
  const date = new Date(typeof at === "number" && at < 1e12 ? at * 1000 : at);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** The day a message belongs to, in words, for the line between days. */
export function dayOf(message) {
  const date = message.at === undefined ? null : moment(message.at);
  return date ? DAY.format(date) : "";
}

/** Words of a message for a quotation or a preview. */
export function gist(message) {
  if (!message) return "a message that is gone";
  const kind = message.file?.kind;
  return message.text || (kind ? kind[0].toUpperCase() + kind.slice(1) : message.contact ? "Contact" : message.location ? "Place" : "Message");
}

// A phone that followed a start link shows the bare command; what the link carried is nobody's to read.
function shownText(message, own) {
  const text = message.text ?? message.caption ?? "";
  return own ? text.replace(/^(\/start) [A-Za-z0-9_-]{1,64}$/, "$1") : text;
}

/** Draw a message; `hooks` says what pressing its parts does, `quoted` is the message it answers, `names` who speaks. */
export function bubble(message, quoted, names, hooks) {
  const own = message.from === "person";
  const text = shownText(message, own);
  const body = h("div", { class: "bubble" },
    message.reply_to ? quotation(message.reply_to, quoted, names, hooks) : null,
    message.file ? attachment(message.file) : null,
    message.contact ? contactCard(message.contact) : null,
    message.location ? placeCard(message.location) : null,
    text ? h("div", { class: "words", dir: "auto", data: { role: "text" } }, richText(text, message.entities, hooks)) : null,
    foot(message, own),
  );
  const tools = h("div", { class: "tools" },
    iconButton("reply", "Reply to this message", "reply", () => hooks.reply(message)),
    own && text ? iconButton("edit", "Edit this message", "edit", () => hooks.edit(message)) : null,
  );
  const row = h("article", {
    class: `message ${own ? "own" : "theirs"}${message.file?.kind === "photo" ? " with-photo" : ""}`,
    "aria-label": own ? names.person : names.bot,
    data: { messageId: message.message_id, from: message.from },
  }, h("div", { class: "line" }, body, tools), message.buttons?.length ? buttons(message, hooks) : null);
  // On a touch screen nothing hovers: a tap on the bubble brings its tools out.
  body.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, audio, video, .spoiler")) hooks.pick(row);
  });
  return row;
}

/** A bubble for words that are on their way. */
export function ghost(words) {
  return h("article", { class: "message own ghost", "aria-label": "Sending", data: { role: "pending" } },
    h("div", { class: "line" }, h("div", { class: "bubble" },
      h("div", { class: "words", dir: "auto" }, words), h("div", { class: "foot" }, icon("clock")))));
}

function foot(message, own) {
  const date = message.at === undefined ? null : moment(message.at);
  const given = Object.values(message.reactions ?? {}).flat().filter(Boolean);
  return h("div", { class: "foot" },
    given.length ? h("span", { class: "reactions", "aria-label": "Reactions" }, given.join(" ")) : null,
    message.edited ? h("span", { data: { role: "edited" } }, "edited") : null,
    date ? h("time", { datetime: date.toISOString() }, CLOCK.format(date)) : null,
    own ? icon("tick") : null);
}

function quotation(replyTo, quoted, names, hooks) {
  const id = typeof replyTo === "object" ? replyTo.message_id : replyTo;
  const source = quoted ?? (typeof replyTo === "object" ? replyTo : null);
  return h("button", { type: "button", class: "quote", data: { role: "quote" }, onclick: () => hooks.jump(id) },
    h("b", {}, source?.from === "person" ? names.person : names.bot), h("span", { dir: "auto" }, gist(source)));
}

function attachment(file) {
  const name = file.name || file.kind;
  if (file.kind === "photo" || file.kind === "sticker") {
    const picture = h("img", { src: file.url, alt: name, loading: "lazy", onerror: () => picture.replaceWith(h("span", { class: "missing" }, "This picture cannot be shown")) });
    return h("a", { class: "photo", href: file.url, target: "_blank", rel: "noopener", "aria-label": `Open the picture ${name}` }, picture);
  }
  if (file.kind === "video" || file.kind === "animation") return h("video", { src: file.url, controls: true, preload: "metadata" });
  if (file.kind === "voice" || file.kind === "audio") return h("audio", { src: file.url, controls: true, preload: "metadata" });
  return h("a", { class: "file", href: file.url, download: name, data: { role: "file" } },
    h("span", { class: "file-mark" }, icon("file")), h("span", { class: "file-words" }, h("b", { dir: "auto" }, name), h("span", {}, sizeWords(file.size))));
}

function contactCard(contact) {
  return h("div", { class: "file" }, h("span", { class: "file-mark" }, icon("person")),
    h("span", { class: "file-words" }, h("b", { dir: "auto" }, [contact.first_name, contact.last_name].filter(Boolean).join(" ") || "Contact"), h("span", {}, contact.phone_number ?? contact.phone ?? "")));
}

function placeCard(place) {
  return h("div", { class: "file" }, h("span", { class: "file-mark" }, icon("pin")),
    h("span", { class: "file-words" }, h("b", {}, "Place"), h("span", {}, `${Number(place.latitude).toFixed(4)}, ${Number(place.longitude).toFixed(4)}`)));
}

function buttons(message, hooks) {
  return h("div", { class: "buttons", role: "group", "aria-label": "Buttons of this message" }, message.buttons.map((row, r) =>
    h("div", { class: "button-row" }, row.map((button, c) => {
      const element = h("button", { type: "button", data: { role: "button", row: r, column: c }, onclick: () => hooks.press(message, r, c, button, element) },
        h("span", { dir: "auto" }, button.text), button.url ? icon("out") : null);
      return element;
    }))));
}
