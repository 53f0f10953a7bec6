/**
 * Whoever writes in an item whose earlier words are brought back is told so: what the editor shows changes under the hands.
 * `data-restored` holds the words, on any element that stays as long as the page.
 */
import { toast } from "./toast.js";

/** @param {HTMLElement} element */
export function mount(element) {
  /** @type {HTMLElement | null} */
  let said = null;
  document.addEventListener("concordat:changed", (event) => {
    const { topic } = /** @type {CustomEvent<{topic: string}>} */ (event).detail;
    if (!topic.startsWith("restored-") || said?.isConnected) return;
    const editor = document.querySelector(`[data-module="editor"][data-topic="item-${Number(topic.slice(9))}"]`);
    if (editor) said = toast(element.dataset.restored ?? "", { error: true });
  });
}
