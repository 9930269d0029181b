// Text with entities to nodes. Telegram counts offsets in UTF-16 units, which is what a JavaScript string counts in too.
import { h } from "./dom.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote", expandable_blockquote: "blockquote" };
const SPOKEN = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]|(?<=^|[\s(«“"])\/[a-z][a-z0-9_]{0,31}(?![\w/>])/giu;
const SAFE = new Set(["http:", "https:", "mailto:", "tel:", "tg:"]);

/** The address when it is one a page may open; null for `javascript:` and the like. */
export function safeUrl(text) {
  try {
    const url = new URL(text);
    return SAFE.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Nodes for `text`; `hooks.open(url)` is told of links and `hooks.command(text)` of commands that are pressed. */
export function richText(text, entities, hooks) {
  const sorted = [...(entities ?? [])]
    .filter((entity) => Number.isInteger(entity.offset) && entity.length > 0)
    .sort((a, b) => a.offset - b.offset || b.length - a.length);
  return span(text, 0, text.length, sorted, hooks, false);
}

// Entities come as a flat list; one that starts inside another is its child, and one that runs past its parent is cut there
// and goes on behind it, as Telegram's apps draw it.
function span(text, start, end, entities, hooks, plain) {
  const nodes = [];
  let at = start;
  let waiting = entities;
  while (waiting.length) {
    const [entity, ...rest] = waiting;
    const from = Math.max(entity.offset, at);
    const to = Math.min(entity.offset + entity.length, end);
    if (from >= to) {
      waiting = rest;
      continue;
    }
    nodes.push(...leaf(text.slice(at, from), hooks, plain));
    const inside = [];
    const behind = [];
    for (const other of rest) {
      const stop = other.offset + other.length;
      if (other.offset < to) inside.push(other);
      if (stop > to) behind.push(other.offset < to ? { ...other, offset: to, length: stop - to } : other);
    }
    nodes.push(wrap(entity, text.slice(from, to), (flat) => span(text, from, to, inside, hooks, plain || flat), hooks));
    // A block brings its own line break; the one that follows it in the text would be a second.
    at = /^(pre|.*blockquote)$/.test(entity.type) && text[to] === "\n" && to < end ? to + 1 : to;
    waiting = behind;
  }
  nodes.push(...leaf(text.slice(at, end), hooks, plain));
  return nodes;
}

function wrap(entity, words, children, hooks) {
  const kind = entity.type;
  if (kind === "url") return link(words, /^[a-z]+:/i.test(words) ? words : `https://${words}`, children(true), hooks);
  if (kind === "text_link") return link(words, entity.url, children(true), hooks);
  if (kind === "email") return link(words, `mailto:${words}`, children(true), hooks);
  if (kind === "phone_number") return link(words, `tel:${words.replace(/[^+\d]/g, "")}`, children(true), hooks);
  if (kind === "bot_command") return command(words, hooks);
  if (kind === "spoiler") return spoiler(children(false));
  if (kind === "mention" || kind === "hashtag" || kind === "cashtag" || kind === "text_mention") return h("span", { class: "mention" }, children(true));
  const tag = TAGS[kind] ?? "span";
  return h(tag, { class: `entity-${/^[a-z_]+$/.test(kind) ? kind : "other"}` }, children(tag === "code" || tag === "pre"));
}

function link(words, address, children, hooks) {
  const href = safeUrl(address);
  if (!href) return h("span", {}, children);
  const onclick = (event) => {
    if (hooks.open(href)) event.preventDefault();
  };
  return h("a", { href, target: "_blank", rel: "noopener noreferrer", onclick }, children);
}

function command(words, hooks) {
  return h("button", { type: "button", class: "command", onclick: () => hooks.command(words) }, words);
}

function spoiler(children) {
  const element = h("span", { class: "spoiler", tabindex: "0", role: "button", "aria-label": "Hidden text, press to show" }, children);
  const show = () => {
    element.classList.add("shown");
    element.removeAttribute("role");
    element.removeAttribute("aria-label");
  };
  element.addEventListener("click", show);
  element.addEventListener("keydown", (event) => event.key === "Enter" && show());
  return element;
}

// The phone finds links and commands by itself where the bot marked nothing, so the page does the same.
function leaf(words, hooks, plain) {
  if (!words) return [];
  if (plain) return [words];
  const nodes = [];
  let at = 0;
  for (const found of words.matchAll(SPOKEN)) {
    nodes.push(words.slice(at, found.index));
    nodes.push(found[0].startsWith("/") ? command(found[0], hooks) : link(found[0], found[0], [found[0]], hooks));
    at = found.index + found[0].length;
  }
  nodes.push(words.slice(at));
  return nodes.filter(Boolean);
}
