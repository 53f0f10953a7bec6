/**
 * Opens the `<dialog>` named by `data-dialog`, or closes the one around a `data-dialog-close` button.
 * The browser gives the focus back to the opener and closes on Escape; a click on the backdrop closes too,
 * unless something was typed into the dialog.
 */

/** @param {HTMLElement} button */
export function mount(button) {
  if ("dialogClose" in button.dataset) {
    button.addEventListener("click", () => button.closest("dialog")?.close());
    return;
  }
  const dialog = document.getElementById(button.dataset.dialog ?? "");
  if (!(dialog instanceof HTMLDialogElement)) throw new Error(`no dialog "${button.dataset.dialog}"`);
  button.addEventListener("click", () => dialog.showModal());
  closeOnBackdrop(dialog);
}

/** @param {HTMLDialogElement} dialog */
function closeOnBackdrop(dialog) {
  if (dialog.dataset.backdrop) return;
  dialog.dataset.backdrop = "yes";
  let touched = false;
  dialog.addEventListener("input", () => (touched = true));
  dialog.addEventListener("close", () => (touched = false));
  dialog.addEventListener("click", (event) => {
    if (event.target !== dialog || touched) return;
    const box = dialog.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) dialog.close();
  });
}
