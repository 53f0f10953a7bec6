/**
 * The box that Ctrl-K (⌘K) and the header's link open: what is found shows as one types.
 *
 * The element is the header's link, which leads to the same search as a page; `data-src` is the address that answers
 * with choices. The focus stays in the field (combobox with a listbox): arrows choose, Enter opens, Escape closes.
 */
import { _ } from "../words.js";

/** At most so many requests: one at a time, and so long after the last key. */
const PAUSE_MILLISECONDS = 220;

/** @param {HTMLElement} link */
export function mount(link) {
  const found = document.getElementById("search-box");
  if (!(found instanceof HTMLDialogElement)) return;
  new Box(found, link.dataset.src ?? "").listen(link);
}

class Box {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {string} source
   */
  constructor(dialog, source) {
    this.dialog = dialog;
    this.source = source;
    this.form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
    this.input = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
    this.list = /** @type {HTMLElement} */ (dialog.querySelector("[role=listbox]"));
    this.says = /** @type {HTMLElement} */ (dialog.querySelector("[data-says]"));
    this.all = /** @type {HTMLAnchorElement} */ (dialog.querySelector("[data-all]"));
    this.page = this.form.action;
    /** What the list shows, or null while it shows nothing asked for. @type {string | null} */
    this.shown = null;
    /** @type {AbortController | null} */
    this.asking = null;
    this.timer = 0;
    /** Enter was pressed before the answer came. */
    this.eager = false;
  }

  /** @param {HTMLElement} link */
  listen(link) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      // The shortcut presses it too: also over this box, and over others.
      if (this.dialog.open) this.dialog.close();
      else if (!document.querySelector("dialog:modal")) this.open();
    });
    this.input.addEventListener("input", () => this.#soon());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.list.addEventListener("mousemove", (event) => {
      const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      if (option instanceof HTMLElement) this.#choose(option, false);
    });
    this.dialog.querySelector("[data-close]")?.addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    // The event comes after the fact: by then the box may be open again and asking, which must go on.
    this.dialog.addEventListener("close", () => {
      if (!this.dialog.open) this.#stop();
    });
    // A choice on this very page moves to its place: the box must not stay over it.
    this.list.addEventListener("click", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) this.dialog.close();
    });
  }

  open() {
    this.dialog.showModal();
    this.input.focus();
    this.input.select();
    if (this.input.value) this.#soon();
  }

  /** @returns {HTMLElement[]} */
  get options() {
    return /** @type {HTMLElement[]} */ ([...this.list.querySelectorAll("[role=option]")]);
  }

  get words() {
    return this.input.value.trim();
  }

  #stop() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = null;
    this.eager = false;
  }

  #soon() {
    this.#stop();
    const address = new URL(this.page);
    if (this.words) address.searchParams.set("q", this.words);
    this.all.href = address.href;
    if (!this.words) this.#show(null);
    else if (this.words !== this.shown) this.timer = window.setTimeout(() => void this.#ask(), PAUSE_MILLISECONDS);
  }

  async #ask() {
    const words = this.words;
    const asking = new AbortController();
    this.asking = asking;
    try {
      const response = await fetch(`${this.source}?q=${encodeURIComponent(words)}`, {
        headers: { Accept: "text/html" },
        signal: asking.signal,
        redirect: "manual",
      });
      if (response.status !== 200) throw new Error(`search answered ${response.status}`);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (asking.signal.aborted) return;
      this.shown = words;
      this.#show(page.querySelector("[data-found]"));
      if (this.eager) this.#go();
    } catch (error) {
      if (asking.signal.aborted) return;
      this.shown = null;
      this.#show(null, "fault");
    }
  }

  /**
   * @param {Element | null} answer
   * @param {"hint" | "fault"} [otherwise] what is said where there is no answer
   */
  #show(answer, otherwise = "hint") {
    if (!answer) this.shown = null;
    this.list.replaceChildren(...(answer?.children ?? []));
    this.list.scrollTop = 0;
    const signs = (answer instanceof HTMLElement && answer.dataset.signs) || "";
    const wordless = signs !== "" && answer instanceof HTMLElement && !answer.dataset.says;
    const none = answer !== null && !this.options.length && !wordless;
    const unsearched = /** @type {HTMLElement | null} */ (this.dialog.querySelector("[data-signs]"));
    if (unsearched) {
      unsearched.hidden = !signs;
      unsearched.textContent = signs;
    }
    for (const name of ["hint", "none", "fault"]) {
      const part = /** @type {HTMLElement | null} */ (this.dialog.querySelector(`[data-${name}]`));
      if (part) part.hidden = !(none ? name === "none" : !answer && name === otherwise);
    }
    this.says.textContent = none
      ? _("Nothing was found")
      : answer instanceof HTMLElement
        ? [answer.dataset.says, signs].filter(Boolean).join(". ")
        : otherwise === "fault"
          ? _("The search cannot be reached just now")
          : "";
    this.input.setAttribute("aria-expanded", String(this.options.length > 0));
    this.input.removeAttribute("aria-activedescendant");
    const [first] = this.options;
    if (first) this.#choose(first, false);
  }

  /**
   * @param {HTMLElement} option
   * @param {boolean} scroll
   */
  #choose(option, scroll) {
    for (const each of this.options) each.setAttribute("aria-selected", String(each === option));
    this.input.setAttribute("aria-activedescendant", option.id);
    if (scroll) option.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    const options = this.options;
    if (!step || event.isComposing || !options.length) return;
    event.preventDefault();
    const at = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const next = options[(at + step + options.length) % options.length];
    if (next) this.#choose(next, true);
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    if (!this.words) return;
    if (this.shown === this.words) this.#go();
    else {
      this.#stop();
      this.eager = true;
      void this.#ask();
    }
  }

  #go() {
    this.eager = false;
    this.options.find((each) => each.getAttribute("aria-selected") === "true")?.click();
  }
}
