// Everything that changes in any chat, as it happens.

const NAMES = ["message", "edit", "delete", "typing"];

/** Listen to /play/stream: `heard(change)` for each change, `opened()` whenever the line is up (again), `lost()` when it drops. */
export class Stream {
  constructor({ heard, opened, lost }) {
    this.heard = heard;
    this.opened = opened;
    this.lost = lost;
    this.connect();
  }

  connect() {
    const source = new EventSource("/play/stream");
    // Whatever was said while the line was down is not repeated on it, so whoever listens reads the chats anew on every opening.
    source.onopen = () => this.opened();
    source.onerror = () => {
      this.lost();
      // The browser tries again by itself, except after an HTTP error, when it gives up for good.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.connect(), 1500);
    };
    for (const name of NAMES) source.addEventListener(name, (event) => this.read(event, name));
  }

  read(event, name) {
    let change;
    try {
      change = JSON.parse(event.data);
    } catch {
      return; // a broken line must not end the listening
    }
    if (change && change.person) this.heard({ kind: name, ...change });
  }
}
