/**
 * What this device had kept because it could not be saved has been stored in another way: it is kept no longer.
 * `data-key` is the name of its record.
 */
import { BrowserStore } from "../text/store.js";

/** @param {HTMLElement} element */
export async function mount(element) {
  await new BrowserStore().letGo(element.dataset.key ?? "");
}
