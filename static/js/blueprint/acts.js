/**
 * Acts upon items: a form marked `data-act` is sent by script, its answer said in a toast, and taken back by "Undo".
 * What went wrong stands in the form, and what was typed stays.
 */

import { toast } from "../modules/toast.js";
import { _ } from "../words.js";

/** @typedef {{said: string, item: number | null, undo: {url: string, fields: Record<string, string>} | null}} Done */

export const lost = () => _("The server could not be reached. Nothing was changed.");
const unanswered = () => _("The server has not answered. Whether this was done is shown when the connection is back.");

/** Whoever waits longer for an answer waits for a line that is gone, and no browser says so for minutes. */
const PATIENCE_MS = 20_000;

/**
 * Asks the server, and gives up when no whole answer comes. Throws an Error whose message is for the person.
 * @template Answer
 * @param {string} url
 * @param {RequestInit} options
 * @param {(response: Response) => Promise<Answer>} read
 * @returns {Promise<Answer>}
 */
export async function ask(url, options, read) {
  const patience = new AbortController();
  const over = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const response = await fetch(url, { ...options, signal: patience.signal }).catch((/** @type {Error} */ error) => {
      throw patience.signal.aborted ? error : new Error(lost());
    });
    return await read(response);
  } catch (error) {
    if (!patience.signal.aborted) throw error;
    throw new Error(options.method === "POST" ? unanswered() : lost());
  } finally {
    clearTimeout(over);
  }
}

/** The page's token, asked of the page: importing main.js again would start it twice. */
function token() {
  return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
}

/**
 * Posts the fields and answers what was done. Throws an Error whose message is for the person.
 * @param {string} url
 * @param {FormData} fields
 * @returns {Promise<Done>}
 */
export async function post(url, fields) {
  const headers = { Accept: "application/json", "X-CSRFToken": token() };
  return ask(url, { method: "POST", body: fields, headers }, async (response) => {
    const answer = await response.json();
    if (!response.ok) throw new Error(Object.values(answer.fields ?? {}).join(". ") || answer.message);
    return answer;
  });
}

/**
 * Does something and says so, with a way back.
 * @param {string} url
 * @param {FormData} fields
 * @param {(done: Done) => void} then called after the act, and after it was undone
 */
export async function act(url, fields, then) {
  await told(post(url, fields), then);
}

/**
 * @param {Promise<Done>} act
 * @param {(done: Done) => void} then
 */
async function told(act, then) {
  const done = await act;
  say(done, then);
  then(done);
}

/**
 * Says what was done, with "Undo" where there is a way back.
 * @param {Done} done
 * @param {(done: Done) => void} then called after it was undone
 */
export function say({ said, undo }, then) {
  if (undo) toast(said, { action: _("Undo"), run: () => void back(undo, then) });
  else toast(said);
}

/**
 * @param {NonNullable<Done["undo"]>} undo
 * @param {(done: Done) => void} then
 */
async function back(undo, then) {
  const fields = new FormData();
  for (const [name, value] of Object.entries(undo.fields)) fields.set(name, String(value));
  try {
    const done = await post(undo.url, fields);
    toast(done.said);
    then(done);
  } catch (error) {
    toast(error instanceof Error ? error.message : lost(), { error: true });
  }
}

/**
 * Sends the `data-act` forms inside an element by script.
 * @param {HTMLElement} root
 * @param {(done: Done, form: HTMLFormElement) => void} then
 */
export function listen(root, then) {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset.act === undefined) return;
    event.preventDefault();
    // The second press of a double click is no second wish.
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    const problem = (form.closest("[data-acts]") ?? root).querySelector("[data-error]");
    if (problem instanceof HTMLElement) problem.hidden = true;
    const pressed = event.submitter;
    const url = pressed?.hasAttribute("formaction") ? /** @type {HTMLButtonElement} */ (pressed).formAction : form.action;
    // What would be typed meanwhile would not go along.
    const open = [...form.elements].filter((each) => (each instanceof HTMLTextAreaElement || each instanceof HTMLInputElement) && !each.readOnly);
    for (const control of open) control.toggleAttribute("readonly", true);
    const sent = post(url, new FormData(form, pressed)).finally(() => {
      delete form.dataset.sending;
      for (const control of open) control.toggleAttribute("readonly", false);
    });
    told(sent, (done) => {
      form.dispatchEvent(new CustomEvent("concordat:taken"));
      then(done, form);
    }).catch((/** @type {Error} */ error) => {
      if (!(problem instanceof HTMLElement)) return void toast(error.message, { error: true });
      problem.textContent = error.message;
      problem.hidden = false;
    });
  });
}
