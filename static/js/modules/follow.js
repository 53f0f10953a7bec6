/**
 * Keeps one part of a page as the server has it, without moving what somebody reads or types.
 *
 * The element names its own address in `data-src`, asks there again on hints about `data-topics` and every `data-every`
 * seconds, and is changed in place. A form that somebody has begun to fill is left alone until it is sent. Forms inside
 * are sent in the background; without scripts the same forms and addresses work as pages.
 * What was refused is said until something else is taken, or until `data-stage` becomes another. What was written in a form
 * that the server no longer has is handed to the part's `kept` module, where there is one (`data-over` of the form says why).
 * When the answer carries `data-go`, the browser goes there; when the place has ended, to `data-gone` or to itself.
 */
import { Idiomorph } from "../../vendor/htmx.js";
import { focusOn } from "../blueprint/place.js";
import { toast } from "./toast.js";
import { _ } from "../words.js";

/** @typedef {import("./kept.js").HandedBack} HandedBack */

const HINT_MILLISECONDS = 250;
/** A button that has just become another one is not pressed by the second half of a double click. */
const CAREFUL_MILLISECONDS = 700;
/** A request that has not been answered for so long will not be: a phone has slept, or has changed its network. */
const LONGEST_WAIT = 20_000;
/** A refusal can be read for this long before the part goes on without it. */
const REFUSAL_MILLISECONDS = 12_000;

/** @param {HTMLElement} region */
export function mount(region) {
  if (region.dataset.go) {
    location.assign(region.dataset.go);
    return;
  }
  nameForms(region);
  const every = Number(region.dataset.every ?? 10) * 1000;
  let mark = "";
  let asking = false;
  let again = false;
  let againWhole = false;
  let sends = 0;
  let timer = 0;
  let pressed = -Infinity;

  /** @param {boolean} whole ask for the content even if it has not changed */
  async function refresh(whole) {
    if (asking) {
      again = true;
      againWhole ||= whole;
      return;
    }
    asking = true;
    const before = sends;
    try {
      /** @type {Record<string, string>} */
      const headers = { Accept: "text/html" };
      if (mark && !whole) headers["If-None-Match"] = mark;
      const response = await fetch(region.dataset.src ?? "", {
        headers, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout?.(LONGEST_WAIT),
      });
      if (response.status === 200) {
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        // What was asked for before something was sent shows how it was before: it is asked for anew.
        if (before === sends) {
          mark = response.headers.get("ETag") ?? "";
          show(region, page);
        } else again = againWhole = true;
      } else if (response.type === "opaqueredirect" || [401, 403, 404, 410].includes(response.status)) {
        // The place has ended, or one was signed out: the page itself says so.
        // With what stands behind a "#" the browser would only scroll.
        if (!region.dataset.over) void leave(region, region.dataset.gone ?? `${location.pathname}${location.search}`);
        region.dataset.over = "yes";
      }
    } catch {
      // No connection just now: the next round asks again.
    }
    asking = false;
    if (again) {
      again = false;
      soon();
    }
  }

  const soon = () => {
    window.clearTimeout(timer);
    // Not everybody at the same moment.
    timer = window.setTimeout(() => {
      const whole = againWhole;
      againWhole = false;
      void refresh(whole);
    }, HINT_MILLISECONDS * (0.4 + Math.random()));
  };

  document.addEventListener("concordat:changed", (event) => {
    const { topic } = /** @type {CustomEvent<{topic: string}>} */ (event).detail;
    if (region.isConnected && topicsOf(region).includes(topic)) soon();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && region.isConnected) void refresh(true);
  });
  const interval = window.setInterval(() => {
    if (!region.isConnected) window.clearInterval(interval);
    else if (!document.hidden) void refresh(false);
  }, every);

  region.addEventListener("input", ({ target }) => {
    if (target instanceof Element) begun(target);
  });
  // Some are quicker than a page comes to life.
  for (const control of region.querySelectorAll("form input, form textarea")) {
    const { value, defaultValue, checked, defaultChecked } = /** @type {HTMLInputElement} */ (control);
    if (isText(control) ? value !== defaultValue : checked !== defaultChecked) begun(control);
  }
  window.addEventListener("beforeunload", (event) => {
    if (region.isConnected && typedIn(region.querySelectorAll("form[data-dirty]")).length) event.preventDefault();
  });
  region.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post" || event.defaultPrevented || form.closest("[data-module~=kept]")) return;
    event.preventDefault();
    const careful = form.hasAttribute("data-careful");
    if (careful && performance.now() - pressed < CAREFUL_MILLISECONDS) return;
    if (careful) {
      pressed = performance.now();
      // For the pointer it is as if nothing were there for that moment; keys are refused above.
      document.documentElement.dataset.pressed = "";
      window.setTimeout(() => delete document.documentElement.dataset.pressed, CAREFUL_MILLISECONDS);
    }
    void send(region, form, event.submitter).then((taken) => {
      sends += 1;
      mark = "";
      if (!taken) window.setTimeout(() => region.isConnected && void refresh(true), REFUSAL_MILLISECONDS + 100);
      // What one has turned to by oneself stands in the address of the part, which the answer does not know.
      if (taken && region.dataset.src?.includes("?")) void refresh(true);
    });
  });
}

