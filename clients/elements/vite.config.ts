import { defineConfig } from "vitest/config";

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
  resolve: { conditions: ["browser"] },
  test: {
    environment: "happy-dom",
    testTimeout: 30_000, // machines may be busy
    isolate: false, // a worker for all files starts faster than one for each
    // lit has another build for Node.js, which renders nothing
    server: { deps: { inline: [/lit/] } },
  },
});
