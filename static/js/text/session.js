/**
 * One text, live: the browser's half of the protocol in docs/live-text.md. It knows no page: it is given a link that
 * sends and receives events, a host that holds the editor's state, and a store that survives a closed tab. The tests
 * run it, unchanged, in Node.
 *
 * The promise it keeps: a change is kept and sent again until its number comes back in the log; what can never be
 * accepted is handed back as words, never dropped.
 */
import { ChangeSet, StateEffect, Transaction, collab, getSyncedVersion, sendableUpdates } from "../../vendor/codemirror.js";
import { bytes, carriedOff, carriesOff, forgetOrigins, fromConfirmed, leftBehind, takeIn, toConfirmed, toText, unconfirmedWords } from "./sync.js";

export { PROTOCOL } from "./link.js";

/** On a change that has its number already: what others have made empty has one too, and is none to the library. */
const numbered = StateEffect.define();
const PUSH_CHANGES = 100;
/** One push may be 64 kB as sent; what surrounds the changes takes a little. */
export const PUSH_BYTES = 60_000;
const ACK_MS = 4_000;
/**
 * What has gone unanswered for so long, or for half as long again as an answer takes, goes once more with the next letters: a
 * lost packet is found by what follows it, and long before anything else finds it. So often, and of so few changes.
 */
const PATIENCE_MS = 40;
const REPEATS = 4;
const REPEATED_CHANGES = 20;
const REPEATED_BYTES = 4_000;
const PULL_MS = 1_000;
const PRESENCE_MS = 100;
/** Others' carets are moved at most this often. */
const CARETS_MS = 80;
/** For so long after a letter one counts as writing, and what others write comes in at most this often. */
const WRITING_MS = 400;
const TAKE_MS = 40;
const TYPING_MS = 2_000;
const SAVE_MS = 150;
/** What goes nowhere by itself is kept as a whole, which costs more than a letter does. */
const KEEP_MS = 1_000;
const LATE_MS = 10_000;
const REMEMBERED = 500;

/** @typedef {"write" | "suggest" | "read"} Access */
/** @typedef {"opening" | "saved" | "saving" | "reconnecting" | "unsaved" | "suggesting"} Status "suggesting": written, not sent */
/** @typedef {{id: number, name: string, constituency: string}} Person */
/** @typedef {{key: string, person: string, doc: string, epoch: unknown, version: number, acked: number, text: string, pending: string[], at: number}} Kept */
/** @typedef {{doc: string, code: string, detail: string, words: string, text: string, version: number, parts?: Part[], target?: string, why?: string}} Lost `text` was made on the confirmed `version`; `why` is the reason of a suggestion that was not sent; of a form, `doc` is the page it stood on, `parts` are what was written in its fields, and `target` the text that one of them would change */
/** @typedef {{label: string, words: string, name: string}} Part */
/** @typedef {{client: string, anchor: number | null, head: number | null, person: Person, typing: boolean}} Caret */

/**
 * @typedef {object} Link
 * @property {boolean} connected
 * @property {(event: string, payload: unknown[]) => void} send
 * @property {(session: TextSession) => void} add start to pass on this text's events
 * @property {(session: TextSession) => void} remove stop doing so, and leave the text when nobody needs it
 */

/**
 * @typedef {object} Host
 * @property {import("@codemirror/state").EditorState | null} state
 * @property {(text: import("@codemirror/state").Text, extension: import("@codemirror/state").Extension) => void} open begin a new state
 * @property {(transactions: import("@codemirror/state").Transaction[]) => void} dispatch
 * @property {(access: Access, reason?: string) => void} access what may be done here now and, where it is less than
 *   writing, the server's sentence that says why
 * @property {(status: Status) => void} status
 * @property {(lost: Lost) => void} lost words that could not be saved, to be shown until the person lets go of them
 * @property {(code: string, detail: string) => void} refused the text cannot be opened
 * @property {(carets: Caret[], anew?: boolean) => void} carets where others are; those not named stay where they were
 * @property {(place: number, kept: boolean) => void} [carriedOff] the words in which the caret stood were carried to another
 *   text, where that is its place: what is typed now would come among words that have nothing to do with it; `kept`: what was
 *   typed last did not go along, and was handed back
 * @property {(at: number) => void} [cameBack] they stand here again, and the caret belongs there
 * @property {() => void} [forgetUndo] words were carried to another text: to undo or redo what was done before would bring them back
 * @property {() => unknown} [keep] keep on this device what is written and will not be pushed
 */

