// Write: a text field whose draft is kept until it is sent.
import { h, problem } from "./dom.js";
import { open } from "./store.js";

const DRAFT = "samo.draft";

export function writePanel(limit) {
  const field = h("textarea", {
    id: "text",
    rows: 7,
    maxlength: limit.max_text_characters,
    placeholder: "Today …",
    value: localStorage.getItem(DRAFT) ?? "",
  });
  const count = h("span", { class: "hint" });
  const send = h("button", { type: "submit", class: "primary" }, "Analyse");
  const update = () => {
    const words = field.value.trim().split(/\s+/).filter(Boolean).length;
    localStorage.setItem(DRAFT, field.value);
    count.textContent = words ? `${words} ${words === 1 ? "word" : "words"}` : "";
  };
  field.addEventListener("input", update);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  const trouble = h("div", {});
  const form = h(
    "form",
    {
      class: "panel write",
      on: {
        submit: async (event) => {
          event.preventDefault();
          if (!field.value.trim()) {
            trouble.replaceChildren(problem("Write a sentence or two first."));
            field.focus();
            return;
          }
          if (await open({ kind: "typed", text: field.value })) localStorage.removeItem(DRAFT);
        },
      },
    },
    h("label", { for: "text", class: "big" }, "Write"),
    field,
    trouble,
    h("div", { class: "row spread" }, count, send),
  );
  update();
  return form;
}
