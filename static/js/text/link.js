/**
 * Passes a socket's text events on to the texts that are open, by document. Several modules of a page share one socket,
 * and two sessions of one text share its room.
 */

/** Counted up whenever old pages and new servers cannot understand each other. */
export const PROTOCOL = 1;

/** @typedef {import("./session.js").TextSession} TextSession */
/** @typedef {{connected: boolean, on: (event: string, act: (...rest: any[]) => void) => unknown, emit: (event: string, ...rest: unknown[]) => unknown}} Socket */

export class TextLink {
  /** @param {Socket} socket */
  constructor(socket) {
    this.socket = socket;
    /** @type {Map<string, Set<TextSession>>} */
    this.texts = new Map();
    socket.on("connect", () => this.#everyone((session) => session.connected()));
    socket.on("disconnect", () => this.#everyone((session) => session.disconnected()));
    socket.on("text:joined", (/** @type {any} */ message) => this.#of(message?.doc, (session) => session.onJoined(message)));
    socket.on("text:updates", (/** @type {any} */ [doc, version, entries]) => {
      this.#of(doc, (session) => session.onUpdates(version, entries));
    });
    socket.on("text:refused", (/** @type {any} */ [doc, firstSeq, code, detail, client]) => {
      this.#of(doc, (session) => session.onRefused(firstSeq, code, detail ?? "", client));
    });
    socket.on("text:presence", (/** @type {any} */ [doc, version, carets]) => {
      this.#of(doc, (session) => session.onPresence(version, carets));
    });
  }

  /** @returns {boolean} */
  get connected() {
    return this.socket.connected;
  }

  /**
   * @param {string} event
   * @param {unknown[]} payload
   */
  send(event, payload) {
    // What is sent while the connection is down must not be kept: the sessions know what to send when it is back.
    if (this.socket.connected) this.socket.emit(event, payload);
  }

  /** @param {TextSession} session */
  add(session) {
    const sessions = this.texts.get(session.doc) ?? new Set();
    sessions.add(session);
    this.texts.set(session.doc, sessions);
  }

  /** @param {TextSession} session */
  remove(session) {
    const sessions = this.texts.get(session.doc);
    if (!sessions?.delete(session) || sessions.size) return;
    this.texts.delete(session.doc);
    this.send("text:leave", [session.doc]);
  }

  /** @param {(session: TextSession) => void} act */
  #everyone(act) {
    for (const sessions of [...this.texts.values()]) for (const session of [...sessions]) act(session);
  }

  /**
   * @param {unknown} doc
   * @param {(session: TextSession) => void} act
   */
  #of(doc, act) {
    for (const session of [...(this.texts.get(String(doc)) ?? [])]) act(session);
  }
}
