// Many people type into one text: how long until each sees what another wrote. Started by bench/live.py.
//
//   .venv/bin/node bench/live.mjs URL DOC SECONDS PEOPLE TOKEN PERSON [TOKEN PERSON …]
//
// Everybody inserts one letter five times a second at the beginning of the text. Prints one line of JSON: milliseconds
// from the push to its arrival at another's socket (p50, p95, p99), bytes received per person and second, pushes refused.
const [url, doc, seconds, people, ...cast] = process.argv.slice(2);
const Native = globalThis.WebSocket;
let received = 0;
globalThis.WebSocket = class extends Native {
  constructor(address, protocols) {
    super(address, { protocols: protocols ?? [], headers: { origin: url } });
    this.addEventListener("message", ({ data }) => { received += data.byteLength ?? data.size ?? data.length; });
  }
};
const { io, parser } = await import("../static/vendor/socket.js");

const sent = new Map();
const waits = [];
let refused = 0;

function join(number) {
  const [token, person] = [cast[(2 * number) % cast.length], cast[(2 * number + 1) % cast.length]];
  const socket = io(url, { transports: ["websocket"], parser, forceNew: true, auth: { token, protocol: 1 } });
  const me = { socket, client: `${person}.b${number}`, version: 0, length: 0, seq: 0, waiting: false };
  socket.on("text:updates", ([, version, entries]) => {
    for (const [at, [client]] of entries.entries()) {
      if (version + at < me.version) continue;
      me.version = version + at + 1;
      me.length += 1;
      if (client === me.client) me.waiting = false;
      else {
        const letter = `${client} ${(seen.get(`${me.client} ${client}`) ?? 0) + 1}`;
        seen.set(`${me.client} ${client}`, (seen.get(`${me.client} ${client}`) ?? 0) + 1);
        const began = sent.get(letter);
        if (began) waits.push(performance.now() - began);
      }
    }
  });
  socket.on("text:refused", () => { refused += 1; me.waiting = false; });
  return new Promise((resolve) => {
    socket.on("text:joined", ({ version, text }) => {
      me.version = version;
      me.length = text.length;
      resolve(me);
    });
    socket.on("connect", () => socket.emit("text:join", [doc, me.client, null, null]));
  });
}

const seen = new Map();
const all = [];
for (let number = 0; number < Number(people); number += 1) all.push(await join(number));
await new Promise((resolve) => setTimeout(resolve, 500));
received = 0;
const end = performance.now() + Number(seconds) * 1000;
for (const me of all) {
  const type = () => {
    if (performance.now() > end) return;
    if (!me.waiting) {
      me.waiting = true;
      me.seq += 1;
      sent.set(`${me.client} ${me.seq}`, performance.now());
      const changes = JSON.stringify(me.length ? [[0, "x"], me.length] : [[0, "x"]]);
      me.socket.emit("text:push", [doc, me.version, me.client, me.seq, [changes]]);
    }
    setTimeout(type, 200);
  };
  setTimeout(type, Math.random() * 200);
}
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000 + 1_000));
waits.sort((a, b) => a - b);
const at = (share) => Math.round(waits[Math.floor(waits.length * share)] * 10) / 10;
console.log(JSON.stringify({
  people: Number(people), p50: at(0.5), p95: at(0.95), p99: at(0.99), seen: waits.length, refused,
  bytes: Math.round(received / Number(people) / Number(seconds)),
}));
process.exit(0);
