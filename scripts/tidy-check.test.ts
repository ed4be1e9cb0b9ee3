import { expect, test } from "bun:test";
import { type Finding, tidy } from "./tidy-check.ts";
import { functionSizes, parameterCounts, strip } from "./tidy-code.ts";

const HEAD = "// What it is for.\n\n";

/** The findings of a small tree; every file gets a header and every file but those under test is kept alive. */
function findings(files: Readonly<Record<string, string>>, headed = true): readonly Finding[] {
  const all = Object.entries(files).map(([path, text]) => [path, headed ? HEAD + text : text] as const);
  const alive = Object.keys(files).map((path) => `import "../${path}";`);
  return tidy(new Map([...all, ["test/all.test.ts", alive.join("\n")]])).findings;
}

function messages(files: Readonly<Record<string, string>>, headed = true): string[] {
  return findings(files, headed).map(({ path, line, message }) => `${path}:${line} ${message}`);
}

test("a tidy tree has no findings", () => {
  const files = {
    "src/core/a.ts": "export const a = 1;\n",
    "src/engine/b.ts": 'import { a } from "../core/a.ts";\nexport const b = a;\n',
    "src/runtime/c.ts":
      'import { readFile } from "node:fs/promises";\nexport const c = () => setTimeout(() => readFile("x"), Date.now());\n',
    "src/cli/d.ts": 'import { c } from "../runtime/c.ts";\nexport const d = () => console.log(c, process.argv);\n',
  };
  expect(messages(files)).toEqual([]);
});

for (const [from, to, allowed] of [
  ["core", "dialects", false],
  ["dialects", "core", true],
  ["dialects", "providers", false],
  ["policies", "core", true],
  ["policies", "state", false],
  ["policies", "dialects", false],
  ["health", "core", true],
  ["health", "engine", false],
  ["providers", "dialects", true],
  ["providers", "config", false],
  ["engine", "policies", true],
  ["engine", "config", false],
  ["engine", "runtime", false],
  ["engine", "sim", false],
  ["config", "core", true],
  ["config", "engine", false],
  ["runtime", "core", true],
  ["runtime", "engine", false],
  ["sim", "engine", true],
  ["sim", "runtime", false],
  ["sim", "cli", false],
  ["server", "runtime", true],
  ["server", "sim", false],
  ["server", "cli", false],
  ["cli", "sim", true],
  ["state", "cli", false],
  ["unheard-of", "core", false],
] as const) {
  test(`arrow: ${from} ${allowed ? "may" : "may not"} import ${to}`, () => {
    const found = messages({ [`src/${from}/a.ts`]: `import { b } from "../${to}/b.ts";\nexport const a = b;\n` });
    expect(found.length).toBe(allowed ? 0 : 1);
    if (!allowed) expect(found[0]).toContain(`src/${from}/a.ts:3 ${from} may not import ${to}`);
  });
}

test("arrows: the catalog, the barrel, types, re-exports and import() are seen", () => {
  expect(messages({ "src/config/a.ts": 'import { p } from "../../catalog/p.ts";\nexport const a = p;\n' })).toEqual([]);
  expect(messages({ "src/core/a.ts": 'import { p } from "../../catalog/p.ts";\nexport const a = p;\n' })).toHaveLength(
    1,
  );
  expect(messages({ "src/index.ts": 'export { a } from "./engine/a.ts";\n' })).toEqual([]);
  expect(messages({ "src/index.ts": 'export { a } from "./cli/a.ts";\n' })).toHaveLength(1);
  expect(
    messages({ "src/core/a.ts": 'import type {\n  B,\n} from "../engine/b.ts";\nexport type A = B;\n' }),
  ).toHaveLength(1);
  expect(messages({ "src/core/a.ts": 'export const a = () => import("../engine/b.ts");\n' })).toHaveLength(1);
  expect(messages({ "src/core/a.ts": '// import { b } from "../engine/b.ts";\nexport const a = 1;\n' })).toEqual([]);
});

for (const [code, instead] of [
  ["Date.now()", "runtime.wallMs()"],
  ["new Date()", "new Date(runtime.wallMs())"],
  ["performance.now()", "runtime.clock.now()"],
  ["setTimeout(f, 1)", "runtime.clock.after"],
  ["setInterval(f, 1)", "runtime.clock.after"],
  ["Math.random()", "runtime.random()"],
  ["crypto.randomUUID()", "runtime.random()"],
  ["crypto.getRandomValues(b)", "runtime.random()"],
  ["fetch(url)", "runtime.transport"],
  ["process.env.X", "a parameter"],
  ["Bun.serve({})", "the runtime"],
  ["new AbortController()", "CancelSource"],
  ["AbortSignal.timeout(1)", "CancelSource"],
  ["console.log(1)", "an event"],
] as const) {
  test(`ban: ${code}`, () => {
    const [found, ...more] = messages({ "src/engine/a.ts": `export const a = () => ${code};\n` });
    expect(more).toEqual([]);
    expect(found).toContain("src/engine/a.ts:3");
    expect(found).toContain(`use ${instead}`);
    expect(messages({ "src/runtime/a.ts": `export const a = () => ${code};\n` })).toEqual([]);
    expect(messages({ "scripts/a.ts": `export const a = () => ${code};\n` })).toEqual([]);
    expect(messages({ "src/engine/a.test.ts": `export const a = () => ${code};\n` })).toEqual([]);
  });
}

