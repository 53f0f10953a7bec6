/**
 * A form that does not save itself: whoever leaves the page with something typed in it and not sent is asked first, and
 * what was typed is kept on this device until the server has it, for its writer only: a phone closes a page unasked.
 *
 * Each form of each tab has a record of its own. Its page holds a lock of the record's name while it lives; so another tab
 * takes over only what nobody works on any more. Where a browser has no locks, whoever opens the form comes into it too.
 *
 * Found again, it goes back into its fields. Sent is nothing without a connection: the browser would put a page of its own
 * in the place of the words. What is kept is let go of when the page that answers says that it is stored (stored.js), or
 * by `concordat:taken` and "reset" where a form is sent by script. What no form gives back is found under "My account" and
 * on the start page (not_sent.js).
 * `data-words` tells forms apart that go to the same address; `data-keeps="nothing"` keeps nothing on the device.
 */
import { ask, lost } from "../blueprint/acts.js";
import { recordKey } from "../text/store.js";
import { _ } from "../words.js";
import { device, Unsent } from "./unsent.js";

/** What begins the names under which words of forms are kept. */
export const KEPT = "concordat-words:";
/** Whoever waits for longer is told that something is being done. */
const WAITING_MS = 800;
/** How long the lock of a record is waited for: a page that is just left holds it a moment longer. */
const LEAVING_MS = 1_000;

/** @typedef {[string, string | null, string]} Field its name, what stood in it before, and what was entered */
/**
 * @typedef {object} Found
 * @property {number} at when it was kept
 * @property {Field[]} fields
 * @property {string} [page] the path of the page that the form stood on, where it can be opened again
 * @property {string} [title] what that page is called
 * @property {Record<string, string>} [labels] what the fields are called
 */

/** @type {Map<string, HTMLFormElement>} the forms of this page that keep words, by the names of their records */
const keeping = new Map();

/** @param {Element} control */
function holdsWords(control) {
  return control instanceof HTMLTextAreaElement || (control instanceof HTMLInputElement && control.type === "text");
}

