/**
 * Changing the list without moving what somebody reads: `keepPlace` holds the first card in view where it is, and
 * `arrange` brings cards into an order without ever lifting the one that somebody is in.
 */

/**
 * Runs a change and scrolls by what it moved the card being read, or edited.
 * @param {HTMLElement} list
 * @param {() => void} change
 */
export function keepPlace(list, change) {
  const anchor = anchored(list);
  const before = anchor?.getBoundingClientRect().top ?? 0;
  change();
  const after = anchor ? document.getElementById(anchor.id) : null;
  const moved = after ? after.getBoundingClientRect().top - before : 0;
  if (Math.abs(moved) > 1) window.scrollBy({ top: moved, behavior: "instant" });
}

/** @param {HTMLElement} list */
function anchored(list) {
  return list.querySelector("[data-editing]") ?? inView(list)[0] ?? null;
}

/**
 * The cards in view, in order.
 * @param {HTMLElement} list
 * @returns {HTMLElement[]}
 */
export function inView(list) {
  return cards(list).filter((card) => {
    if (card.hidden) return false;
    const { top, bottom } = card.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  });
}

/**
 * Gives a part of the list the focus where one sees it: it is scrolled no further than that takes.
 * @param {HTMLElement | null} part
 */
export function goTo(part) {
  focusOn(part);
  part?.scrollIntoView({ block: part.offsetHeight > window.innerHeight * 0.8 ? "start" : "nearest" });
}

/**
 * Gives a part of the page the focus, and leaves the page where one has turned it to.
 * @param {HTMLElement | null} part
 */
export function focusOn(part) {
  if (part && !part.matches("a, button, input, textarea, select, summary, [tabindex], [contenteditable]")) part.tabIndex = -1;
  part?.focus({ preventScroll: true });
}

/**
 * @param {ParentNode} list
 * @returns {HTMLElement[]}
 */
export function cards(list) {
  return /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-item]")]);
}

/**
 * Whether somebody is just writing in a form of this part, or choosing.
 * @param {Element | null} part
 */
export function writesIn(part) {
  return part?.querySelector("textarea:focus, input:focus, select:focus") != null;
}

/**
 * Takes what was written and ticked in forms that are about to be replaced into the same forms as they are now.
 * @param {Element} old
 * @param {DocumentFragment} fresh
 * @returns {boolean} whether all of it has a place there, and none is on its way; otherwise nothing may be replaced
 */
export function carryOver(old, fresh) {
  if (old.querySelector("form[data-sending]")) return false;
  for (const was of old.querySelectorAll("textarea, input")) {
    const now = was.id ? fresh.getElementById(was.id) : null;
    if (was instanceof HTMLTextAreaElement && was.value !== was.defaultValue) {
      if (!(now instanceof HTMLTextAreaElement)) return false;
      now.value = was.value;
    } else if (was instanceof HTMLInputElement && was.checked !== was.defaultChecked) {
      if (!(now instanceof HTMLInputElement)) return false;
      now.checked = was.checked;
    } else continue;
    for (let part = now.closest("details"); part; part = part.parentElement?.closest("details") ?? null) part.open = true;
  }
  return true;
}

/**
 * Whether what is in view would stay together, in its order and with nothing between, in the wanted order.
 * @param {string[]} seen
 * @param {string[]} wanted
 */
export function staysTogether(seen, wanted) {
  if (!seen.length) return true;
  const at = wanted.indexOf(seen[0] ?? "");
  return at >= 0 && seen.every((id, index) => wanted[at + index] === id);
}

/**
 * Brings the children of `list` into the order of `wanted`; others keep out of the way at the end. The one that has the
 * focus, or else the one that is being edited, is not lifted.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} wanted
 */
export function arrange(list, wanted) {
  let cursor = list.firstElementChild;
  const { activeElement } = document;
  const stays = wanted.find((node) => node.contains(activeElement)) ?? wanted.find(({ dataset }) => dataset.editing !== undefined);
  for (const node of wanted) {
    if (node === stays && node.parentElement === list) {
      // Moving it would take the caret from whoever types: the others make way and come back further on.
      while (cursor && cursor !== node) {
        const next = cursor.nextElementSibling;
        cursor.remove();
        cursor = next;
      }
    }
    if (cursor === node) cursor = node.nextElementSibling;
    else list.insertBefore(node, cursor);
  }
}
