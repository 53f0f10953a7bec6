// The browser's half of the live text, without a browser: `node --test tests/node`. The authority here is a few lines
// around real ChangeSets; the real one is held against real clients in tests/live.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ChangeSet, EditorState, collab, redo, undo } from "../../static/vendor/codemirror.js";
import { fold, wanted } from "../../static/js/fold.js";
import { TextLink } from "../../static/js/text/link.js";
import { TextSession } from "../../static/js/text/session.js";
import { Undoing, carriedOff, clean, fromConfirmed, guard, inPieces, takeIn, toConfirmed, toText, unconfirmedWords } from "../../static/js/text/sync.js";
import { dice } from "./dice.mjs";

const rules = { limit: 100, oneLine: false, refuse: () => {} };

function state(text, given = {}) {
  return EditorState.create({ doc: toText(text), extensions: [guard({ ...rules, ...given }), collab({ clientID: "me" })] });
}

test("half an emoji is never changed alone", () => {
  const smile = state("a😀b");
  const edit = (changes) => smile.update({ changes }).state.doc.toString();
  assert.equal(edit({ from: 2, to: 3, insert: "\ude01" }), "a😁b");
  assert.equal(edit({ from: 2, insert: "x" }), "a😀xb");
  assert.equal(edit({ from: 2, to: 4 }), "a");
  assert.equal(edit([{ from: 1, to: 2, insert: "x" }, { from: 2, to: 3, insert: "y" }]), "axyb");
  assert.equal(edit({ from: 0, insert: "\ud83d" }), "a😀b");
});

test("what no line may hold is left out, a title stays one line, a text keeps to its limit", () => {
  assert.equal(clean("a\u000bb\r\nc\u0000\u001bd\te\uffff"), "a\nb\ncd\te");
  assert.equal(clean("\ude00a\ud83d😀\ud83db\ude00😀"), "a😀b😀");
  assert.equal(state("").update({ changes: { from: 0, insert: "a\u0000b" } }).state.doc.toString(), "ab");
  const title = state("", { oneLine: true, limit: 300 });
  assert.equal(title.update({ changes: { from: 0, insert: toText("one\n two") } }).state.doc.toString(), "one two");
  let refused = 0;
  const full = state("x".repeat(100), { refuse: (length) => (refused = length) });
  assert.equal(full.update({ changes: { from: 0, insert: "yz" } }).state.doc.length, 100);
  assert.equal(refused, 102);
  assert.equal(full.update({ changes: { from: 0, to: 1 } }).state.doc.length, 99);
});

test("a change in pieces comes to the same", () => {
  const doc = toText("one two three");
  const big = ChangeSet.of([{ from: 0, to: 3, insert: "😀".repeat(9) }, { from: 7, insert: "middle\nlines" }, { from: 8, to: 13 }], doc.length);
  const pieces = inPieces(big, 5);
  assert.equal(pieces.reduce((text, piece) => piece.apply(text), doc).toString(), big.apply(doc).toString());
  for (const piece of pieces) piece.iterChanges((_a, _b, from, to) => assert.ok(to - from <= 6));
});

test("positions go down to the confirmed text and up again", () => {
  const now = state("abc").update({ changes: { from: 1, insert: "xx" } }).state;
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((at) => toConfirmed(now, at)), [0, 1, 1, 1, 2, 3]);
  assert.equal(fromConfirmed(now, 2), 4);
});

test("a caret in words that a split carries off is known by its place in them, one in words that stay is not", () => {
  const whole = "Head. Tail goes.";
  const split = (text) => ({ clientID: "3.moved-x", changes: ChangeSet.of({ from: 5, to: text.length }, text.length) });
  const at = (anchor, updates = [split(whole)], more = []) => {
    let now = state(whole).update({ selection: { anchor } }).state;
    for (const given of more) now = now.update(given).state;
    return carriedOff(takeIn(now, updates), toText(whole), updates).carried?.place ?? null;
  };
  assert.deepEqual([0, 5, 6, 7, 16].map((anchor) => at(anchor)), [null, null, null, 1, 10], "the gap before the tail stays");
  assert.equal(at(16, [{ ...split(whole), clientID: "3.abc" }]), null, "what somebody else deletes is no other text's");
  const back = { clientID: "3.moved-y", changes: ChangeSet.of({ from: 5, insert: " Tail" }, whole.length) };
  assert.equal(at(16, [back]), null, "nor what is put in");
  const longer = { clientID: "other.1", changes: ChangeSet.of({ from: 6, insert: "The " }, whole.length) };
  assert.equal(at(16, [longer, split(`${whole}The `)]), 14);
  assert.equal(at(11, [split(whole)], [{ changes: { from: 11, insert: "xx" }, selection: { anchor: 13 } }]), 5, "what waits is not counted");
});

const WHOLE = "Head. Tail goes.";
const SPLIT = ["3.moved-x", JSON.stringify(ChangeSet.of({ from: 5, to: 16 }, 16).toJSON())];
const PUT_BACK = ["3.moved-y", JSON.stringify(ChangeSet.of({ from: 5, insert: " Tail goes." }, 5).toJSON())];

/** Somebody who stands in a text, and what the editor is told when the words around them go and come. */
function writer(t, at) {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const made = opened(WHOLE);
  t.after(() => made.session.stop());
  made.told = [];
  made.host.carriedOff = (place, kept) => made.told.push(["off", place, kept]);
  made.host.cameBack = (place) => made.told.push(["back", place]);
  made.host.dispatch([made.host.state.update({ selection: { anchor: at } })]);
  made.come = (version, entries) => {
    made.session.onUpdates(version, entries);
    // What others write comes in a moment after one's own letter.
    t.mock.timers.tick(50);
  };
  return made;
}

test("what is typed into words while they are split off is handed back, and does not stand among those that are left", (t) => {
  const { line, host, session, come, type, text, told } = writer(t, 16);
  session.disconnected();
  type(16, " And mo");
  host.dispatch([host.state.update({ selection: { anchor: 23 } })]);
  session.connected();
  session.onJoined(joined({ version: 1, client: session.client }));
  come(0, [SPLIT]);
  assert.equal(text(), "Head.");
  assert.deepEqual(host.words.map(({ code, words }) => [code, words]), [["moved", "And mo"]]);
  assert.deepEqual(told, [["off", 10, true]]);
  const [[, version, , first, sent]] = line.take("text:push");
  assert.deepEqual([version, first], [1, 1]);
  assert.equal(sent.reduce((doc, source) => ChangeSet.fromJSON(JSON.parse(source)).apply(doc), toText("Head.")).toString(), "Head.");
});

test("so it is with what was on its way: it stands nowhere, whether the log has it already or not", (t) => {
  const went = ["[16,[0,\" And\"]]", "[5,[0,\" And\"]]"];
  for (const answer of ["with the split", "later", "never"]) {
    const { line, host, session, come, type, text } = writer(t, 16);
    type(16, " And");
    assert.deepEqual(line.take("text:push")[0][4], [went[0]]);
    type(20, " mo");
    if (answer === "with the split") come(0, [SPLIT, [session.client, went[1]]]);
    else come(0, [SPLIT]);
    if (answer === "later") come(1, [[session.client, went[1]]]);
    assert.equal(text(), "Head.", answer);
    assert.deepEqual(host.words.map(({ words }) => words), ["And mo"], answer);
    // All that waits goes in the end, and leaves the text as it is here.
    const known = answer === "never" ? 1 : 2;
    const left = session.pending.reduce((doc, { changes }) => changes.apply(doc), toText(known === 1 ? "Head." : "Head. And"));
    assert.equal(left.toString(), "Head.", answer);
    come(known, session.pending.map(({ changes }) => [session.client, JSON.stringify(changes.toJSON())]));
    assert.deepEqual([session.pending.length, session.confirmed.toString(), host.words.length], [0, "Head.", 1], answer);
  }
});