/**
 * @typedef {object} Store
 * @property {(kept: Kept) => Promise<void>} save
 * @property {(key: string) => Promise<void>} forget
 * @property {(key: string) => void} release the state lives no more; what it kept may be taken over
 */

export class TextSession {
  /**
   * @param {{doc: string, person: string, link: Link, host: Host, store: Store, suggesting?: boolean, holds?: boolean}} needs
   *   `suggesting`: what is written stays here, on top of what others write, until the host sends it as a suggestion;
   *   `holds`: a text that is closed under somebody's hands goes on in that way, instead of handing its words back
   */
  constructor({ doc, person, link, host, store, suggesting = false, holds = false }) {
    this.suggesting = suggesting;
    this.suggests = suggesting;
    this.holds = holds;
    /** Whether the text was closed while it was being written: what is written goes nowhere by itself. */
    this.aside = false;
    /** Whether a push was refused for want of a right, and the right is asked for anew. */
    this.doubted = false;
    this.doc = doc;
    this.person = person;
    this.link = link;
    this.host = host;
    this.store = store;
    this.client = newClient(person);
    /** The id under which the server was asked for the text last: once another takes its place it is of no use. */
    this.asked = "";
    /** @type {unknown} */
    this.epoch = null;
    /** @type {Access} */
    this.access = "read";
    /** The server's sentence for why one may not write; empty where one may. */
    this.reason = "";
    this.joined = false;
    /** Whether the text was asked for from the version that is here. */
    this.resuming = false;
    this.stopped = false;
    this.head = 0;
    this.acked = 0;
    this.confirmed = toText("");
    /**
     * What waits for its answer: the numbers of the newest push, when it and the first unanswered one went, how many are
     * unanswered, and whether one was refused.
     * @type {{firstSeq: number, last: number, sent: number, at: number, times: number, refused: boolean} | null}
     */
    this.inFlight = null;
    /** How long an answer takes, in milliseconds. */
    this.roundTrip = 0;
    this.holding = false;
    this.pulling = false;
    this.failures = 0;
    /** Whether the words of the present state were handed back already and a new state is on its way. */
    this.renewing = false;
    /** @type {number | null} when the oldest unconfirmed change was made */
    this.waitingSince = null;
    /** @type {Status} */
    this.status = "opening";
    /** @type {import("@codemirror/state").ChangeDesc[]} the newest confirmed changes, to place late carets */
    this.recent = [];
    /** @type {[number, [string, string][]][]} what came from the log and has not been taken in */
    this.inbox = [];
    this.editedAt = 0;
    /** @type {Map<string, [number, unknown[]]>} where others were last, by client, and of which version that speaks */
    this.news = new Map();
    /** @type {Map<string, ReturnType<typeof setTimeout>>} */
    this.timers = new Map();
    /** Whether the person has been in the text, so that others are told where. */
    this.present = false;
    /** @type {Map<string, number>} when each of the others typed last */
    this.typed = new Map();
    /** @type {import("./sync.js").Carried | null} the words in which the caret stood, while they are in another text */
    this.carried = null;
  }

  /** @returns {number} the confirmed version beneath the editor's text */
  get version() {
    return this.host.state ? getSyncedVersion(this.host.state) : 0;
  }

  /** @returns {readonly {changes: ChangeSet}[]} changes made here that have no number yet */
  get pending() {
    return this.host.state ? sendableUpdates(this.host.state) : [];
  }

  /** @returns {boolean} whether those change the text: words that were taken out again, or put back, come to nothing */
  get written() {
    return this.pending.length > 0 && this.host.state !== null && !this.host.state.doc.eq(this.confirmed);
  }

  /** Opens the text; `kept` is what a closed tab left behind, to go on exactly where it stopped. */
  start(/** @type {Kept | undefined} */ kept = undefined) {
    // Its editor may have been closed while it looked for what is left: then nobody would ever end it.
    if (this.stopped) return;
    if (kept) this.#resume(kept);
    this.link.add(this);
    if (this.link.connected) this.#join();
    this.#tell();
  }

