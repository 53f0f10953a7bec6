/** What a closed tab left behind of a text is sent under its own id and numbers, so that nothing counts twice. */
import { EditorState } from "../../vendor/codemirror.js";
import { connection } from "../modules/live.js";
import { TextSession } from "./session.js";

/** @typedef {import("./session.js").Kept} Kept */
/** @typedef {import("./session.js").Lost} Lost */
/** @typedef {import("./session.js").Status} Status */

/**
 * @typedef {object} Told who is told how it goes
 * @property {(status: Status) => void} status
 * @property {(lost: Lost) => void} lost words that could not be saved
 */

/** How long one waits for the last words to be saved before going on. */
export const RECOVER_MS = 6_000;

/** Stands in for an editor meanwhile. */
class Absent {
  /** @param {Told} told */
  constructor(told) {
    this.told = told;
    /** @type {EditorState | null} */
    this.state = null;
    this.over = false;
  }

  /**
   * @param {import("@codemirror/state").Text} text
   * @param {import("@codemirror/state").Extension} collaboration
   */
  open(text, collaboration) {
    this.state = EditorState.create({ doc: text, extensions: collaboration });
  }

  /** @param {import("@codemirror/state").Transaction[]} transactions */
  dispatch(transactions) {
    this.state = transactions.at(-1)?.state ?? this.state;
  }

  access() {}

  /** @param {Status} status */
  status(status) {
    this.over ||= status === "saved";
    if (!this.over) this.told.status(status);
  }

  /** @param {Lost} lost */
  lost(lost) {
    this.told.lost(lost);
  }

  refused() {
    this.over = true;
  }

  carets() {}
}

/**
 * Sends what a closed tab left behind; answers when that is done, or at the latest after a moment: then it goes on
 * beside what follows until it is.
 * @param {Kept} kept
 * @param {Told} told
 * @param {import("./store.js").BrowserStore} store
 * @returns {Promise<boolean>} whether it is done
 */
export async function recover(kept, told, store) {
  const host = new Absent(told);
  const session = new TextSession({ doc: kept.doc, person: kept.person, link: connection().texts, host, store });
  session.start(kept);
  const end = Date.now() + RECOVER_MS;
  while (!host.over && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  const finish = async () => {
    session.stop();
    if (!session.pending.length) await store.forget(kept.key);
  };
  const later = () => void (host.over ? finish() : setTimeout(later, 500));
  if (host.over) await finish();
  else later();
  return host.over;
}
