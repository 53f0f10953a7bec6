/**
 * Sends a form to its own address after every change and shows whether it is stored.
 *
 * One request at a time, so that what is stored last is what was entered last. What cannot be sent now is kept in the
 * form and sent again by itself. Only what was changed here is sent, and a page one comes back to takes over what another
 * device has stored meanwhile: an old page sets nothing back. While the connection is lost the form's button waits for it, and then goes on: the
 * page with what was entered is never replaced by the browser's own. Otherwise, and without scripts, the button posts.
 *
 * Around the form: `[data-autosave-state]` carries the save state (templates/components/messages.html),
 * `[data-autosave-progress]` holds a progress element and `[data-autosave-words]`; `[data-autosave-asks]` is shown when
 * the answers call for a comment. While a scale has the focus, a digit chooses that number. With `data-keep` what is not
 * sent yet is kept on this device (unsent.js).
 */
import { _ } from "../words.js";
import { Unsent } from "./unsent.js";

const TYPING_PAUSE = 700;
const RETRY_PAUSE = 4000;
const LONGEST_WAIT = 20_000;
const LONG_WAIT = 2000;

/** @param {HTMLElement} element */
export function mount(element) {
  if (!(element instanceof HTMLFormElement)) throw new Error("autosave belongs on a form");
  const saver = new Saver(element);
  // The page itself says nothing: while this script is not there, nothing saves by itself.
  if (saver.unsent.isStored) saver.show("saved");
  if (saver.unsent.restore() || saver.unsent.isAny) saver.soon(0);
  element.addEventListener("change", () => saver.edited(0));
  element.addEventListener("input", (event) => {
    const { target } = event;
    const typed = target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type === "text");
    if (typed) saver.edited(TYPING_PAUSE);
  });
  element.addEventListener("keydown", (event) => chooseByDigit(event));
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) element.requestSubmit();
  });
  element.addEventListener("submit", (event) => {
    if (saver.others) {
      event.preventDefault();
      saver.others.scrollIntoView({ block: "center" });
    } else if (saver.isCutOff) {
      event.preventDefault();
      saver.goOn();
    } else saver.leave();
  });
  window.addEventListener("online", () => {
    if (saver.failed) saver.soon(0);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void saver.lookAgain();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload(); // come back to by the browser's Back: what is stored, and a live form
  });
  window.addEventListener("beforeunload", (event) => {
    if (saver.isUnsaved) event.preventDefault();
  });
}

