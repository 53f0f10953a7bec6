/**
 * The one entry: finds every `[data-module]`, fetches `./modules/NAME.js` and calls its `mount(element)`.
 *
 * `data-module` may name several modules, separated by spaces. A module is mounted once per element, also on what
 * htmx swaps in later; code that inserts HTML by itself dispatches `concordat:mount` on the inserted element.
 * When all modules of the page are mounted, `performance.mark('ready')` is set and `<html>` carries `data-ready`.
 */

/** @typedef {{mount: (element: HTMLElement) => void | Promise<void>}} Module */

/** @type {WeakMap<Element, Set<string>>} */
const mounted = new WeakMap();

/**
 * The modules still on their way, by element, and what was pressed meanwhile.
 * @type {Map<Element, {coming: number, pressed: HTMLElement | null}>}
 */
const awaited = new Map();

/**
 * A press on a button whose module is still on its way would be lost: it is made once more when the module stands.
 * Links and buttons that send a form work without scripts and are left alone, but where a question comes first.
 * @param {MouseEvent} event
 */
function keepPress(event) {
  const button = event.target instanceof Element ? event.target.closest("button[type=button]") : null;
  if (!(button instanceof HTMLElement)) return;
  for (let host = button.closest("[data-module]"); host; host = host.parentElement?.closest("[data-module]") ?? null) {
    const wait = awaited.get(host);
    if (!wait) continue;
    event.stopPropagation();
    wait.pressed = button;
    return;
  }
}

/**
 * A form that asks before it is sent is not sent while the question is still on its way: it is asked when it can be.
 * @param {SubmitEvent} event
 */
function keepQuestion(event) {
  const { target, submitter } = event;
  const wait = target instanceof HTMLElement && /\bconfirm\b/.test(target.dataset.module ?? "") ? awaited.get(target) : undefined;
  if (!wait || !submitter) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  wait.pressed = submitter;
}

/**
 * Ctrl (or ⌘) with the key that an element names in `data-shortcut` is a press on that element, kept like a press.
 * @param {KeyboardEvent} event
 */
function pressShortcut(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.defaultPrevented) return;
  const element = /^[a-z]$/i.test(event.key) ? document.querySelector(`[data-shortcut=${event.key.toLowerCase()}]`) : null;
  if (!(element instanceof HTMLElement)) return;
  event.preventDefault();
  const wait = awaited.get(element);
  if (wait) wait.pressed = element;
  else element.click();
}

/** @param {Element} element */
function stands(element) {
  const wait = awaited.get(element);
  if (!wait || (wait.coming -= 1) > 0) return;
  awaited.delete(element);
  if (wait.pressed?.isConnected) wait.pressed.click();
}

/**
 * Mounts one module on one element.
 * @param {HTMLElement} element
 * @param {string} name
 * @returns {Promise<void>}
 */
async function mountOne(element, name) {
  const names = mounted.get(element) ?? new Set();
  if (names.has(name)) return;
  names.add(name);
  mounted.set(element, names);
  const wait = awaited.get(element) ?? { coming: 0, pressed: null };
  wait.coming += 1;
  awaited.set(element, wait);
  try {
    const module = /** @type {Module} */ (await import(`./modules/${name}.js`));
    await module.mount(element);
  } catch (error) {
    // One broken module must not take the others with it; the page works without scripts.
    console.error(`Module ${name} did not start`, error);
  } finally {
    stands(element);
  }
}

/**
 * Mounts every module on and under an element.
 * @param {Element | Document} root
 * @returns {Promise<void>}
 */
export async function mountAll(root) {
  /** @type {HTMLElement[]} */
  const elements = [...root.querySelectorAll("[data-module]")].filter((found) => found instanceof HTMLElement);
  if (root instanceof HTMLElement && root.dataset.module) elements.unshift(root);
  await Promise.all(
    elements.flatMap((element) => {
      const names = (element.dataset.module ?? "").split(/\s+/).filter((name) => /^[a-z][a-z0-9_]*$/.test(name));
      return names.map((name) => mountOne(element, name));
    }),
  );
}

/**
 * The page's CSRF token, for requests made by scripts.
 * @returns {string}
 */
export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
}

document.addEventListener("click", keepPress, { capture: true });
document.addEventListener("submit", keepQuestion, { capture: true });
document.addEventListener("keydown", pressShortcut);

for (const event of ["htmx:afterSettle", "concordat:mount"]) {
  document.addEventListener(event, ({ target }) => {
    if (target instanceof Element) void mountAll(target);
  });
}

document.addEventListener("htmx:configRequest", (event) => {
  /** @type {CustomEvent<{headers: Record<string, string>}>} */ (event).detail.headers["X-CSRFToken"] = csrfToken();
});

await mountAll(document);
document.documentElement.dataset.ready = "";
performance.mark("ready");