test("what is typed into words that stay is left where it is when others are split off", (t) => {
  const { host, session, come, type, text, told } = writer(t, 5);
  type(5, " Neck.");
  type(0, "My ");
  come(0, [SPLIT]);
  assert.deepEqual([text(), host.words, told], ["My Head. Neck.", [], []]);
});

test("whoever wrote in words that went and come back goes on in them, at once or later", (t) => {
  for (const pieces of [[[SPLIT, PUT_BACK]], [[SPLIT], [["8.x", "[[0,\"A \"],5]"]], [["3.moved-y", "[7,[0,\" Tail goes.\"]]"]]]]) {
    const { host, session, come, text, told, type } = writer(t, 11);
    type(11, "xx");
    host.dispatch([host.state.update({ selection: { anchor: 13 } })]);
    let version = 0;
    for (const entries of pieces) {
      come(version, entries);
      version += entries.length;
    }
    const shift = pieces.length > 1 ? 2 : 0;
    assert.equal(text(), shift ? "A Head. Tail goes." : WHOLE);
    assert.deepEqual(told, [...(shift ? [["off", 5, true]] : []), ["back", 11 + shift]]);
    assert.deepEqual(host.words.map(({ words }) => words), ["xx"]);
  }
});

test("who has chosen another place stays there when the words come back", (t) => {
  const { session, come, told, text } = writer(t, 11);
  come(0, [SPLIT]);
  session.settled();
  come(1, [PUT_BACK]);
  assert.deepEqual([text(), told], [WHOLE, [["off", 5, false]]]);
});

/** What a change of the log, or one that waits, is as it is sent. */
const logged = (given, length, by = "3.moved-x") => [by, JSON.stringify(ChangeSet.of(given, length).toJSON())];

/** Who was away for a moment, and hears all at once what came meanwhile. */
function away({ session, come }, entries) {
  session.disconnected();
  session.connected();
  session.onJoined(joined({ version: session.version + entries.length, client: session.client }));
  come(session.version, entries);
}

test("what is typed before words that stay is theirs, when those in front of them go: a merge taken back", (t) => {
  // "Head." was merged in before them, and goes with the gap behind it.
  const back = logged({ from: 0, to: 6 }, 16);
  const { host, come, type, text, told } = writer(t, 6);
  type(6, "My ");
  host.dispatch([host.state.update({ selection: { anchor: 9 } })]);
  come(0, [back]);
  assert.deepEqual([text(), host.words, told], ["My Tail goes.", [], []]);

  const there = writer(t, 5);
  there.type(5, " Neck.");
  there.host.dispatch([there.host.state.update({ selection: { anchor: 11 } })]);
  there.come(0, [back]);
  assert.deepEqual([there.text(), there.host.words.map(({ words }) => words), there.told], ["Tail goes.", ["Neck."], [["off", 5, true]]]);
});

test("a space that was just typed at the end of words goes with them", (t) => {
  const { session, host, type, come, told } = writer(t, 16);
  type(16, " ");
  host.dispatch([host.state.update({ selection: { anchor: 17 } })]);
  come(0, [logged({ from: 16, insert: " " }, 16, session.client)]);
  come(1, [logged({ from: 5, to: 17 }, 17)]);
  assert.deepEqual(told, [["off", 11, false]]);
});

test("letters that get their number along with the split are counted as they were typed: before the caret, or behind it", (t) => {
  for (const [at, words, caret, place] of [[16, " And", 20, 14], [6, "New ", 10, 4], [6, "New ", 8, 2], [10, "or", 11, 5]]) {
    for (const how of ["on the line", "after a while away"]) {
      const made = writer(t, at);
      made.type(at, words);
      made.host.dispatch([made.host.state.update({ selection: { anchor: caret } })]);
      const entries = [
        logged({ from: at, insert: words }, 16, made.session.client), logged({ from: 5, to: 16 + words.length }, 16 + words.length),
      ];
      if (how === "on the line") made.come(0, entries);
      else away(made, entries);
      assert.deepEqual([made.text(), made.host.words, made.told], ["Head.", [], [["off", place, false]]], `${words} ${how}`);
    }
  }
  const part = writer(t, 6);
  part.type(6, "N");
  part.type(7, "ew ");
  part.host.dispatch([part.host.state.update({ selection: { anchor: 10 } })]);
  away(part, [logged({ from: 6, insert: "N" }, 16, part.session.client), logged({ from: 5, to: 17 }, 17)]);
  assert.deepEqual([part.text(), part.host.words.map(({ words }) => words), part.told], ["Head.", ["ew"], [["off", 1, true]]]);
});

test("two splits that come at once hand back what waited once", (t) => {
  const made = writer(t, 16);
  made.type(16, " And mo");
  made.come(0, [logged({ from: 10, to: 16 }, 16), logged({ from: 5, to: 10 }, 10, "3.moved-y")]);
  assert.deepEqual([made.text(), made.host.words.map(({ words }) => words)], ["Head.", ["And mo"]]);
});

test("what others put in among words that are handed back stays where it is", (t) => {
  for (const [first, then, words] of [
    [[{ from: 0, to: 1 }, { from: 1, insert: "My h" }], [{ from: 4, to: 6 }, { from: 6, insert: "ou" }], "My hou"],
    [[{ from: 0, insert: "My" }], [{ from: 2, to: 5 }, { from: 5, insert: "hea" }], "My\nhea"],
  ]) {
    const made = writer(t, 0);
    const { host } = made;
    for (const changes of [first, then]) host.dispatch([host.state.update({ changes })]);
    away(made, [logged({ from: 1, to: 16 }, 16), logged({ from: 1, insert: "ead. Tail goes." }, 1, "3.moved-y")]);
    assert.deepEqual([made.text(), host.words.map((lost) => lost.words)], [WHOLE, [words]]);
  }
});

