/**
 * What this device had kept because it could not be saved has been stored: it is kept no longer, as it went; not what was
 * written on since. Pages say so for a while: the one that answered may have been left before this ran.
 *
 * `data-sign` is the name of its record and the moment at which it was kept (`signOf` in ../text/store.js).
 */
import { BrowserStore } from "../text/store.js";
import { letGoInForms } from "./unsaved.js";

/** @param {HTMLElement} element */
export async function mount(element) {
  const { sign = "" } = element.dataset;
  // A form's own words are kept beside the records of texts.
  if (!letGoInForms(sign)) await new BrowserStore().letGoOf(sign);
}
