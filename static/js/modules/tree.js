/**
 * The Blueprint room: cards and outline stay as they are on the server, items are edited in place, and acts (add, move,
 * status, withdraw, restore) are done from a dialog or by keys, each with a way back.
 *
 * Keys on a card and in it: Enter edits, S suggests, C comments, J and K go on and back, M opens what can be done, Alt and
 * an arrow moves the item. Where nothing has the focus the letters are for the card one was at, or else reads. Whoever
 * speaks to their browser can turn that off: then a letter acts only when the card itself has the focus.
 */

import { act, listen } from "../blueprint/acts.js";
import { Board, fragment } from "../blueprint/board.js";
import { Editing } from "../blueprint/editing.js";
import { Leftovers } from "../blueprint/leftovers.js";
import { cards, carryOver, goTo, inView, writesIn } from "../blueprint/place.js";
import { _ } from "../words.js";
import { toast } from "./toast.js";

/** So much of the marked words is shown in the form for a comment. */
const QUOTE_SHOWN = 300;
/** In these a letter is a letter. */
const TYPED_IN = "input, textarea, select, [contenteditable='true'], [role='textbox']";
const NO_LETTERS = "concordat-no-letters";

class Room {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.board = new Board(root);
    this.leftovers = new Leftovers(root, this.board.list);
    this.editing = new Editing(this.board, this.leftovers);
    this.dialog = /** @type {HTMLDialogElement} */ (root.querySelector("#item-dialog"));
    this.lately = document.querySelector("[data-lately]");
    this.wasOff = false;
    /** @type {HTMLElement | null} the editor that a comment was asked for in */
    this.commenting = null;
    /** The number of the item one was at last. */
    this.at = "";
    /** Whether the dialog is being fetched. */
    this.opening = false;
  }

  start() {
    const { list } = this.board;
    list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("focusin", ({ target }) => {
      this.at = (target instanceof Element && target.closest("[data-item]")?.getAttribute("data-item")) || "";
    });
    document.addEventListener("keydown", (event) => this.#letter(event));
    lettersSwitch();
    this.dialog.addEventListener("close", () => {
      this.commenting = null;
    });
    list.addEventListener("toggle", (event) => void this.#toggled(event), { capture: true });
    list.addEventListener("concordat:done", ({ target }) => this.#ended(/** @type {HTMLElement} */ (target)));
    list.addEventListener("concordat:comment", (event) => this.#comment(/** @type {CustomEvent} */ (event)));
    list.addEventListener("submit", (event) => {
      if (!(event.target instanceof HTMLFormElement) || event.target.dataset.suggests === undefined) return;
      event.preventDefault();
      void this.editing.suggest(event.target);
    });
    document.addEventListener("concordat:changed", (event) => {
      const { topic } = /** @type {CustomEvent<{topic: string}>} */ (event).detail;
      if (/^items?-\d+$/.test(topic)) this.board.hint(topic);
    });
    document.addEventListener("concordat:live", (event) => {
      const { state } = /** @type {CustomEvent<{state: string}>} */ (event).detail;
      // Hints given while the line was down are lost: ask for everything once.
      if (state === "on" && this.wasOff) this.board.hint("items-0");
      this.wasOff = state !== "on" && state !== "connecting";
    });
    this.root.addEventListener("concordat:refreshed", () => void this.#refreshed());
    listen(this.dialog, (done, form) => void this.#acted(done, form));
    // What is decided and said inside a card: the card shows its details as they are now.
    listen(list, (_done, form) => this.#answered(form));
    this.board.outline?.addEventListener("click", (event) => this.#went(event));
    window.addEventListener("hashchange", () => this.#hash());
    void this.leftovers.start();
    this.#hash();
    this.#spy();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = event.target instanceof Element ? event.target.closest("[data-edit], [data-suggest], [data-done], [data-actions], [data-add], [data-rest], [data-write-on]") : null;
    if (!(target instanceof HTMLElement) || event.metaKey || event.ctrlKey) return;
    const id = target.closest("[data-item]")?.getAttribute("data-item") ?? "";
    if ("edit" in target.dataset) void this.editing.open(id);
    else if ("suggest" in target.dataset) {
      event.preventDefault();
      void this.editing.open(id, { suggest: true });
    }
    else if ("done" in target.dataset) void this.editing.done();
    else if (target.dataset.rest) {
      event.preventDefault();
      void this.#toRest(target.dataset.rest);
    }
    else if (target.dataset.writeOn) {
      event.preventDefault();
      void this.#writeOn(target.dataset.writeOn);
    }
    else if ("actions" in target.dataset) void this.#open(this.#actions(id));
    else {
      event.preventDefault();
      void this.#open(target.getAttribute("href") ?? "");
    }
  }

  /**
   * The address of all that can be done with an item. It says which words its card shows: “agreed” is said of those.
   * @param {string} id
   */
  #actions(id) {
    const seen = document.getElementById(`item-${id}`)?.dataset.mark ?? "";
    return `${this.board.base}/items/${id}/actions?${new URLSearchParams({ seen })}`;
  }

  /**
   * Shows the item that was split off the one that is edited, which stays open.
   * @param {string} id
   */
  async #toRest(id) {
    await this.board.refresh({ mine: true });
    goTo(document.getElementById(`item-${id}`));
  }

  /**
   * Opens the item that was split off the one that is edited, where one was writing when the words went there.
   * @param {string} id
   */
  async #writeOn(id) {
    const left = this.editing.card?.querySelector("[data-carried]");
    const caret = left instanceof HTMLElement ? left.dataset.carried : undefined;
    await this.board.refresh({ mine: true });
    if (document.getElementById(`item-${id}`)) await this.editing.open(id, { caret });
    // The split was taken back meanwhile, say: its page tells.
    else window.location.assign(`${this.board.base}/items/${id}`);
  }

  /**
   * The form for a comment on words marked in an editor.
   * @param {CustomEvent<{field: string, quote: string, version: number, start: number, end: number}>} event
   */
  #comment(event) {
    const id = event.target instanceof Element ? event.target.closest("[data-item]")?.getAttribute("data-item") : null;
    if (!id) return;
    this.commenting = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).querySelector(".cm-content"));
    const { quote, ...place } = event.detail;
    const fields = Object.entries({ ...place, quote: quote.slice(0, QUOTE_SHOWN) }).map(([name, value]) => [name, String(value)]);
    void this.#open(`${this.board.base}/items/${id}/comments/new?${new URLSearchParams(fields)}`);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { target } = event;
    const card = target instanceof Element ? target.closest("[data-item]") : null;
    // A key that ends what is being composed is no wish; in Safari only its number says that it was one.
    if (!(target instanceof Element) || !(card instanceof HTMLElement) || event.isComposing || event.keyCode === 229) return;
    if ("editing" in card.dataset) return void (!event.defaultPrevented && this.#editingKey(event, card, target));
    // Where one types, Alt (⌥) and an arrow move the cursor.
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown") && !target.closest(TYPED_IN)) {
      event.preventDefault();
      if (card.querySelector("[data-actions]")) void this.#shift(card, event.key === "ArrowUp" ? "up" : "down");
    }
  }

  /**
   * Ctrl and Enter say that one is through: what is written stays, or goes off as a suggestion. Escape leaves; from the
   * reason of a suggestion only to its words.
   * @param {KeyboardEvent} event
   * @param {HTMLElement} card
   * @param {Element} target
   */
  #editingKey(event, card, target) {
    const form = suggesting(card);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void (form ? this.editing.suggest(form) : this.editing.done());
    else if (event.key === "Escape") {
      if (form?.contains(target)) toWords(card);
      else void this.editing.done();
    }
  }

  /**
   * An editor says that one is through with it: Enter in a title, which in a suggestion leads on to its words.
   * @param {HTMLElement} editor
   */
  #ended(editor) {
    const card = editor.closest("[data-item]");
    if (card && suggesting(card)) toWords(card);
    else void this.editing.done();
  }

  /**
   * A key by itself, pressed on a card, in it, or where nothing has the focus.
   * @param {KeyboardEvent} event
   */
  #letter(event) {
    const { target } = event;
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    // What is typed ahead of a form that is on its way is no further wish.
    if (this.opening || this.editing.moving) return;
    const { list } = this.board;
    const nowhere = target === document.body;
    if (!(target instanceof Element) || !(nowhere || list.contains(target)) || target.closest(TYPED_IN) || this.dialog.open) return;
    const visible = inView(list);
    const card = target.closest("[data-item]") ?? visible.find(({ dataset }) => dataset.item === this.at);
    if (card !== target && localStorage.getItem(NO_LETTERS) === "1") return;
    if (event.key === "Enter" && card !== target && !(nowhere && card)) return; // a link and a button have their own
    const chosen = card ?? visible[0];
    if (chosen instanceof HTMLElement && !("editing" in chosen.dataset) && this.#does(event.key, chosen, !card)) event.preventDefault();
  }

  /**
   * Does what a key stands for.
   * @param {string} key
   * @param {HTMLElement} card
   * @param {boolean} first whether one was at no card before
   * @returns {boolean} whether it stands for anything here
   */
  #does(key, card, first) {
    const id = card.dataset.item ?? "";
    if (key === "j" || key === "k") {
      goTo(first ? card : next(this.board.list, card, key === "j" ? 1 : -1));
      return true;
    }
    if (key === "Enter" && card.querySelector("[data-edit]")) void this.editing.open(id);
    else if (key === "m" && card.querySelector("[data-actions]")) void this.#open(this.#actions(id), card);
    else if (key === "s") void this.editing.open(id, { suggest: true });
    else if (key === "c") void this.#open(`${this.board.base}/items/${id}/comments/new`, card);
    else return false;
    return true;
  }

  /**
   * @param {HTMLElement} card
   * @param {"up" | "down"} by
   */
  async #shift(card, by) {
    const fields = new FormData();
    fields.set("by", by);
    try {
      await act(`${this.board.base}/items/${card.dataset.item}/shift`, fields, () => void this.board.refresh({ mine: true }));
    } catch (error) {
      toast(/** @type {Error} */ (error).message, { error: true });
    }
  }

  /**
   * @param {string} url
   * @param {HTMLElement | null} [from] the card it is about, to which one comes back
   */
  async #open(url, from = null) {
    this.opening = true;
    try {
      this.dialog.replaceChildren(await fragment(url));
    } catch (error) {
      return void toast(/** @type {Error} */ (error).message, { error: true });
    } finally {
      this.opening = false;
    }
    if (from && !from.contains(document.activeElement)) goTo(from);
    this.dialog.showModal();
    this.dialog.dispatchEvent(new CustomEvent("concordat:mount", { bubbles: true }));
    const field = this.dialog.querySelector("[autofocus]");
    return void (field instanceof HTMLElement && field.focus());
  }

  /**
   * @param {import("../blueprint/acts.js").Done} done
   * @param {HTMLFormElement} form
   */
  async #acted(done, form) {
    const added = form.dataset.act === "add" && form.isConnected && this.dialog.open;
    if (this.dialog.open) this.dialog.close();
    if (form.dataset.act === "comment") return void this.#commented(done.item);
    await this.board.refresh({ mine: true });
    const card = document.getElementById(`item-${done.item}`);
    if (!card || card.hidden) return;
    if (added) return void this.editing.open(String(done.item));
    const { top, bottom } = card.getBoundingClientRect();
    if (top < 0 || bottom > window.innerHeight) card.scrollIntoView({ block: "center" });
    if (!card.contains(document.activeElement) && !("editing" in card.dataset)) card.focus({ preventScroll: true });
    card.classList.add("item--flash");
    card.addEventListener("animationend", () => card.classList.remove("item--flash"), { once: true });
  }

  /**
   * A comment was made from the dialog: the card that is being edited stays, one that is read shows it.
   * @param {number | null} item
   */
  #commented(item) {
    const card = document.getElementById(`item-${item}`);
    this.#stale(card?.querySelector("details[data-details][open]"));
    if (this.commenting) this.commenting.focus();
    else if (card && !card.contains(document.activeElement)) goTo(card);
    else if (document.activeElement instanceof HTMLElement) goTo(document.activeElement);
  }

  /** @param {HTMLFormElement} form */
  #answered(form) {
    form.reset(); // what was in it is said
    this.#stale(form.closest("details[data-details]"));
  }

  /** @param {Element | null | undefined} details */
  #stale(details) {
    if (!(details instanceof HTMLElement)) return;
    details.dataset.stale = "";
    details.dispatchEvent(new Event("toggle"));
  }

  /** @param {Event} event */
  async #toggled(event) {
    const details = event.target;
    if (!(details instanceof HTMLDetailsElement) || !details.open) return;
    if (details.dataset.lateEditor !== undefined) return this.editing.unfold(details);
    if (details.dataset.details === undefined || (details.dataset.loaded !== undefined && details.dataset.stale === undefined)) return;
    const id = details.closest("[data-item]")?.getAttribute("data-item");
    const body = details.querySelector(".item__more");
    if (!id || !body) return;
    try {
      const fresh = await fragment(`${this.board.base}/items/${id}/details`);
      // Whoever writes a reply is not disturbed, and keeps it: these are asked for again with the next change.
      if (writesIn(body) || !carryOver(body, fresh)) return;
      const place = placeIn(body);
      body.replaceChildren(fresh);
      if (place !== null) goTo(document.getElementById(place) ?? details.closest("[data-item]"));
    } catch {
      return; // the link to the item's own page stays
    }
    details.dataset.loaded = "";
    delete details.dataset.stale;
    body.dispatchEvent(new CustomEvent("concordat:mount", { bubbles: true }));
  }

  async #refreshed() {
    for (const details of this.board.list.querySelectorAll("details[data-stale]")) details.dispatchEvent(new Event("toggle"));
    if (!this.lately || !this.board.shapeSeen()) return;
    try {
      this.lately.replaceChildren(await fragment(`${this.board.base}/lately`));
    } catch {
      return; // the next change brings it
    }
  }

  /**
   * On a phone the outline is a drawer: choosing a line closes it.
   * @param {MouseEvent} event
   */
  #went(event) {
    const pane = this.board.outline?.closest(".pane.is-open");
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!pane || !link) return;
    const button = document.querySelector(`[aria-controls="${pane.id}"]`);
    if (button instanceof HTMLElement) button.click();
  }

  #hash() {
    const [, wanted, field] = /^#edit-(\d+)(?:-(\w+))?$/.exec(location.hash) ?? [];
    if (!wanted) return;
    history.replaceState(history.state, "", `${location.pathname}${location.search}#item-${wanted}`);
    document.getElementById(`item-${wanted}`)?.scrollIntoView({ block: "start" });
    void this.editing.open(wanted, { field });
  }

  /** Marks in the outline where one is. */
  #spy() {
    let frame = 0;
    const mark = () => {
      frame = 0;
      const here = cards(this.board.list).find((card) => !card.hidden && card.getBoundingClientRect().bottom > 120);
      for (const link of this.board.outline?.querySelectorAll("[data-line] > a") ?? []) {
        const is = link.getAttribute("href") === `#${here?.id}`;
        if (is === link.hasAttribute("aria-current")) continue;
        if (is) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
        if (is) follow(link);
      }
    };
    const soon = () => (frame ||= requestAnimationFrame(mark));
    document.addEventListener("scroll", soon, { passive: true });
    this.root.addEventListener("concordat:refreshed", soon);
    soon();
  }
}