test("whatever is split off and put back while one is away, each letter is in the text or handed back, once", (t) => {
  for (let seed = 1; seed <= 800; seed++) {
    const roll = dice(seed);
    const made = writer(t, 16);
    const { host, session, type, text } = made;
    session.disconnected();
    const letters = "αβγδ".slice(0, 1 + roll(4));
    for (const letter of letters) {
      const { length } = host.state.doc;
      const at = roll(length + 1);
      let to = Math.min(length, at + (roll(4) ? 0 : roll(4)));
      // Never letters that were typed here.
      while (/[α-ω]/.test(host.state.sliceDoc(at, to))) to -= 1;
      if (to === at) type(at, letter);
      else host.dispatch([host.state.update({ changes: [{ from: at, to }, { from: to, insert: letter }] })]);
    }
    session.edited();
    let server = toText(WHOLE);
    const entries = [];
    const gone = [];
    const take = (given, by) => {
      entries.push(logged(given, server.length, by));
      server = ChangeSet.of(given, server.length).apply(server);
    };
    for (let times = 1 + roll(3); times > 0; times--) {
      const { length } = server;
      const kind = roll(3);
      const from = 1 + roll(Math.max(1, length - 1));
      if (kind === 0 && length > 2) {
        gone.push(server.sliceString(from));
        take({ from, to: length });
      } else if (kind === 1 && gone.length) take({ from: length, insert: gone.pop() });
      else take({ from: roll(length + 1), insert: "Z" }, "8.x");
    }
    session.connected();
    session.onJoined(joined({ version: entries.length, client: session.client }));
    const cut = roll(entries.length + 1);
    if (cut) made.come(0, entries.slice(0, cut));
    if (cut < entries.length) made.come(cut, entries.slice(cut));
    const handed = host.words.map(({ words }) => words).join("\n");
    const others = (words) => words.split("Z").length;
    assert.equal(others(text()), others(session.confirmed.toString()), `seed ${seed}: what somebody else wrote stays`);
    for (const letter of letters) assert.equal((text() + handed).split(letter).length - 1, 1, `seed ${seed}: ${letter}`);
    assert.ok(host.words.every(({ code }) => code === "moved"), `seed ${seed}`);
    session.stop();
  }
});

test("what was handed back is not handed back again, and nothing else with it, when the text is closed", (t) => {
  const { line, session, host, come, type, text } = writer(t, 16);
  type(16, " And mo");
  come(0, [SPLIT]);
  const [, , , first] = line.take("text:push").at(-1);
  for (let times = 0; times < 3; times++) session.onRefused(first, "locked", "Agreed");
  assert.deepEqual([text(), host.words.map(({ code }) => code)], ["Head.", ["moved"]]);
  assert.equal(session.written, false);

  const held = opened(WHOLE, { holds: true });
  t.after(() => held.session.stop());
  held.type(16, " And mo");
  held.session.onUpdates(0, [SPLIT]);
  t.mock.timers.tick(50);
  held.session.onJoined(joined({ version: 1, access: "read", reason: "Agreed" }));
  assert.deepEqual([held.session.aside, held.session.written, held.session.status], [true, false, "saved"]);
  held.type(5, "!");
  assert.deepEqual([held.session.written, held.session.status], [true, "suggesting"]);
  held.host.dispatch([held.host.state.update({ changes: { from: 5, to: 6 } })]);
  held.session.edited();
  held.line.take("text:push");
  held.line.take("text:join");
  let kept = 0;
  held.host.keep = () => (kept += 1);
  held.session.onJoined(joined({ version: 1 }));
  assert.equal(kept, 1, "what was kept of it is let go of");
  const [[, client]] = held.line.take("text:join");
  assert.deepEqual(held.line.take("text:push"), [], "what was typed while it was closed, and taken out again, is for nobody");
  held.session.onJoined(joined({ version: 1, text: "Head.", client }));
  assert.deepEqual([held.session.aside, held.host.words.length], [false, 1], "it goes on, since nothing is to be put in");
  assert.deepEqual([held.text(), held.session.pending.length, held.line.take("text:push")], ["Head.", 0, []]);
});

test("a text that opens again goes on once all that is stored has come", (t) => {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { line, session, host, type, text } = opened("Head.", { holds: true });
  t.after(() => session.stop());
  type(5, "!");
  const [[, , client, first]] = line.take("text:push");
  session.onJoined(joined({ access: "read", reason: "Agreed" }));
  host.dispatch([host.state.update({ changes: { from: 5, to: 6 } })]);
  session.edited();
  assert.deepEqual([session.aside, session.written, session.pending.length], [true, false, 2]);
  session.onJoined(joined({ version: 1 }));
  assert.ok(session.aside, "what waits may be stored");
  session.onUpdates(0, [[client, "[5,[0,\"!\"]]"]]);
  assert.deepEqual([text(), session.aside, session.written, first], ["Head.", true, true, 1], "its writer took it out and says so");
});

test("a text that was opened again goes on once its writer has taken out what was typed meanwhile, and refuses no key", (t) => {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { line, session, host, type, text } = opened("Head.", { holds: true });
  t.after(() => session.stop());
  const before = session.client;
  const told = [];
  host.access = (...how) => told.push(how);
  session.onJoined(joined({ access: "read", reason: "Agreed" }));
  type(5, "!");
  session.onJoined(joined());
  assert.ok(session.aside, "what was typed is its writer's to put in");
  told.length = 0;
  line.take("text:join");
  host.dispatch([host.state.update({ changes: { from: 5, to: 6 } })]);
  session.edited();
  t.mock.timers.tick(0);
  assert.deepEqual([session.aside, text(), told], [false, "Head.", [["write", ""]]]);
  assert.deepEqual(line.take("text:join"), [["1", session.client, 0, "e", before]]);
  type(5, "?");
  assert.deepEqual([line.take("text:push"), text()], [[], "Head.?"], "it waits for the answer");
  session.onJoined(joined({ client: session.client }));
  assert.deepEqual(line.take("text:push"), [["1", 0, session.client, 1, ['[5,[0,"?"]]']]]);
});

test("what is taken out of a text that was opened again, and typed anew at once, stays its writer's to put in", (t) => {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { session, host, type, text } = opened("Head.", { holds: true });
  t.after(() => session.stop());
  session.onJoined(joined({ access: "read", reason: "Agreed" }));
  type(5, "!");
  session.onJoined(joined());
  host.dispatch([host.state.update({ changes: { from: 5, to: 6 } })]);
  session.edited();
  type(5, "?");
  t.mock.timers.tick(0);
  assert.deepEqual([session.aside, text()], [true, "Head.?"]);
});

test("in a suggestion, and in a text that was closed, what was put into words that go stays, and so do the caret and Undo", (t) => {
  for (const closed of [false, true]) {
    t.mock.timers.reset();
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    const { session, host, type, text } = opened(WHOLE, closed ? { holds: true } : { suggesting: true });
    t.after(() => session.stop());
    const told = [];
    host.carriedOff = () => told.push("off");
    host.forgetUndo = () => told.push("undo");
    if (closed) session.onJoined(joined({ access: "suggest", reason: "Agreed" }));
    type(16, " And mo");
    host.dispatch([host.state.update({ selection: { anchor: 23 } })]);
    session.onUpdates(0, [SPLIT]);
    t.mock.timers.tick(50);
    assert.deepEqual([text(), host.words, told], ["Head. And mo", [], []]);
  }
});

test("an editor of a text that was opened again is told so as soon as all that is stored has come", (t) => {
  for (const left of ["", "?"]) {
    t.mock.timers.reset();
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    const { line, session, host, type, text } = opened("Head.", { holds: true });
    t.after(() => session.stop());
    type(5, "!");
    const [[, , client]] = line.take("text:push");
    session.onJoined(joined({ access: "read", reason: "Agreed" }));
    if (left) type(6, left);
    if (left) host.dispatch([host.state.update({ changes: { from: 6, to: 7 } })]);
    session.edited();
    session.onJoined(joined({ version: 1 }));
    const told = [];
    host.access = (...how) => told.push(how);
    line.take("text:join");
    session.onUpdates(0, [[client, "[5,[0,\"!\"]]"]]);
    t.mock.timers.tick(0);
    assert.deepEqual([text(), session.aside, told], ["Head.!", false, [["write", ""]]], "and only once");
    // What was typed and taken out again has no part in what is sent.
    assert.equal(line.take("text:join").length, left ? 1 : 0);
    assert.deepEqual(line.take("text:push"), []);
  }
});

