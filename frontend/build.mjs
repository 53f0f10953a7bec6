// Builds static/vendor from the pinned packages: the same input gives the same bytes. `npm ci && npm run build`.
import { readFile, readdir, rm, writeFile, mkdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "..", "static", "vendor");
const ours = ["codemirror.js", "htmx.js", "socket.js", "turndown.js", "NOTICES.txt"];

/** What each file of a bundle was made from, as the folder of its package. */
function packageFolder(path) {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
  return found ? found[1] : null;
}

async function notice(folder) {
  const about = JSON.parse(await readFile(join(here, folder, "package.json"), "utf8"));
  const names = (await readdir(join(here, folder))).filter((name) => /^(licen[sc]e|copying)/i.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(here, folder, name), "utf8")));
  const words = texts.length ? texts.join("\n").trim() : `Licence as stated by the package: ${about.license}.`;
  return `${about.name} ${about.version} (${about.license})\n\n${words.replaceAll("\r\n", "\n")}`;
}

await mkdir(vendor, { recursive: true });
await Promise.all(ours.map((name) => rm(join(vendor, name), { force: true })));
const result = await build({
  absWorkingDir: here,
  entryPoints: ours.filter((name) => name.endsWith(".js")).map((name) => join("bundles", name)),
  outdir: vendor,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  write: false,
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  logLevel: "warning",
  alias: {
    "@codemirror/lang-html": "./stubs/lang-html.js",
    "@codemirror/autocomplete": "./stubs/autocomplete.js",
  },
  define: { "process.env.NODE_ENV": '"production"' },
});

// esbuild joins and drops what is unused; terser makes what is left smaller, by about two per cent of a page's scripts.
for (const { path, text } of result.outputFiles) {
  const { code } = await minify(text, { module: true, ecma: 2020, compress: { passes: 2 }, format: { comments: false } });
  await writeFile(path, `${code}\n`);
}

const folders = new Set();
for (const output of Object.values(result.metafile.outputs)) {
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    const folder = packageFolder(path);
    if (folder && bytesInOutput) folders.add(folder);
  }
}
const notices = await Promise.all([...folders].sort().map(notice));
const rule = `\n\n${"-".repeat(80)}\n\n`;
await writeFile(
  join(vendor, "NOTICES.txt"),
  `The scripts in this folder are built by frontend/build.mjs from these packages.${rule}${notices.join(rule)}\n`,
);
for (const name of ours.filter((each) => each.endsWith(".js"))) {
  const bytes = await readFile(join(vendor, name));
  console.log(`${relative(join(here, ".."), join(vendor, name))}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
}
