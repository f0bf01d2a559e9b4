// Starts the page: shows the view that the address names, and installs the service worker.
import { announce, h, problem } from "./dom.js";
import { compose } from "./compose.js";
import { entry } from "./entry.js";
import { journal } from "./journal.js";
import { settingsView, applyTheme } from "./settings.js";
import { trendsView } from "./trends.js";

const VIEWS = { "": compose, journal, trends: trendsView, settings: settingsView, entry };
const main = document.querySelector("#main");
let leave = null;

/**
 * Show the view of the address, such as #/entry/ID or #/journal?day=2026-01-31. A view takes
 * ({argument, query}) and gives {title, content, leave?}.
 */
async function show() {
  const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, argument] = path.split("/");
  const view = VIEWS[name] ?? compose;
  await leave?.();
  leave = null;
  let shown;
  try {
    shown = await view({ argument, query: new URLSearchParams(search) });
  } catch (error) {
    console.error(error);
    shown = {
      title: "Something went wrong",
      content: [
        h("h1", {}, "Something went wrong"),
        problem(
          "This view could not be shown. Reload the page. If that does not help, export your journal in Settings and report what the browser's console says.",
        ),
      ],
    };
  }
  leave = shown.leave ?? null;
  document.title = `${shown.title} · SAMO`;
  main.replaceChildren(h("div", { class: `view ${name || "new"}` }, shown.content));
  for (const link of document.querySelectorAll("nav a")) {
    const current = link.dataset.view === (name || "new");
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

window.addEventListener("hashchange", async () => {
  await show();
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true }); // the next tab stop is the new view's first
  announce(document.title);
});

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // "#main" is no view
  main.focus();
});

applyTheme();
show();
navigator.serviceWorker?.register("/sw.js").catch((error) => console.warn("no offline use:", error));