/** The words of a form; with `version`, where it has one, that of the text they were written upon. */
class Typed extends Unsent {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    super(form);
    this.stem = stemOf(form);
    this.key = this.stem && this.stem + recordKey();
    /** @type {Field[]} what stands beside the fields, to be used or not */
    this.offered = [];
    // The page that answers a refused form has an address that can only be sent to.
    const isAnswer = document.querySelector(".error-summary") !== null || isRefused(form);
    /** @type {Pick<Found, "page" | "title" | "labels">} how to find the form again, and to know it by */
    this.place = isAnswer ? {} : { page: location.pathname, title: document.title.replace(" – Concordat", "") };
  }

  /**
   * @override
   * @returns {Record<string, string>}
   */
  fields() {
    /** @type {Record<string, string>} */
    const found = {};
    for (const control of this.form.elements) {
      if (!holdsWords(control)) continue;
      const { name, value } = /** @type {HTMLTextAreaElement} */ (control);
      if (name) found[name] = value.replaceAll("\r\n", "\n");
    }
    return found;
  }

  get version() {
    const field = this.form.elements.namedItem("version");
    return field instanceof HTMLInputElement && field.type === "hidden" ? field : null;
  }

  /** @override */
  get kept() {
    return read(this.key)?.fields ?? [];
  }

  /**
   * @override
   * @returns {boolean} whether the device has what stands here and is not sent
   */
  keep() {
    if (!this.stem) return false;
    const now = this.fields();
    /** @type {Field[]} */
    const fields = [];
    for (const [name, value] of Object.entries(now)) {
      const before = this.before[name] ?? null;
      if (value !== before) fields.push([name, before, value]);
    }
    fields.push(...this.offered.filter(([name, , value]) => now[name] !== value && !fields.some(([known]) => known === name)));
    if (!fields.length) {
      this.forget();
      return true;
    }
    if (this.version) fields.push(["version", null, this.version.value]);
    try {
      device()?.setItem(this.key, JSON.stringify({ at: Date.now(), ...this.place, labels: this.#labels(), fields }));
    } catch {
      return false; // a device that keeps nothing: the page still asks before it is left
    }
    if (!keeping.has(this.key)) {
      keeping.set(this.key, this.form);
      void navigator.locks?.request(this.key, () => new Promise(() => {})); // for as long as the page lives
    }
    return true;
  }

  /** @returns {Record<string, string>} */
  #labels() {
    /** @type {Record<string, string>} */
    const found = { ...this.place.labels };
    for (const control of this.form.elements) {
      if (!(control instanceof HTMLTextAreaElement || control instanceof HTMLInputElement) || !holdsWords(control)) continue;
      const label = control.labels?.[0]?.textContent ?? control.getAttribute("aria-label") ?? "";
      if (control.name && label.trim()) found[control.name] = label.trim().replace(/\s+/g, " ");
    }
    return found;
  }

  forget() {
    if (this.key) device()?.removeItem(this.key);
  }

  /**
   * Takes over the latest of what pages that are no more had kept of this form, and says so; where the form was refused,
   * what it was sent with: those words stand in it already, and only what stood there before them is not known.
   *
   * @returns {Promise<boolean>} whether something was put back
   */
  async takeOverLeft() {
    const isAnswer = isRefused(this.form);
    for (const name of this.#left()) {
      const isDone = await whenLeft(name, () => {
        const found = read(name);
        if (!found || (isAnswer && !this.#reads(found))) return false;
        const { page, title, labels } = found;
        this.place = { ...(page ? { page, title } : {}), ...this.place, labels };
        const isLeft = isAnswer ? this.#sentWith(found) : this.#putBack(found);
        // A full device keeps what it has.
        if (!isLeft || this.keep()) device()?.removeItem(name);
        return isLeft;
      });
      if (isDone) return !isAnswer;
    }
    return false;
  }

  /** @returns {string[]} the names of the records of this form, latest first, without what this page's answer stored */
  #left() {
    if (!this.stem) return [];
    return recordsOf(this.stem).filter((name) => name !== this.key);
  }

  /**
   * Whether the form reads as it was kept.
   * @param {Found} found
   */
  #reads({ fields }) {
    const now = this.fields();
    return words(fields).every(([name, , value]) => now[name] === value);
  }

  /**
   * @param {Found} found
   * @returns {boolean}
   */
  #sentWith({ fields }) {
    for (const [name, before] of words(fields)) this.before[name] = before ?? "";
    return true;
  }

  /**
   * @param {Found} found
   * @returns {boolean} false where all of it stands in the form already
   */
  #putBack(found) {
    if (this.#reads(found)) return false;
    const { version } = this;
    const upon = found.fields.find(([name]) => name === "version")?.[2];
    const now = this.fields();
    let restored = false;
    for (const [name, before, value] of words(found.fields)) {
      if (now[name] === value) continue;
      const untouched = now[name] === this.before[name];
      // With its version the server knows what they were written upon; without it, what was stored meanwhile stays.
      const fits = untouched && (version !== null || (this.before[name] ?? null) === before);
      if (fits && this.put(name, value)) restored = true;
      else {
        this.offered.push([name, before, value]);
        // A field that the form does not have just now is kept for when it has it again.
        if (name in now) this.offer(name, value, value, untouched
          ? _("You had written this here and not sent it, and something else was stored meanwhile:")
          : _("You had written this here before, and not sent it:"));
      }
    }
    if (restored && version && upon) version.value = upon;
    if (restored) this.#said(now, version?.defaultValue);
    return true;
  }

  /**
   * @param {Record<string, string>} earlier what stood in the fields
   * @param {string} [version]
   */
  #said(earlier, version) {
    const said = this.say(_("What you had written here and not sent stands here again."));
    const away = document.createElement("button");
    away.type = "button";
    away.className = "button button--secondary button--small";
    away.textContent = _("Let go");
    away.addEventListener("click", () => {
      for (const [name, value] of Object.entries(earlier)) this.put(name, value, true);
      if (this.version && version !== undefined) this.version.value = version;
      this.offered = [];
      this.form.dispatchEvent(new CustomEvent("concordat:taken"));
      said.remove();
      const field = [...this.form.elements].find(holdsWords);
      if (field instanceof HTMLElement) field.focus();
    });
    said.append(" ", away);
  }
}

/**
 * What the names of all records of a form begin with, in whichever tab.
 * @param {HTMLFormElement} form
 * @returns {string} empty where it keeps nothing
 */
function stemOf(form) {
  const person = document.querySelector('meta[name="person-id"]')?.getAttribute("content") ?? "";
  const { pathname } = new URL(form.getAttribute("action") || location.pathname, location.href);
  const isKept = person && form.dataset.keeps !== "nothing" && form.method === "post";
  return isKept ? `${KEPT}${person}:${pathname}:${form.dataset.words ?? ""}#` : "";
}

/**
 * @param {string} begin
 * @returns {string[]} the names of the records that begin so, latest first, without what this page's answer stored
 */
function recordsOf(begin) {
  const stored = [...document.querySelectorAll("[data-module=stored]")].map((each) => each.getAttribute("data-key"));
  const names = Object.keys(device() ?? {}).filter((name) => name.startsWith(begin) && !stored.includes(name));
  return names.sort((one, two) => (read(two)?.at ?? 0) - (read(one)?.at ?? 0));
}

/**
 * What somebody typed in forms on this device and did not send, and no open page holds; a form that stands on this page
 * gives back its own.
 *
 * @param {string} person
 * @returns {Promise<(Found & {name: string})[]>} latest first, with the names of their records
 */
