// The bench's entry: runs the scenarios one after the other, prints the table, and with `--write` keeps it as RESULTS.md.
// Exit codes: 0 done, 1 a gate was missed or a call lost, 2 bad use. How it measures: README.md.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { bytes } from "./allocation.ts";
import { type Figure, machine, missed, resultsPage, table } from "./figure.ts";
import { latency, memory, start } from "./footprint.ts";
import { calls, kept, type Options, resume, streams } from "./scenarios.ts";

const SCENARIOS: Readonly<Record<string, (options: Options) => Promise<Figure[]>>> = {
  calls,
  kept,
  streams,
  resume,
  memory,
  start,
  latency,
  bytes,
};

const USAGE = `npm run bench -- [--quick] [--only ${Object.keys(SCENARIOS).join("|")}]… [--pairs N] [--noise] [--write]
  --quick   fewer and shorter samples, about ten minutes
  --only    one scenario; may be given more than once
  --pairs   rounds of each scenario
  --noise   a second bare relay in the gateway's place: the ratios should be 1, what they are not is noise
  --write   keep the table as bench/RESULTS.md (only of a whole run)`;

function badUse(why: string): never {
  console.error(`${why}\n${USAGE}`);
  process.exit(2);
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        noise: { type: "boolean", default: false },
        write: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        only: { type: "string", multiple: true, default: [] },
        pairs: { type: "string" },
      },
    });
    return values;
  } catch (error) {
    return badUse(error instanceof Error ? error.message : String(error));
  }
}

const flags = readFlags();
if (flags.help) {
  console.log(USAGE);
  process.exit(0);
}
const pairs = flags.pairs === undefined ? undefined : Number(flags.pairs);
if (pairs !== undefined && !(Number.isInteger(pairs) && pairs >= 1 && pairs <= 100)) badUse("--pairs takes 1 to 100");
for (const name of flags.only) if (SCENARIOS[name] === undefined) badUse(`no scenario named ${name}`);
if (flags.write && (flags.noise || flags.only.length > 0)) badUse("--write is for a whole run of the gateway");
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

const options: Options = {
  quick: flags.quick,
  noise: flags.noise,
  ...(pairs === undefined ? {} : { pairs }),
  say: (line) => console.error(line),
};
const where = machine();
console.log(where);
const figures: Figure[] = [];
const broken: string[] = [];
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  if (flags.only.length > 0 && !flags.only.includes(name)) continue;
  try {
    figures.push(...(await scenario(options)));
  } catch (error) {
    // One scenario that cannot run must not hide what the others found.
    broken.push(name);
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
console.log(table(figures, options));
if (flags.write && broken.length === 0)
  await Bun.write(join(import.meta.dir, "RESULTS.md"), resultsPage(figures, options, where));
const failing = figures.filter((figure) => (options.noise ? figure.lost > 0 : missed(figure)));
process.exit(failing.length + broken.length > 0 ? 1 : 0);
