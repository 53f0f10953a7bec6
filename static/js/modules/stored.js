/**
 * What this device had kept because it could not be saved has been stored in another way: it is kept no longer.
 * `data-key` is the name of its record.
 */
import { BrowserStore } from "../text/store.js";
import { device } from "./unsent.js";

/** @param {HTMLElement} element */
export async function mount(element) {
  const { key = "" } = element.dataset;
  // A form's own words (unsaved.js) are kept beside the records of texts.
  device()?.removeItem(key);
  await new BrowserStore().letGo(key);
}
