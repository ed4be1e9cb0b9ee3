#!/usr/bin/env node
// The command `holdfast`.

import process from "node:process";
import { fileURLToPath } from "node:url";
import { runBun } from "./launch.mjs";

const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
runBun(fileURLToPath(new URL("..", import.meta.url)), [main, ...process.argv.slice(2)]);
