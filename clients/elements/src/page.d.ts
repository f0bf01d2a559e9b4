// The page's own modules are plain JavaScript.
declare module "*/samo/page/static/hues.js" {
  export function hueOf(name: string): { hue: number; chroma: number };
}