export async function leftInForms(person) {
  const here = [.../** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-module~=unsaved]"))].map(stemOf);
  const names = recordsOf(`${KEPT}${person}:`).filter((name) => !here.some((stem) => stem && name.startsWith(stem)));
  const all = await Promise.all(names.map(async (name) => {
    const isLeft = await whenLeft(name, () => true);
    const found = isLeft ? read(name) : null;
    return found ? [{ ...found, name, fields: words(found.fields) }] : [];
  }));
  return all.flat();
}

/**
 * @param {string} name of a record
 * @returns {Found | null}
 */
function read(name) {
  try {
    const found = JSON.parse(device()?.getItem(name) ?? "null");
    return Array.isArray(found?.fields) ? found : null;
  } catch {
    return null; // not ours to read
  }
}

/** @param {Field[]} fields */
function words(fields) {
  return fields.filter(([name]) => name !== "version");
}

/**
 * Does something with a record once nobody works on it: not with one that a form of an open page holds.
 *
 * @param {string} name
 * @param {() => boolean} act
 * @returns {Promise<boolean>} what it answers, false where it is not done
 */
async function whenLeft(name, act) {
  const form = keeping.get(name);
  if (form) return !form.isConnected && act();
  if (!navigator.locks) return act();
  try {
    return await navigator.locks.request(name, { signal: AbortSignal.timeout?.(LEAVING_MS) }, act);
  } catch {
    return false; // held by another tab
  }
}

/** @param {HTMLFormElement} form */
function isRefused(form) {
  return form.querySelector(".error-message:not([hidden])") !== null;
}

/** @param {HTMLElement} form */
export function mount(form) {
  if (!(form instanceof HTMLFormElement)) throw new Error("unsaved belongs on a form");
  const words = new Typed(form);
  // What was refused is stored nowhere else, and some type before this is there.
  let typed = isRefused(form) || hasWords(form);
  for (const changed of ["input", "restored"]) {
    form.addEventListener(changed, () => {
      typed = true;
      words.keep();
    });
  }
  // What comes from where a text was kept is in the fields already.
  if (!form.querySelector("[name=kept]")) void takeOver(form, words);
  for (const taken of ["reset", "concordat:taken"]) {
    form.addEventListener(taken, () => {
      typed = false;
      words.forget();
    });
  }
  sendWhenReached(form, words, () => {
    typed = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (typed && form.isConnected && !form.closest("dialog:not([open])")) event.preventDefault();
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {Typed} words
 */
async function takeOver(form, words) {
  if (!(await words.takeOverLeft())) return;
  for (const control of form.elements) if (holdsWords(control)) control.dispatchEvent(new Event("input", { bubbles: true }));
}

/**
 * Sends a form that goes by the browser's own way once the server is known to be there; else it is said, and the form stays.
 * @param {HTMLFormElement} form
 * @param {Typed} words
 * @param {() => void} sent
 */
function sendWhenReached(form, words, sent) {
  let asking = false;
  let reached = false;
  // Before all others: they were asked the first time.
  window.addEventListener("submit", (event) => {
    if (reached && event.target === form) event.stopImmediatePropagation();
  }, { capture: true });
  // At the window, behind all who send it in another way, or ask before they do: that may fail.
  window.addEventListener("submit", (event) => {
    if (event.target !== form || event.defaultPrevented) return;
    event.preventDefault();
    if (!asking) void send(event.submitter);
  });
  /** @param {HTMLElement | null} submitter */
  const send = async (submitter) => {
    asking = true;
    const note = noteOf(form, submitter);
    const waiting = setTimeout(() => {
      note.textContent = _("Sending…");
    }, WAITING_MS);
    try {
      if (!navigator.onLine) throw new Error(lost());
      await ask("/healthz", { cache: "no-store" }, async (response) => response.text());
    } catch (error) {
      const why = error instanceof Error ? error.message : lost();
      note.textContent = words.key ? `${why} ${_("Your words are kept here, on this device, until you let go of them.")}` : why;
      return;
    } finally {
      clearTimeout(waiting);
      asking = false;
    }
    if (!form.isConnected) return;
    note.remove();
    words.keep();
    mark(form, words);
    sent();
    reached = true;
    form.requestSubmit(submitter);
    reached = false;
  };
}

/**
 * Says under which name the words are kept, so that the page that answers can have them let go of.
 * @param {HTMLFormElement} form
 * @param {Typed} words
 */
function mark(form, words) {
  if (!words.kept.length || form.querySelector(`[name=kept][value="${CSS.escape(words.key)}"]`)) return;
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "kept";
  field.value = words.key;
  form.append(field);
}

/**
 * Where it is said beside the button that it could not be sent.
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 */
function noteOf(form, submitter) {
  const known = /** @type {HTMLElement | null} */ (form.querySelector("[data-unreached]"));
  if (known) return known;
  const note = document.createElement("p");
  note.className = "error-message";
  note.dataset.unreached = "";
  note.setAttribute("role", "alert");
  const last = submitter?.closest(".button-row") ?? submitter;
  if (last && form.contains(last)) last.before(note);
  else form.append(note);
  return note;
}

/**
 * Whether a text of a form is another than the page came with.
 * @param {HTMLElement} form
 */
function hasWords(form) {
  const controls = /** @type {NodeListOf<HTMLTextAreaElement | HTMLInputElement>} */ (form.querySelectorAll("textarea, input[type=text]"));
  return [...controls].some((control) => control.value !== control.defaultValue);
}
