/**
 * Forgets what this device has kept under names that begin with `data-forget`: answers of an expert who had all of theirs
 * deleted, and what was declared once it is stored.
 */
import { device } from "./unsent.js";

/** @param {HTMLElement} element */
export function mount(element) {
  const begin = element.dataset.forget;
  if (!begin) throw new Error("data-forget says what is forgotten");
  for (const key of Object.keys(device() ?? {})) {
    if (key.startsWith(begin)) device()?.removeItem(key);
  }
}
