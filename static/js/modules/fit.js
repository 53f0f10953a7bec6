/**
 * Keeps a wall's page as high as the wall: nobody scrolls a projector.
 *
 * The element has a head (`[data-fit-head]`) and a body (`[data-fit-body]`), which the page lays out in columns as high as
 * the room that is left. Letters shrink in the steps of `data-head` and `data-step`, which the style sheet gives sizes,
 * first in one column and then in two; what is too long even then is turned over page by page, by itself every few
 * seconds or with the arrow keys, and `[data-fit-page]` says which page it is. Nothing is ever cut off. Where the page
 * scrolls (on a narrow screen) nothing is done.
 */

const HEAD_STEPS = 3;
const STEPS = 4;
/** A head takes no more of the height than this. */
const HEAD_SHARE = 0.26;
/** Two columns are tried from this step on: larger letters would leave a few words to the line. */
const COLUMNS_FROM = 1;
const TURN_MILLISECONDS = 12_000;
/** Who turns pages by hand reads on for this long before they turn by themselves again. */
const HELD_MILLISECONDS = 120_000;

/** @param {HTMLElement} screen */
export function mount(screen) {
  let page = 0;
  let pages = 1;
  let read = "";
  let turned = performance.now();
  let wait = TURN_MILLISECONDS;

  const body = () => /** @type {HTMLElement | null} */ (screen.querySelector("[data-fit-body]"));

  function fit() {
    shrinkHead(screen);
    const words = body();
    if (!words) return;
    const title = `${screen.querySelector("[data-fit-head]")?.textContent}`;
    if (title !== read) {
      page = 0;
      read = title;
      turned = performance.now();
      wait = TURN_MILLISECONDS;
    }
    screen.dataset.step ??= "0";
    const fixed = getComputedStyle(words).overflowX === "hidden";
    pages = fixed ? shrink(screen, words) : 1;
    show(words);
  }

  /** @param {HTMLElement} words */
  function show(words) {
    page = Math.min(page, pages - 1);
    words.scrollLeft = page * width(words);
    const said = screen.querySelector("[data-fit-page]");
    if (!(said instanceof HTMLElement)) return;
    said.textContent = (said.dataset.words ?? "").replace("{page}", String(page + 1)).replace("{pages}", String(pages));
  }

  /** @param {number} by */
  function turn(by) {
    const words = body();
    if (!words || pages < 2) return;
    page = (page + by + pages) % pages;
    turned = performance.now();
    show(words);
  }

  fit();
  screen.addEventListener("concordat:mount", fit);
  window.addEventListener("resize", fit);
  void document.fonts.ready.then(fit);
  window.setInterval(() => {
    if (performance.now() - turned < wait) return;
    wait = TURN_MILLISECONDS;
    turn(1);
  }, 500);
  document.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
    if (!by || pages < 2 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    wait = HELD_MILLISECONDS;
    turn(by);
  });
}

/** @param {HTMLElement} screen */
function shrinkHead(screen) {
  const head = screen.querySelector("[data-fit-head]");
  for (let step = 0; step <= HEAD_STEPS; step += 1) {
    screen.dataset.head = String(step);
    if (!head || head.getBoundingClientRect().height <= HEAD_SHARE * window.innerHeight) return;
  }
}

/**
 * Makes letters only as small as they must be; how many pages it takes.
 * @param {HTMLElement} screen
 * @param {HTMLElement} words
 */
function shrink(screen, words) {
  const said = screen.querySelector("[data-fit-page]");
  said?.toggleAttribute("hidden", true);
  delete screen.dataset.odd;
  for (let step = 0; step <= STEPS; step += 1) {
    screen.dataset.step = String(step);
    for (const columns of step < COLUMNS_FROM ? [1] : [1, 2]) {
      screen.dataset.columns = String(columns);
      if (pagesOf(words) <= 1) return 1;
    }
  }
  // Which page it is takes a line of its own, which has to stand there before what is left is measured.
  if (said) said.textContent = "–";
  said?.toggleAttribute("hidden", false);
  // With an empty column at the end the last page begins where the one before it ends.
  if (!Number.isInteger(pagesOf(words))) screen.dataset.odd = "";
  return Math.ceil(pagesOf(words));
}

/**
 * How many pages the columns make; half a page is one of two columns.
 * @param {HTMLElement} words
 */
const pagesOf = (words) => Math.round((2 * (words.scrollWidth + gap(words))) / width(words)) / 2;

/** @param {HTMLElement} words */
const gap = (words) => parseFloat(getComputedStyle(words).columnGap) || 0;

/**
 * How far it is from one page to the next.
 * @param {HTMLElement} words
 */
const width = (words) => words.getBoundingClientRect().width + gap(words);