/**
 * Sends a form and shows the page that answers; whether it was taken.
 * @param {HTMLElement} region
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 */
async function send(region, form, submitter) {
  if (form.dataset.sending) return false;
  let taken = false;
  form.dataset.sending = "yes";
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form, submitter)) body.append(name, String(value));
  const typed = new Map(typedIn([form]).map((control) => [control, control.value]));
  form.removeAttribute("data-dirty");
  try {
    const response = await fetch(addressOf(region, form), { method: "POST", body, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    delete form.dataset.sending;
    taken = response.ok;
    if (page.getElementById(region.id)) {
      if (response.ok) {
        takeHidden(form, page);
        // What was typed while it was on its way is not taken.
        for (const [control, words] of typed) if (control.value === words) control.removeAttribute("data-typed");
        if (!typedIn([form]).length) form.dispatchEvent(new CustomEvent("concordat:taken"));
        // What was refused before has been mended, or is behind one.
        forgive(region);
      }
      // Where its form is no longer, it can only be handed back.
      else if (!page.getElementById(form.id)) handBack(region, form);
      if (!response.ok || !region.dataset.src?.includes("?")) show(region, page);
      if (!response.ok) keepRefused(region, form);
      for (const notice of page.querySelectorAll(".before-main .notice")) toast((notice.textContent ?? "").trim());
      const fault = region.querySelector(".error-message") ?? region.querySelector("[data-refusal], .error-summary");
      fault?.scrollIntoView({ block: fault.matches(".error-message") ? "center" : "nearest" });
    } else if (response.ok) {
      void leave(region, response.url);
    } else {
      form.setAttribute("data-dirty", "");
      toast((page.querySelector("main")?.textContent ?? "").replace(/\s+/g, " ").trim().slice(0, 200), { error: true });
    }
  } catch {
    form.setAttribute("data-dirty", "");
    toast(region.dataset.offline ?? "No connection: nothing was sent. Try again.", { error: true });
  } finally {
    delete form.dataset.sending;
  }
  return taken;
}

/**
 * Where a form is sent: what one has turned to by oneself stands in the address of the part, and a refusal is shown beside it.
 * @param {HTMLElement} region
 * @param {HTMLFormElement} form
 */
function addressOf(region, form) {
  const address = new URL(form.action);
  const own = new URL(region.dataset.src ?? "", location.href).searchParams;
  for (const [name, value] of own) address.searchParams.set(name, value);
  return address;
}

/**
 * What was refused stays to be read and mended, though the part is asked for again at once.
 * @param {HTMLElement} region
 * @param {HTMLFormElement} form
 */
function keepRefused(region, form) {
  const shown = form.isConnected ? form : form.id ? document.getElementById(form.id) : null;
  if (shown?.querySelector(".error-message, textarea")) shown.setAttribute("data-dirty", "");
  const until = String(performance.now() + REFUSAL_MILLISECONDS);
  for (const notice of region.querySelectorAll("[data-refusal]")) notice.setAttribute("data-until", until);
}

/**
 * What was refused is said no longer; what was typed stays, and a form in which nothing stands follows the server again.
 * @param {HTMLElement} region
 */
function forgive(region) {
  for (const notice of region.querySelectorAll("[data-until]")) notice.removeAttribute("data-until");
  for (const fault of region.querySelectorAll("form[data-dirty] .error-message")) {
    const form = /** @type {HTMLFormElement} */ (fault.closest("form"));
    const field = fault.closest(".field");
    field?.classList.remove("field--error");
    for (const control of field?.querySelectorAll("[aria-invalid]") ?? []) {
      control.removeAttribute("aria-invalid");
      const notes = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id !== fault.id);
      if (notes[0]) control.setAttribute("aria-describedby", notes.join(" "));
      else control.removeAttribute("aria-describedby");
    }
    fault.remove();
    const controls = [...form.querySelectorAll("input:not([type=hidden]), textarea, select")];
    const written = controls.some((one) => /** @type {HTMLInputElement} */ (one).value !== "");
    if (!written) form.removeAttribute("data-dirty");
  }
}

