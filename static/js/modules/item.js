/**
 * The page of one item: says when the item has changed since it was opened, and never changes what is being read. A hint
 * may be about what the page shows already, such as one's own act that led here: its mark tells.
 * What one does here is done by script; the page is then loaded anew and says what was done, with a way back.
 */

import { listen, say } from "../blueprint/acts.js";

const SAID = "concordat-said";

/** @param {HTMLElement} element */
export function mount(element) {
  const pill = element.querySelector("[data-pill]");
  let asking = false;
  let again = false;
  const look = async () => {
    if (!(pill instanceof HTMLElement) || !pill.hidden) return;
    again = asking;
    if (asking) return;
    asking = true;
    pill.hidden = await isNewest(element);
    asking = false;
    if (again) void look();
  };
  document.addEventListener("concordat:changed", (event) => {
    const { topic } = /** @type {CustomEvent<{topic: string}>} */ (event).detail;
    if (topic === `item-${element.dataset.item}`) void look();
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

/**
 * Whether the page shows the item as it is now; not, where that cannot be found out.
 * @param {HTMLElement} element
 */
async function isNewest(element) {
  try {
    const response = await fetch(element.dataset.src ?? "", { headers: { Accept: "application/json" }, cache: "no-store" });
    return response.ok && (await response.json()).mark === element.dataset.mark;
  } catch {
    return false;
  }
}
