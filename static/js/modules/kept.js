/**
 * Where a text is only read, what was written in it on this device and not saved: changes that a closed tab left are sent
 * now, and words that could not be saved stand there until the person lets go of them.
 *
 * `<div data-module="kept" data-person="7" [data-document="12"]>`; without a document, of all texts of the person.
 */
import { bringHome } from "../text/home.js";
import { keptWords } from "../text/kept.js";
import { BrowserStore } from "../text/store.js";
import { toast } from "./toast.js";
import { _ } from "../words.js";

/** @param {HTMLElement} element */
export async function mount(element) {
  const { person = "", document: only } = element.dataset;
  const store = new BrowserStore();
  const { pending, lost } = await store.left(person);
  const ofPage = (/** @type {string} */ doc) => only === undefined || doc === only;
  await show(element, store, lost.filter(ofPage), person);
  const send = async (/** @type {string} */ doc) => {
    if (!await bringHome(store, doc, person, () => show(element, store, [doc], person))) return;
    toast(_("What you wrote here while you were away is saved now."));
  };
  for (const doc of pending.filter(ofPage)) await send(doc);
  // A tab that is just closing may have had them still.
  await store.whenFree(person, (doc) => (ofPage(doc) ? send(doc) : undefined));
}

/**
 * @param {HTMLElement} element
 * @param {BrowserStore} store
 * @param {string[]} texts
 * @param {string} person
 */
async function show(element, store, texts, person) {
  for (const doc of texts) {
    const all = await store.lost(doc, person);
    for (const old of element.querySelectorAll(`[data-document="${CSS.escape(doc)}"]`)) old.remove();
    element.append(...all.map((lost) => {
      const box = keptWords(lost, { letGo: () => void store.letGo(lost.key) });
      box.dataset.document = doc;
      return box;
    }));
  }
}
