/**
 * The live editor of one text.
 *
 * Mounts on `<div data-module="editor" data-document="12" data-person="7" data-access="write|suggest|read"
 * data-label="Words of C3.2" data-kind="body|title" [data-topic="items-12"] [data-talks="/…/anchors"] [data-focus]>`.
 * With data-access "suggest" what is written is a suggestion: shown as a redline, kept on this device when the editor is
 * closed, and handed over to whoever dispatches `concordat:draft` on the element. A text that is closed while somebody
 * writes in it goes on in the same way: nothing that is typed is lost, a sentence says who closed it, and the words can be
 * sent to `data-suggest-to` where it has one and suggestions are taken; else `data-access` is "keep". What the page has to
 * say of the words is said there too: `concordat:tell` with `detail.content`, nodes. Where a split carries off the words in
 * which the caret stands, no more keys are taken until one chooses a place in those that are left; `data-carried` is then
 * the place of the caret in the new text, and `data-caret` says where it stands at first in that one. With `data-talks`, words that somebody
 * has commented on are marked, and `concordat:comment` asks the page for a comment on the selected ones. What the element holds (the
 * text as the server rendered it) stays until the live text is there. While it runs the element carries
 * `data-save` (opening, saved, saving, reconnecting, unsaved), `data-access` and `data-pending`, and
 * `performance.mark("editor:ready")` is set when a text is open. Removing it through htmx, or dispatching
 * `concordat:unmount` on it, closes it once everything is saved.
 */
import {
  Compartment, EditorState, EditorView, Prec, Transaction, historyKeymap, keymap, standardKeymap,
} from "../../vendor/codemirror.js";
import { Carets, theirCarets } from "../text/carets.js";
import { indent, inline, lines } from "../text/commands.js";
import { dialect } from "../text/dialect.js";
import { action, copy, keptWords } from "../text/kept.js";
import { look } from "../text/look.js";
import { insert, paste } from "../text/paste.js";
import { RECOVER_MS, recover } from "../text/recovery.js";
import { redline } from "../text/redline.js";
import { PUSH_BYTES, TextSession } from "../text/session.js";
import { BrowserStore, recordKey } from "../text/store.js";
import { Undoing, bytes, guard, inPieces, unconfirmedWords } from "../text/sync.js";
import { commented, markCommented } from "../text/talks.js";
import { Toolbar } from "../text/toolbar.js";
import { post } from "../blueprint/acts.js";
import { _ } from "../words.js";
import { connection } from "./live.js";
import { toast } from "./toast.js";

/** @typedef {import("../text/session.js").Access} Access */
/** @typedef {import("../text/session.js").Lost} Lost */
/** @typedef {import("../text/session.js").Status} Status */

const LIMITS = { body: 100_000, title: 300 };
/** Inserted at once, even three bytes to a unit, it stays below what a push may carry. */
const PIECE_UNITS = 12_000;
const HIDE = "concordat-hide-cursors";
/** Comments of others are looked for so long after a hint, so that many hints ask once. */
const TALKS_MS = 600;
/** "Saved" is said when nothing has been typed for so long. */
const CALM_MS = 250;
/** Where the cursor of a shorter text stands at first: behind its last word. */
const LONG_TEXT = 1_500;
/** So many letters at once move lines whose heights are only guessed, and in so many frames all of them are measured. */
const LEAP_UNITS = 500;
const LEAP_FRAMES = 20;
const store = new BrowserStore();

/** @returns {string} */
function nonce() {
  const script = document.querySelector("script[nonce]");
  return script instanceof HTMLElement ? (script.nonce ?? "") : "";
}

/** @param {Status} status */
function saveWords(status) {
  switch (status) {
    case "saved": return _("Saved");
    case "saving": return _("Saving…");
    case "reconnecting": return _("Reconnecting…");
    case "unsaved": return _("Not saved – keep this page open");
    case "suggesting": return _("Not sent yet");
    default: return "";
  }
}

/**
 * What differs between two texts, as one change of the first.
 * @param {string} before
 * @param {string} after
 */
function between(before, after) {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return { from: head, to: before.length - tail, insert: after.slice(head, after.length - tail) };
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} className
 * @returns {HTMLElementTagNameMap[T]}
 */
