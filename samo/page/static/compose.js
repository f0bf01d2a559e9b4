// The first view: record, choose a file, or type.
import { limits } from "./api.js";
import { card } from "./cards.js";
import { h, icon, longDate } from "./dom.js";
import { recordPanel } from "./recordpanel.js";
import { list } from "./store.js";
import { writePanel } from "./writepanel.js";

export async function compose() {
  const limit = await limits;
  const recorder = recordPanel(limit);
  const recent = (await list()).slice(0, 3);
  const hour = new Date().getHours();
  const greeting =
    hour < 5 ? "Still awake?" : hour < 12 ? "Good morning" : hour < 18 ? "Good afternoon" : "Good evening";
  return {
    title: "New entry",
    content: [
      h(
        "div",
        { class: "head" },
        h("p", { class: "eyebrow" }, longDate(new Date())),
        h("h1", {}, `${greeting}. How are you?`),
      ),
      h("div", { class: "compose" }, recorder.panel, writePanel(limit)),
      h(
        "p",
        { class: "privacy" },
        icon("lock"),
        "Your journal stays in this browser. The service analyses an entry and keeps nothing of it.",
      ),
      recent.length
        ? h(
            "section",
            { "aria-labelledby": "recent" },
            h("h2", { id: "recent" }, "Latest entries"),
            h(
              "div",
              { class: "cards" },
              recent.map((one) => card(one)),
            ),
          )
        : null,
    ],
    leave: recorder.leave,
  };
}
