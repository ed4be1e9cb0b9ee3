// Incidents, days of routes and what people set, in the store: read once at the start, written behind the data path. Where
// there is no store nothing is kept, and where it fails the gateway goes on from memory.

import type { Database } from "../core/database.ts";
import type { Incident } from "../core/incident.ts";
import type { RouteDay } from "./routes.ts";

const STEPS = [
  `CREATE TABLE incident (id TEXT PRIMARY KEY, opened_ms INTEGER NOT NULL, json TEXT NOT NULL);
   CREATE TABLE incident_day (route TEXT NOT NULL, day INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (route, day));
   CREATE TABLE incident_setting (name TEXT PRIMARY KEY, json TEXT NOT NULL);`,
] as const;

export interface KeptDay {
  readonly route: string;
  readonly day: number;
  readonly counts: RouteDay;
}

export interface IncidentStore {
  incidents(): readonly Incident[];
  days(sinceDay: number): readonly KeptDay[];
  forgetDays(untilDay: number): void;
  setting(name: string): unknown;
  saveIncident(incident: Incident): void;
  removeIncident(id: string): void;
  saveDay(day: KeptDay): void;
  saveSetting(name: string, value: unknown): void;
}

/** Of a store that a gateway wrote, the oldest first; `undefined`: none has kept incidents there. */
export function readIncidents(database: Database): readonly Incident[] | undefined {
  const [table] = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'incident'").all();
  if (table === undefined) return undefined;
  const rows = database.prepare<JsonRow>("SELECT json FROM incident ORDER BY opened_ms").all();
  return rows.flatMap(({ json }) => parsed<Incident>(json) ?? []);
}

interface JsonRow {
  readonly json: string;
}

/** Throws where the store cannot be used at all. */
export function createIncidentStore(database: Database): IncidentStore {
  database.migrate("incidents", STEPS);
  const all = database.prepare<JsonRow>("SELECT json FROM incident ORDER BY opened_ms");
  const days = database.prepare<{ route: string; day: number; json: string }>(
    "SELECT route, day, json FROM incident_day WHERE day > ?",
  );
  const forget = database.prepare("DELETE FROM incident_day WHERE day <= ?");
  const setting = database.prepare<JsonRow>("SELECT json FROM incident_setting WHERE name = ?");
  const save = database.prepare("INSERT OR REPLACE INTO incident (id, opened_ms, json) VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM incident WHERE id = ?");
  const saveDay = database.prepare("INSERT OR REPLACE INTO incident_day (route, day, json) VALUES (?, ?, ?)");
  const saveSetting = database.prepare("INSERT OR REPLACE INTO incident_setting (name, json) VALUES (?, ?)");
  return {
    // What this part wrote, it reads: the shapes are its own.
    incidents: () => all.all().flatMap(({ json }) => parsed<Incident>(json) ?? []),
    days: (sinceDay) =>
      days.all(sinceDay).flatMap(({ route, day, json }) => {
        const counts = parsed<RouteDay>(json);
        return counts === undefined ? [] : [{ route, day, counts }];
      }),
    forgetDays: (untilDay) => void forget.run(untilDay),
    setting: (name) => parsed<unknown>(setting.get(name)?.json ?? ""),
    saveIncident: (incident) => void save.run(incident.id, incident.openedMs, JSON.stringify(incident)),
    removeIncident: (id) => void remove.run(id),
    saveDay: ({ route, day, counts }) => void saveDay.run(route, day, JSON.stringify(counts)),
    saveSetting: (name, value) => void saveSetting.run(name, JSON.stringify(value)),
  };
}

/** A row that does not parse is left out: better to lose one incident than all. */
function parsed<T>(json: string): T | undefined {
  try {
    return JSON.parse(json) as T;
  } catch {
    return undefined;
  }
}