function make(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

class Editor {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.doc = element.dataset.document ?? "";
    this.person = element.dataset.person ?? document.querySelector('meta[name="person-id"]')?.getAttribute("content") ?? "";
    this.kind = element.dataset.kind === "title" ? /** @type {const} */ ("title") : /** @type {const} */ ("body");
    this.label = element.dataset.label ?? _("Text");
    /** @type {EditorView | null} */
    this.view = null;
    this.editable = new Compartment();
    this.redlining = new Compartment();
    this.undoing = new Undoing();
    this.suggesting = element.dataset.access === "suggest";
    this.mayWrite = this.suggesting || element.dataset.access === "write";
    this.others = new Carets();
    this.listeners = new AbortController();
    const comment = element.dataset.talks === undefined ? undefined : () => this.#comment();
    this.toolbar = this.kind === "body" ? new Toolbar(this.label, () => this.view, comment) : null;
    this.field = make("div", "editor__field");
    this.foot = make("div", "editor__foot");
    this.saved = make("span", "editor__saved");
    this.copyButton = make("button", "button button--small button--secondary editor__copy");
    this.note = make("span", "editor__note");
    this.readOnlyNote = make("span", "editor__note soft");
    this.#fillFoot();
    this.told = make("div", "editor__told");
    this.said = make("p", "editor__said");
    this.problem = make("p", "editor__problem");
    /** How much of the foot of the window a keyboard covers. */
    this.keyboard = 0;
    this.closed = false;
    this.#fillTold();
    this.kept = make("div", "editor__kepts");
    /** @type {string | undefined} the record of what is suggested and not sent */
    this.draft = undefined;
    this.sent = false;
    /** Whether something was typed since what is on its way was read: it did not go along. */
    this.writtenOn = false;
    /** Whether the words that were being written are in another text now: a key would come among words that stayed. */
    this.stranded = false;
    /** How many pasted words are being read and not put in yet. */
    this.coming = 0;
    this.talksTimer = 0;
    this.calm = 0;
    /** @type {boolean | undefined} whether one might write when the save state was said last */
    this.saidFor = undefined;
    /** @type {ResizeObserver | undefined} */
    this.height = undefined;
    this.session = new TextSession({ doc: this.doc, person: this.person, link: connection().texts, host: this, store, suggesting: this.suggesting, holds: true });
  }

  // -- What a session asks of its host --------------------------------------------------------------------------------

  get state() {
    return this.view?.state ?? null;
  }

  /**
   * @param {import("@codemirror/state").Text} text
   * @param {import("@codemirror/state").Extension} collaboration
   */
  open(text, collaboration) {
    // Whoever comes to write mostly goes on where the words end; a long text is first read from its beginning.
    const end = !this.view && this.element.dataset.focus !== undefined && text.length < LONG_TEXT;
    const caret = this.view ? this.#caretIn(text) : Number(this.element.dataset.caret ?? (end ? text.length : 0));
    const state = EditorState.create({
      doc: text, selection: { anchor: Math.min(caret, text.length) }, extensions: [collaboration, this.#extensions()],
    });
    if (this.view) {
      // What was sent, or kept, was of the state before.
      this.sent = false;
      this.draft = undefined;
      this.view.setState(state);
    } else {
      this.#replaceContents();
      this.view = new EditorView({
        state, parent: this.field, dispatchTransactions: (transactions, view) => this.#dispatched(transactions, view),
      });
      this.#keepHeight(this.view.dom);
      if (this.element.dataset.focus !== undefined) this.view.focus();
    }
    this.toolbar?.update(state);
    performance.mark("editor:ready", { detail: this.doc });
    void this.#talks();
  }

  /**
   * @param {import("@codemirror/state").Text} text which begins anew
   * @returns {number} where the caret belongs in it, as far as it says the same
   */
  #caretIn(text) {
    if (!this.view) return 0;
    const { doc, selection } = this.view.state;
    return this.view.state.changes(between(doc.toString(), text.toString())).mapPos(selection.main.head, 1);
  }

  /** @param {import("@codemirror/state").Transaction[]} transactions */
  dispatch(transactions) {
    this.view?.dispatch(transactions);
  }

  /**
   * @param {Access} access
   * @param {string} [reason]
   */
  access(access, reason = "") {
    const { aside, renewing, suggesting } = this.session;
    const redlines = suggesting !== this.suggesting;
    this.suggesting = suggesting;
    this.mayWrite = !renewing && (aside || access === "write" || (suggesting && access === "suggest"));
    if (!renewing) this.element.dataset.access = aside && access === "read" ? "keep" : suggesting && this.mayWrite ? "suggest" : access;
    this.toolbar?.dom.toggleAttribute("hidden", !this.mayWrite && !renewing);
    this.readOnlyNote.hidden = this.mayWrite || renewing || !this.view;
    if (!this.readOnlyNote.hidden) this.readOnlyNote.textContent = `${reason} ${_("You can read these words but not change them now.")}`.trim();
    this.view?.dispatch({ effects: [
      this.editable.reconfigure(this.#rights()), ...(redlines ? [this.redlining.reconfigure(this.#redline())] : []),
    ] });
    if (this.view) this.toolbar?.update(this.view.state);
    if (!renewing) this.#tellClosed(access, reason);
  }

  /**
   * @param {number} place
   * @param {boolean} kept
   */
  carriedOff(place, kept) {
    if (!this.#within) return this.session.settled();
    this.element.dataset.carried = String(place);
    this.#strand(true);
    this.note.textContent = [
      _("What you were writing in is no longer here."),
      kept ? _("What you typed last did not go along: it is kept below, to be copied.") : "",
      _("To write here all the same, choose a place in these words."),
    ].filter(Boolean).join(" ");
    return undefined;
  }

  /** @param {number} at */
  cameBack(at) {
    this.#strand(false);
    // Where the rest of the words is now is no longer so.
    if (this.told.classList.contains("editor__told--passing")) this.#tell([]);
    this.view?.dispatch({ selection: { anchor: at } });
  }

  forgetUndo() {
    if (!this.view) return;
    this.dispatch(this.undoing.forget(this.view.state));
    this.toolbar?.update(this.view.state);
  }

  keep() {
    return this.#keepDraft();
  }

  /** @param {Status} status */
  status(status) {
    // What is not sent and comes to nothing waits for nobody.
    const pending = String(this.suggesting && !this.session.written ? 0 : this.session.pending.length);
    if (this.element.dataset.pending !== pending) this.element.dataset.pending = pending;
    const mine = pending !== "0";
    if (this.closed && this.told.classList.contains("editor__told--mine") !== mine) {
      this.told.classList.toggle("editor__told--mine", mine);
      // It has grown by its buttons. Later the page stays where one has turned it to.
      if (mine) this.#seeCursor();
    }
    clearTimeout(this.calm);
    // While one types, each letter is saved by itself: who reads "Saved" and "Saving" in turns reads nothing.
    if (status === "saved" && this.element.dataset.save === "saving") this.calm = window.setTimeout(() => this.#say("saved"), CALM_MS);
    else this.#say(status);
  }

  /** @param {Lost} lost */
  lost(lost) {
    // What is handed back takes the place of what was kept while it was written: it must not be offered twice.
    const draft = lost.code === "moved" ? undefined : this.draft;
    const why = draft && { why: this.#reasonField()?.value ?? "" };
    if (draft) {
      this.draft = undefined;
      store.release(draft);
    }
    void store.keepLost({ ...lost, ...why, person: this.person }, draft).then((kept) => this.#show(kept));
  }

  /**
   * @param {string} code
   * @param {string} detail
   */
  refused(code, detail) {
    this.element.dataset.refused = code;
    if (this.view && code === "forbidden") {
      // What was open may not be opened again.
      this.element.dataset.access = "read";
      this.readOnlyNote.hidden = true;
      this.note.textContent = _("You are no longer in this group: nothing that you write here is saved.");
    } else this.note.textContent = detail || _("This text cannot be opened for writing now.");
  }

  /**
   * @param {import("../text/session.js").Caret[]} carets
   * @param {boolean} [anew]
   */
  carets(carets, anew = false) {
    if (this.view) this.others.take(this.view, carets, anew);
  }

  // -- The page -------------------------------------------------------------------------------------------------------

  async start() {
    const { signal } = this.listeners;
    this.element.addEventListener("htmx:beforeCleanupElement", ({ target }) => {
      if (target === this.element) this.close();
    }, { signal });
    this.element.addEventListener("concordat:unmount", () => this.close(), { signal });
    window.addEventListener("beforeunload", (event) => {
      if ((this.suggesting ? this.session.written : this.session.pending.length) && !this.sent) event.preventDefault();
    }, { signal });
    const leave = () => void (this.suggesting ? this.#keepDraft() : this.session.flush());
    window.addEventListener("pagehide", leave, { signal });
    document.addEventListener("visibilitychange", leave, { signal });
    document.addEventListener("concordat:changed", (event) => {
      const { topic } = /** @type {CustomEvent<{topic: string}>} */ (event).detail;
      if (topic !== this.element.dataset.topic) return;
      if (!this.mayWrite || this.suggesting) this.session.rejoin();
      this.#talksSoon();
    }, { signal });
    this.element.addEventListener("concordat:tell", (event) => {
      const { content } = /** @type {CustomEvent<{content: Node[]}>} */ (event).detail;
      this.#tell(content, true);
    }, { signal });
    this.field.addEventListener("pointerdown", () => this.#strand(false), { signal });
    // A link that leads to writing on in the other text leads to the place where one was.
    document.addEventListener("click", ({ target }) => {
      const link = target instanceof Element ? target.closest("a[data-write-on]") : null;
      if (!(link instanceof HTMLAnchorElement) || !this.stranded) return;
      const to = new URL(link.href);
      to.searchParams.set("caret", this.element.dataset.carried ?? "");
      link.href = to.href;
    }, { signal, capture: true });
    window.visualViewport?.addEventListener("resize", () => this.#aboveKeyboard(), { signal });
    this.element.addEventListener("concordat:draft", (event) => this.#handOver(/** @type {CustomEvent} */ (event).detail), { signal });
    document.addEventListener("concordat:live", () => this.#live(), { signal });
    this.#live();
    for (const lost of await store.lost(this.doc, this.person)) this.#show(lost);
    if (!this.suggesting) for (const kept of await store.adopt(this.doc, this.person)) await recover(kept, this, store);
    this.session.start();
  }

  /** Closes the editor; the session goes on without it until what was typed is saved. */
  close() {
    this.listeners.abort();
    this.others.stop();
    this.height?.disconnect();
    clearTimeout(this.talksTimer);
    clearTimeout(this.calm);
    if (this.suggesting) {
      // It is shown on the card as soon as this editor is gone.
      if (this.draft) store.release(this.draft);
      void this.#keepDraft();
      this.#end();
      return;
    }
    const end = Date.now() + RECOVER_MS;
    const finish = () => {
      if ((this.session.pending.length || this.coming) && Date.now() < end) {
        setTimeout(finish, 100);
        return;
      }
      this.#end();
    };
    finish();
  }

  #end() {
    this.session.stop();
    this.view?.destroy();
    this.view = null;
  }

  /** @param {Status} status */
  #say(status) {
    if (this.element.dataset.save === status && this.saidFor === this.mayWrite) return;
    this.element.dataset.save = status;
    this.saidFor = this.mayWrite;
    const words = this.suggesting && status === "saved" ? "" : this.mayWrite || status === "unsaved" ? saveWords(status) : "";
    if (this.saved.textContent !== words) this.saved.textContent = words;
    this.copyButton.hidden = status !== "unsaved";
  }

  #fillFoot() {
    this.saved.setAttribute("role", "status");
    this.copyButton.type = "button";
    this.copyButton.textContent = _("Copy my text");
    this.copyButton.hidden = true;
    this.copyButton.addEventListener("click", () => void copy(this.state?.doc.toString() ?? "").then((done) => {
      this.note.textContent = done ? _("Copied") : _("Select your words and copy them by hand.");
    }));
    this.note.setAttribute("role", "status");
    this.readOnlyNote.textContent = _("You can read these words but not change them now.");
    this.readOnlyNote.hidden = true;
    this.foot.append(this.saved, this.copyButton, this.note, this.readOnlyNote);
    if (this.kind === "body") this.foot.append(this.#cursorsButton());
  }

  #fillTold() {
    this.said.setAttribute("role", "status");
    this.problem.setAttribute("role", "alert");
    const mine = make("div", "editor__mine");
    mine.append(
      action(_("Suggest these words"), "editor__send", () => void this.#suggest()),
      action(_("Put my words into the text"), "editor__put-in", () => void this.#putIn()),
      action(_("Copy my text"), "button--secondary", () => void copy(unconfirmedWords(/** @type {EditorState} */ (this.state))).then((done) => {
        this.note.textContent = done ? _("Copied") : _("Select your words and copy them by hand.");
      })),
      action(_("Let go of my words"), "button--secondary", () => this.#letGo()),
    );
    const seen = action(_("Close"), "button--quiet editor__seen", () => {
      this.#tell([]);
      this.#strand(false);
      if (this.session.aside) this.#tellClosed(this.session.access, this.session.reason);
      this.view?.focus();
    });
    this.told.append(this.said, this.problem, mine, seen);
  }

  /**
   * Says something of the words where whoever writes reads it, and where it moves no word.
   * @param {(Node | string)[]} content
   * @param {boolean} [passing] whether it may be closed
   */
  #tell(content, passing = false) {
    this.said.replaceChildren(...content);
    this.told.classList.toggle("editor__told--on", content.length > 0);
    this.element.classList.toggle("editor--told", content.length > 0);
    this.told.classList.toggle("editor__told--passing", passing);
    this.#aboveKeyboard();
    if (content.length) this.#seeCursor();
  }

  /** Whoever writes sees what they write, though something stands over the foot of the window. */
  #seeCursor() {
    const { view } = this;
    if (!view?.hasFocus) return;
    // Not in the midst of a change of the text, which may be what called.
    queueMicrotask(() => view.dispatch({ effects: EditorView.scrollIntoView(view.state.selection.main.head) }));
  }

  /**
   * After a long text was put in or taken out, the page is scrolled by guessed heights and the field gets its own only
   * then: it is scrolled again until the line one is at is seen.
   * @param {number} frames
   */
  #landCursor(frames = LEAP_FRAMES) {
    requestAnimationFrame(() => {
      const { view } = this;
      if (!frames || !view?.hasFocus || this.listeners.signal.aborted) return;
      const line = view.coordsAtPos(view.state.selection.main.head);
      if (line && line.top >= 0 && line.bottom <= window.innerHeight - this.covered) return;
      view.dispatch({ effects: EditorView.scrollIntoView(view.state.selection.main.head) });
      this.#landCursor(frames - 1);
    });
  }

  /** A keyboard on the screen covers the foot of the window. */
  #aboveKeyboard() {
    const seen = window.visualViewport;
    const on = this.told.classList.contains("editor__told--on");
    this.keyboard = on && seen && seen.scale === 1 ? Math.max(0, window.innerHeight - seen.height - seen.offsetTop) : 0;
    if (on) this.told.style.bottom = `${this.keyboard}px`;
  }

  /** @returns {number} how much of the foot of the window is covered by what is said of the words, and its buttons */
  get covered() {
    return this.told.classList.contains("editor__told--on") ? this.told.offsetHeight + this.keyboard : 0;
  }

  /**
   * @param {Access} access
   * @param {string} reason
   */
  #tellClosed(access, reason) {
    const { aside } = this.session;
    const was = this.closed;
    this.closed = aside;
    this.element.classList.toggle("editor--closed", aside);
    this.told.classList.toggle("editor__told--mine", aside && this.session.written);
    if (!aside) {
      if (!was) return;
      this.#tell([]);
      this.problem.textContent = "";
      if (this.#speaks()) this.note.textContent = _("These words can be changed again.");
      return;
    }
    this.told.classList.toggle("editor__told--open", access === "write");
    this.told.classList.toggle("editor__told--sends", access === "suggest" && this.element.dataset.suggestTo !== undefined);
    if (!this.#speaks()) return;
    const words = access === "write" ? _("These words can be changed again. What you wrote meanwhile is yours to put into them.")
      : access === "suggest" ? `${reason} ${_("What you write now changes nothing for the others: send it as a suggestion.")}`
      : `${reason} ${_("What you write now stays on this device and changes nothing for the others.")}`;
    if (this.said.textContent !== words) this.#tell([words]);
  }

  /** Whether this editor, of those of one item, says what concerns all of them: the one that is written in. */
  #speaks() {
    const item = this.element.closest("[data-editing]") ?? this.element;
    const editors = /** @type {HTMLElement[]} */ ([...item.querySelectorAll('[data-module="editor"]'), this.element]);
    const speaker = editors.find((each) => each.contains(document.activeElement)) ?? editors.find((each) => "focus" in each.dataset);
    return (speaker ?? this.element) === this.element;
  }

  async #suggest() {
    if (!this.state || !this.session.written) return;
    const fields = new FormData();
    const draft = { field: this.element.dataset.field ?? "text", text: this.state.doc.toString(), version: String(this.session.version) };
    for (const [name, value] of Object.entries(draft)) fields.set(name, value);
    this.problem.textContent = "";
    this.writtenOn = false;
    try {
      const { said } = await post(this.element.dataset.suggestTo ?? "", fields);
      toast(said);
      // What was typed meanwhile stays as it is, not sent.
      if (this.writtenOn) return;
      this.#letGo();
      this.element.dispatchEvent(new CustomEvent("concordat:done", { bubbles: true }));
    } catch (error) {
      this.problem.textContent = /** @type {Error} */ (error).message;
    }
  }

  /** What was written here while the text was closed is sent like anything else, and no more offered as words that are not. */
  async #putIn() {
    const { draft } = this;
    this.session.putIn();
    if (this.session.aside || !draft) return;
    this.draft = undefined;
    await this.session.flush();
    await store.letGo(draft);
  }

  /** What was written here while the text was closed is somewhere else now, or not wanted. */
  #letGo() {
    this.#sent();
    this.view?.focus();
    this.session.clear();
  }

  #cursorsButton() {
    const button = make("button", "editor__cursors");
    button.type = "button";
    const tell = () => {
      const hides = localStorage.getItem(HIDE) === "1";
      this.element.classList.toggle("editor--alone", hides);
      button.textContent = hides ? _("Show others’ cursors") : _("Hide others’ cursors");
    };
    button.addEventListener("click", () => {
      localStorage.setItem(HIDE, localStorage.getItem(HIDE) === "1" ? "0" : "1");
      tell();
    });
    tell();
    return button;
  }

  #replaceContents() {
    this.element.classList.add("editor", `editor--${this.kind}`);
    this.element.replaceChildren(...(this.toolbar ? [this.toolbar.dom] : []), this.field, this.told, this.foot, this.kept);
  }

  /** @param {import("../text/store.js").KeptLost} lost */
  #show(lost) {
    const box = keptWords(lost, {
      putBack: (words) => {
        // Where the cursor is left by words that went is no place that anybody chose.
        if (!this.view || !this.mayWrite || this.stranded) return false;
        if (lost.code === "draft") {
          // A suggestion is the whole text as somebody would rather read it.
          if (!this.suggesting || lost.version !== this.session.version || this.session.written) return false;
          const because = this.#reasonField();
          if (because && !because.value) because.value = lost.why ?? "";
          this.view.dispatch({ changes: between(this.view.state.doc.toString(), lost.text), userEvent: "input.paste" });
        } else if (lost.code === "closed" && lost.version === this.session.version && !this.session.pending.length) {
          // The text is open again and still as it was then: not whole lines at the cursor, but what was typed into it.
          this.view.dispatch({ changes: between(this.view.state.doc.toString(), lost.text), userEvent: "input.paste" });
        } else this.view.dispatch(this.view.state.replaceSelection(words), { userEvent: "input.paste" });
        this.view.focus();
        return true;
      },
      letGo: () => void store.letGo(lost.key),
      base: /** @type {HTMLElement | null} */ (this.element.closest("[data-suggests]"))?.dataset.base,
    });
    this.kept.append(box);
    if (!this.kept.isConnected) this.element.append(this.kept);
  }

  #live() {
    const state = document.documentElement.dataset.live;
    const words = state === "outdated" ? _("Concordat was updated. Your words are kept: reload this page to go on.")
      : state === "stale" ? _("Somebody has signed in on this device since this page was loaded. Your words are kept: reload this page to go on.")
      : state === "refused" ? _("You are signed out. Sign in again in another tab; your words are kept here.")
      : state === "on" ? "" : null;
    // It is told again with every attempt, and read aloud as often as it is set.
    if (words !== null && this.note.textContent !== words) this.note.textContent = words;
  }

  /**
   * Gives the field the height of what is in it: only then does the browser lay out nothing else for a letter that is
   * typed. Observers are called after the layout and before the paint, so nobody sees it too short.
   * @param {HTMLElement} dom
   */
  #keepHeight(dom) {
    this.height = new ResizeObserver(() => {
      const edges = this.field.offsetHeight - this.field.clientHeight;
      this.field.style.height = `${dom.offsetHeight + edges}px`;
    });
    this.height.observe(dom);
  }

  // -- Comments and suggestions ---------------------------------------------------------------------------------------

  /** Asks the page for a comment on the selected words. */
  #comment() {
    const place = this.session.selected();
    const { from, to } = this.view?.state.selection.main ?? { from: 0, to: 0 };
    if (!place || this.element.dataset.talks === undefined) return false;
    const quote = this.view?.state.sliceDoc(from, to) ?? "";
    const detail = { field: this.element.dataset.field ?? "text", quote, ...place };
    return this.element.dispatchEvent(new CustomEvent("concordat:comment", { bubbles: true, detail }));
  }

  #talksSoon() {
    clearTimeout(this.talksTimer);
    this.talksTimer = window.setTimeout(() => void this.#talks(), TALKS_MS);
  }

  async #talks() {
    const address = this.element.dataset.talks;
    if (!address || !this.view) return;
    try {
      const response = await fetch(`${address}?version=${this.session.version}`, { headers: { Accept: "application/json" } });
      if (!response.ok || !this.view) return;
      const { version, places } = /** @type {{version: number, places: [number, number, number][]}} */ (await response.json());
      const here = places.map(([, start, end]) => ({ from: this.session.place(version, start), to: this.session.place(version, end) }));
      markCommented(this.view, /** @type {{from: number, to: number}[]} */ (here.filter(({ from, to }) => from !== null && to !== null)));
    } catch (error) {
      // Without the marks the words are the words; the next change asks again.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /**
   * Gives what is suggested to whoever sends it; `sent` is then to be called, and keeps what was typed meanwhile.
   * @param {{drafts: object[]}} to
   */
  #handOver(to) {
    if (!this.suggesting || !this.state || !this.session.written) return;
    this.writtenOn = false;
    to.drafts.push({
      field: this.element.dataset.field ?? "text", text: this.state.doc.toString(), version: this.session.version,
      sent: () => this.writtenOn || this.#sent(),
    });
  }

  #sent() {
    this.sent = true;
    if (this.draft) void store.letGo(this.draft);
  }

  /** Where one says why, beside a suggestion. */
  #reasonField() {
    return /** @type {HTMLTextAreaElement | null} */ (this.element.closest("[data-item]")?.querySelector("[data-suggests] [name=reason]") ?? null);
  }

  /** Keeps what is written and not sent on this device: it is offered again where the item is, once no editor holds it. */
  async #keepDraft() {
    if (!this.state || this.sent || this.session.renewing) return;
    if (!this.session.written) {
      if (this.draft) await store.letGo(this.draft);
      return;
    }
    const text = this.state.doc.toString();
    const { aside, access, reason, version } = this.session;
    // Words typed into a text that was closed under them are no suggestion, also when it is open again: they can be put in.
    const isDraft = !aside || access === "suggest";
    const why = isDraft ? { code: "draft", detail: "" } : { code: "closed", detail: access === "read" ? reason : "" };
    this.draft ??= recordKey();
    const draft = { doc: this.doc, ...why, words: unconfirmedWords(this.state) || text, text, version, person: this.person, why: this.#reasonField()?.value ?? "" };
    await (this.listeners.signal.aborted ? store.keepLost(draft, this.draft) : store.keepDraft(draft, this.draft));
  }

  // -- The editor -----------------------------------------------------------------------------------------------------

  get #within() {
    return this.view !== null && this.view.root.activeElement === this.view.contentDOM;
  }

  #rights() {
    // Whoever is in it is not thrown out: then each key would be the page's.
    return [EditorState.readOnly.of(!this.mayWrite || this.stranded), EditorView.editable.of(this.mayWrite || this.#within)];
  }

  /** @param {boolean} stranded */
  #strand(stranded) {
    if (this.stranded === stranded) return;
    this.stranded = stranded;
    if (!stranded) {
      this.session.settled();
      delete this.element.dataset.carried;
      this.note.textContent = "";
    }
    this.view?.dispatch({ effects: this.editable.reconfigure(this.#rights()) });
  }

  /** @returns {import("@codemirror/state").Extension} */
  #redline() {
    return this.suggesting ? redline(() => this.session.confirmed) : [];
  }

  /** @returns {import("@codemirror/state").Extension} */
  #extensions() {
    const body = this.kind === "body";
    const limit = LIMITS[this.kind];
    return [
      this.editable.of(this.#rights()),
      EditorView.cspNonce.of(nonce()),
      EditorView.contentAttributes.of({
        "aria-label": this.label, "aria-multiline": String(body), spellcheck: "true", autocapitalize: "sentences",
      }),
      this.undoing.extension,
      // What stays at the head of the card must not cover the line one writes.
      EditorView.scrollMargins.of(() => ({
        top: this.element.closest("[data-editing]")?.querySelector(".item__head")?.clientHeight ?? 0, bottom: this.covered,
      })),
      guard({ limit, oneLine: !body, refuse: (length) => this.#tooLong(length, limit) }),
      body ? [dialect(), look(), paste((words) => void this.#pasted(words)), this.#bodyKeys()] : [EditorView.lineWrapping, this.#titleKeys()],
      theirCarets(),
      commented(),
      this.redlining.of(this.#redline()),
      Prec.high(keymap.of([{ key: "Mod-Alt-m", run: () => this.#comment() }])),
      keymap.of([...historyKeymap, ...standardKeymap]),
      EditorView.updateListener.of((update) => this.#updated(update)),
    ];
  }

  #bodyKeys() {
    return Prec.high(keymap.of([
      { key: "Mod-b", run: inline("bold"), preventDefault: true },
      { key: "Mod-i", run: inline("italic"), preventDefault: true },
      { key: "Mod-Shift-7", run: lines("numbers") },
      { key: "Mod-Shift-8", run: lines("bullets") },
      { key: "Mod-Shift-9", run: lines("quote") },
      { key: "Mod-]", run: indent(true) },
      { key: "Mod-[", run: indent(false) },
      { key: "Alt-F10", run: () => {
        this.toolbar?.focus();
        return true;
      } },
    ]));
  }

  #titleKeys() {
    const done = () => {
      this.element.dispatchEvent(new CustomEvent("concordat:done", { bubbles: true }));
      return true;
    };
    return Prec.high(keymap.of([{ key: "Enter", run: done }, { key: "Shift-Enter", run: done }]));
  }

  /**
   * Puts in what was pasted once it is read, or says that it was not: the text may have been split, or closed, meanwhile.
   * @param {Promise<string>} reading
   */
  async #pasted(reading) {
    this.coming += 1;
    const words = await reading;
    this.coming -= 1;
    if (!words) return;
    if (this.view && !this.view.state.readOnly) {
      insert(this.view, words);
      return;
    }
    const said = _("What you pasted came too late and was not put in. Paste it again where it belongs.");
    if (this.listeners.signal.aborted) toast(said);
    else this.note.textContent = `${this.note.textContent} ${said}`.trim();
  }

  /**
   * @param {number} length
   * @param {number} limit
   */
  #tooLong(length, limit) {
    this.note.textContent = _("That would make the text {over} characters too long, so it was not put in. You can still copy it from where it came.", {
      over: length - limit,
    });
  }

  /**
   * Changes too big for one push (a mass deletion undone, say) are made in pieces, and taken back at once.
   * @param {readonly import("@codemirror/state").Transaction[]} transactions
   * @param {EditorView} view
   */
  #dispatched(transactions, view) {
    const big = transactions.findIndex((each) => !each.annotation(Transaction.remote) && isBig(each.changes));
    const transaction = transactions[big];
    if (!transaction) {
      view.update(transactions);
      return;
    }
    if (big) view.update(transactions.slice(0, big));
    for (const [at, changes] of inPieces(transaction.changes, PIECE_UNITS).entries()) {
      // The history joins what is called so with what was before it.
      const userEvent = at ? "input.type.compose" : "input.paste";
      view.update([view.state.update({ changes, filter: false, userEvent })]);
    }
    for (const { changes } of transactions.slice(big + 1)) view.update([view.state.update({ changes, filter: false })]);
  }

  /** @param {import("@codemirror/view").ViewUpdate} update */
  #updated(update) {
    // Not in the midst of what called.
    if (this.stranded && update.transactions.some((each) => each.isUserEvent("select"))) queueMicrotask(() => this.#strand(false));
    const local = update.transactions.some((each) => each.docChanged && !each.annotation(Transaction.remote));
    if (local) {
      // What was sent is not what stands here now.
      this.sent = false;
      this.writtenOn = true;
      this.session.edited();
      if (this.note.textContent) this.note.textContent = "";
      if (Math.abs(update.state.doc.length - update.startState.doc.length) > LEAP_UNITS) this.#landCursor();
    }
    if ((update.selectionSet || update.focusChanged || local) && update.view.hasFocus && this.mayWrite && !this.suggesting) this.session.moved();
    if (update.docChanged || update.selectionSet || update.focusChanged) this.toolbar?.update(update.state);
  }
}

/**
 * @param {import("@codemirror/state").ChangeSet} changes
 * @returns {boolean} whether they are more than one push can carry
 */
function isBig(changes) {
  let inserted = 0;
  changes.iterChanges((_fromA, _toA, fromB, toB) => {
    inserted += toB - fromB;
  });
  return inserted > PIECE_UNITS && bytes(JSON.stringify(changes.toJSON())) > PUSH_BYTES;
}

/** @param {HTMLElement} element */
export async function mount(element) {
  await new Editor(element).start();
}
