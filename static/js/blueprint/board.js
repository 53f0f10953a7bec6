/**
 * The list of cards and the outline, kept as they are on the server: hints name what changed, the page asks again.
 * Asked at most twice a second, 400 ms after the first hint. The card being edited is never replaced.
 */

import { _ } from "../words.js";
import { ask } from "./acts.js";
import { Finder } from "./finder.js";
import { arrange, cards, inView, keepPlace, staysTogether, writesIn } from "./place.js";

const WAIT_MS = 400;
const REST_MS = 500;
/** Whoever types is not held up: what changed elsewhere waits for a pause, and not for ever. */
const TYPING_MS = 600;
const PATIENCE_MS = 5_000;

/**
 * Fetches a part of a page. Throws an Error whose message is for the person when the server refuses or cannot be reached.
 * @param {string} url
 * @returns {Promise<DocumentFragment>}
 */
export async function fragment(url) {
  return ask(url, { headers: { "HX-Request": "true", Accept: "text/html" } }, async (response) => {
    const read = new DOMParser().parseFromString(await response.text(), "text/html");
    const content = document.createDocumentFragment();
    content.append(...read.body.childNodes);
    if (response.ok) return content;
    const words = (content.querySelector(".notice")?.textContent ?? content.textContent ?? "").trim();
    throw new Error(words || response.statusText);
  });
}

