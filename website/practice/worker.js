// Python in a worker of its own: the page ends this worker when a run takes too long, and starts another. All files
// come from where the book lies; how much of them has come is told on the way.

const base = new URL("./python/", import.meta.url).href;
const fetchNow = self.fetch.bind(self);
const early = new Map(); // files that were asked for before Pyodide wants them
let total = Infinity;
let got = 0;

function counted(response) {
  if (!response.ok || !response.body) return response;
  const count = new TransformStream({
    transform(part, out) {
      got += part.length;
      postMessage({ part: Math.min(1, got / total) });
      out.enqueue(part);
    },
  });
  return new Response(response.body.pipeThrough(count), { status: response.status, headers: response.headers });
}

self.fetch = async (resource, options) => {
  const address = new URL(resource.url ?? resource, base).href;
  const before = early.get(address);
  early.delete(address);
  return before ?? counted(await fetchNow(resource, options));
};

async function bytes(name) {
  const response = await fetchNow(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name} did not come (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

async function start() {
  const files = await (await fetchNow(base + "files.json")).json();
  total = files.bytes;
  early.set(base + files.numpy, self.fetch(base + files.numpy));
  const ours = ["runner.py", "figures.py"].map(async (name) => [name, await bytes(name)]);
  const { loadPyodide } = await import(base + "pyodide.mjs");
  const python = await loadPyodide({ indexURL: base, packages: ["numpy"] });
  for (const [name, content] of await Promise.all(ours)) python.FS.writeFile(name, content);
  python.runPython("import json, numpy, runner");
  return python;
}

const ready = start();
ready.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: String(error) }));

onmessage = async ({ data }) => {
  const python = await ready;
  if (data.file) python.FS.writeFile(data.file, await bytes(data.file));
  const names = python.toPy({ job: JSON.stringify(data) });
  names.set("tell", (text) => postMessage({ event: JSON.parse(text) }));
  const done = python.runPython(
    "import json, runner\njson.dumps(runner.answer(json.loads(job), lambda event: tell(json.dumps(event))))",
    { globals: names },
  );
  names.destroy();
  postMessage({ done: JSON.parse(done) });
};