  /** Ends it; what is unconfirmed stays in the store. */
  stop() {
    this.stopped = true;
    for (const name of [...this.timers.keys()]) this.#clear(name);
    this.link.remove(this);
    // Also where all is saved: what was kept meanwhile would be sent again, and be told as news, at the next visit.
    if (!this.suggesting) void this.flush().then(() => this.store.release(this.client));
  }

  /** The editor's text was changed here. */
  edited() {
    this.editedAt = Date.now();
    if (this.host.state) forgetOrigins(this.host.state);
    if (this.waitingSince === null && this.pending.length) this.waitingSince = this.editedAt;
    this.#after("save", this.suggesting ? KEEP_MS : SAVE_MS, () => void this.flush(), true);
    // Not in the midst of a change of the editor, which this may begin anew.
    if (this.aside && !this.written) this.#after("reopen", 0, () => this.#opensAgain());
    this.#push();
    this.#tell();
  }

  /** The selection moved; others are told at most every 100 ms. */
  moved() {
    this.present = true;
    this.#after("presence", PRESENCE_MS, () => this.#present(), true);
  }

  /**
   * Where a position of a confirmed version lies in the editor now.
   * @param {number} version
   * @param {number} at
   * @returns {number | null} null where that version is too long ago, or not reached yet
   */
  place(version, at) {
    const { state } = this.host;
    const since = this.version - version;
    if (!state || since < 0 || since > this.recent.length) return null;
    let here = at;
    for (const desc of since ? this.recent.slice(-since) : []) here = desc.mapPos(Math.min(here, desc.length), 1);
    return Math.min(fromConfirmed(state, Math.min(here, this.confirmed.length)), state.doc.length);
  }

  /**
   * The selected words, as places in the confirmed text.
   * @returns {{version: number, start: number, end: number} | null}
   */
  selected() {
    const { state } = this.host;
    if (!state) return null;
    const { from, to } = state.selection.main;
    return { version: this.version, start: toConfirmed(state, from), end: toConfirmed(state, to) };
  }

  /** Asks again what may be done here, for instance when a lock may have been lifted. */
  rejoin() {
    this.#join();
  }

  /**
   * After the text was closed under somebody's hands: what was written here has gone elsewhere, or is let go of, and the
   * text begins anew as the others have it.
   */
  clear() {
    this.#renew();
  }

  /** Whoever wrote in words that were carried off has chosen another place, or was not in them. */
  settled() {
    this.carried = null;
  }

  /** What was written while the text was closed goes into it after all, now that it is open again. */
  putIn() {
    if (!this.aside || this.access !== "write") return;
    this.#goOn();
    this.host.access(this.access, this.reason);
    this.#push();
    this.#tell();
  }

  /** Writes what is unconfirmed to the store, or removes it from there when nothing is; what goes nowhere the host keeps. */
  async flush() {
    this.#clear("save");
    if (this.suggesting) return this.host.keep?.();
    const key = this.client;
    if (!this.pending.length || this.renewing) return this.store.forget(key);
    return this.store.save({
      key, person: this.person, doc: this.doc, epoch: this.epoch, version: this.version, acked: this.acked,
      text: this.confirmed.toString(), pending: this.pending.map((update) => json(update.changes)), at: Date.now(),
    });
  }

  // -- What the link passes on ------------------------------------------------------------------------------------

  connected() {
    this.#join();
  }

  disconnected() {
    this.joined = false;
    this.#landed();
    this.pulling = false;
    this.holding = false;
    this.inbox = [];
    this.news.clear();
    for (const name of ["pull", "rejoin", "take", "carets"]) this.#clear(name);
    this.host.carets([], true);
    void this.flush();
    this.#tell();
  }

