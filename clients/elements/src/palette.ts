// The colour of an emotion or mood: the same as on the service's own page.
import { hueOf } from "../../../samo/page/static/hues.js";

/** The custom properties of an emotion's colour, for the class `tint`; `--samo-hue-joy` replaces joy's hue. */
export function tint(name: string): { "--hue": string; "--chroma": string } {
  const { hue, chroma } = hueOf(name);
  return { "--hue": `var(--samo-hue-${name}, ${hue})`, "--chroma": String(chroma) };
}
