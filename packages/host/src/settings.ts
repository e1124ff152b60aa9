/** `settings.json` of the data folder: every setting has a default, a wrong one is an error and never a silent default. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { DEFAULT_LIMITS } from './sandboxes/port.ts';
import type { Limits, Settings } from './types.ts';

const MIB = 1024 * 1024;
/** What one awake session is reckoned at. */
const SANDBOX_BYTES = 150 * MIB;
const MAX_AWAKE = 64;
const DAY_MS = 86_400_000;

const ms = v.pipe(v.number(), v.integer(), v.minValue(1));
const bytes = ms;
const count = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

const hostName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9.-]+(?::\d{1,5})?$/i, 'a name as in bellhop.example.com'),
);

/** Below these not even the runner runs. */
const limit = {
  memoryBytes: count(128 * MIB),
  pids: count(32),
  cpus: v.pipe(v.number(), v.minValue(0.1)),
  fileBytes: count(16 * MIB),
  diskBytes: count(16 * MIB),
};

const path = v.pipe(v.string(), v.check(isAbsolute, 'a path that begins with /'));
const shown = { path, writable: v.optional(v.boolean(), false) };
const mountName = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'a name as in photos'));

const DEFAULTS: Limits = { ...DEFAULT_LIMITS, diskBytes: 4 * 1024 * MIB };

const schema = v.strictObject({
  maxFileBytes: v.optional(bytes, 25 * MIB),
  maxTextBytes: v.optional(bytes, 256 * 1024),
  batchSize: v.optional(count(1, 100), 10),
  contextRows: v.optional(count(0, 500), 50),
  maxTries: v.optional(count(1), 5),
  retryBaseMs: v.optional(ms, 5_000),
  maxReleases: v.optional(count(1), 30),
  maxReleaseMs: v.optional(ms, 600_000),
  idleStopMs: v.optional(ms, 600_000),
  claimStuckMs: v.optional(ms, 60_000),
  progressStuckMs: v.optional(ms, 1_800_000),
  readyTimeoutMs: v.optional(ms, 20_000),
  stopGraceMs: v.optional(ms, 3_000),
  maxAwake: v.optional(count(1), () => awakeFor(totalmem())),
  maxRowsPerMinute: v.optional(count(1), 1_000),
  maxOutboundBytes: v.optional(bytes, 16 * MIB),
  hostNames: v.optional(v.array(hostName), []),
  keepEventsMs: v.optional(ms, 30 * DAY_MS),
  keepMessagesMs: v.optional(ms, 90 * DAY_MS),
  keepGenerationsMs: v.optional(ms, 30 * DAY_MS),
  keepConversationMs: v.optional(ms, 365 * DAY_MS),
  maxFilesBytes: v.optional(bytes, 5 * 1024 * MIB),
  limits: v.pipe(
    v.optional(v.partial(v.strictObject(limit)), {}),
    v.transform((given): Limits => ({ ...DEFAULTS, ...given })),
  ),
  agentLimits: v.optional(v.record(v.string(), v.partial(v.strictObject(limit))), {}),
  mountRoots: v.optional(v.array(v.strictObject(shown)), []),
  agentMounts: v.optional(v.record(v.string(), v.record(mountName, v.strictObject(shown))), {}),
  minFreeDiskBytes: v.optional(count(0), 1024 * MIB),
});

/** What a sandbox of this agent may take. */
export function limitsOf(settings: Pick<Settings, 'limits' | 'agentLimits'>, agentName: string): Limits {
  // Own names only: an agent may be called like something that every object has.
  const own = Object.hasOwn(settings.agentLimits, agentName) ? settings.agentLimits[agentName] : {};
  return { ...settings.limits, ...own };
}

/** Half of the memory, one place at least. */
function awakeFor(bytes: number): number {
  return Math.max(1, Math.min(MAX_AWAKE, Math.floor(bytes / 2 / SANDBOX_BYTES)));
}

export class BadSettings extends Error {
  override readonly name = 'BadSettings';
  readonly hint = 'Mend settings.json, or move it away to start with the defaults.';
}

export function readSettings(dataDir: string): Settings {
  const path = join(dataDir, 'settings.json');
  const parsed = v.safeParse(schema, readJson(path));
  if (!parsed.success) throw new BadSettings(`${path}: ${v.summarize(parsed.issues)}`);
  return parsed.output;
}

function readJson(path: string): unknown {
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (Array.isArray(json)) throw new TypeError('it holds a list, not an object of settings');
    return json;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new BadSettings(`${path}: ${(error as Error).message}`);
  }
}
