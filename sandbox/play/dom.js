// Elements are always built node by node: text from a chat goes in as text, so nothing a person types can become markup.

/** Make an element; `on…` keys are listeners, `data` becomes data attributes, false or null values are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Drawn, not typed: emoji and arrows differ from system to system and are missing on a bare server.
const PATHS = {
  reply: "M10 8V4L3 11l7 7v-4.100c5 0 8.500 1.600 11 5.100-1-5-4-10-11-11z",
  edit: "M4 17.300V20h2.700l9.300-9.300-2.700-2.700zM19.700 7a1 1 0 0 0 0-1.400l-1.300-1.300a1 1 0 0 0-1.400 0l-1.500 1.500 2.700 2.700z",
  clip: "M16.500 6.500v9.800a4.500 4.500 0 0 1-9 0V5.800a3 3 0 0 1 6 0v9.300a1.500 1.500 0 0 1-3 0V6.500H9v8.600a3 3 0 0 0 6 0V5.800a4.500 4.500 0 0 0-9 0v10.500a6 6 0 0 0 12 0V6.500z",
  send: "M3 20.500 21.500 12 3 3.500v6.600l12 1.900-12 1.900z",
  more: "M12 7.500a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600m0 2.700a1.800 1.800 0 1 0 0 3.600 1.800 1.800 0 0 0 0-3.600m0 6.300a1.800 1.800 0 1 0 0 3.600 1.800 1.800 0 0 0 0-3.600",
  close: "M18.300 7.100 16.900 5.700 12 10.600 7.100 5.700 5.700 7.100l4.900 4.900-4.900 4.900 1.400 1.400 4.900-4.900 4.900 4.900 1.400-1.400-4.900-4.900z",
  keys: "M4 6h16a1.500 1.500 0 0 1 1.500 1.500v9A1.500 1.500 0 0 1 20 18H4a1.500 1.500 0 0 1-1.500-1.500v-9A1.500 1.500 0 0 1 4 6m1.500 3v1.700h2V9zm3.700 0v1.700h2V9zm3.700 0v1.700h2V9zm3.700 0v1.700h2V9zM7.500 13.300V15h9v-1.700z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  out: "M14 4v2h2.600l-7.300 7.300 1.400 1.400L18 7.400V10h2V4zM5 6v13h13v-6h-2v4H7V8h4V6z",
  again: "M17.700 6.300A8 8 0 1 0 19.700 14h-2.100A6 6 0 1 1 16.200 7.800L13 11h7V4z",
  down: "M12 15.500 5.500 9l1.400-1.400 5.100 5.100 5.100-5.100L18.500 9z",
  file: "M6 2.500h8l5 5V20a1.500 1.500 0 0 1-1.500 1.500h-11A1.500 1.500 0 0 1 5 20V4a1.500 1.500 0 0 1 1-1.500m7.200 1.700v4.100h4.100z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8m0 2c-4 0-7.500 2-7.500 4.500V20h15v-1.500C19.500 16 16 14 12 14",
  pin: "M12 2.500a6.500 6.500 0 0 0-6.500 6.500c0 4.700 6.500 12.500 6.500 12.500s6.500-7.800 6.500-12.500A6.500 6.500 0 0 0 12 2.500m0 9a2.500 2.500 0 1 1 0-5 2.500 2.500 0 0 1 0 5",
  tick: "M9.500 16.600 5.400 12.500 4 13.900l5.500 5.500L20.500 8.400 19.100 7z",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m0 2a7 7 0 1 1 0 14 7 7 0 0 1 0-14m-1 2.500h2v4.100l3 3-1.400 1.400-3.600-3.600z",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m6.200 5.400h-2.700a14 14 0 0 0-1.200-3 7 7 0 0 1 3.900 3M12 5.100c.7 1 1.300 2.100 1.600 3.300h-3.200c.3-1.200.9-2.300 1.600-3.300M5.200 13.700a7 7 0 0 1 0-3.500h3a14 14 0 0 0 0 3.500zm.6 1.800h2.700a14 14 0 0 0 1.200 3 7 7 0 0 1-3.900-3m2.700-7.100H5.800a7 7 0 0 1 3.900-3 14 14 0 0 0-1.200 3M12 18.900c-.7-1-1.300-2.100-1.600-3.400h3.200c-.3 1.300-.9 2.400-1.600 3.400m2-5.200h-4a12 12 0 0 1 0-3.500h4a12 12 0 0 1 0 3.500m.3 4.800a14 14 0 0 0 1.200-3h2.700a7 7 0 0 1-3.900 3m1.600-4.800a14 14 0 0 0 0-3.500h3a7 7 0 0 1 0 3.500z",
  plug: "M8 2.500h2V8h4V2.500h2V8h2v3.500a6 6 0 0 1-5 5.900v4.100h-2v-4.100a6 6 0 0 1-5-5.900V8h2z",
};

/** Draw one of the page's icons; it is decoration, so the button around it carries the label. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A round button that holds an icon alone and says in words what it does. */
export function iconButton(name, label, role, onclick, props = {}) {
  return h("button", { type: "button", class: "round", "aria-label": label, title: label, data: { role }, onclick, ...props }, icon(name));
}

/** Colour of a person's circle: from their name, so that a person keeps it. */
export function hue(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 6;
  return `hue-${sum}`;
}

/** Size of a file in words. */
export function sizeWords(bytes) {
  if (!Number.isFinite(bytes)) return "";
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
