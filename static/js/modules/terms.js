/**
 * What a defined term means, beside it: when one points at it, comes to it by keyboard, or presses it.
 *
 * A term is a link (`a.term`) that works without scripts: its title is the definition, and it leads to the glossary.
 * Here a small card takes the title's place. It can be pointed at, Escape closes it, Enter goes into it, and it moves
 * nothing on the page. Cards of items come and go: the document is listened to, once.
 */
import { _ } from "../words.js";

const OPEN_MILLISECONDS = 200;
const CLOSE_MILLISECONDS = 300;

class TermCard {
  constructor() {
    this.box = document.createElement("div");
    this.box.className = "term-card";
    this.box.setAttribute("role", "group");
    this.box.hidden = true;
    this.name = document.createElement("strong");
    this.words = document.createElement("p");
    this.more = document.createElement("a");
    this.box.append(this.name, this.words, this.more);
    /** @type {HTMLAnchorElement | null} */
    this.term = null;
    this.pinned = false;
    this.timer = 0;
    (document.querySelector("main") ?? document.body).append(this.box);
  }

  listen() {
    document.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "mouse") return;
      const term = termAt(event.target);
      if (term && !this.pinned) this.#later(() => this.show(term), OPEN_MILLISECONDS);
      else if (!this.pinned && !this.#isOn(event.target)) this.#later(() => this.hide(), CLOSE_MILLISECONDS);
      else window.clearTimeout(this.timer);
    });
    document.addEventListener("focusin", ({ target }) => {
      const term = termAt(target);
      if (term) this.show(term);
      else if (!this.#isOn(target)) this.hide();
    });
    document.addEventListener("click", (event) => this.#pressed(event));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.box.hidden) return;
      const { term } = this;
      const within = this.box.contains(document.activeElement);
      this.hide();
      if (within && term?.isConnected) {
        term.focus();
        this.hide();
      }
      event.stopPropagation();
    }, { capture: true });
  }

  /** @param {MouseEvent} event */
  #pressed(event) {
    const term = termAt(event.target);
    if (!term) {
      if (!this.#isOn(event.target)) this.hide();
      return;
    }
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.show(term);
    this.pinned = true;
    if (event.detail === 0) this.more.focus({ preventScroll: true }); // pressed by keyboard
  }

  /** @param {HTMLAnchorElement} term */
  show(term) {
    window.clearTimeout(this.timer);
    this.pinned &&= this.term === term;
    this.term = term;
    // The browser's own bubble would stand over the card; the meaning stays for those who hear it.
    if (term.title) {
      term.setAttribute("aria-description", term.title);
      term.removeAttribute("title");
    }
    this.name.textContent = term.dataset.term ?? term.textContent;
    this.words.textContent = term.getAttribute("aria-description");
    this.more.href = term.href;
    this.more.textContent = (term.getAttribute("href") ?? "").startsWith("#") ? _("Among the definitions") : _("In the glossary");
    this.box.setAttribute("aria-label", this.name.textContent ?? "");
    this.box.hidden = false;
    this.#place(term);
  }

  hide() {
    window.clearTimeout(this.timer);
    this.box.hidden = true;
    this.pinned = false;
    this.term = null;
  }

  /** @param {HTMLElement} term */
  #place(term) {
    const line = term.getClientRects()[0] ?? term.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const { clientWidth, clientHeight } = document.documentElement;
    const left = Math.max(8, Math.min(line.left, clientWidth - width - 8));
    const below = line.bottom + 6 + height <= clientHeight || line.top < height + 6;
    const origin = (this.box.offsetParent ?? document.body).getBoundingClientRect();
    this.box.style.setProperty("left", `${left - origin.left}px`);
    this.box.style.setProperty("top", `${(below ? line.bottom + 6 : line.top - height - 6) - origin.top}px`);
  }

  /** @param {EventTarget | null} target */
  #isOn(target) {
    return target instanceof Node && (this.box.contains(target) || termAt(target) !== null);
  }

  /**
   * @param {() => void} act
   * @param {number} wait
   */
  #later(act, wait) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(act, wait);
  }
}

/**
 * @param {EventTarget | null} target
 * @returns {HTMLAnchorElement | null}
 */
function termAt(target) {
  const found = target instanceof Element ? target.closest("a.term") : null;
  return found instanceof HTMLAnchorElement ? found : null;
}

/** @type {TermCard | null} */
let card = null;

export function mount() {
  if (card) return;
  card = new TermCard();
  card.listen();
}