/**
 * After a form was taken, what it says about the state it was made from is renewed even if somebody types on.
 * @param {HTMLFormElement} form
 * @param {Document} page
 */
function takeHidden(form, page) {
  const fresh = form.id ? page.getElementById(form.id) : null;
  for (const field of fresh?.querySelectorAll("input[type=hidden]") ?? []) {
    const own = form.querySelector(`input[type=hidden][name="${field.getAttribute("name")}"]`);
    if (own instanceof HTMLInputElement && field instanceof HTMLInputElement) own.value = field.value;
  }
}

/**
 * Goes to another page, once what stands in forms here is kept.
 * @param {HTMLElement} region
 * @param {string} address
 */
async function leave(region, address) {
  const forms = /** @type {NodeListOf<HTMLFormElement>} */ (region.querySelectorAll("form[data-dirty], form[data-sending]"));
  await Promise.all([...forms].map((form) => handBack(region, form)));
  location.assign(address);
}

/**
 * A form that somebody fills is theirs from now on.
 * @param {Element} control
 */
function begun(control) {
  const form = control.closest("form");
  if (!form || form.closest('[data-module="editor"], [data-module~="kept"]')) return;
  form.setAttribute("data-dirty", "");
  if (isText(control)) control.setAttribute("data-typed", "");
}

/** @param {unknown} control */
function isText(control) {
  return control instanceof HTMLTextAreaElement || (control instanceof HTMLInputElement && control.type === "text");
}

/**
 * What somebody has written in forms since they were taken or came.
 * @param {Iterable<Element>} forms
 * @returns {(HTMLTextAreaElement | HTMLInputElement)[]}
 */
function typedIn(forms) {
  const found = [...forms].flatMap((form) => [...form.querySelectorAll("[data-typed]")]);
  return /** @type {(HTMLTextAreaElement | HTMLInputElement)[]} */ (found).filter((each) => isText(each) && each.value.trim());
}

/**
 * A form that cannot be sent any more: it is said why, and what was written in it stays to be copied, on this device too.
 * @param {HTMLElement} region
 * @param {HTMLFormElement} form
 * @returns {Promise<unknown>} fulfilled once it is kept
 */
function handBack(region, form) {
  const place = region.querySelector("[data-module~=kept]");
  if (!place) return Promise.resolve();
  const typed = typedIn([form]);
  form.removeAttribute("data-dirty");
  const why = form.dataset.over ?? _("What you were writing here could not be sent any more.");
  if (form.dataset.over || typed.length) toast(typed.length ? `${why} ${_("Your words are kept on this page.")}` : why, { error: true });
  if (!typed.length) return Promise.resolve();
  const at = typed.find((control) => control === document.activeElement);
  const [target, version] = (typed.find(({ dataset }) => dataset.suggests)?.dataset.suggests ?? "").split(" ");
  /** @type {HandedBack} */
  const detail = {
    why,
    parts: typed.map(({ name, value, labels }) => ({ name, words: value, label: (labels?.[0]?.textContent ?? "").trim() })),
    ...(target ? { target, version: Number(version) } : {}),
    ...(at ? { at: { part: at.name, from: at.selectionStart ?? 0, to: at.selectionEnd ?? 0 } } : {}),
  };
  place.dispatchEvent(new CustomEvent("concordat:keep", { detail }));
  // Kept in the box, it need not be kept as what the form holds.
  return Promise.resolve(detail.kept).then(() => form.dispatchEvent(new CustomEvent("concordat:taken")));
}

/**
 * Gives forms without an id one that says what they do: else, as the part is changed in place, the button under somebody's
 * hand would become another one.
 * @param {ParentNode} root
 */
function nameForms(root) {
  /** @type {Map<string, number>} */
  const known = new Map();
  for (const form of root.querySelectorAll("form")) {
    if (form.id || form.closest('[data-module="editor"], [data-module~="kept"]')) continue;
    const whose = [...form.querySelectorAll("input[type=hidden][name$=_id]")].map((field) => /** @type {HTMLInputElement} */ (field).value);
    const name = ["to", form.getAttribute("action"), ...whose.slice(0, 1)].join(" ").replaceAll(/\W+/g, "-");
    const times = known.get(name) ?? 0;
    known.set(name, times + 1);
    form.id = times ? `${name}-${times + 1}` : name;
  }
}

/**
 * Changes the region in place into what the page holds for it.
 * @param {HTMLElement} region
 * @param {Document} page
 */
