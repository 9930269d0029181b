// What to try, in six steps; each step points at the pane it happens in.
import { h, iconButton } from "./dom.js";

const STEPS = [
  { pane: "customer", title: "Write as a stranger", words: ["Press Start and answer the bot, in any of five languages."] },
  { pane: "rep", title: "See the card arrive", words: ["The stranger is now a lead, and the rep on duty has their card."] },
  { pane: "rep", title: "Press Take", words: ["The bot falls silent: this conversation is yours."] },
  { pane: "rep", title: "Reply to the card", words: ["Hover or tap it, press ↩︎ and write. The customer gets your words."] },
  { pane: "shop", title: "Visit the shop", words: ["Write in the widget, then “Continue in Telegram”."] },
  { pane: "manager", title: "Steer as the manager", words: ["Type ", h("code", {}, "/today"), " and ", h("code", {}, "/promo"), "."] },
];
const ROOMY = "(min-width: 760px)";
const KEPT = "dragoman-play-guide";

/** Fill the guide and its button; `point(pane)` leads the eye to a pane. */
export function guide(root, toggle, point) {
  const show = (on) => {
    root.hidden = !on;
    toggle.setAttribute("aria-expanded", String(on));
  };
  root.append(
    h("ol", {}, STEPS.map((step, number) => h("li", {}, h("button", { type: "button", class: "step", data: { step: number + 1 }, onclick: () => {
      if (!matchMedia(ROOMY).matches) show(false); // there it lies over the very pane it points at
      point(step.pane);
    } },
      h("span", { class: `step-number for-${step.pane}`, "aria-hidden": "true" }, String(number + 1)),
      h("span", { class: "step-words" }, h("b", {}, step.title), h("span", {}, step.words)))))),
    iconButton("close", "Close the guide", "guide-close", () => {
      show(false);
      keep("closed");
      toggle.focus();
    }));
  toggle.addEventListener("click", () => {
    show(root.hidden);
    keep(root.hidden ? "closed" : "open");
  });
  // A phone has no room for it beside a chat; there it opens when asked.
  show(kept() !== "closed" && matchMedia(ROOMY).matches);
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function keep(state) {
  try {
    localStorage.setItem(KEPT, state);
  } catch {
    // A private window may refuse; the guide then opens again next time.
  }
}
