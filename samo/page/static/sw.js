// Serves the page's own files without a connection. The service puts before this file
// `const RELEASE = {version, files}`: a new version is a new worker, which fetches all of it anew.
const CACHE = `samo-page-${RELEASE.version}`;

self.addEventListener("install", (event) => {
  const requests = RELEASE.files.map(
    (file) => new Request(file, { cache: "reload", headers: { accept: "text/html,*/*" } }),
  );
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(requests))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("samo-page-") && name !== CACHE);
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(old(names).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (
    event.request.method !== "GET" ||
    url.origin !== location.origin ||
    !RELEASE.files.includes(url.pathname)
  )
    return;
  event.respondWith(
    caches
      .open(CACHE)
      .then((cache) => cache.match(url.pathname, { ignoreVary: true }))
      .then((kept) => kept ?? fetch(event.request)),
  );
});
