/**
 * Where unconfirmed changes, and words that could not be saved, outlive a closed tab: IndexedDB. A record belongs to one
 * editor state; while that lives, its tab holds a lock of the same name (or keeps the record's time fresh where the
 * browser has no locks), so that another tab takes over, and shows as not sent, only what nobody works on any more. Where
 * there are no locks it shows what is being written too: twice is better than not at all.
 */

/** @typedef {import("./session.js").Kept} Kept */
/** @typedef {import("./session.js").Lost} Lost */
/** @typedef {Lost & {key: string, person: string, at: number}} KeptLost */

const NAME = "concordat-text";
const STALE_MS = 20_000;

/** @returns {string} a name for a record of lost words */
export function recordKey() {
  return crypto.getRandomValues(new Uint32Array(2)).join(".");
}

/**
 * What tells a record as it is from what is written under its name later.
 * @param {string} key its name
 * @param {number} at when it was kept
 */
export function signOf(key, at) {
  return `${key}@${at}`;
}

/** @returns {Promise<IDBDatabase>} */
function database() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const name of ["pending", "lost"]) request.result.createObjectStore(name, { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

export class BrowserStore {
  constructor() {
    /** @type {Promise<IDBDatabase> | null} */
    this.opened = null;
    /** @type {Map<string, () => void>} */
    this.locks = new Map();
    /** @type {Map<string, string>} the texts of words that were not told of, since an open editor has them, by record */
    this.written = new Map();
  }

  /**
   * @template T
   * @param {"pending" | "lost"} name
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest<T>} act
   * @param {T} fallback
   * @returns {Promise<T>}
   */
  async #run(name, mode, act, fallback) {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        return await this.#once(name, mode, act);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        // Safari ends the connection of a page that was in the background: another one is opened.
        this.opened = null;
      }
    }
    // Storage may be full or forbidden, as in a private window; the text lives on in the page.
    return fallback;
  }

  /**
   * @template T
   * @param {"pending" | "lost"} name
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest<T>} act
   * @returns {Promise<T>}
   */
  async #once(name, mode, act) {
    this.opened ??= database();
    const transaction = (await this.opened).transaction(name, mode, { durability: "relaxed" });
    const request = act(transaction.objectStore(name));
    // Not when the answer has been seen: a page that is just left would not live to see it.
    if (mode === "readwrite") transaction.commit?.();
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  /** @param {Kept} kept */
  async save(kept) {
    await this.#hold(kept.key);
    await this.#run("pending", "readwrite", (store) => store.put(kept), /** @type {IDBValidKey} */ (""));
  }

  /** @param {string} key */
  async forget(key) {
    await this.#run("pending", "readwrite", (store) => store.delete(key), undefined);
    this.release(key);
  }

  /**
   * The state of this record lives no more: who comes next may take it over.
   * @param {string} key
   */
  release(key) {
    this.locks.get(key)?.();
    this.locks.delete(key);
  }

  /**
   * Which texts hold something of this person that is not saved: changes to be sent, or words handed back that no editor
   * has open.
   * @param {string} person
   * @returns {Promise<{pending: string[], lost: string[]}>} numbers of texts
   */
  async left(person) {
    const all = await this.#run("pending", "readonly", (store) => store.getAll(), /** @type {Kept[]} */ ([]));
    const texts = (/** @type {{doc: string}[]} */ records) => [...new Set(records.map(({ doc }) => doc))];
    return { pending: texts(all.filter((each) => each.person === person)), lost: texts(await this.#lost(person)) };
  }

  /**
   * @param {string} person
   * @returns {Promise<KeptLost[]>} their words that no open editor is writing
   */
  async #lost(person) {
    const all = await this.#run("lost", "readonly", (store) => store.getAll(), /** @type {KeptLost[]} */ ([]));
    const mine = all.filter((each) => each.person === person);
    if (!navigator.locks || !mine.length) return mine;
    const { held = [] } = await navigator.locks.query();
    // A shared one is of a page that only waits for it.
    const names = new Set(held.filter(({ mode }) => mode === "exclusive").map(({ name }) => name));
    const isWritten = (/** @type {KeptLost} */ { key }) => names.has(`${NAME}-${key}`);
    for (const each of mine.filter(isWritten)) this.written.set(each.key, each.doc);
    return mine.filter((each) => !isWritten(each));
  }

  /**
   * What closed tabs of this person left behind of one text, oldest first; each is now this tab's.
   * @param {string} doc
   * @param {string} person
   * @returns {Promise<Kept[]>}
   */
  async adopt(doc, person) {
    const all = await this.#run("pending", "readonly", (store) => store.getAll(), /** @type {Kept[]} */ ([]));
    /** @type {Kept[]} */
    const mine = [];
    for (const { key, at } of all.filter((each) => each.doc === doc && each.person === person)) {
      if (this.locks.has(key) || !(navigator.locks ? await this.#hold(key) : Date.now() - at > STALE_MS)) continue;
      // Its tab may have sent it, or written more, before it let go.
      const kept = await this.#run("pending", "readonly", (store) => store.get(key), /** @type {Kept | undefined} */ (undefined));
      if (kept) mine.push(kept);
      else this.release(key);
    }
    return mine.sort((one, two) => one.at - two.at);
  }

  /**
   * Waits, as long as it takes, for other tabs to let go of what they hold of this person: changes, and words of which this
   * store did not tell since an editor had them.
   * @param {string} person
   * @param {(doc: string) => unknown} free told of a text each time one of its records has become free
   */
  async whenFree(person, free) {
    const all = await this.#run("pending", "readonly", (store) => store.getAll(), /** @type {Kept[]} */ ([]));
    for (const { key, doc } of all.filter((each) => each.person === person && !this.locks.has(each.key))) {
      void navigator.locks?.request(`${NAME}-${key}`, () => {}).then(() => free(doc));
    }
    for (const [key, doc] of this.written) {
      void navigator.locks?.request(`${NAME}-${key}`, { mode: "shared" }, () => {}).then(() => free(doc));
    }
  }

  /**
   * Keeps words that an editor is still writing: nobody is told of them until it lets go of the record, or is gone.
   * @param {Lost & {person: string}} lost
   * @param {string} key
   */
  async keepDraft(lost, key) {
    // Not awaited: a page that is just left would not live to keep the words.
    void this.#hold(key);
    await this.keepLost(lost, key);
  }

  /**
   * @param {Lost & {person: string}} lost
   * @param {string} [key] of the record it takes the place of
   */
  async keepLost(lost, key = recordKey()) {
    const kept = { at: Date.now(), ...lost, key };
    await this.#run("lost", "readwrite", (store) => store.put(kept), /** @type {IDBValidKey} */ (""));
    return kept;
  }

  /**
   * @param {string} doc
   * @param {string} person
   * @returns {Promise<KeptLost[]>} without what an open editor is writing
   */
  async lost(doc, person) {
    return (await this.#lost(person)).filter((each) => each.doc === doc).sort((one, two) => one.at - two.at);
  }

  /**
   * Lets go of words, unless they were written on since.
   * @param {string} sign of the record as it was (`signOf`)
   */
  async letGoOf(sign) {
    const key = sign.slice(0, sign.lastIndexOf("@"));
    const found = await this.#run("lost", "readonly", (store) => store.get(key), /** @type {KeptLost | undefined} */ (undefined));
    if (found && signOf(key, found.at) === sign) await this.letGo(key);
  }

  /** @param {string} key */
  async letGo(key) {
    await this.#run("lost", "readwrite", (store) => store.delete(key), undefined);
    this.release(key);
  }

  /**
   * Takes the lock of a record for as long as this page lives or until the record is forgotten.
   * @param {string} key
   * @returns {Promise<boolean>} false when another tab has it
   */
  #hold(key) {
    if (this.locks.has(key) || !navigator.locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      // At once: it may be let go of before it is granted.
      const kept = new Promise((release) => this.locks.set(key, () => release(undefined)));
      void navigator.locks.request(`${NAME}-${key}`, { ifAvailable: true }, (lock) => {
        if (!lock) this.locks.delete(key);
        resolve(lock !== null);
        return lock ? kept : undefined;
      });
    });
  }
}
