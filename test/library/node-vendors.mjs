// Stands in for the vendors, so that a program runs as printed: what it sends to their hosts goes to simulated providers.
// Imported before the program; HOLDFAST_VENDORS is { "https://host": "http://127.0.0.1:PORT" }.

import process from "node:process";

const hosts = JSON.parse(process.env.HOLDFAST_VENDORS);
const platform = globalThis.fetch;
globalThis.fetch = (url, init) => {
  const { origin, pathname } = new URL(url);
  if (hosts[origin] === undefined) throw new Error(`no simulated provider for ${origin}`);
  return platform(hosts[origin] + pathname, init);
};
