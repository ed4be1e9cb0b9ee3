#!/usr/bin/env node
// Runs Bun with the given arguments: `node bin/bun.mjs scripts/test.ts`.

import process from "node:process";
import { fileURLToPath } from "node:url";
import { runBun } from "./launch.mjs";

runBun(fileURLToPath(new URL("..", import.meta.url)), process.argv.slice(2));
