/**
 * Short messages at the foot of the page, read out politely. `toast("Moved to agreed", {action: "Undo", run})`
 * from a module, or a `concordat:toast` event with the same in `detail` from anywhere.
 * A toast with an action stays 30 s, an error until it is closed, any other 6 s; none goes while it holds the focus
 * or the pointer.
 */

/**
 * @typedef {object} ToastOptions
 * @property {string} [action] words of its button
 * @property {() => void} [run] what the button does
 * @property {boolean} [error] stays until closed
 * @property {string} [close] words of the close button of an error
 */

/**
 * Shows a message.
 * @param {string} text
 * @param {ToastOptions} [options]
 * @returns {HTMLElement}
 */
export function toast(text, options = {}) {
  const box = document.createElement("div");
  box.className = options.error ? "toast toast--error" : "toast";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  const label = options.action ?? (options.error ? (options.close ?? "Close") : "");
  if (label) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      box.remove();
      options.run?.();
    });
    box.append(button);
  }
  document.getElementById("toasts")?.append(box);
  if (!options.error) leaveAfter(box, options.action ? 30_000 : 6_000);
  return box;
}

/**
 * @param {HTMLElement} box
 * @param {number} milliseconds
 */
function leaveAfter(box, milliseconds) {
  const leave = () => {
    if (box.matches(":hover, :focus-within")) window.setTimeout(leave, 2_000);
    else box.remove();
  };
  window.setTimeout(leave, milliseconds);
}

/** @param {HTMLElement} _region */
export function mount(_region) {
  document.addEventListener("concordat:toast", (event) => {
    const { text, ...options } = /** @type {CustomEvent<ToastOptions & {text: string}>} */ (event).detail;
    toast(text, options);
  });
}
