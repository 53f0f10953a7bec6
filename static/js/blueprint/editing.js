/** Editing in place: one item at a time mounts its live editors; leaving it shows the rendered words again. */

import { toast } from "../modules/toast.js";
import { _ } from "../words.js";
import { post } from "./acts.js";
import { fragment } from "./board.js";
import { goTo, keepPlace } from "./place.js";

/** How long "Done" waits for the last letters to be saved before it shows the words as the server has them. */
const SAVED_MS = 1_500;

export class Editing {
  /**
   * @param {import("./board.js").Board} board
   * @param {import("./leftovers.js").Leftovers} leftovers
   */
  constructor(board, leftovers) {
    this.board = board;
    this.leftovers = leftovers;
    /** @type {HTMLElement | null} */
    this.card = null;
    this.moving = false;
    /** @type {Set<string>} items of which it has been asked whether they were split off the one that is edited */
    this.asked = new Set();
    board.root.addEventListener("concordat:arriving", (event) => {
      void this.#parted(/** @type {CustomEvent<{ids: string[]}>} */ (event).detail.ids);
    });
  }

  /**
   * Says where the rest is now when the item was split under somebody's hands.
   * @param {string[]} ids of items that are new
   */
  async #parted(ids) {
    const { card } = this;
    const fresh = ids.filter((id) => !this.asked.has(id));
    if (!card || !fresh.length) return;
    for (const id of fresh) this.asked.add(id);
    try {
      const said = await fragment(`${this.board.base}/items/${card.dataset.item}/parted?ids=${fresh.join(",")}`);
      if (!said.firstElementChild || this.card !== card) return;
      const editor = card.querySelector('[data-module="editor"]:focus-within') ?? card.querySelector("[data-focus]");
      editor?.dispatchEvent(new CustomEvent("concordat:tell", { detail: { content: [...said.children] } }));
    } catch {
      for (const id of fresh) this.asked.delete(id);
    }
  }

  /**
   * Opens the editors of a card, after closing those of another.
   * @param {string} id
   * @param {{suggest?: boolean, field?: string, caret?: string}} [options] `suggest`: what is written is a suggestion;
   *   `field`: where one begins, in the words otherwise; `caret`: at which place of it
   */
  async open(id, { suggest = false, field = "", caret } = {}) {
    if (this.moving || (this.card?.dataset.item === id && "suggesting" in this.card.dataset === suggest)) return;
    this.moving = true;
    try {
      await this.#close();
      const how = new URLSearchParams({ ...(suggest && { suggest: "" }), ...(field && { field }) }).toString();
      const fresh = await fragment(`${this.board.base}/items/${id}/editor${how && `?${how}`}`);
      const card = fresh.querySelector("[data-item]");
      const old = document.getElementById(`item-${id}`);
      if (!(card instanceof HTMLElement) || !old) return;
      card.querySelector("[data-here]")?.replaceChildren(...(old.querySelector("[data-here]")?.childNodes ?? []));
      const first = card.querySelector("[data-focus]");
      if (caret !== undefined && first instanceof HTMLElement) first.dataset.caret = caret;
      keepPlace(this.board.list, () => old.replaceWith(card));
      this.card = card;
      sayAtHead(card);
      card.dispatchEvent(new CustomEvent("concordat:mount", { bubbles: true }));
      const { top } = card.getBoundingClientRect();
      // A keyboard on the screen takes its lower half: there the card goes to the top.
      if (top < 0 || top > window.innerHeight * (window.matchMedia("(pointer: coarse)").matches ? 0.1 : 0.45)) card.scrollIntoView({ block: "start" });
      keepInView(card.querySelector(".item__aside [data-focus]"), card);
    } catch (error) {
      toast(/** @type {Error} */ (error).message, { error: true });
      this.board.hint(`item-${id}`);
    } finally {
      this.moving = false;
    }
  }

  /**
   * Closes the editors and shows the words.
   * @param {{focus?: boolean}} [options]
   */
  async done({ focus = true } = {}) {
    if (this.moving || !this.card) return;
    this.moving = true;
    try {
      const card = await this.#close();
      if (focus) goTo(card);
    } catch {
      // What was typed is on this device, and the editor stays as it is.
      toast(_("The server cannot be reached just now. Your words stay here and are sent as soon as it can."));
    } finally {
      this.moving = false;
    }
  }

  /**
   * Sends what is written in the open editors as suggestions, one for each text.
   * @param {HTMLFormElement} form
   */
  async suggest(form) {
    const card = this.card;
    const problem = form.querySelector("[data-error]");
    const says = (/** @type {string} */ words) => {
      if (!(problem instanceof HTMLElement)) return;
      problem.textContent = words;
      problem.hidden = !words;
    };
    if (!card || this.moving) return;
    /** @type {{drafts: {field: string, text: string, version: number, sent: () => void}[]}} */
    const detail = { drafts: [] };
    for (const editor of card.querySelectorAll('[data-module="editor"]')) editor.dispatchEvent(new CustomEvent("concordat:draft", { detail }));
    if (!detail.drafts.length) return says(_("These are the words as they are. Change what you would rather read."));
    says("");
    this.moving = true;
    try {
      let said = "";
      for (const { field, text, version, sent } of detail.drafts) {
        const fields = new FormData(form);
        for (const [name, value] of Object.entries({ field, text, version: String(version) })) fields.set(name, value);
        said = (await post(form.action, fields)).said;
        sent();
      }
      toast(said);
    } catch (error) {
      says(/** @type {Error} */ (error).message);
      this.moving = false;
      return undefined;
    }
    try {
      goTo(await this.#close());
    } catch {
      says(_("Your suggestion is sent. The server cannot be reached just now, so the card stays open."));
    } finally {
      this.moving = false;
    }
    return undefined;
  }

  async #close() {
    const card = this.card;
    if (!card) return null;
    const editors = /** @type {HTMLElement[]} */ ([...card.querySelectorAll('[data-module="editor"]')]);
    await saved(editors);
    const fresh = await fragment(`${this.board.base}/items/${card.dataset.item}/card`);
    const next = fresh.querySelector("[data-item]");
    if (!(next instanceof HTMLElement)) return null;
    for (const editor of editors) editor.dispatchEvent(new CustomEvent("concordat:unmount"));
    this.card = null;
    delete card.dataset.editing;
    card.dataset.stamp = "";
    keepPlace(this.board.list, () => this.board.put(next));
    await this.leftovers.show(next);
    return next;
  }

  /**
   * An editor that was folded away is made when it is opened.
   * @param {Element} details
   */
  unfold(details) {
    const template = details.querySelector("template");
    if (!(details instanceof HTMLDetailsElement) || !details.open || !template) return;
    const editor = template.content.firstElementChild;
    template.replaceWith(template.content);
    editor?.dispatchEvent(new CustomEvent("concordat:mount", { bubbles: true }));
  }
}

