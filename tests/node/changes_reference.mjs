// The original behind app/calc/changes.py: answers questions about changes with the real CodeMirror, and plays the
// clients of fuzzed sessions. One JSON request per line on standard input, one JSON answer per line on standard output.
import { createInterface } from "node:readline";
import { ChangeSet, EditorState, collab, getSyncedVersion, sendableUpdates } from "../../static/vendor/codemirror.js";
import { takeIn, toText } from "../../static/js/text/sync.js";
import { dice } from "./dice.mjs";

const PIECES = ["a", "b", "c", " ", "\n", "é", "e\u0301", "😀", "👩🏽‍⚕️", "**", "x", "\t", "ß", "\u2028", "漢", "\"", "\\"];

function words(roll, most) {
  let out = "";
  for (let left = roll(most + 1); left > 0; left--) out += PIECES[roll(PIECES.length)];
  return out;
}

/** A position that does not stand between the halves of a character. */
function place(roll, doc) {
  const at = roll(doc.length + 1);
  return /^[\udc00-\udfff]/.test(doc.sliceString(at, at + 1)) ? at - 1 : at;
}

function simple(roll, doc, most) {
  const specs = [];
  for (let left = 1 + roll(most); left > 0; left--) {
    const ends = [place(roll, doc), place(roll, doc)].sort((one, two) => one - two);
    const kind = roll(3);
    specs.push({ from: ends[0], to: kind ? ends[1] : ends[0], insert: toText(kind === 1 ? "" : words(roll, 4)) });
  }
  return specs;
}

/** A random change; composing and mapping give the shapes that single edits do not have. */
function change(roll, doc) {
  let made = ChangeSet.of([], doc.length);
  for (const spec of simple(roll, doc, 4)) made = made.compose(ChangeSet.of(spec, doc.length).map(made, roll(2) === 0));
  if (roll(3)) return made;
  const after = made.apply(doc);
  return made.compose(ChangeSet.of(simple(roll, after, 1)[0], after.length));
}

const json = (changes) => JSON.stringify(changes.toJSON());

function example(seed) {
  const roll = dice(seed);
  const doc = toText(words(roll, 14));
  const [a, b] = [change(roll, doc), change(roll, doc)];
  const after = a.apply(doc);
  const c = change(roll, after);
  const at = place(roll, doc);
  return {
    seed, doc: doc.toString(), a: json(a), b: json(b), c: json(c), after: after.toString(),
    late: json(a.map(b)), early: json(a.map(b, true)), composed: json(a.compose(c)), inverse: json(a.invert(doc)),
    at, left: a.mapPos(at, -1), right: a.mapPos(at, 1),
  };
}

/** @type {Map<string, EditorState>} */
const clients = new Map();

const actions = {
  examples: ({ from, count }) => Array.from({ length: count }, (_, index) => example(from + index)),
  begin: ({ key, id, text }) => {
    clients.set(key, EditorState.create({ doc: toText(text), extensions: collab({ startVersion: 0, clientID: id }) }));
  },
  edit: ({ key, seed }) => {
    const state = clients.get(key);
    const roll = dice(seed);
    clients.set(key, state.update({ changes: simple(roll, state.doc, 1)[0] }).state);
  },
  pending: ({ key }) => {
    const state = clients.get(key);
    return [getSyncedVersion(state), sendableUpdates(state).map((update) => json(update.changes))];
  },
  receive: ({ key, updates }) => {
    let state = clients.get(key);
    const parsed = updates.map(([clientID, source]) => ({ clientID, changes: ChangeSet.fromJSON(JSON.parse(source)) }));
    for (const transaction of takeIn(state, parsed)) state = transaction.state;
    clients.set(key, state);
  },
  end: ({ key }) => {
    const text = clients.get(key).doc.toString();
    clients.delete(key);
    return text;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const answers = JSON.parse(line).map((request) => actions[request.do](request) ?? null);
  process.stdout.write(`${JSON.stringify(answers)}\n`);
}
