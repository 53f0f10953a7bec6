/**
 * A form that does not save itself: whoever leaves the page with something typed in it and not sent is asked first.
 *
 * @param {HTMLElement} form
 */
export function mount(form) {
  let typed = false;
  form.addEventListener("input", () => {
    typed = true;
  });
  form.addEventListener("submit", () => {
    typed = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (typed && form.isConnected) event.preventDefault();
  });
}
