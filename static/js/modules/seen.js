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
      if (element.getBoundingClientRect().bottom < 0) toast(element.textContent?.trim() ?? "");
    });
  if (document.readyState === "complete") look();
  else window.addEventListener("load", look, { once: true });
}