  /**
   * @param {{epoch: unknown, version: number, text?: string, access: Access, reason?: string, client?: string}} message
   *   `client`: which editor of the text asked; without it, it is told to all
   */
  onJoined({ epoch, version, text, access, reason = "", client }) {
    if (client !== undefined && client !== this.client) return undefined;
    // Told to everybody, while the new state was asked for: what is here has been handed back already.
    if (this.renewing && typeof text !== "string") return undefined;
    this.#clear("rejoin");
    // Asked for twice and answered twice: the text that came first goes on.
    const twice = client !== undefined && this.host.state !== null && !this.renewing && epoch === this.epoch
      && (!this.resuming || version >= this.version);
    if (typeof text === "string" && !twice) {
      const again = this.host.state !== null && !this.renewing;
      if (again && this.pending.length) this.#lose("fresh", "");
      this.renewing = false;
      this.#open(epoch, version, text, again);
      // A state of its own needs an id of its own, and the server has only heard the old one.
      if (again) return this.#join();
    } else if (!this.host.state) {
      return this.#again(PULL_MS);
    }
    const might = this.#might();
    this.access = access;
    this.reason = reason;
    if (this.holds && might && !this.#might()) this.#setAside();
    else if (this.aside && this.suggests && access !== "read") this.#goOn();
    this.epoch = epoch;
    this.joined = true;
    this.head = Math.max(version, this.version);
    this.failures = 0;
    if (this.#opensAgain()) return undefined;
    this.host.access(access, reason);
    if (this.version < this.head) this.#pull();
    else this.#push();
    return this.#tell();
  }

  /**
   * @param {number} version
   * @param {[string, string][]} entries
   */
  onUpdates(version, entries) {
    if (!this.host.state || !this.joined) return;
    this.head = Math.max(this.head, version + entries.length);
    this.inbox.push([version, entries]);
    // Whoever types is not held up by every letter of the others: theirs come in together, or with one's own.
    const others = entries.every(([client]) => client !== this.client);
    if (others && !this.pulling && Date.now() - this.editedAt < WRITING_MS) this.#after("take", TAKE_MS, () => this.#takeAll(), true);
    else this.#takeAll();
  }

  /**
   * @param {number | null} firstSeq null: the text could not be opened
   * @param {string} code
   * @param {string} detail
   * @param {string} [client] which editor of the text it is about; without it, all
   */
  onRefused(firstSeq, code, detail, client = this.client) {
    if (client !== this.client) return undefined;
    if (firstSeq === null) {
      if (code === "retry") return this.#again(this.#backoff());
      // Once: what has been handed back stands in the state until a new one comes, which may be never.
      if (this.pending.length && !this.aside && !this.renewing) {
        this.#lose(code === "forbidden" ? "gone" : code, detail);
        this.#anew();
      }
      this.joined = false;
      this.host.access("read");
      return this.host.refused(code, detail);
    }
    if (firstSeq !== this.inFlight?.firstSeq) return undefined; // about a push that has been answered since
    this.#takeAll();
    if (!this.inFlight) return undefined;
    if (this.inFlight.times > 1 && code !== "behind" && code !== "retry") {
      // Of what goes more than once the last answer counts: it may be taken yet.
      this.inFlight = { ...this.inFlight, times: this.inFlight.times - 1, refused: true };
      return this.#clear("again");
    }
    this.#landed();
    if (code === "behind" || code === "retry") {
      this.holding = true;
      this.pulling = false;
      return void this.#after("pull", code === "retry" ? this.#backoff() : 0, () => this.#pull());
    }
    if (this.holds && !this.doubted && (code === "locked" || code === "forbidden")) {
      // The answer says what may be done here instead, and why.
      this.doubted = true;
      return this.#join();
    }
    this.#lose(code, detail);
    return this.#renew();
  }

  /**
   * @param {number} version
   * @param {unknown[]} carets
   */
  onPresence(version, carets) {
    if (!this.host.state || !this.joined) return;
    for (const entry of carets) {
      if (Array.isArray(entry) && entry[0] !== this.client) this.news.set(String(entry[0]), [version, entry]);
    }
    this.#after("carets", CARETS_MS, () => this.#showCarets(), true);
  }

  // -- Joining ----------------------------------------------------------------------------------------------------

  #join() {
    if (this.stopped || !this.link.connected) return;
    this.joined = false;
    this.#landed();
    const known = this.host.state !== null && !this.renewing;
    this.resuming = known;
    const before = this.asked && this.asked !== this.client ? [this.asked] : [];
    this.asked = this.client;
    this.link.send("text:join", [this.doc, this.client, known ? this.version : null, known ? this.epoch : null, ...before]);
    // An answer that got lost is asked for again.
    this.#after("rejoin", 2 * ACK_MS, () => this.#join());
  }

  #again(/** @type {number} */ wait) {
    this.#after("rejoin", wait, () => this.#join());
  }

