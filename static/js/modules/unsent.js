/**
 * Answers that could not be sent yet, kept on this device until they are: a closed tab or an empty battery takes nothing.
 *
 * What is kept is what somebody entered, beside what stood in the field before. Found again, it goes into a field that
 * still reads as it did; where something else was saved meanwhile, on another device, that stays and the words are
 * offered.
 */
import { _ } from "../words.js";

/** What a form says of itself and nobody enters: its token, and on an expert's pages whose it is and in which language. */
const OF_THE_PAGE = ["csrf_token", "seat", "reads"];

/** @returns {Storage | null} where answers outlive a page; null in a browser that keeps nothing */
export function device() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

export class Unsent {
  /**
   * @param {HTMLFormElement} form `data-keep` tells whose answers these are; with `data-refused` nothing of what stands
   *   in it is stored
   */
  constructor(form) {
    this.form = form;
    const { pathname } = new URL(form.getAttribute("action") || location.pathname, location.href);
    this.key = form.dataset.keep ? `concordat-unsent:${form.dataset.keep}:${pathname}` : "";
    /** @type {Record<string, string>} what is stored, as far as this page knows */
    this.before = form.dataset.refused === undefined ? this.#asLoaded() : {};
    /** @type {[string, string | null, string][]} what stands beside the fields, to be used or not */
    this.offered = [];
  }

  /** @returns {string[]} the fields that stand as they are stored: an old page must not set back what is newer */
  get same() {
    const now = this.fields();
    return Object.keys(now).filter((name) => now[name] === this.before[name]);
  }

  /** Whether somebody has entered something since the page was made, perhaps before the scripts had come. */
  get isAny() {
    const now = this.fields();
    return Object.keys(now).some((name) => now[name] !== this.before[name]);
  }

  /** Whether anything of this form was stored before. */
  get isStored() {
    return Object.entries(this.before).some(([name, value]) => value || this.form.elements.namedItem(name) instanceof RadioNodeList);
  }

  /** @returns {[string, string | null, string][]} of each field that is kept: its name, what stood in it, what was entered */
  get kept() {
    try {
      return JSON.parse((this.key && device()?.getItem(this.key)) || "[]");
    } catch {
      return []; // not ours to read
    }
  }

  /** Whether this device keeps what is not sent: not every browser lets it. */
  get isKept() {
    try {
      return this.key !== "" && device()?.getItem(this.key) != null;
    } catch {
      return false;
    }
  }