export class Board {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.base = root.dataset.base ?? "";
    this.list = /** @type {HTMLElement} */ (root.querySelector("[data-items]"));
    this.outline = document.getElementById("outline");
    this.pill = /** @type {HTMLElement} */ (root.querySelector("[data-pill]"));
    this.finder = new Finder(root, this.list, this.outline);
    /** @type {Set<string>} */
    this.changed = new Set();
    this.shape = false;
    this.timer = 0;
    this.rested = 0;
    this.typedAt = -Infinity;
    this.hintedAt = 0;
    this.list.addEventListener("input", () => {
      this.typedAt = performance.now();
    });
    /** @type {Set<string>} items whose cards are as they were, since somebody writes in their details */
    this.held = new Set();
    this.list.addEventListener("focusout", () => {
      for (const id of this.held) this.hint(`item-${id}`);
      this.held.clear();
    });
    this.busy = false;
    this.reshaped = false;
    /** @type {Set<string>} cards that are hidden and would be shown as they are now: an item that was restored */
    this.back = new Set();
    /** @type {Promise<void>} */
    this.last = Promise.resolve();
    this.pill.addEventListener("click", (event) => {
      event.preventDefault();
      void this.refresh({ mine: true });
    });
  }

  /**
   * A hint came.
   * @param {string} topic "items-3": the tree or a status; "item-7": one card
   */
  hint(topic) {
    const [noun, id] = topic.split("-");
    if (noun === "item" && id) this.changed.add(id);
    else this.shape = true;
    this.#soon();
  }

  /** Whether the tree was asked for since this was last asked. */
  shapeSeen() {
    const seen = this.reshaped;
    this.reshaped = false;
    return seen;
  }

  #soon() {
    if (this.timer || this.busy) return;
    const now = performance.now();
    this.hintedAt ||= now;
    const wait = Math.max(WAIT_MS, this.rested + REST_MS - now);
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (this.#typing()) this.#soon();
      else void this.refresh();
    }, wait);
  }

  /** Whether somebody types here, and has not kept the news waiting for long. */
  #typing() {
    const now = performance.now();
    return now - this.typedAt < TYPING_MS && now - this.hintedAt < PATIENCE_MS;
  }

  /**
   * Asks for what changed and shows it; `mine` shows also what moves the page. One after the other: an answer that was
   * long on its way must not put back what a later one has changed.
   * @param {{mine?: boolean}} [options]
   * @returns {Promise<void>}
   */
  refresh({ mine = false } = {}) {
    this.last = this.last.then(() => this.#refresh(mine));
    return this.last;
  }

  /** @param {boolean} mine */
  async #refresh(mine) {
    this.busy = true;
    this.hintedAt = 0;
    const ids = new Set(this.changed);
    const shape = this.shape || mine;
    this.changed.clear();
    this.shape = false;
    try {
      if (shape) await this.#reshape(mine, ids);
      else await this.#fetchCards([...ids], mine);
    } catch {
      // Not reached just now: the hint after the reconnection brings all of it.
      for (const id of ids) this.changed.add(id);
      this.shape ||= shape;
    } finally {
      this.busy = false;
      this.rested = performance.now();
    }
    if ((this.changed.size || this.shape) && document.documentElement.dataset.live === "on") this.#soon();
    this.root.dispatchEvent(new CustomEvent("concordat:refreshed"));
  }

  /**
   * @param {boolean} mine
   * @param {Set<string>} ids
   */
  async #reshape(mine, ids) {
    const fresh = await fragment(`${this.base}/outline`);
    const lines = /** @type {HTMLElement[]} */ ([...fresh.querySelectorAll("[data-line]")]);
    if (lines.length && !this.list.querySelector("[data-section]")) return location.reload();
    const order = /** @type {HTMLElement[]} */ ([...fresh.querySelectorAll("[data-section], [data-line]")]).map(
      ({ dataset }) => (dataset.section ? `section-${dataset.section}` : `item-${dataset.line}`),
    );
    this.reshaped = true;
    const arriving = lines.filter(({ dataset }) => !document.getElementById(`item-${dataset.line}`)).map(({ dataset }) => dataset.line ?? "");
    if (arriving.length) this.root.dispatchEvent(new CustomEvent("concordat:arriving", { detail: { ids: arriving } }));
    for (const line of lines) {
      const card = document.getElementById(`item-${line.dataset.line}`);
      if (card?.dataset.stamp !== line.dataset.stamp) ids.add(line.dataset.line ?? "");
    }
    const takes = new Map(lines.map((line) => [`item-${line.dataset.line}`, this.finder.takes(line.dataset)]));
    this.#outlineIs(fresh);
    const arrived = await this.#fetchCards([...ids], mine);
    const shown = order.filter((id) => {
      const card = document.getElementById(id);
      return id.startsWith("section-") ? false : card ? !card.hidden || this.back.has(id) : takes.get(id);
    });
    const seen = inView(this.list).map((card) => card.id);
    if (!mine && !staysTogether(seen, shown)) return this.#offer();
    this.pill.hidden = true;
    keepPlace(this.list, () => this.#arrange(order, arrived));
    return undefined;
  }

  /**
   * @param {string[]} order
   * @param {Map<string, HTMLElement>} arrived
   */
  #arrange(order, arrived) {
    const wanted = order.map((id) => document.getElementById(id) ?? arrived.get(id)).filter((node) => node instanceof HTMLElement);
    for (const none of this.list.querySelectorAll("[data-none-in]")) none.remove();
    for (const card of arrived.values()) if (!card.isConnected) this.finder.welcome(card);
    for (const id of this.back) document.getElementById(id)?.removeAttribute("hidden");
    this.back.clear();
    arrange(this.list, wanted);
  }

  #offer() {
    const words = this.pill.querySelector("span");
    if (words) words.textContent = _("The list has changed: show it");
    this.pill.hidden = false;
  }

  /** @param {DocumentFragment} fresh */
  #outlineIs(fresh) {
    const outline = this.outline;
    const next = fresh.querySelector("[data-outline]");
    if (!outline || !next) return;
    const focused = document.activeElement instanceof HTMLAnchorElement && outline.contains(document.activeElement)
      ? document.activeElement.hash : "";
    outline.replaceChildren(next);
    this.finder.outlined();
    if (focused) {
      const again = [...outline.querySelectorAll("a")].find((link) => link.hash === focused);
      again?.focus({ preventScroll: true });
    }
  }

  /**
   * Fetches cards and puts those that stand on the page in their place; answers all of them by element id.
   * @param {string[]} ids
   * @param {boolean} mine
   * @returns {Promise<Map<string, HTMLElement>>}
   */
  async #fetchCards(ids, mine) {
    /** @type {Map<string, HTMLElement>} */
    const arrived = new Map();
    for (let at = 0; at < ids.length; at += 50) {
      const fresh = await fragment(`${this.base}/cards?ids=${ids.slice(at, at + 50).join(",")}`);
      for (const card of cards(fresh)) arrived.set(card.id, card);
    }
    keepPlace(this.list, () => {
      for (const card of arrived.values()) this.put(card, mine);
    });
    return arrived;
  }

  /**
   * Replaces a card on the page by a newer one.
   * @param {HTMLElement} card
   * @param {boolean} [mine] whether it may vanish when the filter does not take it
   */
  put(card, mine = false) {
    const old = document.getElementById(card.id);
    if (!old || old === card) return;
    this.#titleInOutline(card);
    if (old.dataset.editing !== undefined) return this.#headOnly(old, card);
    if (old.dataset.stamp === card.dataset.stamp) return;
    // To move the field would take the cursor from whoever writes in it.
    if (writesIn(old.querySelector("details[data-details]"))) return void this.held.add(card.dataset.item ?? "");
    card.hidden = mine ? !this.finder.takes(card.dataset) : old.hidden;
    // It comes back when the list is put in order, or is offered: now it could push down what somebody reads.
    if (!card.hidden || !this.finder.takes(card.dataset)) this.back.delete(card.id);
    else if (!this.finder.takes(old.dataset)) this.back.add(card.id);
    const focus = focusWithin(old);
    const open = old.querySelector("details[data-details][open]");
    const details = card.querySelector("details[data-details]");
    if (open && details instanceof HTMLDetailsElement) {
      details.replaceChildren(...open.children);
      details.dataset.stale = "";
      details.open = true;
    }
    // Who is in it was told by the live server, not by the page that was asked for.
    card.querySelector("[data-here]")?.replaceChildren(...(old.querySelector("[data-here]")?.childNodes ?? []));
    card.append(...old.querySelectorAll(":scope > .editor__kept"));
    old.replaceWith(card);
    if (focus) refocus(card, focus);
  }

  /**
   * The card being edited keeps its editor; its status is shown as it is now.
   * @param {HTMLElement} old
   * @param {HTMLElement} card
   */
  #headOnly(old, card) {
    const tag = old.querySelector(".item__head .tag");
    const fresh = card.querySelector(".item__head .tag");
    if (tag && fresh && tag.textContent !== fresh.textContent) tag.replaceWith(fresh.cloneNode(true));
    old.dataset.status = card.dataset.status;
  }

  /** @param {HTMLElement} card */
  #titleInOutline(card) {
    const line = this.outline?.querySelector(`[data-line="${card.dataset.item}"] [data-title]`);
    const title = card.querySelector(".item__title")?.textContent ?? "";
    if (line && title && line.textContent !== title) line.textContent = title;
  }
}

/**
 * Which control of a card has the focus, as something to find again in its successor.
 * @param {HTMLElement} card
 * @returns {string}
 */
export function focusWithin(card) {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement) || !card.contains(active)) return "";
  if (active === card) return "self";
  for (const name of ["edit", "actions", "add"]) if (name in active.dataset) return `[data-${name}]`;
  return active.tagName === "SUMMARY" ? "summary" : active.classList.contains("item__reference") ? ".item__reference" : "self";
}

/**
 * @param {HTMLElement} card
 * @param {string} where
 */
export function refocus(card, where) {
  const target = where === "self" ? card : (card.querySelector(where) ?? card);
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}
