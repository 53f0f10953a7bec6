/**
 * What was just done is said at the head of the page; where one has come back to a place further down, at its foot too.
 */
import { toast } from "./toast.js";

/** @param {HTMLElement} element */
export function mount(element) {
  if (!location.hash) return;
  // The browser goes to the place once the page has loaded.
  const look = () =>
    requestAnimationFrame(() => {
      if (element.getBoundingClientRect().bottom < 0) say(element);
    });
  if (document.readyState === "complete") look();
  else window.addEventListener("load", look, { once: true });
}

/**
 * Says it with its "Undo", which presses the one above.
 * @param {HTMLElement} element
 */
function say(element) {
  const words = /** @type {HTMLElement} */ (element.cloneNode(true));
  for (const act of words.querySelectorAll("button")) act.remove();
  const undo = element.querySelector("button");
  const text = (words.textContent ?? "").replace(/\s+/g, " ").trim();
  toast(text, undo ? { action: undo.textContent?.trim(), run: () => undo.click() } : {});
}
