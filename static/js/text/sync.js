/**
 * What a text and its changes need beyond CodeMirror: taking in the log one change at a time, characters that must not
 * be cut, positions seen from the confirmed text. Used by the browser and, unchanged, by the tests' clients in Node.
 */
import {
  ChangeSet, Compartment, EditorState, Text, Transaction, history, receiveUpdates, sendableUpdates,
} from "../../vendor/codemirror.js";

/** @typedef {{clientID: string, changes: import("@codemirror/state").ChangeSet}} Update */
/** @typedef {import("@codemirror/state").EditorState} State */
/** @typedef {import("@codemirror/state").Transaction} Tr */

/** What no line of a text may hold: control characters but tab, half characters, two code points XML cannot carry. */
const FORBIDDEN = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff\ud800-\udfff]/gu;

/**
 * The transactions that bring a state forward over entries of the log, each starting where the one before ends.
 *
 * While own changes are unconfirmed the entries are taken one at a time, as the server does: composing them first can
 * give another text, silently and for good. Without own changes there is nothing to disagree about.
 * @param {State} state
 * @param {readonly Update[]} updates
 * @returns {Tr[]}
 */
export function takeIn(state, updates) {
  /** @type {Tr[]} */
  const transactions = [];
  let here = state;
  for (let at = 0; at < updates.length;) {
    const count = sendableUpdates(here).length ? 1 : updates.length - at;
    const transaction = receiveUpdates(here, updates.slice(at, at + count));
    transactions.push(transaction);
    here = transaction.state;
    at += count;
  }
  return transactions;
}

/**
 * The library keeps with each change that waits the transaction that made it, and so the state before it and all that waited
 * in that one: memory by the square of the letters of a suggestion, or of an hour without a connection. Nothing asks for it.
 * @param {State} state
 */
export function forgetOrigins(state) {
  const waiting = /** @type {readonly {origin?: Tr}[]} */ (sendableUpdates(state));
  for (let at = waiting.length - 1; at >= 0 && waiting[at]?.origin; at--) delete waiting[at]?.origin;
}

/**
 * A position of the editor's text, seen from the confirmed text beneath the changes that are not confirmed yet.
 * @param {State} state
 * @param {number} position
 * @returns {number}
 */
export function toConfirmed(state, position) {
  let at = position;
  for (const update of [...sendableUpdates(state)].reverse()) at = update.changes.invertedDesc.mapPos(at);
  return at;
}

/**
 * The reverse of `toConfirmed`.
 * @param {State} state
 * @param {number} position
 * @returns {number}
 */
export function fromConfirmed(state, position) {
  let at = position;
  for (const update of sendableUpdates(state)) at = update.changes.mapPos(Math.min(at, update.changes.length));
  return at;
}

/** In the id of whoever carried words to another text, or back (`MOVED` in app/services/documents.py). */
const MOVED = ".moved-";

/** So many letters on either side of a caret tell whether the words around it stand again. */
const AROUND = 40;

/** @typedef {{words: string, place: number}} Carried words that stand in another text now, and where a caret is in them */

/**
 * Whether a change takes words to another text, out of this one.
 * @param {Update} update
 * @returns {boolean}
 */
export function carriesOff({ clientID, changes }) {
  return clientID.includes(MOVED) && changes.newLength < changes.length;
}

/**
 * Whether a caret stood in words that were carried off to another text, and whether those stand here again, as after a split
 * that was taken back. A caret before the first word that went, or behind the gap after the last, is none of theirs.
 * @param {readonly Tr[]} transactions of `takeIn`
 * @param {Text} confirmed the text beneath the first of them
 * @param {readonly Update[]} updates
 * @param {Carried | null} [before] what earlier updates have carried off
 * @returns {{carried: Carried | null, back: number | null}} `carried`: what is elsewhere after the updates; `back`: the place
 *   of the caret in the confirmed text after them, where its words went and have come back
 */
export function carriedOff(transactions, confirmed, updates, before = null) {
  /** @type {Carried | null} */
  let carried = before;
  const first = transactions[0]?.startState;
  if (!first || !updates.some(({ clientID }) => clientID.includes(MOVED))) return { carried, back: null };
  let returned = false;
  let at = toConfirmed(first, first.selection.main.head);
  let text = confirmed;
  for (const [index, { clientID, changes }] of updates.entries()) {
    const next = changes.apply(text);
    const moves = clientID.includes(MOVED);
    const again = moves && carried ? standsAgain(carried, changes, next) : null;
    if (again !== null) {
      at = again;
      carried = null;
      returned = true;
    } else {
      if (moves && !carried) {
        eachTaken(changes, text, (start, end, words) => {
          if (at > start && at <= end) carried = { words, place: at - start };
        });
      }
      const own = returned ? null : acknowledged(transactions[index]);
      at = own ? toConfirmed(own, own.selection.main.head) : changes.mapPos(at);
    }
    text = next;
  }
  return { carried, back: returned && !carried ? at : null };
}