class Saver {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.timer = 0;
    this.sending = false;
    this.changed = false;
    this.failed = false;
    /** Whether the server will not take what stands here, until it is changed. */
    this.refused = false;
    this.stopped = false;
    /** @type {HTMLElement | null} what says that this browser holds another expert's seat by now */
    this.others = null;
    this.leaving = false;
    this.sentAt = 0;
    this.unsent = new Unsent(form);
  }

  get isUnsaved() {
    return !this.stopped && (this.refused || ((this.changed || this.sending) && this.failed));
  }

  /** Whether what is posted now would probably not arrive. */
  get isCutOff() {
    const waits = this.sending && performance.now() - this.sentAt > LONG_WAIT;
    return this.failed || waits || !navigator.onLine;
  }

  /** @param {number} pause */
  soon(pause) {
    if (this.stopped) return;
    this.changed = true;
    if (!this.failed) this.show("saving");
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.send(), pause);
  }

  /** @param {number} pause */
  edited(pause) {
    this.leaving = this.refused = false; // whoever writes on stays
    this.unsent.keep();
    this.soon(pause);
  }

  goOn() {
    this.soon(0);
    if (!this.leaving) this.unsent.say(_("There is no connection. What you entered is kept on this device; once it is saved, you go on by itself."));
    this.leaving = true;
  }

  stop() {
    this.stopped = true;
    window.clearTimeout(this.timer);
  }

  /** Another expert's link was opened in this browser: what stands here is kept for this page's own, and sent as nobody's. */
  sayOthers() {
    this.stop();
    this.unsent.keep();
    this.show("unsaved");
    this.others ??= this.unsent.say(_("Another link was opened in this browser. Open yours again to go on; what you wrote is kept on this device."));
  }

  /** The browser itself posts the form now: only what was changed. */
  leave() {
    this.stop();
    const [same, written] = [new Set(this.unsent.same), this.#written()];
    for (const field of this.form.elements) {
      if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) field.disabled ||= same.has(field.name);
    }
    for (const [name, was] of written) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value: was });
      this.form.append(field);
    }
  }

  /** Looks whether another device has stored something since this page was made. */
  async lookAgain() {
    const isBusy = () => this.stopped || this.sending || this.changed || this.failed || this.refused || this.unsent.isAny;
    if (isBusy()) return;
    try {
      const answer = await fetch(window.location.href);
      if (answer.status === 404 || answer.status === 410) return window.location.reload();
      if (!answer.ok) return undefined;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector(`form[action="${this.form.getAttribute("action")}"]`);
      if (!(fresh instanceof HTMLFormElement) || isBusy()) return undefined;
      if (fresh.dataset.keep !== this.form.dataset.keep) {
        this.sayOthers();
        return undefined;
      }
      this.unsent.takeOver(fresh);
      const bar = page.querySelector("[data-autosave-progress] progress");
      if (bar instanceof HTMLProgressElement) {
        const words = page.querySelector("[data-autosave-words], [data-autosave-progress] strong")?.textContent ?? "";
        const asks = page.querySelector("[data-autosave-asks]");
        this.stored({ value: bar.value, max: bar.max, words, wants_comment: asks !== null && !asks.hasAttribute("hidden"), next: "" });
      }
    } catch { /* without a connection the page stays as it is */ }
    return undefined;
  }

  /** @returns {[string, string][]} of the texts that were changed here, what is stored of them as far as is known */
  #written() {
    const same = new Set(this.unsent.same);
    /** @type {[string, string][]} */
    const found = [];
    for (const field of this.form.querySelectorAll("textarea")) {
      const was = this.unsent.before[field.name];
      if (was !== undefined && !same.has(field.name)) found.push([`was-${field.name}`, was]);
    }
    return found;
  }

  async send() {
    if (this.sending || this.stopped) return;
    this.sending = true;
    this.sentAt = performance.now();
    this.changed = false;
    try {
      const answer = await fetch(this.form.action, {
        method: "POST",
        body: this.#toSend(),
        headers: { "X-Autosave": "1" }, // the CSRF token is a field of the form
        signal: AbortSignal.timeout?.(LONGEST_WAIT), // Safari has it from 16 on
      });
      if (answer.status === 404 || answer.status === 410) {
        this.stop();
        window.location.reload();
        return;
      }
      if (answer.status === 409 && (await answer.json()).code === "other_link") {
        this.sayOthers();
        return;
      }
      if (answer.status === 422) {
        const refusal = await answer.json();
        if (refusal.code === "elsewhere") {
          this.unsent.elsewhere(refusal.stored);
          this.failed = false;
          this.changed = true;
          return;
        }
        if (this.leaving) {
          this.leave();
          this.form.submit(); // the page comes back with the sentence beside the field
          return;
        }
        this.refused = true;
        this.show("wrong");
        return;
      }
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const state = await answer.json();
      this.stored(state);
      this.failed = false;
      if (!this.changed) {
        if (this.form.checkValidity()) {
          this.unsent.sent();
          this.show("saved");
        } else this.show("wrong");
      }
      if (this.leaving && !this.changed) {
        this.stop();
        window.location.assign(state.next);
      }
    } catch {
      this.failed = true;
      this.changed = true;
      this.unsent.keep(); // also what was entered before this script had come
      this.show("unsaved");
    } finally {
      this.sending = false;
      if (this.changed && !this.stopped) {
        this.timer = window.setTimeout(() => void this.send(), this.failed ? RETRY_PAUSE : 0);
      }
    }
  }

  /** What was changed, but for fields whose content cannot be: they say so themselves, and hold up no other. */
  #toSend() {
    const fields = new FormData(this.form);
    for (const name of this.unsent.same) fields.delete(name);
    for (const field of this.form.elements) {
      if (field instanceof HTMLInputElement && !field.checkValidity()) fields.delete(field.name);
    }
    for (const [name, was] of this.#written()) fields.set(name, was);
    return fields;
  }

  /** @param {{value: number, max: number, words: string, wants_comment: boolean, next: string}} state */
  stored(state) {
    const bar = document.querySelector("[data-autosave-progress] progress");
    if (bar instanceof HTMLProgressElement) bar.value = state.value;
    for (const words of document.querySelectorAll("[data-autosave-words], [data-autosave-progress] strong")) {
      words.textContent = state.words;
    }
    for (const asks of document.querySelectorAll("[data-autosave-asks]")) {
      asks.toggleAttribute("hidden", !state.wants_comment);
    }
  }

  /** @param {"saved" | "saving" | "unsaved" | "wrong"} state */
  show(state) {
    const shows = state === "unsaved" && this.unsent.isKept ? "kept" : state;
    for (const shown of document.querySelectorAll("[data-autosave-state] .save-state")) {
      if (shown instanceof HTMLElement) shown.dataset.state = shows;
    }
  }
}

/** @param {KeyboardEvent} event */
function chooseByDigit(event) {
  if (!/^[1-9]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!(event.target instanceof HTMLInputElement) || event.target.type !== "radio") return;
  const wanted = event.target.closest("fieldset")?.querySelector(`input[type="radio"][value="${event.key}"]`);
  if (!(wanted instanceof HTMLInputElement)) return;
  event.preventDefault();
  wanted.focus();
  wanted.click();
}
