/**
 * A form that does not save itself: whoever leaves the page with something typed in it and not sent is asked first.
 *
 * @param {HTMLElement} form
 */
export function mount(form) {
  // What was refused is stored nowhere else, and some type before this is there.
  let typed = form.querySelector(".error-message") !== null || hasWords(form);
  form.addEventListener("input", () => {
    typed = true;
  });
  for (const taken of ["reset", "concordat:taken"]) {
    form.addEventListener(taken, () => {
      typed = false;
    });
  }
  // At the window, behind all who send it in another way, or ask before they do: that may fail.
  window.addEventListener("submit", (event) => {
    if (event.target === form && !event.defaultPrevented) typed = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (typed && form.isConnected && !form.closest("dialog:not([open])")) event.preventDefault();
  });
}

/**
 * Whether a text of a form is another than the page came with.
 * @param {HTMLElement} form
 */
function hasWords(form) {
  const controls = /** @type {NodeListOf<HTMLTextAreaElement | HTMLInputElement>} */ (form.querySelectorAll("textarea, input[type=text]"));
  return [...controls].some((control) => control.value !== control.defaultValue);
}
