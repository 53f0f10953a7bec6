/**
 * The page of one item: says when the item has changed since it was opened, and never changes what is being read.
 * What one does here is done by script; the page is then loaded anew and says what was done, with a way back.
 */

import { listen, say } from "../blueprint/acts.js";

const SAID = "concordat-said";

/** @param {HTMLElement} element */
export function mount(element) {
  const pill = element.querySelector("[data-pill]");
  document.addEventListener("concordat:changed", (event) => {
    const { topic } = /** @type {CustomEvent<{topic: string}>} */ (event).detail;
    if (topic === `item-${element.dataset.item}` && pill instanceof HTMLElement) pill.hidden = false;
  });
  const anew = (/** @type {import("../blueprint/acts.js").Done} */ done) => {
    sessionStorage.setItem(SAID, JSON.stringify(done));
    location.reload();
  };
  const said = sessionStorage.getItem(SAID);
  sessionStorage.removeItem(SAID);
  if (said) say(JSON.parse(said), anew);
  listen(element, anew);
}
