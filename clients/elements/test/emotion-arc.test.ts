import { expect, test } from "vitest";
import type { ArcInsight } from "../src/arc-data.js";
import { arcData } from "../src/arc-data.js";
import "../src/index.js";

type Point = ArcInsight["arc"][number];

const point = (text: string, emotions: Record<string, number>, seconds: [number, number] | null): Point =>
  ({
    text,
    start_seconds: seconds?.[0] ?? null,
    end_seconds: seconds?.[1] ?? null,
    emotions: Object.entries(emotions).map(([emotion, confidence]) => ({ emotion, confidence })),
  }) as Point;

const insight = (arc: Point[], emotions: string[] | null, duration?: number): ArcInsight =>
  ({
    arc,
    emotion_analysis: emotions && { emotion_list: emotions.map((emotion) => ({ emotion })) },
    transcription: duration === undefined ? null : { duration },
  }) as unknown as ArcInsight;

const SPOKEN = insight(
  [point("We danced.", { joy: 0.9 }, [0, 4]), point("They left.", { sadness: 0.8, joy: 0.1 }, [4, 10])],
  ["joy", "sadness", "grief"],
  10.7,
);

async function draw(value: ArcInsight | null, lines?: number) {
  const element = document.createElement("samo-emotion-arc");
  element.insight = value;
  if (lines !== undefined) element.lines = lines;
  document.body.append(element);
  await element.updateComplete;
  const root = element.shadowRoot as ShadowRoot;
  return { element, root, text: root.textContent?.replace(/\s+/g, " ") ?? "" };
}

test("a spoken entry is drawn over its seconds", () => {
  expect(arcData(SPOKEN, 2)).toMatchObject({
    sentences: [{ at: 2, startSeconds: 0 }, { at: 7, startSeconds: 4 }],
    lines: [
      { emotion: "joy", values: [0.9, 0.1] },
      { emotion: "sadness", values: [0, 0.8] },
    ],
    isTimed: true,
    from: 0,
    to: 10.7,
  });
});

test("a typed entry is drawn over its sentences", () => {
  const typed = insight([point("One.", { joy: 1 }, null), point("Two.", {}, null)], ["joy"]);
  expect(arcData(typed, 4)).toMatchObject({ isTimed: false, from: 0.5, to: 2.5 });
});

test("without an analysis, the sentences' own emotions are drawn", () => {
  const { lines } = arcData(insight([point("One.", { fear: 0.5, joy: 0.6 }, null)], null), 1);
  expect(lines).toEqual([{ emotion: "joy", values: [0.6] }]);
});

test("the chart has its text and its table", async () => {
  const { root, text } = await draw(SPOKEN);
  const label = root.querySelector("svg[role=img]")?.getAttribute("aria-label");
  expect(label).toBe(
    "Chart of joy, sadness, grief over 2 sentences. joy is highest in sentence 1 at 0:00, 90 %. " +
      "sadness is highest in sentence 2 at 0:04, 80 %. grief is highest in sentence 1 at 0:00, 0 %.",
  );
  expect(root.querySelectorAll(".chart polyline").length).toBe(3);
  expect(root.querySelectorAll("tbody tr").length).toBe(2);
  expect(text).toContain("sadness 80 %, joy 10 %");
});

test.each([
  ["no insight", null],
  ["no sentences", insight([], [])],
  ["a degraded insight", insight([], null)],
  ["sentences without emotions", insight([point("Hm.", {}, null)], null)],
])("%s: nothing to draw is said", async (_name, value) => {
  const { text } = await draw(value);
  expect(text.trim()).toBe("There are no emotions to show.");
});

test("one sentence is one point in the middle", async () => {
  const { root } = await draw(insight([point("One.", { joy: 0.5 }, null)], ["joy"]));
  expect(root.querySelector("circle")?.getAttribute("cx")).toBe("300");
  expect(root.querySelector(".chart")?.innerHTML).not.toContain("NaN");
});

test("a recording without length does not divide by zero", async () => {
  const { root } = await draw(insight([point("One.", { joy: 0.5 }, [0, 0])], ["joy"], 0));
  expect(root.querySelector(".chart")?.innerHTML).not.toMatch(/NaN|Infinity/);
});

test("text is text", async () => {
  const { root } = await draw(insight([point("<img src=x onerror=alert(1)>", { joy: 1 }, null)], ["joy"]));
  expect(root.querySelector("img")).toBeNull();
});

test("a new insight replaces the old one", async () => {
  const { element, root } = await draw(SPOKEN);
  element.insight = insight([point("One.", { fear: 0.5 }, null)], ["fear"]);
  await element.updateComplete;
  expect(root.querySelector(".legend")?.textContent?.trim()).toBe("fear");
});
