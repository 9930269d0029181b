// Links into Telegram stay on this page, where the pretended Telegram is.
import { safeUrl } from "./entities.js";

/** What a t.me (or tg:) link asks for: `{bot, payload}`, or null when it is no such link. */
export function startLink(address) {
  const safe = safeUrl(address);
  if (!safe) return null;
  const url = new URL(safe);
  const payload = url.searchParams.get("start") ?? "";
  if (url.protocol === "tg:" && url.searchParams.get("domain")) return { bot: url.searchParams.get("domain"), payload };
  const name = /^\/([A-Za-z0-9_]{3,32})\/?$/.exec(url.pathname)?.[1];
  if (!/^(t|telegram)\.me$/.test(url.hostname.replace(/^www\./, "")) || !name) return null;
  return { bot: name, payload };
}

/** A link this page was itself opened with, `/?open=https://t.me/…`: how a page elsewhere hands one over. */
export function openedWith() {
  return new URLSearchParams(location.search).get("open");
}

/** Let a play page that is open already take the link; answers whether one did. */
export async function handOver(address, take) {
  const line = new BroadcastChannel("dragoman-play");
  let taken = false;
  line.onmessage = ({ data }) => {
    if (data?.taken === address) taken = true;
    // The first page of the browser that knows the bot takes it; a page that is itself still asking has no panes yet.
    else if (typeof data?.open === "string" && take(data.open)) line.postMessage({ taken: data.open });
  };
  if (!address) return false;
  line.postMessage({ open: address });
  await new Promise((later) => setTimeout(later, 300));
  return taken;
}
