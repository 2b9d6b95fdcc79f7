// The service worker of "Keep the course for offline". It answers from what is kept when the network does not.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", ({ data, ports: [port] }) => {
  keep(data, (kept) => port.postMessage({ kept })).catch((error) => port.postMessage({ error: error.message }));
});

// Into a store of this edition; older ones go when it is complete.
async function keep({ version, names }, tell) {
  const store = await caches.open(version);
  const AT_ONCE = 8;
  for (let i = 0; i < names.length; i += AT_ONCE) {
    const some = names.slice(i, i + AT_ONCE);
    await store.addAll(some.map((name) => new Request(name, { cache: "no-cache" })));
    tell(Math.min(names.length, i + AT_ONCE));
  }
  for (const other of await caches.keys()) if (other !== version) await caches.delete(other);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(fetch(request).catch(async (error) => {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }));
});
