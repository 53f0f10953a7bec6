/**
 * The page's one socket, shared by every module that is live.
 *
 * `connection()` opens it when first asked for. Hints arrive as DOM events: `concordat:changed` on the document, with
 * `detail.topic` ("items-12"). As a module it watches the topics of its element: `data-module="live"
 * data-topics="items-12 meetings-3"`.
 * `<html data-live>` is "connecting", "on", "off", "outdated" (an older page than the server: reload), "stale"
 * (somebody has signed in since the page was made: reload) or "refused".
 */
import { PROTOCOL, TextLink } from "../text/link.js";
import { io, parser } from "../../vendor/socket.js";

/** @typedef {{socket: ReturnType<typeof io>, texts: TextLink}} Connection */

/** @type {Connection | null} */
let shared = null;
/** @type {Set<string>} */
const watched = new Set();

/** @param {string} name */
function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? "";
}

/** @param {string} state */
function say(state) {
  document.documentElement.dataset.live = state;
  document.dispatchEvent(new CustomEvent("concordat:live", { detail: { state } }));
}

/**
 * The page's connection, opened at the first call.
 * @returns {Connection}
 */
export function connection() {
  if (shared) return shared;
  const socket = io({
    transports: ["websocket", "polling"],
    parser,
    auth: (give) => give({ csrf: meta("csrf-token"), protocol: PROTOCOL }),
    reconnectionDelay: 300,
    reconnectionDelayMax: 5_000,
    randomizationFactor: 0.5,
  });
  shared = { socket, texts: new TextLink(socket) };
  say("connecting");
  socket.on("connect", () => {
    say("on");
    if (watched.size) socket.emit("hint:watch", [...watched]);
  });
  socket.on("disconnect", (reason) => {
    say("off");
    // The server ended it, perhaps because it restarts: the library would wait to be asked.
    if (reason === "io server disconnect") setTimeout(() => socket.connect(), 1_000 + Math.random() * 2_000);
  });
  socket.on("connect_error", (error) => {
    const code = /** @type {{data?: {code?: string}}} */ (error).data?.code ?? (socket.active ? "" : error.message);
    if (code === "protocol") say("outdated");
    else if (code === "csrf") say("stale");
    else if (socket.active) say("off");
    else {
      say("refused");
      if (code !== "forbidden") setTimeout(() => socket.connect(), 5_000 + Math.random() * 5_000);
    }
  });
  // The device is back on a network: no need to wait for the next attempt.
  window.addEventListener("online", () => {
    if (!socket.connected) socket.disconnect().connect();
  });
  socket.on("changed", (/** @type {{topic?: unknown}} */ hint) => {
    document.dispatchEvent(new CustomEvent("concordat:changed", { detail: { topic: String(hint?.topic ?? "") } }));
  });
  return shared;
}

/**
 * Asks for hints about topics, now and after every reconnection.
 * @param {string[]} topics
 */
export function watch(topics) {
  const fresh = topics.filter((topic) => topic && !watched.has(topic));
  if (!fresh.length) return;
  for (const topic of fresh) watched.add(topic);
  const { socket } = connection();
  if (socket.connected) socket.emit("hint:watch", fresh);
}

/** @param {HTMLElement} element */
export function mount(element) {
  connection();
  watch((element.dataset.topics ?? "").split(/\s+/));
}
