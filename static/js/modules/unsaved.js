/**
 * A form that does not save itself: whoever leaves the page with something typed in it and not sent is asked first, and
 * what was typed is kept on this device until the server has it, for its writer only: a phone closes a page unasked.
 *
 * Found again, it goes back into its fields. Sent is nothing without a connection: the browser would put a page of its own
 * in the place of the words. What is kept is let go of when the page that answers says that it is stored (stored.js), or
 * by `concordat:taken` and "reset" where a form is sent by script.
 * `data-words` tells forms apart that go to the same address; `data-keeps="nothing"` keeps nothing on the device.
 */
import { ask, lost } from "../blueprint/acts.js";
import { _ } from "../words.js";
import { Unsent } from "./unsent.js";

/** What begins the names under which words of forms are kept. */
export const KEPT = "concordat-words:";
/** Whoever waits for longer is told that something is being done. */
const WAITING_MS = 800;

/** @param {Element} control */
function holdsWords(control) {
  return control instanceof HTMLTextAreaElement || (control instanceof HTMLInputElement && control.type === "text");
}

/** The words of a form; with `version`, where it has one, that of the text they were written upon. */
class Typed extends Unsent {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    super(form);
    const person = document.querySelector('meta[name="person-id"]')?.getAttribute("content") ?? "";
    const { pathname } = new URL(form.getAttribute("action") || location.pathname, location.href);
    const isKept = person && form.dataset.keeps !== "nothing" && form.method === "post";
    this.key = isKept ? `${KEPT}${person}:${pathname}:${form.dataset.words ?? ""}` : "";
    /** @type {[string, string | null, string][]} what stands beside the fields, to be used or not */
    this.offered = [];
    // What was refused is what the page came with, and stored nowhere: what stood there before it is known from then.
    if (isRefused(form)) for (const [name, before] of this.kept) this.before[name] = before ?? "";
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
  keep() {
    super.keep();
    const { kept, version } = this;
    const more = this.offered.filter(([name]) => !kept.some(([known]) => known === name));
    if (kept.length && version) more.push(["version", null, version.value]);
    if (!this.key || !more.length) return;
    try {
      localStorage.setItem(this.key, JSON.stringify([...kept, ...more]));
    } catch { /* a device that keeps nothing: the page still asks before it is left */ }
  }

  forget() {
    if (this.key) localStorage.removeItem(this.key);
  }

  /**
   * Puts back what was kept, and says so.
   * @override
   * @returns {boolean} whether something was put back
   */
  restore() {
    const { kept, version } = this;
    const words = kept.filter(([name]) => name !== "version");
    const upon = kept.find(([name]) => name === "version")?.[2];
    const now = this.fields();
    if (words.every(([name, , value]) => now[name] === value)) return false;
    let restored = false;
    for (const [name, before, value] of words) {
      if (now[name] === value) continue;
      // With its version the server knows what they were written upon; without it, what was stored meanwhile stays.
      const fits = version !== null || (this.before[name] ?? null) === before;
      if (fits && this.put(name, value)) restored = true;
      else if (name in now) {
        this.offered.push([name, before, value]);
        this.offer(name, value, value, _("You had written this here and not sent it, and something else was stored meanwhile:"));
      }
    }
    if (!restored) return false;
    if (version && upon) version.value = upon;
    this.#said(now, version?.defaultValue);
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
      this.form.dispatchEvent(new CustomEvent("concordat:taken"));
      said.remove();
      const field = [...this.form.elements].find(holdsWords);
      if (field instanceof HTMLElement) field.focus();
    });
    said.append(" ", away);
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
  if (document.querySelector(`[data-module=stored][data-key="${CSS.escape(words.key)}"]`)) words.forget();
  for (const changed of ["input", "restored"]) {
    form.addEventListener(changed, () => {
      typed = true;
      words.keep();
    });
  }
  // What was refused, or comes from where it was kept, is in the fields already.
  if (!isRefused(form) && !form.querySelector("[name=kept]") && words.restore()) {
    for (const control of form.elements) if (holdsWords(control)) control.dispatchEvent(new Event("input", { bubbles: true }));
  }
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
