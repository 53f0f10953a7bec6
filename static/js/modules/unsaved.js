/**
 * A form that does not save itself: whoever leaves the page with something typed in it and not sent is asked first, and
 * what was typed is kept on this device until the server has it, for its writer only: a phone closes a page unasked.
 *
 * Each form of each tab has a record of its own. Its page holds a lock of the record's name while it lives; so another tab
 * takes over only what nobody works on any more, into its own record, or where the device has no room for that, the record
 * itself. Where a browser has no locks, whoever opens the form comes into it too.
 *
 * Found again, it goes back into its fields. Sent is nothing without a connection: the browser would put a page of its own
 * in the place of the words. What is kept is let go of when a page says that it is stored as it went (stored.js), the one
 * that answers or one of those after it, or by `concordat:taken` and "reset" where a form is sent by script. After "back"
 * the browser puts what was stored into its fields once more: the tab knows it by what it noted as it went, and that is
 * neither kept nor asked about. What no form gives back is found under "My account" and on the start page (not_sent.js).
 * `data-words` tells forms apart that go to the same address; `data-keeps="nothing"` keeps nothing on the device, and
 * `data-answer="file"` is answered by a file, whose page stays.
 */
import { ask, lost } from "../blueprint/acts.js";
import { recordKey, signOf } from "../text/store.js";
import { _ } from "../words.js";
import { device, Unsent } from "./unsent.js";

/** What begins the names under which words of forms are kept. */
export const KEPT = "concordat-words:";
/** Whoever waits for longer is told that something is being done. */
const WAITING_MS = 800;
/** An answer that has not come by then does not come any more. */
const GIVEN_UP_MS = 20_000;
/** How long the lock of a record is waited for: a page that is just left holds it a moment longer. */
const LEAVING_MS = 1_000;
/** What begins the names under which a tab notes what went from a form, each with the name of the record it went under. */
const WENT = "concordat-went:";

/** @typedef {[string, string | null, string]} Field its name, what stood in it before, and what was entered */
/**
 * @typedef {object} Found
 * @property {number} at when it was kept
 * @property {Field[]} fields
 * @property {Field[]} [offered] what stood beside them, to be used or not
 * @property {string} [page] the path, with what is asked, of the page that the form stood on, where it can be opened again
 * @property {string} [title] what that page is called
 * @property {Record<string, string>} [labels] what the fields are called
 */

/** @type {Map<string, HTMLFormElement>} the forms of this page that keep words, by the names of their records */
const keeping = new Map();

/** @param {Element} control */
function holdsWords(control) {
  return control instanceof HTMLTextAreaElement || (control instanceof HTMLInputElement && control.type === "text");
}

/** @param {HTMLFormElement} form */
function wordsHeld(form) {
  return /** @type {(HTMLTextAreaElement | HTMLInputElement)[]} */ ([...form.elements].filter(holdsWords));
}

/** The words of a form; with `version`, where it has one, that of the text they were written upon. */
class Typed extends Unsent {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    super(form);
    this.stem = stemOf(form);
    this.key = this.stem && this.stem + recordKey();
    // The page that answers a refused form has an address that can only be sent to.
    const isAnswer = document.querySelector(".error-summary") !== null || isRefused(form);
    /** @type {number | undefined} when what went was kept */
    this.went = undefined;
    /** @type {Pick<Found, "page" | "title" | "labels">} how to find the form again, and to know it by */
    this.place = isAnswer ? {} : { page: location.pathname + location.search, title: document.title.replace(" – Concordat", "") };
    const went = tab()?.getItem(this.#note);
    // The same words may have been written once more, and not been sent.
    const waits = () => recordsOf(this.stem).some((name) => {
      const found = read(name);
      return name === went || (found !== null && this.#reads(found));
    });
    /** What this tab has sent, and the server has: its record is let go of. Empty where that is not what stands here. */
    this.stored = went && !waits() ? this.#note : "";
  }

  /** The name under which it is noted that what stands here went; without the words. */
  get #note() {
    return this.stem && `${WENT}${this.stem}${digest(JSON.stringify(this.fields()))}`;
  }

