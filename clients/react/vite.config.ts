import { defineConfig } from "vite";

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
});