test("what is handed back is not sent by a later visit either, and Undo does not put it in again", (t) => {
  const { session, host, stored, come, type, text } = writer(t, 16);
  const undoing = new Undoing();
  host.open = function open(doc, extension) {
    this.state = EditorState.create({ doc, extensions: [extension, undoing.extension] });
  };
  session.onJoined(joined({ epoch: "f", text: WHOLE }));
  session.onJoined(joined({ epoch: "f", client: session.client }));
  type(16, " And mo");
  t.mock.timers.tick(1_000);
  assert.equal(stored.get(session.client).pending.length, 1);
  come(0, [SPLIT]);
  t.mock.timers.tick(200);
  const kept = stored.get(session.client);
  assert.equal(kept.pending.reduce((doc, source) => ChangeSet.fromJSON(JSON.parse(source)).apply(doc), toText(kept.text)).toString(), "Head.");
  undo({ state: host.state, dispatch: (transaction) => host.dispatch([transaction]) });
  assert.equal(text(), "Head.");
});

test("few words have not come back because others that hold them came in", (t) => {
  for (const [tail, other, back] of [
    [" a", "\n\nParties agree", null], [" a", "\n\nA plan is a plan", null], [" a", " a", 7],
    [" We agree.", "\n\nOn the whole, we agree. We agree. Yes", null],
  ]) {
    t.mock.timers.reset();
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    const { session, host } = opened(`Head.${tail}`);
    t.after(() => session.stop());
    const told = [];
    host.carriedOff = () => told.push("off");
    host.cameBack = (place) => told.push(place);
    const { length } = host.state.doc;
    host.dispatch([host.state.update({ selection: { anchor: length } })]);
    session.onUpdates(0, [logged({ from: 5, to: length }, length)]);
    t.mock.timers.tick(50);
    session.onUpdates(1, [logged({ from: 5, insert: toText(other) }, 5, "3.moved-y")]);
    t.mock.timers.tick(50);
    assert.deepEqual(told, back === null ? ["off"] : ["off", back], other);
  }
});

test("words that stay, and were replaced along with those that go, stand again when the new ones are handed back", (t) => {
  for (const answer of ["with the split", "later", "never"]) {
    const { line, session, host, come, text, told } = writer(t, 16);
    host.dispatch([host.state.update({ changes: [{ from: 2, to: 16 }, { from: 16, insert: "llo there" }], selection: { anchor: 11 } })]);
    session.edited();
    assert.equal(line.take("text:push").length, 1);
    const own = [session.client, JSON.stringify(ChangeSet.of([{ from: 2, to: 5 }, { from: 5, insert: "llo there" }], 5).toJSON())];
    come(0, answer === "with the split" ? [SPLIT, own] : [SPLIT]);
    if (answer === "later") come(1, [own]);
    assert.deepEqual([text(), host.words.map(({ words }) => words), told], ["Head.", ["llo there"], [["off", 10, true]]], answer);
    come(session.version, session.pending.map(({ changes }) => [session.client, JSON.stringify(changes.toJSON())]));
    assert.deepEqual([session.pending.length, session.confirmed.toString()], [0, "Head."], answer);
  }
});

test("words that stay, and went or were taken out after the split, do not stand again with those that were replaced", (t) => {
  const whole = "Head. Mid here. End bit. Tail goes.";
  const own = [{ from: 2, to: 35 }, { from: 35, insert: "llo" }];
  const split = logged({ from: 24, to: 35 }, 35);
  for (const [then, left] of [
    [logged({ from: 5, to: 15 }, 24), "Head. End bit."],
    [logged({ from: 5, to: 15 }, 24, "8.x"), "Head. End bit."],
    [logged({ from: 5, insert: " Or so." }, 24, "8.x"), "Head. Mid here. End bit. Or so."],
    [logged({ from: 0, to: 6 }, 24), "Mid here. End bit."],
  ]) {
    const made = opened(whole);
    const { session, host, line } = made;
    t.after(() => session.stop());
    session.disconnected();
    host.dispatch([host.state.update({ changes: own })]);
    session.edited();
    away({ session, come: (version, entries) => {
      session.editedAt = 0;
      session.onUpdates(version, entries);
    } }, [split, then]);
    assert.equal(made.text(), left);
    assert.deepEqual(host.words.map((lost) => lost.words), ["llo"]);
    // Whatever the log gets of it in the end, both read the same.
    line.take("text:push");
    session.onUpdates(session.version, session.pending.map(({ changes }) => [session.client, JSON.stringify(changes.toJSON())]));
    assert.deepEqual([session.pending.length, session.confirmed.toString()], [0, made.text()]);
  }
});

test("what waits is put together at once, however many letters there are", () => {
  const roll = dice(7);
  let now = state("A word. ".repeat(500), { limit: 100_000 });
  for (let count = 0; count < 4_000; count++) now = now.update({ changes: { from: roll(now.doc.length), insert: "x" } }).state;
  const times = [1, 2, 3].map(() => {
    const began = performance.now();
    unconfirmedWords(now);
    return performance.now() - began;
  });
  // One after the other it took two seconds, and by halves a fortieth of one.
  assert.ok(Math.min(...times) < 500, String(times));
});

test("a long suggestion takes no more memory than its letters do", (t) => {
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc");
  const { session, type, text } = opened("", { suggesting: true });
  t.after(() => session.stop());
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed / 1e6;
  };
  const before = used();
  for (let count = 0; count < 4_000; count++) type(count, "x");
  const grown = used() - before;
  assert.deepEqual([text().length, session.pending.length], [4_000, 4_000]);
  // With the states in which they were typed it was 60 MB, and four times as much for twice as many.
  assert.ok(grown < 20, `${grown} MB`);
});

test("undo and redo bring back nothing of what went to another text, and go on with what is written then", (t) => {
  for (const [changes, undone] of [[[{ from: 6, to: 10 }, { from: 10, insert: "Foot" }], false], [[{ from: 16, insert: " And mo" }], true]]) {
    const { session, host, come, text } = writer(t, 16);
    const undoing = new Undoing();
    host.open = function open(doc, extension) {
      this.state = EditorState.create({ doc, extensions: [extension, undoing.extension] });
    };
    host.forgetUndo = () => host.dispatch(undoing.forget(host.state));
    session.onJoined(joined({ epoch: "f", text: WHOLE }));
    session.onJoined(joined({ epoch: "f", client: session.client }));
    const does = (command) => command({ state: host.state, dispatch: (transaction) => host.dispatch([transaction]) });
    host.dispatch([host.state.update({ changes, userEvent: "input.type" })]);
    if (undone) does(undo);
    come(0, [SPLIT]);
    assert.deepEqual([does(undone ? redo : undo), text()], [false, "Head."]);
    host.dispatch([host.state.update({ changes: { from: 5, insert: "!" }, userEvent: "input.type" })]);
    does(undo);
    assert.equal(text(), "Head.");
    does(redo);
    assert.equal(text(), "Head.!");
    // What comes in takes nothing away.
    come(session.version, [logged({ from: 5, insert: " Tail goes." }, 5, "3.moved-y")]);
    does(undo);
    assert.equal(text(), "Head. Tail goes.");
  }
});

