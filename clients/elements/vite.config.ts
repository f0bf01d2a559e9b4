import { defineConfig } from "vite";

// The library: its dependencies stay imports, so that an application has one copy of each.
export default defineConfig({
  logLevel: "warn",
  build: {
    target: "es2022",
    minify: false,
    lib: {
      entry: { index: "src/index.ts", recorder: "src/recorder.ts" },
      formats: ["es"],
    },
    rolldownOptions: { external: [/^lit(\/|$)/, "@samo/client"] },
  },
});
