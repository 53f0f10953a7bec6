/**
 * What a text and its changes need beyond CodeMirror: taking in the log one change at a time, characters that must not
 * be cut, positions seen from the confirmed text. Used by the browser and, unchanged, by the tests' clients in Node.
 */
import {
  ChangeSet, EditorState, Text, Transaction, receiveUpdates, sendableUpdates,
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
 * Whether a caret stood in words that were carried off to another text, and whether those stand here again, as after a split
 * that was taken back. A caret before the first word that went is none of theirs.
 * @param {State} state before the updates
 * @param {Text} confirmed its text without the changes that are not confirmed yet
 * @param {readonly Update[]} updates
 * @param {Carried | null} [before] what earlier updates have carried off
 * @returns {{carried: Carried | null, back: number | null}} `carried`: what is elsewhere after the updates; `back`: the place
 *   of the caret in the confirmed text after them, where its words went and have come back
 */
export function carriedOff(state, confirmed, updates, before = null) {
  /** @type {Carried | null} */
  let carried = before;
  if (!updates.some(({ clientID }) => clientID.includes(MOVED))) return { carried, back: null };
  let returned = false;
  let at = toConfirmed(state, state.selection.main.head);
  let text = confirmed;
  for (const { clientID, changes } of updates) {
    const next = changes.apply(text);
    const moves = clientID.includes(MOVED);
    const again = moves && carried ? standsAgain(carried, changes, next) : null;
    at = again ?? at;
    if (again !== null) {
      carried = null;
      returned = true;
    } else {
      if (moves && !carried) {
        eachTaken(changes, text, (first, to, words) => {
          if (at > first && at <= to) carried = { words, place: at - first };
        });
      }
      at = changes.mapPos(at);
    }
    text = next;
  }
  return { carried, back: returned && !carried ? at : null };
}

/**
 * Calls back with each stretch of words that a change only takes out, without the gap before them.
 * @param {ChangeSet} changes
 * @param {Text} text which it changes
 * @param {(first: number, to: number, words: string) => void} taken
 */
function eachTaken(changes, text, taken) {
  changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    const words = text.sliceString(from, to).trimStart();
    if (!inserted.length && words) taken(to - words.length, to, words);
  });
}

/**
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
    if (here >= 0) found = start + here + ahead.length;
  });
  return found;
}

/**
 * Where words stand, after updates were taken in, that had no number yet and were put into what the updates have carried off
 * to another text: they have nothing to do with the words among which they are left.
 * @param {readonly Tr[]} transactions of `takeIn`
 * @param {Text} confirmed the text beneath the first of them
 * @param {readonly Update[]} updates
 * @returns {{from: number, to: number}[]}
 */
export function leftBehind(transactions, confirmed, updates) {
  /** @type {{from: number, to: number}[]} */
  let places = [];
  let text = confirmed;
  for (const [at, { startState, changes }] of transactions.entries()) {
    const update = /** @type {Update} */ (updates[at]);
    // As long as something waits, there is one transaction for each update.
    const waiting = sendableUpdates(startState).map((each) => each.changes);
    if (waiting.length && update.clientID.includes(MOVED)) {
      const own = waiting.reduce((one, next) => one.compose(next));
      eachTaken(update.changes, text, (first, to) => own.iterChanges((_fromA, toA, from, end, inserted) => {
        if (inserted.length && toA > first && toA <= to) places.push({ from, to: end });
      }));
    }
    places = places.map(({ from, to }) => ({ from: changes.mapPos(from, 1), to: changes.mapPos(to, -1) }));
    text = update.changes.apply(text);
  }
  return places.filter(({ from, to }) => from < to);
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
  const all = updates.map((update) => update.changes).reduce((one, next) => one.compose(next));
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