function show(region, page) {
  const fresh = page.getElementById(region.id);
  if (!fresh) return;
  if (fresh.dataset.go) {
    void leave(region, fresh.dataset.go);
    return;
  }
  nameForms(fresh);
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (region.querySelectorAll("form[data-dirty]"))) {
    if (!form.dataset.sending && !page.getElementById(form.id)) void handBack(region, form);
  }
  if (fresh.dataset.stage !== region.dataset.stage) {
    forgive(region);
    region.dataset.stage = fresh.dataset.stage ?? "";
  }
  const options = {
    morphStyle: /** @type {"innerHTML"} */ ("innerHTML"),
    callbacks: {
      beforeNodeMorphed: (/** @type {Node} */ old) => !isKept(old),
      beforeNodeRemoved: (/** @type {Node} */ old) => {
        if (!(old instanceof Element)) return true;
        if (isTyping(old) || Number(old.getAttribute("data-until") ?? 0) > performance.now()) return false;
        for (const editor of editorsIn(old)) editor.dispatchEvent(new CustomEvent("concordat:unmount"));
        return true;
      },
      beforeAttributeUpdated: (/** @type {string} */ name, /** @type {Element} */ element) =>
        !(name === "open" && element.matches("details, dialog")) &&
        name !== "data-typed" && name !== "tabindex" &&
        !(name === "hidden" && element.matches("[data-autosubmit-hide], [data-autosubmit-show]")),
    },
  };
  // Where somebody writes, what changes above does not push the words away.
  const written = editorsIn(region, ":focus-within")[0];
  const before = written?.getBoundingClientRect().top ?? 0;
  const { activeElement } = document;
  const around = region.contains(activeElement) ? partsAround(region, activeElement) : [];
  Idiomorph.morph(region, fresh.innerHTML, options);
  const moved = written?.isConnected ? written.getBoundingClientRect().top - before : 0;
  if (Math.abs(moved) > 1) window.scrollBy({ top: moved, behavior: "instant" });
  // What had the focus is gone: whoever works by keys is not sent back to the head of the page.
  if (around.length && document.activeElement === document.body) focusOn(around.find((part) => part.isConnected) ?? null);
  if (fresh.dataset.topics !== region.dataset.topics) {
    region.dataset.topics = fresh.dataset.topics ?? "";
    void import("./live.js").then(({ watch }) => watch(topicsOf(region)));
  }
  region.dispatchEvent(new CustomEvent("concordat:mount", { bubbles: true }));
}

/**
 * The parts of the page that somebody is in, from the nearest on, as what can be read out: with a name, or by their heading.
 * @param {HTMLElement} region
 * @param {Element | null} place
 */
function partsAround(region, place) {
  /** @type {HTMLElement[]} */
  const found = [];
  for (let part = place?.parentElement ?? null; part && part !== region; part = part.parentElement) {
    const heading = /** @type {HTMLElement | null} */ (part.matches(".card, .ballot") ? part.querySelector("h2, h3") : null);
    if (heading) found.push(heading);
    else if (part.matches("[aria-label]")) found.push(part);
  }
  const head = /** @type {HTMLElement | null} */ (region.querySelector("h1"));
  return [...found, ...(head ? [head] : []), region];
}

/**
 * What the part is about; it may change with what the part shows.
 * @param {HTMLElement} region
 */
function topicsOf(region) {
  return (region.dataset.topics ?? "").split(/\s+/).filter(Boolean);
}

/**
 * A timer and an editor run by themselves, and a form that somebody fills is theirs, also while it is on its way: it may
 * come back unsent.
 * @param {Node} node
 */
function isKept(node) {
  if (!(node instanceof HTMLElement)) return false;
  return node.dataset.module === "timer" || node.dataset.module === "kept" || node.dataset.module === "editor" || node.hasAttribute("data-dirty") || node.hasAttribute("data-sending");
}

/**
 * Live texts on and under an element; they close by themselves once everything is saved.
 * @param {Element} element
 * @param {string} [state] a selector that they match
 * @returns {Element[]}
 */
function editorsIn(element, state = "") {
  const editor = `[data-module="editor"]${state}`;
  return element.matches(editor) ? [element] : [...element.querySelectorAll(editor)];
}

/**
 * Whether a part that the server no longer has holds words somebody is just writing, or that are on their way: those stay
 * until they are sent.
 * @param {Element} element
 */
function isTyping(element) {
  const forms = element.matches("form") ? [element] : [...element.querySelectorAll("form")];
  return forms.some((form) => form.hasAttribute("data-sending")
    || (form.hasAttribute("data-dirty") && form.querySelector("textarea:focus, input:focus") !== null));
}
