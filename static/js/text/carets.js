/**
 * Where others are in the text: a thin caret in one of eight colours, always with a name to it, which is written behind
 * the end of the line (so that it covers no words) and only while its owner types. Where there is no room behind it, the
 * name stands below the line, at its right edge.
 */
import { Decoration, EditorView, StateEffect, StateField, WidgetType } from "../../vendor/codemirror.js";

/** @typedef {import("./session.js").Caret} Caret */

const TYPING_MS = 2_500;

/** @type {import("@codemirror/state").StateEffectType<Caret[]>} */
const show = StateEffect.define();

class CaretMark extends WidgetType {
  /** @param {string} name @param {number} colour */
  constructor(name, colour) {
    super();
    this.name = name;
    this.colour = colour;
  }

  /** @override @param {CaretMark} other */
  eq(other) {
    return other.name === this.name && other.colour === this.colour;
  }

  /** @override */
  toDOM() {
    const caret = document.createElement("span");
    caret.className = `cm-their-caret cm-their-${this.colour}`;
    caret.title = this.name;
    caret.setAttribute("aria-hidden", "true");
    return caret;
  }

  /** @override */
  ignoreEvent() {
    return true;
  }
}

class NameTag extends CaretMark {
  /** @override */
  toDOM() {
    const tag = document.createElement("span");
    tag.className = `cm-their-name cm-their-${this.colour}`;
    tag.textContent = this.name;
    tag.setAttribute("aria-hidden", "true");
    return tag;
  }
}

/**
 * @param {import("@codemirror/state").EditorState} state
 * @param {Caret[]} carets
 */
function draw(state, carets) {
  const out = [];
  for (const { anchor, head, person, typing } of carets) {
    if (head === null || head > state.doc.length) continue;
    const colour = Math.abs(Number(person?.id) || 0) % 8;
    const name = [person?.name, person?.constituency].filter(Boolean).join(" · ");
    if (anchor !== null && anchor !== head && anchor <= state.doc.length) {
      out.push(Decoration.mark({ class: `cm-their-words cm-their-${colour}` }).range(Math.min(anchor, head), Math.max(anchor, head)));
    }
    out.push(Decoration.widget({ widget: new CaretMark(name, colour), side: 1 }).range(head));
    if (typing) out.push(Decoration.widget({ widget: new NameTag(name, colour), side: 2 }).range(state.doc.lineAt(head).to));
  }
  return Decoration.set(out, true);
}

/** @type {StateField<Caret[]>} */
const field = StateField.define({
  create: () => /** @type {Caret[]} */ ([]),
  update(carets, transaction) {
    let now = carets;
    if (transaction.docChanged && now.length) {
      const move = (/** @type {number | null} */ at) => (at === null ? null : transaction.changes.mapPos(at, 1));
      now = now.map((caret) => ({ ...caret, anchor: move(caret.anchor), head: move(caret.head) }));
    }
    for (const effect of transaction.effects) if (effect.is(show)) now = effect.value;
    return now;
  },
  provide: (self) => EditorView.decorations.compute([self], (state) => draw(state, state.field(self))),
});

/** @returns {import("@codemirror/state").Extension} */
export function theirCarets() {
  return field;
}

/** Keeps the carets of one editor: takes in news, lets names go after a while. */
export class Carets {
  constructor() {
    /** @type {Map<string, ReturnType<typeof setTimeout>>} */
    this.typing = new Map();
  }

  /**
   * @param {EditorView} view
   * @param {Caret[]} news
   * @param {boolean} anew forget those that are not named
   */
  take(view, news, anew) {
    const before = view.state.field(field, false);
    if (!before || (!news.length && !(anew && before.length))) return;
    const kept = anew ? [] : before.filter((caret) => !news.some(({ client }) => client === caret.client));
    for (const { client, typing } of news) {
      if (!typing) continue;
      clearTimeout(this.typing.get(client));
      this.typing.set(client, setTimeout(() => this.#quiet(view, client), TYPING_MS));
    }
    const fresh = news.filter(({ head }) => head !== null);
    view.dispatch({ effects: show.of([...kept, ...fresh]) });
    if (news.some(({ typing }) => typing)) this.#fit(view);
  }

  /**
   * Puts names below their line where they would be cut at the edge. Measured when the editor measures anyway, and only
   * when others have moved: no letter of one's own costs anything.
   * @param {EditorView} view
   */
  #fit(view) {
    view.requestMeasure({
      key: this,
      read: () => /** @type {HTMLElement[]} */ ([...view.contentDOM.querySelectorAll(".cm-their-name")]).map((tag) => {
        const end = view.coordsAtPos(view.state.doc.lineAt(view.posAtDOM(tag)).to, -1)?.right ?? 0;
        const room = view.scrollDOM.getBoundingClientRect().right - end;
        return { tag, below: parseFloat(getComputedStyle(tag).marginLeft) + tag.offsetWidth > room };
      }),
      write: (tags) => {
        for (const { tag, below } of tags) tag.classList.toggle("cm-their-name--below", below);
      },
    });
  }

  stop() {
    for (const timer of this.typing.values()) clearTimeout(timer);
    this.typing.clear();
  }

  /** @param {EditorView} view @param {string} client */
  #quiet(view, client) {
    this.typing.delete(client);
    const carets = view.state.field(field, false) ?? [];
    view.dispatch({ effects: show.of(carets.map((each) => (each.client === client ? { ...each, typing: false } : each))) });
  }
}
