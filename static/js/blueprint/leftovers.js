/**
 * What a closed tab left behind: changes are sent as soon as the page is opened again, whichever item one looks at; words
 * that cannot be saved stand on the card of their item until the person lets go of them, also where one may not edit it.
 */

import { bringHome } from "../text/home.js";
import { keptWords } from "../text/kept.js";
import { goTo } from "./place.js";
import { BrowserStore } from "../text/store.js";
import { toast } from "../modules/toast.js";
import { _ } from "../words.js";

/** @typedef {import("../text/store.js").KeptLost} KeptLost */

export class Leftovers {
  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} list
   */
  constructor(root, list) {
    this.person = root.dataset.person ?? "";
    this.base = root.dataset.suggests === undefined ? undefined : root.dataset.base;
    this.list = list;
    this.notice = /** @type {HTMLElement | null} */ (root.querySelector("[data-left]"));
    // Its own: what it sends is locked against an editor that is opened meanwhile.
    this.store = new BrowserStore();
  }

  async start() {
    const { pending, lost } = await this.store.left(this.person);
    /** @type {Set<HTMLElement>} */
    const withWords = new Set();
    for (const doc of lost) {
      const card = this.#card(doc);
      if (card) withWords.add(card);
    }
    for (const card of withWords) await this.show(card);
    this.#tell();
    for (const doc of pending) await this.#send(doc);
    // A tab that is just closing may have had them still.
    await this.store.whenFree(this.person, async (doc) => {
      await this.#send(doc);
      await this.#showOf(doc);
    });
  }

  /**
   * Shows on a card the words of its texts that could not be saved.
   * @param {HTMLElement} card
   */
  async show(card) {
    const texts = (card.dataset.documents ?? "").split(" ");
    /** @type {KeptLost[]} */
    const all = [];
    for (const doc of texts) all.push(...await this.store.lost(doc, this.person));
    // An editor that was opened meanwhile shows them itself.
    if ("editing" in card.dataset || !card.isConnected) return;
    for (const old of card.querySelectorAll(":scope > .editor__kept")) old.remove();
    card.append(...all.map((lost) => keptWords(lost, {
      letGo: () => {
        void this.store.letGo(lost.key);
        this.#tell();
      },
      base: this.base,
    })));
  }

  /** @param {string} doc */
  async #send(doc) {
    if (!this.#card(doc)) return;
    const saved = await bringHome(this.store, doc, this.person, () => this.#showOf(doc));
    const reference = this.#card(doc)?.dataset.reference;
    if (saved && reference) toast(_("What you wrote in {reference} while you were away is saved now.", { reference }));
  }

  /** @param {string} doc */
  async #showOf(doc) {
    const card = this.#card(doc);
    if (card) await this.show(card);
    this.#tell();
  }

  /** Says at the head of the page on which cards such words stand. */
  #tell() {
    const cards = [...this.list.querySelectorAll("[data-item]:has(> .editor__kept)")].filter((card) => card instanceof HTMLElement);
    const places = this.notice?.querySelector("[data-places]");
    if (!this.notice || !places) return;
    places.replaceChildren(...cards.flatMap((card, at) => {
      const link = document.createElement("a");
      link.href = `#${card.id}`;
      link.textContent = card.dataset.reference ?? "";
      // It may be hidden: merged or withdrawn, or not among those one looks for.
      link.addEventListener("click", (event) => {
        event.preventDefault();
        card.hidden = false;
        goTo(card.querySelector(":scope > .editor__kept") ?? card);
      });
      return at ? [", ", link] : [link];
    }));
    this.notice.hidden = !cards.length;
  }

  /** @param {string} doc */
  #card(doc) {
    const card = this.list.querySelector(`[data-item][data-documents~="${CSS.escape(doc)}"]`);
    return card instanceof HTMLElement ? card : null;
  }
}
