// A headless live-text client for tests: the session of static/js/text over a real Socket.IO connection, driven by one
// JSON request per line on standard input, answered by one JSON line each on standard output.
//
//   .venv/bin/node tests/node/client.mjs
//
// A request is {"id": any, "do": name, "at": client's name, ...}; the answer {"id", "ok": result} or {"id", "error"}.
// One process plays many clients, each with a connection of its own:
//   connect  {at, url, token? | csrf?, cookie?, origin?, protocol?}   -> {connected, refused?}
//   join     {at, doc, person}                      opens the text    -> report
//   type     {at, doc, from, to?, insert?}          one change        -> report
//   offline, online {at}                            cut and restore the connection
//   settle   {at, doc, timeout?}                    until all is acknowledged and the head is reached -> report
//   until    {at, doc, version? | text? | access?, timeout?}          -> report
//   presence {at, doc, anchor, head}                move the caret
//   report   {at, doc} -> {text, version, acked, pending, status, access, client, epoch, lost, refused, carets}
//   crash    {at, doc}                              forget the state but for what the store holds -> what it holds
//   resume   {at, doc, person, kept}                go on from that   -> report
//   leave    {at, doc};  raw {at, event, payload};  heard {at, event?} -> every event heard since last asked
//   close    {at}
import { createInterface } from "node:readline";
import { EditorState } from "../../static/vendor/codemirror.js";
import { guard } from "../../static/js/text/sync.js";

const Native = globalThis.WebSocket;
/** What the next socket sends as headers; a browser would send its own cookie and origin. */
let headers = {};
globalThis.WebSocket = class extends Native {
  constructor(url, protocols) {
    super(url, { protocols: protocols ?? [], headers });
  }
};
const { io, parser } = await import("../../static/vendor/socket.js");
const { PROTOCOL, TextSession } = await import("../../static/js/text/session.js");
const { TextLink } = await import("../../static/js/text/link.js");

/** What a page gives a session, without a page. */
class Host {
  constructor(limit) {
    this.state = null;
    this.limit = limit;
    this.lostWords = [];
    this.refusals = [];
    this.seen = [];
    this.mayWrite = "read";
  }

  open(text, extension) {
    this.state = EditorState.create({
      doc: text,
      extensions: [extension, guard({ limit: this.limit, oneLine: false, refuse: () => {} })],
    });
  }

  dispatch(transactions) {
    for (const transaction of transactions) this.state = transaction.state;
  }

  access(access) { this.mayWrite = access; }
  status() {}
  lost(lost) { this.lostWords.push(lost); }
  refused(code, detail) { this.refusals.push([code, detail]); }
  carets(carets) { this.seen = [...this.seen, ...carets].slice(-50); }
}

class Store {
  constructor() { this.kept = new Map(); }
  async save(kept) { this.kept.set(kept.key, kept); }
  async forget(key) { this.kept.delete(key); }
  release() {}
}

/** @type {Map<string, {socket: any, link: any, texts: Map<string, any>, heard: any[]}>} */
const clients = new Map();

function report({ session, host }) {
  return {
    text: host.state ? host.state.doc.toString() : null, version: session.version, acked: session.acked,
    pending: session.pending.length, status: session.status, access: session.access, client: session.client,
    epoch: session.epoch, joined: session.joined, lost: host.lostWords, refused: host.refusals, carets: host.seen,
  };
}

/** Waits until a condition holds, looked at whenever something may have changed. */
async function until(holds, timeout, describe) {
  const end = Date.now() + timeout;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${timeout} ms: ${JSON.stringify(describe())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function open({ at, doc, person, limit = 100_000 }, kept) {
  const client = clients.get(at);
  client.texts.get(doc)?.session.stop();
  const host = new Host(limit);
  const store = new Store();
  const session = new TextSession({ doc, person: String(person), link: client.link, host, store });
  const text = { session, host, store };
  client.texts.set(doc, text);
  session.start(kept);
  await until(() => session.joined || host.refusals.length, 5_000, () => report(text));
  return report(text);
}

const textOf = ({ at, doc }) => clients.get(at).texts.get(doc);

const actions = {
  async connect({ at, url, token, csrf, cookie, origin, protocol = PROTOCOL }) {
    headers = { ...(cookie ? { cookie } : {}), origin: origin ?? url };
    const socket = io(url, {
      transports: ["websocket"], parser, forceNew: true, reconnectionDelay: 100, reconnectionDelayMax: 500,
      auth: token ? { token, protocol } : { csrf, protocol },
    });
    const client = { socket, link: new TextLink(socket), texts: new Map(), heard: [] };
    clients.get(at)?.socket.disconnect();
    clients.set(at, client);
    socket.onAny((event, ...payload) => client.heard.push([event, ...payload]));
    const refused = await new Promise((resolve) => {
      socket.once("connect", () => resolve(null));
      socket.once("connect_error", (error) => resolve({ message: error.message, data: error.data ?? null }));
    });
    if (refused) socket.disconnect();
    return { connected: socket.connected, refused };
  },
  join: (request) => open(request),
  resume: (request) => open(request, request.kept),
  type(request) {
    const text = textOf(request);
    const { from, to = from, insert = "" } = request;
    text.host.dispatch([text.host.state.update({ changes: { from, to, insert } })]);
    text.session.edited();
    return report(text);
  },
  presence(request) {
    const { host, session } = textOf(request);
    const { anchor, head = anchor } = request;
    host.dispatch([host.state.update({ selection: { anchor, head } })]);
    session.moved();
  },
  offline({ at }) {
    clients.get(at).socket.disconnect();
  },
  online({ at }) {
    clients.get(at).socket.connect();
  },
  async settle(request) {
    const text = textOf(request);
    const { session } = text;
    const settled = () => session.joined && !session.pending.length && session.version >= session.head;
    await until(settled, request.timeout ?? 10_000, () => report(text));
    return report(text);
  },
  async until(request) {
    const text = textOf(request);
    const holds = () => {
      const now = report(text);
      return ["version", "text", "access"].every((name) => request[name] === undefined || request[name] === now[name]);
    };
    await until(holds, request.timeout ?? 10_000, () => report(text));
    return report(text);
  },
  report: (request) => report(textOf(request)),
  async crash(request) {
    const { session, store } = textOf(request);
    await session.flush();
    const kept = [...store.kept.values()];
    session.stop();
    clients.get(request.at).texts.delete(request.doc);
    return kept;
  },
  leave(request) {
    textOf(request).session.stop();
    clients.get(request.at).texts.delete(request.doc);
  },
  raw({ at, event, payload }) {
    clients.get(at).socket.emit(event, ...payload);
  },
  heard({ at, event }) {
    const client = clients.get(at);
    const found = client.heard.filter(([name]) => !event || name === event);
    client.heard = [];
    return found;
  },
  close({ at }) {
    clients.get(at).socket.disconnect();
    clients.delete(at);
  },
};

function answer(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  // Not awaited: several clients may be waiting for one another.
  Promise.resolve()
    .then(() => actions[request.do](request))
    .then((ok) => answer({ id: request.id, ok: ok ?? null }))
    .catch((error) => answer({ id: request.id, error: String(error?.message ?? error) }));
}
process.exit(0);
