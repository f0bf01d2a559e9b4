import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const react18 = (path: string) => fileURLToPath(new URL(`../react-18/node_modules/${path}`, import.meta.url));
const tests = {
  environment: "happy-dom",
  testTimeout: 30_000, // machines may be busy
  isolate: false, // a worker for all files starts faster than one for each
  // lit has another build for Node.js, which renders nothing; the others are inlined to get the same React
  server: { deps: { inline: [/lit/, /samo/] } },
};

export default defineConfig({
  logLevel: "warn",
  build: {
    target: "es2022",
    minify: false,
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index" },
    rolldownOptions: {
      external: [/^@lit\//, /^@samo\//, "react"],
      output: { banner: '"use client";' }, // for the App Router of Next.js
    },
  },
  resolve: { conditions: ["browser"] },
  test: {
    projects: [
      { extends: true, test: { ...tests, name: "react 19" } },
      {
        extends: true,
        resolve: {
          alias: [
            { find: /^react-dom(\/.*)?$/, replacement: `${react18("react-dom")}$1` },
            { find: /^react(\/.*)?$/, replacement: `${react18("react")}$1` },
          ],
        },
        test: { ...tests, name: "react 18" },
      },
    ],
  },
});