  /** Whether what is written here goes where it is meant to go. */
  #might() {
    return this.suggesting ? this.access !== "read" && !this.aside : this.access === "write";
  }

  /** The text is closed: what has no number stays here, on top of what others write, as a suggestion does. */
  #setAside() {
    this.aside = true;
    this.suggesting = true;
    this.doubted = false;
    this.#landed();
    // First kept as words, then no more as changes that a later visit would push.
    void this.flush().then(() => (this.aside ? this.store.forget(this.client) : undefined));
  }

  /**
   * A text that was closed and is open again goes on where nothing is written that its writer would have to put in. What was
   * typed meanwhile and taken out again was for nobody: it must not go as changes, and ends with this state. Only once all is
   * here that is stored: some of what waits may be. The next one stands at once, so that no key is refused.
   * @returns {boolean} whether another state has begun
   */
  #opensAgain() {
    if (!this.aside || this.suggests || this.access !== "write" || this.version < this.head || this.written) return false;
    void this.flush(); // what was kept of them is let go of
    if (!this.pending.length) {
      this.#goOn();
      return false;
    }
    this.#leaveState();
    this.#open(this.epoch, this.version, this.confirmed.toString(), true);
    this.#goOn();
    this.host.access(this.access, this.reason);
    this.#join();
    return true;
  }

  /** The text is open again. */
  #goOn() {
    this.aside = false;
    this.suggesting = this.suggests;
  }

  /** The words have been handed back: the next state has a fresh id and nothing of this one. */
  #anew() {
    this.#leaveState();
    this.epoch = null;
    this.renewing = true;
    this.client = newClient(this.person);
  }

  /** Nothing of the state that ends is sent any more. */
  #leaveState() {
    void this.store.forget(this.client);
    // Its caret would stand there as if it were somebody else's.
    if (this.present && this.link.connected) this.link.send("text:presence", [this.doc, this.client, this.version, null, null]);
  }

  /** Begins anew after a refusal. */
  #renew() {
    this.#anew();
    // What is typed until the new state is there would be lost.
    this.host.access("read");
    this.#join();
  }

  #open(/** @type {unknown} */ epoch, /** @type {number} */ version, /** @type {string} */ text, again = false) {
    if (again) {
      void this.store.forget(this.client);
      this.client = newClient(this.person);
    }
    this.epoch = epoch;
    this.acked = 0;
    this.head = version;
    this.recent = [];
    this.carried = null;
    this.#landed();
    this.waitingSince = null;
    this.confirmed = toText(text);
    this.host.open(this.confirmed, collab({
      startVersion: version, clientID: this.client, sharedEffects: ({ effects }) => effects.filter((effect) => effect.is(numbered)),
    }));
  }

  #resume(/** @type {Kept} */ kept) {
    this.client = kept.key;
    this.#open(kept.epoch, kept.version, kept.text);
    this.acked = kept.acked;
    for (const source of kept.pending) {
      const state = this.host.state;
      const changes = ChangeSet.fromJSON(JSON.parse(source));
      if (state) this.host.dispatch([state.update({ changes, effects: numbered.of(null), filter: false })]);
    }
    this.waitingSince = kept.at;
  }

  // -- Sending ----------------------------------------------------------------------------------------------------

  #push() {
    // What has come and is not taken in yet is no hindrance: the server moves what is sent over it, as it will be here.
    if (this.suggesting || !this.joined || this.holding || this.pulling) return;
    if (!this.pending.length || !this.link.connected) return;
    const waiting = this.inFlight;
    if (waiting && (waiting.refused || this.access !== "write" || Date.now() < waiting.sent + this.#patience(waiting.times))) return;
    if (this.access !== "write") {
      // Made while away, and the text has been closed for changes since.
      this.#lose("closed", this.reason);
      this.#renew();
      return;
    }
    /** @type {string[]} */
    const batch = [];
    let size = 0;
    for (const update of this.pending.slice(0, PUSH_CHANGES)) {
      const source = json(update.changes);
      size += bytes(source);
      if (batch.length && size > PUSH_BYTES) break;
      batch.push(source);
    }
    if (waiting && (waiting.times > REPEATS || batch.length > REPEATED_CHANGES || size > REPEATED_BYTES)) return;
    const firstSeq = this.acked + 1;
    const now = Date.now();
    const times = (waiting?.times ?? 0) + 1;
    this.inFlight = { firstSeq, last: this.acked + batch.length, sent: now, at: waiting?.at ?? now, times, refused: false };
    this.link.send("text:push", [this.doc, this.version, this.client, firstSeq, batch]);
    this.#after("again", this.#patience(times), () => this.#push());
    if (times === 1) this.#await();
  }

  /** When nothing comes back the log is asked for, and then the same numbers go again. */
  #await() {
    this.#after("ack", ACK_MS, () => {
      this.#landed();
      this.holding = true;
      this.#pull();
    });
  }

  /** @returns {number} for how long what has been sent so often may go unanswered, in milliseconds */
  #patience(/** @type {number} */ times) {
    return Math.max(PATIENCE_MS, 1.5 * this.roundTrip) * 2 ** (times - 1);
  }

  /** Nothing is on its way any more. */
  #landed() {
    this.inFlight = null;
    this.#clear("ack");
    this.#clear("again");
  }

  #pull() {
    if (this.pulling || !this.joined) return;
    this.pulling = true;
    this.link.send("text:pull", [this.doc, this.version]);
    this.#after("pull", ACK_MS, () => {
      this.pulling = false;
      this.holding = false;
      this.#pull();
      this.#push();
    });
  }

  #present() {
    if (!this.joined || !this.present || !this.host.state || this.version < this.head) return;
    const { state } = this.host;
    const [anchor, head] = [state.selection.main.anchor, state.selection.main.head].map((at) => toConfirmed(state, at));
    this.link.send("text:presence", [this.doc, this.client, this.version, anchor, head]);
  }

  // -- Taking in --------------------------------------------------------------------------------------------------

  /** Takes in what has come; where something is missing before it, that is asked for. */
  #takeAll() {
    this.#clear("take");
    const { inbox } = this;
    this.inbox = [];
    if (!inbox.length || !this.host.state || !this.joined) return;
    /** @type {[string, string][]} */
    const fresh = [];
    const gap = inbox.some(([version, entries]) => {
      const known = this.version + fresh.length;
      if (version > known) return true;
      fresh.push(...entries.slice(known - version));
      return false;
    });
    if (fresh.length) this.#take(fresh);
    if (!gap) {
      this.#clear("pull");
      this.pulling = false;
      this.holding = false;
    }
    const { aside } = this;
    if (this.#opensAgain()) return;
    if (aside && !this.aside) this.host.access(this.access, this.reason);
    if (this.version < this.head) this.#pull();
    else this.#push();
    this.#tell();
  }

  #take(/** @type {[string, string][]} */ entries) {
    const updates = entries.map(([clientID, source]) => ({ clientID, changes: ChangeSet.fromJSON(JSON.parse(source)) }));
    const waited = this.pending.length;
    const { state } = this.host;
    if (!state) return;
    const transactions = takeIn(state, updates);
    const before = this.carried;
    const { carried, back } = this.suggesting ? { carried: before, back: null } : carriedOff(transactions, this.confirmed, updates, before);
    const behind = this.suggesting ? [] : leftBehind(transactions, this.confirmed, updates);
    for (const { changes } of updates) this.confirmed = changes.apply(this.confirmed);
    this.recent = [...this.recent, ...updates.map(({ changes }) => changes.desc)].slice(-REMEMBERED);
    for (const { clientID } of updates) this.typed.set(clientID, Date.now());
    this.host.dispatch(transactions);
    const own = waited - this.pending.length;
    if (own) this.#acknowledged(own);
    if (!this.pending.length && this.host.state && !this.confirmed.eq(this.host.state.doc)) {
      // Cannot happen while both sides go one at a time; if it does, what is stored is what counts.
      this.#lose("diverged", "", this.host.state.doc.toString());
      return this.#renew();
    }
    this.carried = carried;
    const kept = behind.length > 0 && this.#takeBack(behind);
    if (!this.suggesting && updates.some(carriesOff)) this.host.forgetUndo?.();
    if (carried && carried !== before) this.host.carriedOff?.(carried.place, kept);
    if (back !== null && this.host.state) this.host.cameBack?.(fromConfirmed(this.host.state, back));
    return undefined;
  }

  /**
   * Hands back words that were put into what has been carried off. They are taken out by a change of their own: they may be
   * on their way to the log or in it, and what has a number, or may have one, can only be followed by another. Words that stay
   * and were replaced along with those that went are put in again.
   * @param {import("./sync.js").Left[]} places
   * @returns {boolean} whether it was more than gaps
   */
  #takeBack(places) {
    const { state } = this.host;
    if (!state) return false;
    const words = places.map(({ from, to }) => state.sliceDoc(from, to)).join("\n").trim();
    if (words) this.#lose("moved", "", words);
    const changes = places.flatMap(({ from, to, replaced, at }) => [{ from, to }, { from: at, insert: replaced }]);
    this.host.dispatch([state.update({ changes, filter: false, annotations: Transaction.addToHistory.of(false) })]);
    this.edited();
    return words !== "";
  }

  #acknowledged(/** @type {number} */ own) {
    this.acked += own;
    this.failures = 0;
    this.doubted = false;
    if (this.inFlight) {
      // What had to go again says little of how long an answer takes, but something, if it is always so; a clock that was
      // put back says nothing.
      const took = Math.max(0, Math.min(Date.now() - this.inFlight.at, 2 * this.roundTrip + PATIENCE_MS));
      this.roundTrip += (took - this.roundTrip) / 8;
      if (this.acked >= this.inFlight.last) {
        this.#landed();
      } else {
        this.inFlight = { ...this.inFlight, at: this.inFlight.sent, times: 1 };
        this.#await();
      }
    }
    this.waitingSince = this.pending.length ? Date.now() : null;
    // Where one is can be told exactly only now.
    if (this.present) this.moved();
    this.#after("save", SAVE_MS, () => void this.flush(), true);
  }

  /** Shows where others are, as far as their news speak of a version that is here. */
  #showCarets() {
    /** @type {Caret[]} */
    const carets = [];
    for (const [client, [version, [, anchor, head, person]]] of this.news) {
      if (version > this.version) continue;
      this.news.delete(client);
      const place = (/** @type {unknown} */ at) => (typeof at === "number" ? this.place(version, at) : null);
      const typing = Date.now() - (this.typed.get(client) ?? 0) < TYPING_MS;
      carets.push({ client, anchor: place(anchor), head: place(head), person: /** @type {Person} */ (person), typing });
    }
    if (carets.length) this.host.carets(carets);
    if (this.news.size) this.#after("carets", CARETS_MS, () => this.#showCarets(), true);
  }

  #lose(/** @type {string} */ code, /** @type {string} */ detail, words = "") {
    const { state } = this.host;
    if (!state) return;
    this.waitingSince = null;
    if (!words && !this.written) return;
    const text = state.doc.toString();
    this.host.lost({ doc: this.doc, code, detail, words: words || unconfirmedWords(state) || text, text, version: this.version });
  }

  // -- Status and time --------------------------------------------------------------------------------------------

  #tell() {
    /** @type {Status} */
    let now = "saved";
    const online = this.link.connected && this.joined;
    if (this.suggesting && this.written) {
      now = "suggesting";
    } else if (!this.suggesting && this.pending.length) {
      const waited = Date.now() - (this.waitingSince ?? Date.now());
      const patience = online ? LATE_MS : ACK_MS;
      now = waited >= patience ? "unsaved" : online ? "saving" : "reconnecting";
      if (waited < patience) this.#after("late", patience - waited + 1, () => this.#tell());
    } else if (!online) {
      now = this.host.state ? "reconnecting" : "opening";
    }
    this.status = now;
    this.host.status(now);
  }

  /** @returns {number} milliseconds to wait before asking again, longer each time, never in step with others */
  #backoff() {
    this.failures += 1;
    return Math.min(300 * 2 ** this.failures, 8_000) * (0.5 + Math.random() / 2);
  }

  #after(/** @type {string} */ name, /** @type {number} */ wait, /** @type {() => void} */ act, /** @type {boolean} */ keep = false) {
    if (keep && this.timers.has(name)) return;
    this.#clear(name);
    if (this.stopped) return;
    this.timers.set(name, setTimeout(() => {
      this.timers.delete(name);
      act();
    }, wait));
  }

  #clear(/** @type {string} */ name) {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}

/**
 * @param {string} person
 * @returns {string} an id for one editor state of this person
 */
function newClient(person) {
  const random = crypto.getRandomValues(new Uint32Array(3));
  return `${person}.${[...random].map((part) => part.toString(36)).join("")}`;
}

/**
 * @param {ChangeSet} changes
 * @returns {string}
 */
function json(changes) {
  return JSON.stringify(changes.toJSON());
}