/**
 * Letters of one's own that get their number lie before the caret or behind it as they were typed: only the state knows.
 * @param {Tr | undefined} transaction
 * @returns {State | null} the state after it, where it only gives a number to what waited
 */
function acknowledged(transaction) {
  if (!transaction) return null;
  const { startState, state } = transaction;
  return sendableUpdates(state).length < sendableUpdates(startState).length ? state : null;
}

/**
 * Calls back with each stretch of words that a change only takes out, without the gap that goes with them: it stands before
 * them or, where they came in before all others, behind them. At the end of a text there is none behind.
 * @param {ChangeSet} changes
 * @param {Text} text which it changes
 * @param {(first: number, to: number, words: string, from: number) => void} taken `from`: with the gap before them
 */
function eachTaken(changes, text, taken) {
  changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    const ahead = text.sliceString(from, to).trimStart();
    const first = to - ahead.length;
    const words = first > from || to === text.length ? ahead : ahead.trimEnd();
    if (!inserted.length && words) taken(first, first + words.length, words, from);
  });
}

/**
 * Few words stand in many others: they are those that went only where nothing else was put in along with them.
 * @param {Carried} carried
 * @param {ChangeSet} changes
 * @param {Text} next the text after the changes
 * @returns {number | null} where the caret belongs now that these changes have put the words around it in again, if they have
 */
function standsAgain({ words, place }, changes, next) {
  const ahead = words.slice(Math.max(0, place - AROUND), place);
  const around = ahead + words.slice(place, place + AROUND).trimEnd();
  /** @type {number | null} */
  let found = null;
  changes.iterChanges((_fromA, _toA, fromB, toB, inserted) => {
    if (found !== null || !inserted.length) return;
    const start = Math.max(0, fromB - around.length + 1);
    const here = next.sliceString(start, toB + around.length - 1).indexOf(around);
    if (here < 0) return;
    const put = next.sliceString(fromB, toB);
    const begins = fromB + put.length - put.trimStart().length;
    const ends = fromB + put.trimEnd().length;
    const alone = begins >= start + here && ends <= start + here + around.length;
    if (alone || around.length >= AROUND) found = start + here + ahead.length;
  });
  return found;
}

/** @typedef {{from: number, to: number, replaced: string, at: number}} Left words that are left; `replaced`: those that stay, and in whose place they were put, and `at`: where they stood */
/** @typedef {{from: number, to: number, words?: string}} Stretch words of the confirmed text: where they stand, or which they were, once they are taken out of it */
/** @typedef {{from: number, to: number, stay: Stretch[], at: number}} Place as `Left`, while updates are still to come */

/**
 * Where words stand, after updates were taken in, that had no number yet and were put into what the updates have carried off
 * to another text: they have nothing to do with the words among which they are left.
 * @param {readonly Tr[]} transactions of `takeIn`
 * @param {Text} confirmed the text beneath the first of them
 * @param {readonly Update[]} updates
 * @returns {Left[]} in the order of the text, none over another
 */
export function leftBehind(transactions, confirmed, updates) {
  /** @type {Place[]} */
  let places = [];
  let text = confirmed;
  for (const [at, { startState, changes }] of transactions.entries()) {
    const update = /** @type {Update} */ (updates[at]);
    // As long as something waits, there is one transaction for each update.
    const waiting = sendableUpdates(startState).map((each) => each.changes);
    if (waiting.length && update.clientID.includes(MOVED)) {
      const own = composed(waiting);
      eachTaken(update.changes, text, (first, end, _words, gap) => own.iterChanges((fromA, toA, from, to, inserted) => {
        if (!inserted.length || toA <= first || toA > end) return;
        // What an earlier one of these updates left here is seen again, in the whole of what waits at this place.
        const again = places.filter((place) => place.to > from && place.from < to);
        places = places.filter((place) => !again.includes(place));
        const gone = again.flatMap(({ stay }) => stay.filter(({ words }) => words !== undefined));
        places.push({ from, to, stay: [...gone, { from: fromA, to: Math.max(fromA, gap) }], at: from });
      }));
    }
    const isOwn = acknowledged(transactions[at]) !== null;
    const before = text;
    places = places.flatMap((place) => apart(place, changes))
      .map((place) => ({ ...place, stay: place.stay.flatMap((stretch) => stays(stretch, update.changes, isOwn ? before : null)) }));
    text = update.changes.apply(text);
  }
  const replaced = (/** @type {Stretch[]} */ stay) => stay.map(({ from, to, words }) => words ?? text.sliceString(from, to)).join("");
  return places.filter(({ from, to }) => from < to).sort((one, other) => one.from - other.from)
    .map(({ from, to, stay, at }) => ({ from, to, replaced: replaced(stay), at }));
}

