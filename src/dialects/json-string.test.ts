import { expect, test } from "bun:test";
import fc from "fast-check";
import { quoted } from "./json-string.ts";

test("quotes as JSON does, whatever the letters", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.string({ minLength: 20, maxLength: 30 }));
  fc.assert(fc.property(text, (one) => quoted(one) === JSON.stringify(one)));
  for (const one of ["", '"', "\\", "\u001f", "\u007f", "é", "\ud800"]) expect(quoted(one)).toBe(JSON.stringify(one));
});