/**
 * Scrolls the outline, and nothing else, to the line of the card one reads.
 * @param {Element} link
 */
function follow(link) {
  const pane = link.closest(".pane");
  if (!pane || pane.matches(":hover, :focus-within") || pane.scrollHeight <= pane.clientHeight) return;
  const { top, bottom } = link.getBoundingClientRect();
  const frame = pane.getBoundingClientRect();
  if (top < frame.top || bottom > frame.bottom) pane.scrollTop += top - frame.top - frame.height / 3;
}

/**
 * The next or previous card that is shown; at the end the card itself.
 * @param {HTMLElement} list
 * @param {HTMLElement} card
 * @param {number} by
 */
function next(list, card, by) {
  const shown = cards(list).filter((each) => !each.hidden);
  return shown[shown.indexOf(card) + by] ?? card;
}

/**
 * In which part of what is about to be replaced the focus is: its id, "" where it has none, null where it is elsewhere.
 * @param {Element} body
 */
function placeIn(body) {
  const { activeElement } = document;
  if (!activeElement || !body.contains(activeElement)) return null;
  const part = activeElement.closest("article[id]");
  return part && body.contains(part) ? part.id : "";
}

/**
 * The form that sends what is written in a card as a suggestion, where that is what is written.
 * @param {Element} card
 * @returns {HTMLFormElement | null}
 */
function suggesting(card) {
  return card.querySelector("form[data-suggests]");
}

/** @param {Element} card */
function toWords(card) {
  /** @type {HTMLElement | null} */ (card.querySelector("[data-focus] .cm-content"))?.focus();
}

/** The button that turns letters off where nothing has the focus, and on again. */
function lettersSwitch() {
  const button = document.querySelector("[data-letters]");
  if (!(button instanceof HTMLButtonElement)) return;
  const tell = () => {
    const off = localStorage.getItem(NO_LETTERS) === "1";
    button.textContent = off ? _("Let single letters act again") : _("Turn single letters off");
  };
  button.addEventListener("click", () => {
    localStorage.setItem(NO_LETTERS, localStorage.getItem(NO_LETTERS) === "1" ? "0" : "1");
    tell();
  });
  button.hidden = false;
  tell();
}

/** @param {HTMLElement} element */
export function mount(element) {
  new Room(element).start();
  // The editor is large and not needed to read: it is fetched when the page has come to rest.
  // Without a connection just then it is fetched when somebody writes.
  if (element.querySelector("[data-edit]")) window.setTimeout(() => void import("./editor.js").catch(() => {}), 1_500);
}