test("bans do not see comments, strings, regular expressions, other objects' methods", () => {
  const code = [
    "/* Date.now() */ // setTimeout()",
    'export const a = "Math.random()" + `process.env ${b} Bun.serve`;',
    "export const r = /fetch\\(|console.log/.test(a) && runtime.process.x && new Date(0);",
    "export const s = { async fetch(request: Request) {\n  return o.fetch(request);\n} };",
  ];
  expect(messages({ "src/engine/a.ts": `${code.join("\n")}\n` })).toEqual([]);
  expect(messages({ "src/engine/a.ts": "export const a = `${Date.now()}`;\n" })).toHaveLength(1);
});

test("modules that do I/O are the runtime's", () => {
  for (const name of [
    "node:fs",
    "fs",
    "node:fs/promises",
    "node:net",
    "node:http",
    "node:child_process",
    "bun",
    "bun:sqlite",
  ]) {
    expect(messages({ "src/cli/a.ts": `import { x } from "${name}";\nexport const a = x;\n` })).toHaveLength(1);
  }
  expect(messages({ "src/cli/a.ts": 'import { parseArgs } from "node:util";\nexport const a = parseArgs;\n' })).toEqual(
    [],
  );
});

test("names, headers, exports, enums, interfaces", () => {
  expect(messages({ "src/core/camelCase.ts": "export const a = 1;\n" })).toHaveLength(1);
  expect(messages({ "src/core/string-utils.ts": "export const a = 1;\n" })).toHaveLength(1);
  expect(messages({ "src/core/helpers.ts": "export const a = 1;\n" })).toHaveLength(1);
  expect(messages({ "src/core/a.ts": "export const a = 1;\n" }, false)[0]).toContain("what the file is for");
  expect(messages({ "src/core/a.ts": "export default 1;\n" })[0]).toContain("no default exports");
  expect(messages({ "src/core/a.ts": "export const enum A { b }\n" })[0]).toContain("no enums");
  expect(messages({ "src/core/a.ts": "export interface IThing {}\n" })[0]).toContain("no `I`");
  expect(messages({ "src/core/a.ts": "export interface Inspected {}\n" })).toEqual([]);
});

test("sizes: files, functions, parameters", () => {
  expect(messages({ "src/core/a.ts": "export const a = 1;\n".repeat(399) })[0]).toContain("401 lines");
  const long = (lines: number) => `export function a(): void {\n${"  b();\n".repeat(lines - 2)}}\n`;
  expect(messages({ "src/core/a.ts": long(60) })).toEqual([]);
  expect(messages({ "src/core/a.ts": long(61) })).toEqual(["src/core/a.ts:3 a function of 61 lines; at most 60"]);
  expect(messages({ "src/core/a.ts": "export function a(b: 1, c: 2, d: 3, e: 4): void {}\n" })).toEqual([]);
  expect(messages({ "src/core/a.ts": "export function a(b: 1, c: 2, d: 3, e: 4, f: 5): void {}\n" })[0]).toContain(
    "5 parameters",
  );
});

test("dead files and cycles", () => {
  const dead = tidy(
    new Map([
      ["src/core/a.ts", `${HEAD}export const a = 1;\n`],
      ["src/core/a.test.ts", 'import { a } from "./a.ts";\n'],
    ]),
  ).findings;
  expect(dead.map(({ path, message }) => [path, message.includes("own test")])).toEqual([["src/core/a.ts", true]]);
  const around = messages({
    "src/core/a.ts": 'import { b } from "./b.ts";\nexport const a = b;\n',
    "src/core/b.ts": 'import { a } from "./a.ts";\nexport const b = a;\n',
  });
  expect(around).toEqual(["src/core/b.ts:3 a cycle: src/core/a.ts → src/core/b.ts → src/core/a.ts"]);
  expect(
    messages({
      "src/core/a.ts": 'import type { B } from "./b.ts";\nexport type A = B;\n',
      "src/core/b.ts": 'import type { A } from "./a.ts";\nexport type B = A;\n',
    }),
  ).toEqual([]);
});

test("strip keeps every offset and line", () => {
  const text = 'a("x\\"y", `t ${b({ c: "}" })} u`, /["`]/, 4 / 2); // end\n/* two\nlines */ d();\n';
  const { code, uncommented } = strip(text);
  expect(code.length).toBe(text.length);
  expect(code.split("\n").length).toBe(text.split("\n").length);
  expect(code).toContain("b({ c:");
  expect(code).toContain("4 / 2);");
  expect(code).toContain("d();");
  expect(code).not.toContain("end");
  expect(uncommented).toContain('"x\\"y"');
});

test("functions in all their forms are measured", () => {
  const code = `export function a(
  b: number,
): Promise<void> {
  if (b) {
    c();
  }
  return d(() => {
    e();
  });
}
const f = async (g: string): Promise<string> => {
  for (const h of g) {
    h();
  }
};
const o = {
  async method(i: number) {
    i();
  },
};
`;
  expect(functionSizes(code).map(({ line, lines }) => [line, lines])).toEqual([
    [1, 10],
    [7, 3],
    [11, 5],
    [17, 3],
  ]);
});

test("parameters: brackets, generics and function types do not confuse the count", () => {
  const count = (code: string) => Math.max(0, ...parameterCounts(code).map((found) => found.count));
  expect(count("function a({ b, c, d, e, f }: G, h: Map<string, number>): void {\n}")).toBe(2);
  expect(count("const a = (b: (c: 1, d: 2) => void, e = [1, 2, 3]) => e;")).toBe(2);
  expect(count("call(1, 2, 3, 4, 5, 6);")).toBe(0);
  expect(count("if (a(1, 2, 3, 4, 5)) {\n}")).toBe(0);
  expect(count("class A {\n  private async b(c: 1, d: 2, e: 3, f: 4, g: 5) {\n  }\n}")).toBe(5);
});
