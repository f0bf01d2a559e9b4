import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const react18 = (name: string) => `${path(`./react-18/node_modules/${name}`)}$1`;

const project = (name: string, root: string, alias: { find: RegExp; replacement: string }[] = []) => ({
  root: path(root),
  resolve: { conditions: ["browser"], alias },
  test: {
    name,
    environment: "happy-dom",
    testTimeout: 30_000, // machines may be busy
    isolate: false, // a worker for all files starts faster than one for each
    // lit has another build for Node.js, which renders nothing; the others are to use the same React or Vue
    server: { deps: { inline: [/lit/, /samo/, /vue/] } },
  },
});

// The packages import @samo/elements as it was built: scripts/components comes first.
export default defineConfig({
  test: {
    projects: [
      project("elements", "./elements"),
      project("react 19", "./react"),
      project("react 18", "./react", [
        { find: /^react-dom(\/.*)?$/, replacement: react18("react-dom") },
        { find: /^react(\/.*)?$/, replacement: react18("react") },
      ]),
      project("vue 3.5", "./vue"),
      project("vue 3.4", "./vue", [{ find: /^vue$/, replacement: "vue-3.4" }]),
    ],
  },
});