  /** Whether something stands here that the server has not, as far as this tab knows. */
  get isNew() {
    return hasWords(this.form) && (!this.stored || this.stored !== this.#note);
  }

  /** @param {boolean} isKept whether the device keeps what goes now: only what is let go of later is known to be stored */
  goes(isKept) {
    if (!this.stem) return;
    try {
      if (isKept) tab()?.setItem(this.#note, this.key);
      else tab()?.removeItem(this.#note);
    } catch { /* no room: it is kept once more after "back" */ }
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
    // Beside a place it is that of the place, which is marked anew each time.
    if (this.form.elements.namedItem("start")) return null;
    return field instanceof HTMLInputElement && field.type === "hidden" ? field : null;
  }

  /** @override */
  get kept() {
    const found = read(this.key);
    return found ? [...found.fields, ...(found.offered ?? [])] : [];
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
    for (const [name, value] of this.stored && this.stored === this.#note ? [] : Object.entries(now)) {
      const before = this.before[name] ?? null;
      if (value !== before) fields.push([name, before, value]);
    }
    const offered = this.offered.filter(([name, , value]) => now[name] !== value);
    if (!fields.length && !offered.length) {
      this.forget();
      return true;
    }
    if (this.version) fields.push(["version", null, this.version.value]);
    const store = device();
    const record = (/** @type {number} */ at) => JSON.stringify({ at, ...this.place, labels: this.#labels(), fields, offered });
    const at = read(this.key)?.at;
    try {
      // What went, and is kept once more as it is, is the same record: it may be stored by now.
      const isSame = at !== undefined && at === this.went && store?.getItem(this.key) === record(at);
      if (!isSame) store?.setItem(this.key, record(Date.now()));
    } catch {
      return false; // a device that has no room: the page still asks before it is left
    }
    if (!keeping.has(this.key)) {
      keeping.set(this.key, this.form);
      void navigator.locks?.request(this.key, () => new Promise(() => {})); // for as long as the page lives
    }
    return store !== null;
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
    for (const note of notesOf(this.key)) tab()?.removeItem(note); // let go of here, and not because it is stored
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
      let isLeft = false;
      await whenLeft(name, () => {
        const found = read(name);
        if (!found || (isAnswer && !this.#reads(found))) return false;
        const { page, title, labels } = found;
        this.place = { ...(page ? { page, title } : {}), ...this.place, labels };
        isLeft = isAnswer ? this.#sentWith(found) : this.#putBack(found);
        return this.#replaces(name);
      });
      if (isLeft) return !isAnswer;
    }
    return false;
  }

  /**
   * Keeps what stands here in the place of a record: two would come back one after the other.
   *
   * @param {string} name
   * @returns {boolean} whether that is this form's own from now on
   */
  #replaces(name) {
    if (this.keep()) {
      device()?.removeItem(name);
      for (const note of notesOf(name)) tab()?.setItem(note, this.key);
      return false;
    }
    // A full device has no room for another.
    this.forget();
    this.key = name;
    keeping.set(name, this.form);
    this.keep();
    return true;
  }

  /** @returns {string[]} the names of the records of this form, latest first, without what is said to be stored */
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
  #sentWith({ fields, offered = [] }) {
    for (const [name, before] of words(fields)) this.before[name] = before ?? "";
    for (const one of offered) this.#beside(one, true);
    return true;
  }

  /**
   * @param {Field} words
   * @param {boolean} isHere whether something else was written here, and not only stored
   */
  #beside([name, before, value], isHere) {
    this.offered.push([name, before, value]);
    // A field that the form does not have just now is kept for when it has it again.
    if (name in this.fields()) this.offer(name, value, value, isHere
      ? _("You had written this here before, and not sent it:")
      : _("You had written this here and not sent it, and something else was stored meanwhile:"));
  }

  /**
   * @param {Found} found
   * @returns {boolean} false where all of it stands in the form already
   */
  #putBack(found) {
    const { version } = this;
    const own = version?.value;
    const upon = found.fields.find(([name]) => name === "version")?.[2];
    const now = this.fields();
    /** @type {Set<string>} */
    const restored = new Set();
    for (const [name, before, value] of words([...found.fields, ...(found.offered ?? [])])) {
      if (now[name] === value) continue;
      const untouched = now[name] === this.before[name] && !restored.has(name);
      // With its version the server knows what they were written upon; without it, what was stored meanwhile stays.
      const fits = untouched && (version !== null || (this.before[name] ?? null) === before);
      if (fits && this.put(name, value)) restored.add(name);
      else this.#beside([name, before, value], !untouched);
    }
    if (restored.size && version && upon) version.value = upon;
    if (restored.size) this.#said(now, own);
    return restored.size > 0 || this.offered.length > 0;
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
      this.form.dispatchEvent(new CustomEvent("concordat:taken"));
      // Not of what was typed beside it before, nor of what else is offered.
      if (hasWords(this.form)) this.form.dispatchEvent(new Event("restored"));
      else this.keep();
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

/** @returns {Storage | null} what lasts as long as this tab */
function tab() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

/**
 * @param {string} key the name of a record
 * @returns {string[]} under which names it is noted in this tab that something went
 */
function notesOf(key) {
  const store = tab();
  return key ? Object.keys(store ?? {}).filter((name) => name.startsWith(WENT) && store?.getItem(name) === key) : [];
}

/**
 * Tells texts apart, and nobody reads them from it.
 * @param {string} text
 */
function digest(text) {
  let [one, two] = [0xdeadbeef, 0x41c6ce57];
  for (let place = 0; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    one = Math.imul(one ^ unit, 2_654_435_761);
    two = Math.imul(two ^ unit, 1_597_334_677);
  }
  one = Math.imul(one ^ (one >>> 16), 2_246_822_507) ^ Math.imul(two ^ (two >>> 13), 3_266_489_909);
  two = Math.imul(two ^ (two >>> 16), 2_246_822_507) ^ Math.imul(one ^ (one >>> 13), 3_266_489_909);
  return [one, two].map((half) => (half >>> 0).toString(36)).join("-");
}

/**
 * @param {string} begin
 * @returns {string[]} the names of the records that begin so, latest first, without what this page says is stored
 */
function recordsOf(begin) {
  const stored = [...document.querySelectorAll("[data-module=stored]")].map((each) => each.getAttribute("data-sign"));
  const names = Object.keys(device() ?? {}).filter((name) => {
    return name.startsWith(begin) && !stored.includes(signOf(name, read(name)?.at ?? 0));
  });
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
    const isLeft = await whenLeft(name, () => false);
    const found = isLeft ? read(name) : null;
    return found ? [{ ...found, name, fields: words([...found.fields, ...(found.offered ?? [])]) }] : [];
  }));
  return all.flat();
}

/**
 * Lets go of a record, unless it was written on since.
 * @param {string} sign of the record as it was
 * @returns {boolean} whether it is one of a form
 */
export function letGoInForms(sign) {
  const name = sign.slice(0, sign.lastIndexOf("@"));
  const found = read(name);
  if (found && signOf(name, found.at) === sign) device()?.removeItem(name);
  return name.startsWith(KEPT);
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
 * @param {() => boolean} act answers whether this page works on it from then on, for as long as it lives
 * @returns {Promise<boolean>} whether it was done
 */
function whenLeft(name, act) {
  const form = keeping.get(name);
  const isFree = form ? !form.isConnected : !navigator.locks;
  if (form || isFree) {
    if (isFree) act();
    return Promise.resolve(isFree);
  }
  return new Promise((resolve) => {
    const held = navigator.locks.request(name, { signal: AbortSignal.timeout?.(LEAVING_MS) }, () => {
      const stays = act();
      resolve(true);
      return stays ? new Promise(() => {}) : undefined;
    });
    held.catch(() => resolve(false)); // another tab has it
  });
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
  const isUnsent = () => isRefused(form) || words.isNew;
  let typed = isUnsent();
  if (words.isNew) words.keep();
  for (const changed of ["input", "restored"]) {
    form.addEventListener(changed, () => {
      typed = true;
      words.keep();
    });
  }
  // What comes from where a text was kept is in the fields already; refused, it was kept as a form's as well.
  if (isRefused(form) || !form.querySelector("[name=kept]")) void takeOver(form, words);
  for (const taken of ["reset", "concordat:taken"]) {
    form.addEventListener(taken, () => {
      typed = false;
      words.forget();
    });
  }
  sendWhenReached(form, words, (isOnItsWay) => {
    typed = !isOnItsWay && isUnsent();
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
 * While it is on its way a second press sends nothing, and nothing is typed that would not go along.
 * @param {HTMLFormElement} form
 * @param {Typed} words
 * @param {(isOnItsWay: boolean) => void} told
 */
function sendWhenReached(form, words, told) {
  let busy = false;
  let reached = false;
  // Before all others: they were asked the first time.
  window.addEventListener("submit", (event) => {
    if (reached && event.target === form) event.stopImmediatePropagation();
  }, { capture: true });
  // At the window, behind all who send it in another way, or ask before they do: that may fail.
  window.addEventListener("submit", (event) => {
    if (event.target !== form || event.defaultPrevented) return;
    event.preventDefault();
    if (!busy) void send(event.submitter);
  });
  /** @param {HTMLElement | null} submitter */
  const send = async (submitter) => {
    busy = true;
    words.stored = ""; // whoever presses once more sends it once more
    const note = noteOf(form, submitter);
    note.className = "soft";
    note.textContent = "";
    const waiting = setTimeout(() => {
      note.textContent = _("Sending…");
    }, WAITING_MS);
    const rest = () => {
      clearTimeout(waiting);
      busy = false;
    };
    try {
      if (!navigator.onLine) throw new Error(lost());
      await ask("/healthz", { cache: "no-store" }, async (response) => response.text());
    } catch (error) {
      rest();
      const why = error instanceof Error ? error.message : lost();
      note.className = "error-message";
      note.textContent = [why, keptOr(words)].filter(Boolean).join(" ");
      return;
    }
    if (!form.isConnected) return;
    const isKept = words.keep() && words.kept.length > 0;
    words.goes(isKept);
    mark(form, words, isKept);
    told(true);
    reached = true;
    try {
      // A button may have been made anew meanwhile.
      form.requestSubmit(submitter && [...form.elements].includes(submitter) ? submitter : null);
    } finally {
      reached = false;
    }
    const open = wordsHeld(form).filter((control) => !control.readOnly);
    const over = () => {
      clearTimeout(givenUp);
      stopped?.removeEventListener("navigateerror", soon);
      rest();
      note.remove();
      for (const control of open) control.readOnly = false;
      told(false);
    };
    // No page comes in the place of this one, and nobody is told that the file has come: it can be sent again at once.
    if (form.dataset.answer === "file") {
      rest();
      return note.remove();
    }
    for (const control of open) control.readOnly = true;
    const givenUp = setTimeout(over, GIVEN_UP_MS);
    // By "Stop" or Esc, where the browser says so; a moment later, since a link that leads away stops it too, and asks nothing.
    const soon = () => setTimeout(over);
    const stopped = /** @type {{navigation?: EventTarget}} */ (/** @type {unknown} */ (window)).navigation;
    stopped?.addEventListener("navigateerror", soon);
  };
}

/**
 * What becomes of the words of a form that could not be sent.
 * @param {Typed} words
 * @returns {string} empty where there are none, or none are to be kept
 */
function keptOr(words) {
  if (!words.key) return "";
  if (!words.keep()) return _("This device cannot keep your words: leave this page open until they are sent, or copy them.");
  return words.kept.length ? _("Your words are kept here, on this device, until you let go of them.") : "";
}

/**
 * Says under which name and since when the words are kept, so that the page that answers can have them let go of; and
 * whether it is these words: on a full device it may be what was typed before.
 * @param {HTMLFormElement} form
 * @param {Typed} words
 * @param {boolean} isKept
 */
function mark(form, words, isKept) {
  form.querySelector("[name=is_kept]")?.remove();
  if (isKept) addHidden(form, "is_kept", "yes");
  for (const old of form.querySelectorAll(`[name=kept][value^="${CSS.escape(words.key)}@"]`)) old.remove();
  words.went = read(words.key)?.at;
  if (words.went !== undefined) addHidden(form, "kept", signOf(words.key, words.went));
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {string} value
 */
function addHidden(form, name, value) {
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = name;
  field.value = value;
  form.append(field);
}

/**
 * Where it is said beside the button that it is being sent, or could not be.
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 */
function noteOf(form, submitter) {
  const known = /** @type {HTMLElement | null} */ (form.querySelector("[data-unreached]"));
  if (known) return known;
  const note = document.createElement("p");
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