/** A link under the test's hand: what is sent is kept until the test answers it. */
class Line {
  connected = true;
  sent = [];
  send(event, payload) { this.sent.push([event, payload]); }
  add() {}
  remove() {}
  take(event) {
    const found = this.sent.filter(([name]) => name === event).map(([, payload]) => payload);
    this.sent = this.sent.filter(([name]) => name !== event);
    return found;
  }
}

function client(kept, more = {}) {
  const line = new Line();
  const stored = new Map();
  const host = {
    state: null, words: [], statuses: [], refusals: [],
    open(text, extension) { this.state = EditorState.create({ doc: text, extensions: extension }); },
    dispatch(transactions) { this.state = transactions.at(-1).state; },
    access(access, reason) { this.told = [access, reason]; },
    carets() {},
    kept: [], keep() { this.kept.push([session.access, this.state.doc.toString()]); },
    status(status) { this.statuses.push(status); },
    lost(lost) { this.words.push(lost); },
    refused(code) { this.refusals.push(code); },
  };
  const store = { save: async (record) => void stored.set(record.key, record), forget: async (key) => void stored.delete(key), release: () => {} };
  const session = new TextSession({ doc: "1", person: "7", link: line, host, store, ...more });
  session.start(kept);
  const type = (from, insert) => {
    host.dispatch([host.state.update({ changes: { from, insert } })]);
    session.edited();
  };
  return { line, host, session, stored, type, text: () => host.state.doc.toString() };
}

const joined = (more = {}) => ({ doc: "1", epoch: "e", version: 0, access: "write", ...more });

function opened(text = "abc", more = {}) {
  const made = client(undefined, more);
  made.line.take("text:join");
  made.session.onJoined(joined({ text }));
  return made;
}

test("one push at a time, acknowledged by the log, the next from the next number", (t) => {
  const { line, host, session, type, text } = opened();
  t.after(() => session.stop());
  type(3, "d");
  type(4, "e");
  assert.deepEqual(line.take("text:push"), [["1", 0, session.client, 1, ['[3,[0,"d"]]']]]);
  assert.equal(host.statuses.at(-1), "saving");
  session.onUpdates(0, [["8.x", '[[0,"z"],3]'], [session.client, '[4,[0,"d"]]']]);
  assert.equal(text(), "zabcde");
  assert.deepEqual(line.take("text:push"), [["1", 2, session.client, 2, ['[5,[0,"e"]]']]]);
  session.onUpdates(2, [[session.client, '[5,[0,"e"]]']]);
  assert.equal(host.statuses.at(-1), "saved");
  assert.equal(session.acked, 2);
});

test("known entries are ignored, overlapping ones sliced, a gap is asked for", (t) => {
  const { line, session, text } = opened("");
  t.after(() => session.stop());
  session.onUpdates(0, [["8.x", '[[0,"a"]]']]);
  session.onUpdates(0, [["8.x", '[[0,"a"]]'], ["8.x", '[1,[0,"b"]]']]);
  assert.equal(text(), "ab");
  session.onUpdates(4, [["8.x", '[4,[0,"e"]]']]);
  assert.deepEqual(line.take("text:pull"), [["1", 2]]);
  session.onUpdates(2, [["8.x", '[2,[0,"c"]]'], ["8.x", '[3,[0,"d"]]'], ["8.x", '[4,[0,"e"]]']]);
  assert.equal(text(), "abcde");
});

test("what others write comes in together while one types, at once with one's own, and in order", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { line, session, type, text } = opened("");
  t.after(() => session.stop());
  type(0, "x");
  session.onUpdates(0, [["8.x", '[[0,"a"]]']]);
  session.onUpdates(1, [["8.x", '[1,[0,"b"]]']]);
  assert.equal(text(), "x", "not yet");
  t.mock.timers.tick(40);
  assert.equal(text(), "abx");
  session.onUpdates(2, [["8.x", '[2,[0,"c"]]']]);
  session.onUpdates(3, [[session.client, '[3,[0,"x"]]']]);
  assert.equal(text(), "abcx");
  assert.equal(session.pending.length, 0);
  session.onUpdates(4, [["8.x", '[4,[0,"d"]]']]);
  session.onUpdates(7, [["8.x", '[7,[0,"g"]]']]);
  t.mock.timers.tick(40);
  assert.equal(text(), "abcxd", "what is whole is taken in");
  assert.deepEqual(line.take("text:pull"), [["1", 5]], "what is missing is asked for");
  t.mock.timers.tick(400);
  session.onUpdates(5, [["8.x", '[5,[0,"e"]]'], ["8.x", '[6,[0,"f"]]'], ["8.x", '[7,[0,"g"]]']]);
  assert.equal(text(), "abcxdefg", "at once when nobody types here");
});

test("a refusal speaks of what has come before it", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { line, session, type, text } = opened("");
  t.after(() => session.stop());
  type(0, "x");
  line.take("text:push");
  session.onUpdates(0, [["8.x", '[[0,"a"]]']]);
  session.onRefused(1, "behind", "");
  assert.equal(text(), "ax");
  t.mock.timers.tick(1);
  assert.deepEqual(line.take("text:pull"), [["1", 1]]);
});

test("carets are moved together, the newest of each person, and only as far as one has read", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { host, session } = opened("abc");
  t.after(() => session.stop());
  const shown = [];
  host.carets = (carets) => shown.push(carets.map(({ client, head }) => [client, head]));
  const [ann, bo] = [{ id: 8, name: "Ann" }, { id: 9, name: "Bo" }];
  session.onPresence(0, [["8.x", 1, 1, ann], [session.client, 0, 0, ann]]);
  session.onPresence(0, [["8.x", 2, 2, ann], ["9.x", 0, 0, bo]]);
  session.onPresence(1, [["9.x", 4, 4, bo]]);
  t.mock.timers.tick(80);
  assert.deepEqual(shown, [[["8.x", 2]]]);
  session.onUpdates(0, [["9.x", '[3,[0,"d"]]']]);
  t.mock.timers.tick(80);
  assert.deepEqual(shown.at(-1), [["9.x", 4]]);
});

test("after a lost acknowledgement the same numbers are sent again", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { line, session, type } = opened();
  type(0, "x");
  const [first] = line.take("text:push");
  for (let at = 0; at < 4_000; at += 20) t.mock.timers.tick(20);
  assert.deepEqual(line.take("text:push"), Array(4).fill(first), "and not for ever");
  assert.deepEqual(line.take("text:pull"), [["1", 0]]);
  session.onUpdates(0, []);
  assert.deepEqual(line.take("text:push"), [first]);
  session.stop();
});

