/** Words that could not be saved: shown beside the editor until the person has copied, put back or let go of them. */
import { _ } from "../words.js";

/** @typedef {import("./store.js").KeptLost} KeptLost */

/**
 * A button that takes the words to the page where they can be suggested.
 * @param {KeptLost} lost
 * @param {string} base address of the blueprint
 */
function suggestion(lost, base) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = `${base}/documents/${lost.doc}/suggest`;
  const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  for (const [name, value] of Object.entries({ csrf_token: csrf, version: String(lost.version), text: lost.text })) {
    // Not an input: that would lose the ends of lines.
    const field = document.createElement("textarea");
    field.name = name;
    field.value = value;
    field.hidden = true;
    form.append(field);
  }
  const button = document.createElement("button");
  button.className = "button button--small button--secondary";
  button.textContent = _("Suggest these words");
  form.append(button);
  return form;
}

/** @param {KeptLost} lost */
function reason({ code, detail }) {
  const why = detail && detail.replace(/\.?$/, ".");
  switch (code) {
    case "locked": return why ? _("This text was closed before your last change arrived: {why}", { why }) : _("This text was closed before your last change arrived.");
    case "closed": return why || _("This text was closed for changes while you were away.");
    case "forbidden": return _("You may not change this text any more.");
    case "limit": return _("Your last change would make the text longer than it may be.");
    case "draft": return _("You wrote this suggestion and did not send it.");
    case "fresh": return _("The text was replaced while you were away.");
    default: return _("Your last change did not fit the text any more.");
  }
}

/**
 * Copies words; where the browser forbids that, selects them for the person to copy.
 * @param {string} words
 * @param {HTMLTextAreaElement | null} field
 * @returns {Promise<boolean>}
 */
export async function copy(words, field = null) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch (error) {
    // No clipboard on an insecure address, or no permission.
    if (!(error instanceof Error)) throw error;
    field?.select();
    return false;
  }
}

/**
 * @param {string} words
 * @param {string} kind
 * @param {() => void} act
 */
export function action(words, kind, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `button button--small ${kind}`;
  button.textContent = words;
  button.addEventListener("click", act);
  return button;
}

/**
 * @param {KeptLost} lost
 * @param {{putBack?: (words: string) => boolean, letGo: () => void, base?: string}} acts without `putBack` where no
 *   editor is open; with `base`, the blueprint's address, where the words may be suggested
 * @returns {HTMLElement}
 */
export function keptWords(lost, { putBack, letGo, base }) {
  const box = document.createElement("section");
  box.className = "editor__kept";
  box.dataset.code = lost.code;
  const title = document.createElement("h3");
  title.className = "heading-s";
  title.textContent = lost.code === "draft" ? _("A suggestion of yours is not sent") : _("These words are not saved");
  box.setAttribute("aria-label", title.textContent);
  const why = document.createElement("p");
  why.textContent = `${reason(lost)} ${_("Your words are kept here, on this device, until you let go of them.")}`;
  const field = document.createElement("textarea");
  field.className = "input";
  field.readOnly = true;
  field.rows = Math.min(6, lost.words.split("\n").length + 1);
  field.value = lost.words;
  field.setAttribute("aria-label", _("Your words"));
  const said = document.createElement("span");
  said.className = "small soft";
  said.setAttribute("role", "status");
  const buttons = document.createElement("div");
  buttons.className = "editor__kept-actions";
  const gone = () => {
    box.remove();
    letGo();
  };
  buttons.append(
    action(_("Copy my text"), "", () => void copy(lost.words, field).then((done) => {
      said.textContent = done ? _("Copied") : _("Selected: press Ctrl+C or ⌘C to copy");
    })),
    ...(putBack ? [action(_("Put back at the cursor"), "button--secondary editor__put-back", () => {
      if (putBack(lost.words)) gone();
      else said.textContent = _("You cannot change this text now.");
    })] : []),
    // Records of before suggestions existed do not say what they were made on.
    ...(base && Number.isInteger(lost.version) ? [suggestion(lost, base)] : []),
    action(_("Let go"), "button--secondary", gone),
    said,
  );
  box.append(title, why, field, buttons);
  return box;
}
