import { defineConfig } from "vitest/config";

const tests = {
  environment: "happy-dom",
  testTimeout: 30_000, // machines may be busy
  isolate: false, // a worker for all files starts faster than one for each
  // lit has another build for Node.js, which renders nothing; the others are inlined to get the same Vue
  server: { deps: { inline: [/lit/, /samo/, /vue/] } },
};

export default defineConfig({
  logLevel: "warn",
  build: {
    target: "es2022",
    minify: false,
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index" },
    rolldownOptions: { external: [/^@samo\//, "vue"] },
  },
  resolve: { conditions: ["browser"] },
  test: {
    projects: [
      { extends: true, test: { ...tests, name: "vue 3.5" } },
      {
        extends: true,
        resolve: { alias: [{ find: /^vue$/, replacement: "vue-3.4" }] },
        test: { ...tests, name: "vue 3.4" },
      },
    ],
  },
});