test("what goes unanswered goes once more with the letters that follow, and more seldom each time", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { line, session, type, text } = opened("");
  t.after(() => session.stop());
  const sent = () => line.take("text:push").map(([, base, , seq, changes]) => [base, seq, changes.length]);
  type(0, "a");
  type(1, "b");
  assert.deepEqual(sent(), [[0, 1, 1]]);
  t.mock.timers.tick(39);
  assert.deepEqual(sent(), [], "an answer takes its time");
  t.mock.timers.tick(1);
  assert.deepEqual(sent(), [[0, 1, 2]]);
  type(2, "c");
  t.mock.timers.tick(79);
  assert.deepEqual(sent(), []);
  t.mock.timers.tick(1);
  assert.deepEqual(sent(), [[0, 1, 3]]);
  session.onUpdates(0, [[session.client, '[[0,"a"]]']]);
  assert.deepEqual([session.acked, sent()], [1, []], "the rest is on its way");
  session.onUpdates(1, [["8.x", '[[0,"z"],1]'], [session.client, '[2,[0,"b"]]'], [session.client, '[3,[0,"c"]]']]);
  assert.equal(text(), "zabc");
  assert.equal(session.status, "saved");
  t.mock.timers.tick(4_000);
  assert.deepEqual(line.sent.filter(([event]) => event !== "text:presence" && event !== "text:join"), []);
});

test("where answers take long, one waits long before anything goes twice", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { line, session, type } = opened("");
  t.after(() => session.stop());
  for (let at = 0; at < 60; at++) {
    type(at, "x");
    t.mock.timers.tick(400);
    line.take("text:push");
    session.onUpdates(at, [[session.client, at ? `[${at},[0,"x"]]` : '[[0,"x"]]']]);
  }
  type(60, "x");
  line.take("text:push");
  t.mock.timers.tick(560);
  assert.deepEqual(line.take("text:push"), []);
  t.mock.timers.tick(50);
  assert.equal(line.take("text:push").length, 1);
});

test("the caret of a state that ends goes with it", (t) => {
  const { line, session, type } = opened();
  t.after(() => session.stop());
  session.moved();
  type(3, "d");
  const before = session.client;
  session.onRefused(1, "bad", "");
  assert.deepEqual(line.take("text:presence").at(-1), ["1", before, 0, null, null]);
});

test("a refusal of what an earlier state of this editor pushed is not a refusal of what is pushed now", (t) => {
  const { line, host, session, type } = opened();
  t.after(() => session.stop());
  type(3, "d");
  const before = session.client;
  session.onRefused(1, "bad", "", before);
  session.onJoined(joined({ text: "abc" }));
  type(3, "e");
  assert.equal(line.take("text:push").length, 2);
  session.onRefused(1, "bad", "", before);
  assert.equal(host.words.length, 1);
  assert.equal(session.pending.length, 1);
});

test("the last answer to what went more than once counts: it may be taken yet", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { line, host, session, type } = opened();
  t.after(() => session.stop());
  type(3, "d");
  t.mock.timers.tick(40);
  assert.equal(line.take("text:push").length, 2);
  session.onRefused(1, "limit", "Too long", session.client);
  t.mock.timers.tick(200);
  assert.deepEqual([host.words, line.take("text:push")], [[], []], "one waits for the other answer");
  session.onUpdates(0, [["8.x", "[2,[1]]"], [session.client, '[2,[0,"d"]]']]);
  assert.deepEqual([host.words, session.status], [[], "saved"]);
  type(3, "e");
  t.mock.timers.tick(40);
  session.onRefused(2, "limit", "Too long", session.client);
  session.onRefused(2, "limit", "Too long", session.client);
  assert.deepEqual(host.words.map(({ code }) => code), ["limit"]);
});

test("what is on its way while the text is closed is not given up before it is answered", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { host, session, type } = opened();
  t.after(() => session.stop());
  type(3, "d");
  session.onJoined(joined({ access: "read", reason: "Agreed." }));
  t.mock.timers.tick(300);
  assert.deepEqual(host.words, []);
  session.onUpdates(0, [[session.client, '[3,[0,"d"]]']]);
  assert.deepEqual([host.words, session.status], [[], "saved"]);
});

test("several editors of one text on a page: none takes what the other is told for its own", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const handlers = new Map();
  const socket = { connected: true, on: (event, act) => handlers.set(event, act), emit: () => {} };
  const link = new TextLink(socket);
  const [one, two] = [client(undefined, { link, holds: true }), client(undefined, { link, holds: true })];
  t.after(() => [one, two].forEach(({ session }) => session.stop()));
  const tell = (event, payload) => handlers.get(event)(payload);
  tell("text:joined", joined({ text: "abc", client: one.session.client }));
  one.type(3, "d");
  tell("text:joined", joined({ text: "abc", client: two.session.client }));
  tell("text:refused", ["1", null, "full", "Too many texts are open on this page.", two.session.client]);
  tell("text:updates", ["1", 0, [[one.session.client, '[3,[0,"d"]]']]]);
  assert.deepEqual([one.host.words, one.session.status, one.text()], [[], "saved", "abcd"]);
  assert.deepEqual([one.host.refusals, two.host.refusals], [[], ["full"]]);
});

test("a text that was asked for twice and answered twice is opened once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const made = client();
  t.after(() => made.session.stop());
  t.mock.timers.tick(8_001);
  assert.equal(made.line.take("text:join").length, 2);
  made.session.onJoined(joined({ text: "abc", client: made.session.client }));
  made.type(3, "d");
  made.session.onJoined(joined({ text: "abc", client: made.session.client }));
  assert.deepEqual([made.host.words, made.text()], [[], "abcd"]);
});

test("a kept change that others have made empty keeps its number", async (t) => {
  const first = opened();
  first.host.dispatch([first.host.state.update({ changes: { from: 2, to: 3 } })]);
  first.session.edited();
  first.type(2, "d");
  // Somebody else took out the same letter just before.
  first.session.editedAt = 0;
  first.session.onUpdates(0, [["8.x", "[2,[1]]"]]);
  await first.session.flush();
  first.session.stop();
  const [kept] = [...first.stored.values()];
  assert.deepEqual(kept.pending, ["[2]", '[2,[0,"d"]]']);
  const again = client(kept);
  t.after(() => again.session.stop());
  again.session.onJoined(joined({ version: 2 }));
  again.session.onUpdates(1, [[kept.key, "[2]"]]);
  assert.deepEqual(again.line.take("text:push").map(([, ...rest]) => rest), [[2, kept.key, 2, ['[2,[0,"d"]]']]]);
});

/** What the server does with pushes, in a few lines: in order, one logged change at a time, each number once. */
class Authority {
  text = toText("Words.");
  log = [];
  push([, base, client, firstSeq, sources]) {
    let seq = firstSeq;
    let changes = sources.map((source) => ChangeSet.fromJSON(JSON.parse(source)));
    const last = this.log.filter((entry) => entry.client === client).length;
    assert.ok(firstSeq <= last + 1 && base <= this.log.length, "no gap, and not ahead");
    for (const entry of this.log.slice(base)) {
      if (entry.client === client && changes.length) {
        assert.equal(entry.seq, seq);
        changes.shift();
        seq += 1;
        continue;
      }
      let over = entry.changes;
      changes = changes.map((mine) => {
        const moved = mine.map(over);
        over = over.map(mine, true);
        return moved;
      });
    }
    const from = this.log.length;
    for (const each of changes) {
      this.text = each.apply(this.text);
      this.log.push({ client, seq: seq++, changes: each });
    }
    return this.since(from);
  }
  since(version) {
    const entries = this.log.slice(version).map(({ client, changes }) => [client, JSON.stringify(changes.toJSON())]);
    return ["1", version, entries];
  }
}

