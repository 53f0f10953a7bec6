/**
 * Asks before a form is sent: `data-confirm` holds the question, `data-confirm-yes` and `-no` the two answers. A button may
 * have a question of its own. What the browser knows to be wrong is sent without asking: the answer says what it is.
 * Without scripts the form is sent at once, so the server must not rely on the question.
 */

/** @param {HTMLElement} form */
export function mount(form) {
  if (!(form instanceof HTMLFormElement)) throw new Error("confirm belongs on a form");
  let agreed = false;
  // Capturing, so that the question comes before anything else that listens (htmx, autosubmit).
  form.addEventListener(
    "submit",
    (event) => {
      // A part of the page that is changed in place may have made another form of this one.
      const submitter = event.submitter;
      const own = submitter instanceof HTMLElement && submitter.dataset.confirm ? submitter.dataset : form.dataset;
      if (agreed || !own.confirm || !form.checkValidity()) {
        agreed = false;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(form, own, () => {
        agreed = true;
        form.requestSubmit(submitter);
      });
    },
    { capture: true },
  );
}

/**
 * @param {HTMLFormElement} form
 * @param {DOMStringMap} words the question and the answers
 * @param {() => void} yes
 */
function ask(form, words, yes) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  const question = document.createElement("p");
  question.className = "lead";
  question.id = "confirm-question";
  question.textContent = words.confirm ?? "";
  dialog.setAttribute("aria-labelledby", question.id);
  const row = document.createElement("div");
  row.className = "button-row";
  const warning = form.querySelector(".button--warning") !== null;
  row.append(
    answer(words.confirmYes ?? "Yes", warning ? "button button--warning" : "button", () => {
      dialog.close();
      yes();
    }),
    answer(words.confirmNo ?? form.dataset.confirmNo ?? "Cancel", "button button--secondary", () => dialog.close()),
  );
  dialog.append(question, row);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * @param {string} words
 * @param {string} classes
 * @param {() => void} run
 */
function answer(words, classes, run) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = classes;
  button.textContent = words;
  button.addEventListener("click", run);
  return button;
}