/**
 * Keeps a text below the words, where one begins, in the middle of the screen while the texts around it are made, until
 * somebody does something.
 * @param {Element | null} text
 * @param {Element} card
 */
function keepInView(text, card) {
  if (!text) return;
  const watching = new ResizeObserver(() => text.scrollIntoView({ block: "center" }));
  watching.observe(card);
  for (const act of ["keydown", "pointerdown", "wheel"]) document.addEventListener(act, () => watching.disconnect(), { once: true, capture: true, passive: true });
}

/** The save states of editors, the one to worry about most first. */
const WORST = ["unsaved", "reconnecting", "saving"];

/**
 * Says at the head of a card, which stays in view, how its least saved text stands.
 * @param {HTMLElement} card
 */
function sayAtHead(card) {
  const said = card.querySelector(".item__head .save-state");
  if (!(said instanceof HTMLElement)) return;
  new MutationObserver(() => {
    const worst = WORST.find((state) => card.querySelector(`.editor[data-save="${state}"]`)) ?? "saved";
    if (said.dataset.state !== worst) said.dataset.state = worst;
  }).observe(card, { subtree: true, attributeFilter: ["data-save"] });
}

/**
 * Waits until all editors say "saved", or for a moment.
 * @param {HTMLElement[]} editors
 */
async function saved(editors) {
  const until = performance.now() + SAVED_MS;
  const waiting = () => editors.some(({ dataset }) => dataset.save !== "suggesting" && Number(dataset.pending ?? 0) > 0);
  while (waiting() && performance.now() < until) await new Promise((go) => setTimeout(go, 30));
}
