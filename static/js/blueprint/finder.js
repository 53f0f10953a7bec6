/** Narrowing the list by words, kind and status; withdrawn items show only when asked for. */

import { fold, wanted } from "../fold.js";
import { _ } from "../words.js";
import { cards } from "./place.js";

/** The address names the words once they have been left alone so long: Safari refuses after a hundred in half a minute. */
const PAUSE_MILLISECONDS = 700;

export class Finder {
  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} list
   * @param {HTMLElement | null} outline
   */
  constructor(root, list, outline) {
    this.list = list;
    this.outline = outline;
    this.form = /** @type {HTMLFormElement | null} */ (root.querySelector("[data-finder]"));
    this.words = /** @type {HTMLInputElement | null} */ (root.querySelector("#finder-words"));
    this.says = root.querySelector("[data-count]");
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply();
      this.#name();
    });
    this.only = this.form?.dataset.only === undefined ? null : new Set(this.form.dataset.only.split(" "));
    this.form?.addEventListener("input", (event) => {
      // Who changed what is known to the server only: the address says it, and the page comes anew.
      if (event.target instanceof HTMLSelectElement && event.target.name === "by") return this.#ask();
      this.apply();
      if (event.target instanceof HTMLSelectElement) this.#name();
    });
    this.timer = 0;
    if (this.words?.value) this.apply();
    else this.outlined();
  }

  /** @param {string} name */
  #value(name) {
    const field = this.form?.elements.namedItem(name);
    return field instanceof HTMLSelectElement ? field.value : "";
  }

  /** The page with what is chosen now. */
  #ask() {
    location.assign(this.#address());
  }

  #address() {
    const address = new URL(location.href);
    address.hash = "";
    for (const name of ["kind", "status", "about", "by"]) {
      if (this.#value(name)) address.searchParams.set(name, this.#value(name));
      else address.searchParams.delete(name);
    }
    const words = this.words?.value.trim();
    if (words) address.searchParams.set("words", words);
    else address.searchParams.delete("words");
    return address;
  }

  /**
   * Whether a line with this kind and status would be shown.
   * @param {DOMStringMap} line
   */
  takes(line) {
    const kind = this.#value("kind");
    const status = this.#value("status");
    const about = this.#value("about");
    if (kind && line.kind !== kind) return false;
    if (about && !(line.marks ?? "").split(" ").includes(about)) return false;
    if (this.only && !this.only.has(line.item ?? line.line ?? "")) return false;
    if (status === "all") return true;
    return status ? line.status === status : line.status !== "withdrawn";
  }

  /** Shows what matches, after the visitor has chosen. */
  apply() {
    const words = wanted(this.words?.value ?? "");
    const all = cards(this.list);
    let shown = 0;
    for (const card of all) {
      const text = words.length ? fold(card.textContent ?? "") : "";
      card.hidden = card.dataset.editing === undefined && !(this.takes(card.dataset) && words.every((word) => text.includes(word)));
      if (!card.hidden) shown += 1;
    }
    const narrowed = words.length > 0 || this.#value("kind") !== "" || this.#value("status") !== "" || this.#value("about") !== "" || this.only !== null;
    this.#sections(narrowed);
    this.outlined();
    if (this.says) {
      if (!narrowed) this.says.textContent = "";
      else this.says.textContent = shown ? _("{n} of {all} items", { n: shown, all: all.length }) : _("No item matches. Widen your choice.");
    }
    const address = this.#address();
    address.searchParams.delete("words");
    const several = document.querySelector("[data-several]");
    if (several instanceof HTMLAnchorElement) several.search = address.search;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.#name(), PAUSE_MILLISECONDS);
  }

  /** The address says what is chosen, so that the page comes anew with it, and can be sent. */
  #name() {
    clearTimeout(this.timer);
    const address = this.#address();
    address.hash = location.hash;
    if (address.href !== location.href) history.replaceState(history.state, "", address);
  }

  /**
   * Whether a card that came or changed is to be shown: what one is looking at does not vanish by itself.
   * @param {HTMLElement} card
   */
  welcome(card) {
    card.hidden = !this.takes(card.dataset);
  }

  /** Keeps withdrawn items out of the outline unless they are asked for. */
  outlined() {
    for (const line of /** @type {NodeListOf<HTMLElement>} */ (this.outline?.querySelectorAll("[data-line]") ?? [])) {
      line.hidden = line.dataset.status === "withdrawn" && !this.takes({ ...line.dataset, kind: this.#value("kind") });
    }
  }

  /** @param {boolean} narrowed */
  #sections(narrowed) {
    let heading = null;
    for (const node of /** @type {HTMLElement[]} */ ([...this.list.children])) {
      if (node.dataset.section !== undefined) {
        heading = node;
        node.hidden = narrowed;
      } else if (heading && !node.hidden && node.dataset.item !== undefined) heading.hidden = false;
    }
  }
}
