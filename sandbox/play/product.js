// Whether the product runs, and the button that kills it.
import { h, icon } from "./dom.js";

const CALM = 2000; // milliseconds between two looks
const EAGER = 250; // the same while it is away
const PATIENCE = 60_000; // how long to speak of "coming back" before saying that it does not

export class Product {
  constructor({ status, words, plug }, controlUrl) {
    this.status = status;
    this.words = words;
    this.plug = plug;
    this.url = controlUrl ? controlUrl.replace(/\/+$/, "") : "";
    this.killed = null; // { at, gone } while a pulled plug is being watched
    this.note = "";
    this.plug.append(icon("plug"), h("span", {}, "Pull the plug"));
    this.plug.title = "Kill the product at once, as kill -9 does, and watch it come back";
    this.plug.addEventListener("click", () => this.pull());
    if (!this.url) return this.show("unknown", "The product is run by hand");
    this.plug.hidden = false;
    this.watch();
  }

  async watch() {
    for (;;) {
      const state = await this.look();
      this.judge(state);
      await new Promise((later) => setTimeout(later, state?.ready && !this.killed ? CALM : EAGER));
    }
  }

  async look() {
    try {
      const response = await fetch(`${this.url}/status`, { cache: "no-store", signal: AbortSignal.timeout(4000) });
      return await response.json();
    } catch {
      return null;
    }
  }

  judge(state) {
    if (this.killed) return this.judgeReturn(state);
    if (!state) return this.show("unknown", "The demo does not answer");
    const kind = state.ready ? "ready" : state.running ? "waking" : "gone";
    this.show(kind, this.note && state.ready ? this.note : state.words || { ready: "Running", waking: "Waking up…", gone: "Not running" }[kind]);
  }

  judgeReturn(state) {
    const { killed } = this;
    const passed = Date.now() - killed.at;
    const seconds = (passed / 1000).toFixed(1);
    if (!state?.ready) killed.gone = true;
    // A restart quicker than a look would never be seen as gone; after two seconds "ready" is believed anyway.
    if (state?.ready && (killed.gone || passed > 2000)) {
      this.killed = null;
      this.plug.disabled = false;
      this.note = `Back after ${seconds} s`;
      setTimeout(() => (this.note = ""), 8000);
      return this.show("ready", this.note);
    }
    if (passed > PATIENCE) {
      this.killed = null;
      this.plug.disabled = false;
      return this.show("gone", "It did not come back within a minute");
    }
    this.show(state?.running ? "waking" : "gone", state?.running ? `Coming back… ${seconds} s` : `Plug pulled… ${seconds} s`);
  }

  async pull() {
    this.plug.disabled = true;
    this.killed = { at: Date.now(), gone: false };
    this.show("gone", "Plug pulled…");
    try {
      const response = await fetch(`${this.url}/kill`, { method: "POST", cache: "no-store" });
      if (!response.ok) throw new Error(String(response.status));
    } catch {
      this.killed = null;
      this.plug.disabled = false;
      this.note = "";
      this.show("unknown", "The plug could not be pulled");
    }
  }

  show(state, words) {
    this.status.dataset.state = state;
    if (this.words.textContent !== words) this.words.textContent = words;
  }
}
