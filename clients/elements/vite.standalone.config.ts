import { defineConfig } from "vite";

// One file with everything in it, for a page without a bundler.
export default defineConfig({
  logLevel: "warn",
  build: {
    target: "es2022",
    emptyOutDir: false,
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "standalone.js" },
  },
});
