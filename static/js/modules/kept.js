/**
 * Where a text is only read, or a form has been, what was written on this device and not saved: changes that a closed tab
 * left are sent now, and words that could not be saved stand there until the person lets go of them.
 *
 * `<div data-module="kept" data-person="7" [data-document="12"] [data-place="meeting-3"] [data-base="/g/…"]>`; without a
 * document and a place, of all texts of the person. What a form held whose place is gone comes as `concordat:keep`, with
 * `detail` a `HandedBack`, and belongs to `data-place`; so does what came too late by a form that was sent without scripts
 * (`data-late`, a list, and `data-why`). With `data-base`, the blueprint's address, words may be suggested.
 */
import { bringHome } from "../text/home.js";
import { inParts, keptWords } from "../text/kept.js";
import { BrowserStore } from "../text/store.js";
import { toast } from "./toast.js";
import { _ } from "../words.js";

/** @typedef {import("../text/session.js").Part} Part */
/**
 * @typedef {object} HandedBack
 * @property {string} why a sentence
 * @property {Part[]} parts
 * @property {string} [target] the text that one part would change
 * @property {number} [version] of it
 * @property {{part: string, from: number, to: number}} [at] where somebody was just writing
 * @property {Promise<unknown>} [kept] set by who keeps it: fulfilled once it is kept
 */

/** @param {HTMLElement} element */
export async function mount(element) {
  const { person = "", document: only, place } = element.dataset;
  const store = new BrowserStore();
  element.addEventListener("concordat:keep", (event) => {
    const { detail } = /** @type {CustomEvent<HandedBack>} */ (event);
    detail.kept = handedBack(element, store, detail, person);
  });
  const late = /** @type {string[]} */ (JSON.parse(element.dataset.late ?? "[]"));
  if (late.length) {
    const parts = late.map((words, at) => ({ name: `late-${at}`, words, label: _("What you had written") }));
    await handedBack(element, store, { why: element.dataset.why ?? "", parts }, person);
  }
  const { pending, lost } = await store.left(person);
  const ofPage = (/** @type {string} */ doc) => (only === undefined && place === undefined) || doc === only || doc === place;
  for (const doc of lost.filter(ofPage)) await show(element, store, doc, person);
  const send = async (/** @type {string} */ doc) => {
    if (!await bringHome(store, doc, person, () => show(element, store, doc, person))) return;
    toast(_("What you wrote here while you were away is saved now."));
  };
  for (const doc of pending.filter(ofPage)) await send(doc);
  // A tab that is just closing may have had them still.
  await store.whenFree(person, async (doc) => {
    if (!ofPage(doc)) return;
    await send(doc);
    await show(element, store, doc, person);
  });
}

/**
 * @param {HTMLElement} element
 * @param {BrowserStore} store
 * @param {HandedBack} back
 * @param {string} person
 */
async function handedBack(element, store, { why, parts, target, version = NaN, at }, person) {
  const doc = element.dataset.place ?? "";
  const lost = await store.keepLost({ doc, code: "form", detail: why, ...inParts(parts), version, parts, target, person });
  const box = boxOf(element, store, lost);
  element.append(box);
  const field = at && box.querySelector(`[data-part="${at.part}"]`);
  if (!(field instanceof HTMLTextAreaElement)) return;
  field.focus();
  field.setSelectionRange(at?.from ?? 0, at?.to ?? 0);
}

/**
 * @param {HTMLElement} element
 * @param {BrowserStore} store
 * @param {string} doc
 * @param {string} person
 */
async function show(element, store, doc, person) {
  for (const lost of await store.lost(doc, person)) {
    if (!element.querySelector(`[data-key="${lost.key}"]`)) element.append(boxOf(element, store, lost));
  }
}

/**
 * @param {HTMLElement} element
 * @param {BrowserStore} store
 * @param {import("../text/store.js").KeptLost} lost
 */
function boxOf(element, store, lost) {
  return keptWords(lost, {
    letGo: () => void store.letGo(lost.key),
    change: () => void store.keepLost(Object.assign(lost, { at: Date.now() }), lost.key),
    base: element.dataset.base,
  });
}
