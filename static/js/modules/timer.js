/**
 * Counts down to `data-ends-at` by the server's clock: what counts is the span from `data-now`, so a wrong clock on the
 * visitor's machine does no harm. Says five minutes, one minute and the end aloud, nothing in between.
 */

const SPOKEN_MINUTES = [5, 1];

/** @param {HTMLElement} element */
export function mount(element) {
  const shown = element.querySelector(".timer__time");
  const says = element.querySelector("[data-timer-says]");
  if (!shown || !says || element.dataset.paused === "yes") return;
  const loaded = performance.now();
  const span = Date.parse(element.dataset.endsAt ?? "") - Date.parse(element.dataset.now ?? "");
  if (Number.isNaN(span)) return;
  let before = Infinity;

  const tick = () => {
    if (!element.isConnected) return window.clearInterval(interval);
    const left = Math.ceil((span - (performance.now() - loaded)) / 1000);
    shown.textContent = clock(left);
    element.classList.toggle("timer--soon", left <= 60 && left > 0);
    element.classList.toggle("timer--over", left <= 0);
    const words = announcement(before, left, element.dataset);
    if (words) says.textContent = words;
    before = left;
  };
  const interval = window.setInterval(tick, 1000);
  tick();
}

/**
 * Minutes and seconds; past the end with a minus sign.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.abs(seconds);
  const minutes = String(Math.floor(whole / 60)).padStart(2, "0");
  return `${seconds < 0 ? "−" : ""}${minutes}:${String(whole % 60).padStart(2, "0")}`;
}

/**
 * What to say when time goes from `before` to `now`, both in seconds left; nothing most of the time.
 * @param {number} before
 * @param {number} now
 * @param {DOMStringMap} words
 */
function announcement(before, now, words) {
  if (before === Infinity) return "";
  if (before > 0 && now <= 0) return words.wordsOver ?? "";
  const passed = SPOKEN_MINUTES.find((minutes) => before > minutes * 60 && now <= minutes * 60);
  if (passed === undefined) return "";
  return passed === 1 ? (words.wordsOne ?? "") : (words.wordsLeft ?? "").replace("{n}", String(passed));
}