/** A browser's socket: what goes up and comes down waits until the test lets it pass. */
class Wire {
  connected = true;
  handlers = new Map();
  up = [];
  down = [];
  on(event, act) { this.handlers.set(event, act); }
  emit(...message) { this.up.push(message); }
  hear() {
    const [event, payload] = this.down.shift();
    this.handlers.get(event)(payload);
  }
  /** The connection is gone, with all that was on its way. */
  cut() {
    Object.assign(this, { up: [], down: [], connected: false });
    this.handlers.get("disconnect")();
    this.connected = true;
    this.handlers.get("connect")();
  }
}

test("whatever is late, lost with its connection, closed or sent twice: each letter is stored once, and all read the same", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  for (let seed = 1; seed <= 150; seed++) {
    const roll = dice(seed);
    const server = new Authority();
    const wires = [1, 2, 3].map(() => new Wire());
    const links = wires.map((wire) => new TextLink(wire));
    const editors = [];
    const open = (at, kept) => editors.push({ at, ...client(kept, { link: links[at], holds: roll(2) === 0 }) });
    let letter = 0x4e00;
    const gone = new Set();
    const answer = (wire) => {
      const [event, payload] = wire.up.shift();
      if (event === "text:join") {
        const text = payload[2] === null ? { text: server.text.toString() } : {};
        wire.down.push(["text:joined", joined({ version: server.log.length, client: payload[1], ...text })]);
      } else if (event === "text:pull") {
        wire.down.push(["text:updates", server.since(payload[1])]);
      } else if (event === "text:push" && roll(12) === 0) {
        wire.down.push(["text:refused", ["1", payload[3], "retry", "", payload[2]]]);
      } else if (event === "text:push") {
        const told = server.push(payload);
        if (told[2].length) for (const one of wires) one.down.push(["text:updates", told]);
        else wire.down.push(["text:updates", ["1", server.log.length, []]]);
      }
    };
    const write = ({ host, session, type }) => {
      const { doc } = host.state;
      if (roll(4) || doc.length < 3) return type(roll(doc.length + 1), String.fromCodePoint(letter++));
      const from = roll(doc.length - 1);
      gone.add(doc.sliceString(from, from + 1));
      host.dispatch([host.state.update({ changes: { from, to: from + 1 } })]);
      return session.edited();
    };
    /** The tab is closed or killed, and opened again: what it had not sent goes first. */
    const close = (editor) => {
      const { session, at } = editor;
      const { client: key, person, doc, epoch, version, acked, confirmed } = session;
      const pending = session.pending.map(({ changes }) => JSON.stringify(changes.toJSON()));
      session.stop();
      editors.splice(editors.indexOf(editor), 1);
      if (pending.length) open(at, { key, person, doc, epoch, version, acked, text: confirmed.toString(), pending, at: 0 });
      open(at);
    };
    wires.forEach((_, at) => open(at));
    for (let step = 0; step < 140; step++) {
      const editor = editors[roll(editors.length)];
      const wire = wires[roll(3)];
      const what = roll(24);
      if (what < 7 && editor.host.state) write(editor);
      else if (what < 11) t.mock.timers.tick(1 + roll(120));
      else if (what === 20) wire.cut();
      else if (what === 21 && roll(3) === 0) close(editor);
      else if (what === 22 && editors.length < 6) open(editor.at);
      else if (what === 23) editor.session.rejoin();
      else if (what % 2) wire.up.length && answer(wire);
      else if (wire.down.length) wire.hear();
    }
    const settled = () => editors.every(({ session, text }) => session.status === "saved" && text() === server.text.toString());
    for (let round = 0; round < 400 && !(round && settled()); round++) {
      for (const wire of wires) {
        while (wire.up.length) answer(wire);
        while (wire.down.length) wire.hear();
      }
      t.mock.timers.tick(50);
    }
    const words = server.text.toString();
    for (const { text, host, session } of editors) {
      assert.equal(text(), words, `seed ${seed}`);
      assert.deepEqual(host.words, [], `seed ${seed}`);
      assert.equal(session.status, "saved", `seed ${seed}`);
      session.stop();
    }
    for (let code = 0x4e00; code < letter; code++) {
      const written = String.fromCodePoint(code);
      const times = words.split(written).length - 1;
      assert.ok(times === 1 || (times === 0 && gone.has(written)), `seed ${seed}: ${written} stands there ${times} times`);
    }
  }
});

test("a reconnection resumes, catches up first and then pushes", (t) => {
  const { line, session, type, text } = opened();
  t.after(() => session.stop());
  line.connected = false;
  session.disconnected();
  type(3, "!");
  line.connected = true;
  session.connected();
  assert.deepEqual(line.take("text:join"), [["1", session.client, 0, "e"]]);
  session.onJoined(joined({ version: 1 }));
  assert.deepEqual(line.take("text:push"), []);
  session.onUpdates(0, [["8.x", '[[0,"z"],3]']]);
  assert.deepEqual(line.take("text:push"), [["1", 1, session.client, 1, ['[4,[0,"!"]]']]]);
  assert.equal(text(), "zabc!");
});

for (const code of ["bad", "ahead", "gap", "forbidden", "locked", "limit"]) {
  test(`refused as ${code}: the words are handed back and a new id joins in the place of the old one`, (t) => {
    const { line, host, session, type, text } = opened();
    t.after(() => session.stop());
    const before = session.client;
    type(3, " mine");
    session.onRefused(1, code, "");
    assert.deepEqual(host.words.map((lost) => [lost.code, lost.words]), [[code, "abc mine"]]);
    assert.notEqual(session.client, before);
    assert.deepEqual(line.take("text:join"), [["1", session.client, null, null, before]]);
    session.onJoined(joined({ text: "abc", version: 5 }));
    assert.equal(text(), "abc");
    assert.equal(session.pending.length, 0);
    assert.equal(host.words.length, 1);
  });
}

test("a text that may not be opened any more: the words are handed back once, however often it is tried again", (t) => {
  const { host, session, type } = opened();
  t.after(() => session.stop());
  type(3, " mine");
  for (let times = 0; times < 3; times += 1) session.onRefused(null, "forbidden", "");
  assert.deepEqual(host.words.map((lost) => [lost.code, lost.words]), [["gone", "abc mine"]]);
});

for (const code of ["behind", "retry"]) {
  test(`refused as ${code}: pulls and pushes again`, (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    const { line, host, session, type } = opened();
    type(3, "!");
    const [first] = line.take("text:push");
    session.onRefused(1, code, "");
    t.mock.timers.tick(700);
    assert.deepEqual(line.take("text:pull"), [["1", 0]]);
    session.onUpdates(0, []);
    assert.deepEqual(line.take("text:push"), [first]);
    assert.deepEqual(host.words, []);
    session.stop();
  });
}