/**
 * What is left, after an entry of the log, of words that stayed until then and are to be put in again: what somebody else
 * has taken out of them, or carried off, does not come back, and what was put in among them stands there by itself.
 * @param {Stretch} stretch
 * @param {ChangeSet} changes the entry
 * @param {Text | null} own the text before it where it is one's own, which takes them out only now: they are what is put in again
 * @returns {Stretch[]}
 */
function stays(stretch, changes, own) {
  if (stretch.words !== undefined) return [stretch];
  const { from, to } = stretch;
  /** @type {Stretch[]} */
  const parts = [];
  let here = from;
  const until = (/** @type {number} */ end) => {
    if (here < end) parts.push({ from: changes.mapPos(here, 1), to: changes.mapPos(end, -1) });
  };
  changes.iterChanges((fromA, toA) => {
    if (toA < from || fromA > to) return;
    until(Math.min(fromA, to));
    const [first, end] = [Math.max(fromA, from), Math.min(toA, to)];
    if (own && first < end) parts.push({ from: 0, to: 0, words: own.sliceString(first, end) });
    here = Math.max(here, toA);
  });
  until(to);
  return parts;
}

/**
 * Many changes as one, by halves: one after the other, each would go through all that is before it.
 * @param {readonly ChangeSet[]} changes at least one, each of the text that the one before it makes
 * @returns {ChangeSet}
 */
function composed(changes) {
  const [first] = changes;
  if (changes.length < 2) return /** @type {ChangeSet} */ (first);
  const half = changes.length >> 1;
  return composed(changes.slice(0, half)).compose(composed(changes.slice(half)));
}

/**
 * Where words stand after a change: what somebody else puts in among them is not of them.
 * @param {Place} place
 * @param {ChangeSet} changes
 * @returns {Place[]}
 */
function apart({ from, to, stay, at }, changes) {
  const parts = [{ from, to, stay, at }];
  changes.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
    const last = /** @type {Place} */ (parts.at(-1));
    if (!inserted.length || fromA <= last.from || toA >= to) return;
    last.to = fromA;
    parts.push({ from: toA, to, stay: [], at });
  });
  return parts.map((part) => ({
    from: changes.mapPos(part.from, 1), to: changes.mapPos(part.to, -1), stay: part.stay, at: changes.mapPos(at, -1),
  }));
}

/** One's own Undo, which can forget. */
export class Undoing {
  constructor() {
    this.slot = new Compartment();
    this.history = history({ newGroupDelay: 600 });
  }

  /** @returns {import("@codemirror/state").Extension} what the state of an editor is made with */
  get extension() {
    return this.slot.of(this.history);
  }

  /**
   * Undo and redo put in what was there: words that stand in another text now, among those that stay.
   * @param {State} state
   * @returns {Tr[]} after which there is nothing to undo or redo
   */
  forget(state) {
    const without = state.update({ effects: this.slot.reconfigure([]) });
    return [without, without.state.update({ effects: this.slot.reconfigure(this.history) })];
  }
}

/**
 * A text fit to be sent: line breaks as "\n", nothing that a line may not hold.
 * @param {string} text
 * @returns {string}
 */
export function clean(text) {
  return text.replace(/\r\n?|\u000b|\u000c/g, "\n").replace(FORBIDDEN, "");
}

/**
 * How many bytes a change takes on the wire.
 * @param {string} json
 * @returns {number}
 */
export function bytes(json) {
  return new TextEncoder().encode(json).length;
}

/**
 * @param {Text} doc
 * @param {number} position
 * @returns {boolean} whether the position lies between the two halves of one character
 */
function cuts(doc, position) {
  if (position <= 0 || position >= doc.length) return false;
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(doc.sliceString(position - 1, position + 1));
}

/**
 * Local changes as they may be sent, or null when they are so already: a change that cuts a character in two (the
 * browser's difference counts half characters) takes in the whole one, and what no line may hold is left out.
 * @param {Tr} transaction
 * @param {boolean} oneLine
 * @returns {ChangeSet | null}
 */
