/** Words that could not be saved: shown beside the editor until the person has copied, put back or let go of them. */
import { focusOn, goTo } from "../blueprint/place.js";
import { _ } from "../words.js";
import { signOf } from "./store.js";

/** @typedef {import("./store.js").KeptLost} KeptLost */

/**
 * Where whoever is in this box goes on when it is let go of: the next one, or what it belongs to.
 * @param {HTMLElement} box
 * @returns {HTMLElement | null} null when the focus is elsewhere
 */
function besides(box) {
  if (!box.contains(document.activeElement)) return null;
  const line = box.closest("li[data-record]") ?? box;
  for (const beside of [line.nextElementSibling, line.previousElementSibling]) {
    const one = line === box ? beside : beside?.firstElementChild;
    if (one instanceof HTMLElement && one.matches(".editor__kept")) return one;
  }
  const writes = /** @type {HTMLElement | null} */ (box.closest(".editor")?.querySelector(".cm-content") ?? null);
  return writes ?? /** @type {HTMLElement | null} */ (box.parentElement?.closest("[data-item], article, section, main") ?? null);
}

/**
 * A button that takes the words to the page where they can be suggested.
 * @param {KeptLost} lost
 * @param {string} base address of the blueprint
 */
function suggestion(lost, base) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = `${base}/documents/${lost.target ?? lost.doc}/suggest`;
  // When it is pressed: what a form handed back may still be changed.
  form.addEventListener("submit", () => {
    const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
    const why = lost.why ?? lost.parts?.find(({ name }) => name === "reason")?.words ?? "";
    for (const old of form.querySelectorAll("textarea")) old.remove();
    for (const [name, value] of Object.entries({ csrf_token: csrf, version: String(lost.version), text: lost.text, reason: why, kept: signOf(lost.key, lost.at) })) {
      // Not an input: that would lose the ends of lines.
      const field = document.createElement("textarea");
      field.name = name;
      field.value = value;
      field.hidden = true;
      form.append(field);
    }
  });
  const button = document.createElement("button");
  button.className = "button button--small button--secondary";
  button.textContent = _("Suggest these words");
  form.append(button);
  return form;
}

/** Where the words stand later on, said elsewhere and to people who have an account, which guests have not. */
function foundAgain() {
  const account = location.pathname !== "/account" && document.querySelector('a[href="/account"]');
  return account ? ` ${_("You find them again under My account.")}` : "";
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
    case "form": case "unsent": case "full": return why;
    case "gone": return `${_("You are no longer in this group, so your last words here could not be saved.")}${foundAgain()}`;
    case "moved": return _("The place where you typed this went to another item before your words could go along. Copy them, and paste them there.");
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

/** @param {KeptLost} lost */
function titled({ code, at }) {
  switch (code) {
    case "unsent": return _("Written on {when}", { when: new Date(at).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" }) });
    case "draft": return _("A suggestion of yours is not sent");
    case "form": return _("These words were not sent");
    default: return _("These words are not saved");
  }
}

/**
 * The words, each part in a field: what a form handed back is written on, since it was taken from under somebody's hands.
 * @param {KeptLost} lost
 * @param {() => void} [change]
 * @returns {HTMLElement[]}
 */
function fieldsOf(lost, change) {
  return (lost.parts ?? [{ label: "", name: "", words: lost.words }]).flatMap((part) => {
    const field = document.createElement("textarea");
    field.className = "input";
    field.rows = Math.min(6, part.words.split("\n").length + 1);
    field.value = part.words;
    // Its form is where one goes on with it.
    field.readOnly = lost.parts === undefined || lost.code === "unsent";
    field.setAttribute("aria-label", part.label || _("Your words"));
    field.dataset.part = part.name;
    field.addEventListener("input", () => {
      part.words = field.value;
      Object.assign(lost, inParts(lost.parts ?? []));
      change?.();
    });
    if (!part.label) return [field];
    const label = document.createElement("p");
    label.className = "label";
    label.textContent = part.label;
    label.setAttribute("aria-hidden", "true");
    return [label, field];
  });
}

/**
 * @param {import("./session.js").Part[]} parts
 * @returns {{words: string, text: string}} all of them, and the one that can be suggested
 */
export function inParts(parts) {
  return {
    words: parts.map(({ words }) => words).join("\n\n"),
    text: parts.find(({ name }) => name === "words")?.words ?? "",
  };
}

/**
 * @param {KeptLost} lost
 * @param {{putBack?: (words: string) => boolean, letGo: () => void, change?: () => void, base?: string, page?: string}} acts without `putBack` where no
 *   editor is open; with `base`, the blueprint's address, where the words may be suggested; `change` is called when they
 *   are written on; `page` is the path of the page that their form stood on
 * @returns {HTMLElement}
 */
export function keptWords(lost, { putBack, letGo, change, base, page }) {
  const box = document.createElement("section");
  box.className = "editor__kept";
  box.dataset.code = lost.code;
  box.dataset.key = lost.key;
  const title = document.createElement("h3");
  title.className = "heading-s";
  title.textContent = titled(lost);
  box.setAttribute("aria-label", title.textContent);
  const why = document.createElement("p");
  why.textContent = `${reason(lost)} ${_("Your words are kept here, on this device, until you let go of them.")}`;
  const fields = fieldsOf(lost, change);
  if (lost.why) {
    const because = document.createElement("p");
    because.textContent = _("Your reason: {words}", { words: lost.why });
    fields.push(because);
  }
  const said = document.createElement("span");
  said.className = "small soft";
  said.setAttribute("role", "status");
  const here = lost.code !== "gone";
  const buttons = document.createElement("div");
  buttons.className = "editor__kept-actions";
  const gone = () => {
    const next = besides(box);
    box.remove();
    letGo();
    if (next?.matches("main, section")) focusOn(next);
    else goTo(next);
  };
  if (page) {
    const link = document.createElement("a");
    link.className = "button button--small button--secondary";
    link.href = page;
    link.textContent = _("Go to its page");
    buttons.append(link);
  }
  buttons.append(
    action(_("Copy my text"), "", () => void copy(lost.words, box.querySelector("textarea")).then((done) => {
      said.textContent = done ? _("Copied") : _("Selected: press Ctrl+C or ⌘C to copy");
    })),
    ...(putBack && here ? [action(lost.code === "draft" ? _("Go on with it") : lost.code === "closed" ? _("Put my words into the text") : _("Put back at the cursor"), "button--secondary editor__put-back", () => {
      if (putBack(lost.words)) gone();
      else said.textContent = lost.code === "draft" ? _("These words cannot be put back now. Suggest them from here.")
        : lost.code === "moved" ? _("Choose a place in the text first, where you may change it.") : _("You cannot change this text now.");
    })] : []),
    // Records of before suggestions existed do not say what they were made on.
    // What was typed into words that went elsewhere would be suggested among those that stay.
    ...(base && here && lost.code !== "moved" && Number.isInteger(lost.version) ? [suggestion(lost, base)] : []),
    action(_("Let go"), "button--secondary", gone),
    said,
  );
  box.append(title, why, ...fields, buttons);
  return box;
}