test("a fresh text while changes are pending hands the words back", (t) => {
  const { line, host, session, type, text } = opened();
  t.after(() => session.stop());
  const before = session.client;
  type(3, " mine");
  line.connected = false;
  session.disconnected();
  line.connected = true;
  session.connected();
  line.take("text:join");
  session.onJoined(joined({ epoch: "f", version: 9, text: "restored" }));
  assert.deepEqual(host.words.map((lost) => [lost.code, lost.words]), [["fresh", "abc mine"]]);
  assert.equal(text(), "restored");
  assert.deepEqual(line.take("text:join"), [["1", session.client, 9, "f", before]]);
});

test("changes made while the text was closed are handed back, unless the log has them", (t) => {
  const { line, host, session, type } = opened();
  t.after(() => session.stop());
  type(3, "d");
  type(4, "e");
  const before = session.client;
  session.disconnected();
  session.connected();
  session.onJoined(joined({ version: 1, access: "read" }));
  session.onUpdates(0, [[session.client, '[3,[0,"d"]]']]);
  assert.deepEqual(host.words.map((lost) => lost.code), ["closed"]);
  assert.deepEqual(line.take("text:join").at(-1), ["1", session.client, null, null, before]);
  session.onJoined(joined({ version: 1, text: "abcd", access: "read" }));
  assert.equal(host.words.length, 1);
});

test("words that were refused are handed back once, whatever is told until the new state is there", (t) => {
  const { line, host, session, type } = opened();
  t.after(() => session.stop());
  type(3, "d");
  session.onRefused(1, "locked", "Agreed");
  session.onJoined(joined({ access: "read" }));
  assert.deepEqual(host.words.map(({ code, detail }) => [code, detail]), [["locked", "Agreed"]]);
  session.onJoined(joined({ text: "abc", access: "read" }));
  assert.equal(host.words.length, 1);
  assert.deepEqual(line.take("text:push").length, 1);
});

test("a text that is closed under somebody's hands goes on as a suggestion: nothing is lost, sent, or sent later", async (t) => {
  const { line, host, session, stored, type, text } = opened("abc", { holds: true });
  t.after(() => session.stop());
  type(3, "d");
  await session.flush();
  type(4, "e");
  line.take("text:push");
  session.onJoined(joined({ version: 1, access: "suggest", reason: "Ada has agreed this item." }));
  assert.deepEqual(host.told, ["suggest", "Ada has agreed this item."]);
  type(5, "f");
  // "d" had been taken just before.
  session.onUpdates(0, [[session.client, '[3,[0,"d"]]']]);
  assert.equal(text(), "abcdef");
  assert.equal(session.confirmed.toString(), "abcd");
  assert.deepEqual(line.take("text:push"), []);
  assert.deepEqual(host.words, []);
  await session.flush();
  assert.equal(stored.size, 0, "no later visit sends them");
  assert.deepEqual(host.kept.at(-1), ["suggest", "abcdef"]);
  session.onJoined(joined({ version: 1, access: "write" }));
  assert.deepEqual(line.take("text:push"), [], "not by itself");
  session.putIn();
  assert.deepEqual(line.take("text:push"), [["1", 1, session.client, 2, ['[4,[0,"e"]]', '[5,[0,"f"]]']]]);
});

test("a push that is refused for want of a right asks what may be done, and gives up when that is no help", (t) => {
  const { line, host, session, type, text } = opened("abc", { holds: true });
  t.after(() => session.stop());
  type(3, "d");
  line.take("text:push");
  session.onRefused(1, "locked", "Agreed");
  assert.deepEqual(line.take("text:join"), [["1", session.client, 0, "e"]]);
  session.onJoined(joined());
  assert.equal(line.take("text:push").length, 1, "it was closed for a moment");
  session.onRefused(1, "forbidden", "Open the text first.");
  assert.deepEqual(host.words.map(({ code }) => code), ["forbidden"]);
  assert.equal(text(), "abcd");
});

test("a closed tab's changes go on under their own id and numbers", async (t) => {
  const first = opened();
  first.type(3, "d");
  await first.session.flush();
  const [kept] = [...first.stored.values()];
  first.session.stop();
  const again = client(kept);
  t.after(() => again.session.stop());
  assert.deepEqual(again.line.take("text:join"), [["1", kept.key, 0, "e"]]);
  again.session.onJoined(joined({ version: 1 }));
  again.session.onUpdates(0, [[kept.key, '[3,[0,"d"]]']]);
  assert.equal(again.text(), "abcd");
  assert.equal(again.host.statuses.at(-1), "saved");
  assert.deepEqual(again.line.take("text:push"), []);
  await again.session.flush();
  assert.equal(again.stored.size, 0);
});

test("what was closed before it began does not begin", () => {
  const { line, session } = opened();
  session.stop();
  const added = [];
  line.add = (one) => added.push(one);
  session.start();
  assert.deepEqual([added, line.take("text:join")], [[], []]);
});

test("what was kept while an answer was long on its way is forgotten, though the editor is closed at once", async (t) => {
  const { session, stored, type } = opened();
  type(3, "d");
  await session.flush();
  assert.equal(stored.size, 1);
  session.onUpdates(0, [[session.client, '[3,[0,"d"]]']]);
  session.stop();
  await new Promise((go) => setImmediate(go));
  assert.equal(stored.size, 0);
});

test("a clock that is put back does no harm to what is known of how long answers take", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 10_000_000 });
  const { session, type } = opened("");
  t.after(() => session.stop());
  type(0, "x");
  t.mock.timers.setTime(1_000_000);
  session.onUpdates(0, [[session.client, '[[0,"x"]]']]);
  assert.ok(session.roundTrip >= 0, `${session.roundTrip}`);
});

test("unsaved work is told in words that grow more serious with time", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { line, host, session, type } = opened();
  line.connected = false;
  session.disconnected();
  assert.equal(host.statuses.at(-1), "reconnecting");
  type(3, "!");
  assert.equal(host.statuses.at(-1), "reconnecting");
  t.mock.timers.tick(4_100);
  assert.equal(host.statuses.at(-1), "unsaved");
  session.stop();
});

test("big pushes are divided before they are too big", (t) => {
  const { line, session, type } = opened("");
  t.after(() => session.stop());
  type(0, "a");
  line.take("text:push");
  for (let count = 0; count < 8; count++) type(0, "漢".repeat(5_000));
  session.onUpdates(0, [[session.client, '[[0,"a"]]']]);
  const [[, , , seq, changes]] = line.take("text:push");
  assert.equal(seq, 2);
  assert.equal(changes.length, 3);
  assert.ok(Buffer.byteLength(JSON.stringify(changes)) < 65_536);
});

test("what is typed to find words is found however its quotes, dashes and letters are written", () => {
  assert.equal(fold("Carers’ ‘own’ „plan“ – 2‑year"), "carers' 'own' \"plan\" - 2-year");
  assert.deepEqual(wanted(" Carers’ own\u00a0plan "), ["carers'", "own", "plan"]);
  assert.equal(fold("Carers´ Größe, ﬁnance, so\u00adcial, Łódź"), "carers' grosse, finance, social, lodz");
  for (const [one, other] of [["“so”", '"so"'], ["5 – 6", "5 - 6"], ["it’s", "it's"], ["≥ 5", "≥ 5"]]) assert.equal(fold(one), fold(other));
});