export function mended(transaction, oneLine) {
  const doc = transaction.startState.doc;
  let sound = true;
  /** @type {{from: number, to: number, insert: string}[]} */
  const changes = [];
  transaction.changes.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
    // Words put between two halves go behind the whole; a deletion or replacement takes the whole in.
    const between = fromA === toA && cuts(doc, fromA);
    const from = between ? fromA + 1 : cuts(doc, fromA) ? fromA - 1 : fromA;
    const to = cuts(doc, toA) ? toA + 1 : toA;
    if (from !== fromA || to !== toA) sound = false;
    const raw = between
      ? inserted.toString()
      : doc.sliceString(from, fromA) + inserted.toString() + doc.sliceString(toA, to);
    const insert = oneLine ? clean(raw).replace(/\s*\n\s*/g, " ") : clean(raw);
    const last = changes.at(-1);
    if (insert !== inserted.toString()) sound = false;
    if (last && from < last.to) {
      // Two changes met inside one character: they become one.
      last.insert = clean(last.insert.slice(0, -1) + insert.slice(1));
      last.to = to;
    } else {
      changes.push({ from, to, insert });
    }
  });
  return sound ? null : ChangeSet.of(changes, doc.length);
}

/**
 * Words that are put in place of others, as words taken out and new ones put in where those ended, or null when there are
 * none. As one replacement the new words stand before what they replace: what somebody else writes into it meanwhile would
 * come between the first letter and the next, and tear them apart.
 * @param {ChangeSet} changes
 * @returns {ChangeSet | null}
 */
export function putBehind(changes) {
  let replaces = false;
  /** @type {{from: number, to?: number, insert?: Text}[]} */
  const parts = [];
  changes.iterChanges((from, to, _fromB, _toB, insert) => {
    if (to > from && insert.length) replaces = true;
    if (to > from) parts.push({ from, to });
    if (insert.length) parts.push({ from: to, insert });
  });
  return replaces ? ChangeSet.of(parts, changes.length) : null;
}

/**
 * Mends local changes before they are made, and refuses those that would make the text longer than it may be. What is put
 * over marked words goes behind them.
 * @param {{limit: number, oneLine: boolean, refuse: (length: number) => void}} rules
 * @returns {import("@codemirror/state").Extension}
 */
export function guard({ limit, oneLine, refuse }) {
  return EditorState.transactionFilter.of((transaction) => {
    if (!transaction.docChanged || transaction.annotation(Transaction.remote)) return transaction;
    const better = mended(transaction, oneLine);
    const changes = better ?? transaction.changes;
    if (changes.newLength > limit && changes.newLength > changes.length) {
      refuse(changes.newLength);
      return [];
    }
    // A word that is put right (by the browser's spelling, say) stays where it is, with the comments that end with it.
    const marked = transaction.isUserEvent("input") && !transaction.startState.selection.main.empty;
    const behind = marked ? putBehind(changes) : null;
    if (!better && !behind) return transaction;
    const userEvent = transaction.annotation(Transaction.userEvent);
    return {
      changes: behind ?? changes,
      effects: transaction.effects,
      scrollIntoView: transaction.scrollIntoView,
      ...(userEvent ? { userEvent } : {}),
      selection: transaction.selection && better
        ? { anchor: Math.min(transaction.newSelection.main.head, better.newLength) }
        : transaction.selection,
    };
  });
}

/**
 * One change as several smaller ones that follow each other: what it deletes first, then what it inserts in pieces.
 * @param {ChangeSet} changes
 * @param {number} piece at most so many units inserted at once
 * @returns {ChangeSet[]}
 */
export function inPieces(changes, piece) {
  /** @type {ChangeSet[]} */
  const out = [];
  let length = changes.length;
  /** @param {{from: number, to?: number, insert?: string}} spec */
  const add = (spec) => {
    const change = ChangeSet.of(spec, length);
    length = change.newLength;
    out.push(change);
  };
  changes.iterChanges((fromA, toA, fromB, _toB, inserted) => {
    if (toA > fromA) add({ from: fromB, to: fromB + toA - fromA });
    for (let at = 0; at < inserted.length;) {
      let end = Math.min(at + piece, inserted.length);
      if (cuts(inserted, end)) end += 1;
      add({ from: fromB + at, insert: inserted.sliceString(at, end) });
      at = end;
    }
  });
  return out;
}

/**
 * The lines of a state that unconfirmed changes touch: what a person would miss if they were lost.
 * @param {State} state
 * @returns {string}
 */
export function unconfirmedWords(state) {
  const updates = sendableUpdates(state);
  if (!updates.length) return "";
  const all = composed(updates.map((update) => update.changes));
  /** @type {string[]} */
  const lines = [];
  let last = -1;
  all.iterChangedRanges((_fromA, _toA, fromB, toB) => {
    const first = state.doc.lineAt(fromB).number;
    const end = state.doc.lineAt(toB).number;
    for (let number = Math.max(first, last + 1); number <= end; number++) lines.push(state.doc.line(number).text);
    last = Math.max(last, end);
  });
  return lines.join("\n").trim();
}

/**
 * A text as CodeMirror keeps it, split at "\n" and nothing else.
 * @param {string} text
 * @returns {Text}
 */
export function toText(text) {
  return Text.of(text.split("\n"));
}