  #asLoaded() {
    const found = this.fields();
    for (const field of this.form.elements) {
      if (field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && field.type === "text")) {
        found[field.name] = field.defaultValue;
      } else if (field instanceof HTMLInputElement && field.type === "radio" && field.checked && !field.defaultChecked) {
        delete found[field.name];
      }
    }
    for (const field of this.form.elements) {
      if (field instanceof HTMLInputElement && field.type === "radio" && field.defaultChecked) found[field.name] = field.value;
    }
    return found;
  }

  /** @returns {Record<string, string>} */
  fields() {
    /** @type {Record<string, string>} */
    const found = {};
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === "string" && !OF_THE_PAGE.includes(name)) found[name] = value.replaceAll("\r\n", "\n");
    }
    return found;
  }

  keep() {
    if (!this.key) return;
    const now = this.fields();
    const changed = Object.keys(now).filter((name) => now[name] !== (this.before[name] ?? null));
    const kept = changed.map((name) => [name, this.before[name] ?? null, now[name]]);
    kept.push(...this.offered.filter(([name, , words]) => now[name] !== words));
    try {
      if (kept.length) device()?.setItem(this.key, JSON.stringify(kept));
      else device()?.removeItem(this.key);
    } catch { /* a device that keeps nothing: the page still asks before it is left */ }
  }

  /** All that stands in the form now is stored; what stands beside it is not. */
  sent() {
    this.before = this.fields();
    this.keep();
  }

  /**
   * Takes over what another device has stored, where nothing else was entered here.
   *
   * @param {HTMLFormElement} fresh the same form, as it is made now
   */
  takeOver(fresh) {
    const stored = new Unsent(fresh).before;
    const untouched = new Set(this.same);
    const here = this.fields();
    for (const [name, words] of Object.entries(stored)) {
      if (this.before[name] === words || (name in here && !untouched.has(name))) continue;
      if (this.put(name, words, true)) this.before[name] = words;
    }
  }

  /**
   * Another device has stored other words: they are offered, and what stands here can be stored in their place.
   *
   * @param {Record<string, string>} stored
   */
  elsewhere(stored) {
    for (const [name, words] of Object.entries(stored)) {
      this.before[name] = words;
      this.#offerStored(name, words);
    }
    this.keep();
  }

  /**
   * @param {string} name
   * @param {string} words
   */
  #offerStored(name, words) {
    if (words) this.offered.push([name, words, words]);
    this.offer(name, words, words, _("You had written this on another device, and it is replaced by what stands here:"));
  }

  /** @returns {boolean} whether something was put back that must be sent now */
  restore() {
    let restored = false;
    let offered = false;
    for (const [name, before, words] of this.kept) {
      const here = this.before[name] ?? null;
      if (before === words && this.fields()[name] !== words) { // it was stored, by another device
        this.#offerStored(name, words);
        offered = true;
        continue;
      }
      if (here === words) continue;
      if (here === before && this.put(name, words)) restored = true;
      else {
        // What this page has no field for is kept for one that has.
        const shown = this.#shown(name, words);
        if (words || shown) this.offered.push([name, before, words]);
        if (shown) this.offer(name, words, shown);
        offered ||= words !== "" || shown !== "";
      }
    }
    if (restored) this.say(_("What you had entered here without a connection is being saved now."));
    else if (this.key && !offered) device()?.removeItem(this.key);
    return restored;
  }

  /**
   * What was entered, as somebody recognises it: the words themselves, or the question and what was chosen.
   *
   * @param {string} name
   * @param {string} value
   */
  #shown(name, value) {
    const field = this.form.elements.namedItem(name);
    if (field instanceof HTMLTextAreaElement) return value.trim();
    if (field instanceof HTMLInputElement) return value && `${field.getAttribute("aria-label") ?? ""}: ${value}`;
    if (!(field instanceof RadioNodeList)) return "";
    const chosen = [...field].find((each) => each instanceof HTMLInputElement && each.value === value);
    if (!(chosen instanceof HTMLInputElement)) return "";
    const question = chosen.closest("fieldset")?.querySelector("legend")?.textContent ?? "";
    return `${question.trim()} ${value || (chosen.labels?.[0]?.textContent ?? "").trim()}`;
  }

  /**
   * @param {string} name
   * @param {string} value
   * @param {boolean} [isStored]
   */
  put(name, value, isStored = false) {
    const field = this.form.elements.namedItem(name);
    if (field instanceof HTMLInputElement && value === "" && !isStored) return false; // what was given is not taken back
    if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) {
      field.value = value;
      field.dispatchEvent(new Event("restored", { bubbles: true }));
      field.closest("details")?.setAttribute("open", "");
      return true;
    }
    if (!(field instanceof RadioNodeList)) return false;
    field.value = value;
    return field.value === value;
  }

  /** @param {string} words */
  say(words) {
    const said = document.createElement("p");
    said.className = "inset";
    said.setAttribute("role", "status");
    said.textContent = words;
    this.form.prepend(said);
    return said;
  }

  /**
   * @param {string} name
   * @param {string} words
   * @param {string} shown
   * @param {string} [why]
   */
  offer(name, words, shown, why = _("You had entered this here without a connection, and something else was saved meanwhile:")) {
    const said = this.say(why);
    // Beside what it is about, where that is one field.
    const field = this.form.elements.namedItem(name);
    if (field instanceof HTMLTextAreaElement) {
      field.before(said);
      field.closest("details")?.setAttribute("open", "");
    }
    const quote = document.createElement("q");
    quote.textContent = shown;
    const use = document.createElement("button");
    use.type = "button";
    use.className = "button button--secondary button--small";
    use.textContent = _("Use it instead");
    const over = () => {
      this.offered = this.offered.filter(([one, , value]) => one !== name || value !== words);
      said.remove();
      if (field instanceof HTMLElement) field.focus();
    };
    use.addEventListener("click", () => {
      this.put(name, words);
      over();
      this.form.dispatchEvent(new Event("change", { bubbles: true }));
    });
    const away = document.createElement("button");
    away.type = "button";
    away.className = "button button--secondary button--small";
    away.textContent = _("Let go");
    away.addEventListener("click", () => {
      over();
      this.keep();
    });
    said.append(" ", quote, " ", use, " ", away);
  }
}
