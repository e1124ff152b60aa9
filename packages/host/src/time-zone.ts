/**
 * The time zone of this host, decided once at the start: the name of an IANA zone, or UTC. Reminders, budgets and
 * sandboxes all use that name, so it must be one that every reader of it takes.
 *
 * `TZ` is a POSIX variable and may hold much else: nothing, `:NAME`, a path to a zone file, an offset such as `UTC+3`,
 * a typing error. Node then keeps UTC, but calls its zone `undefined` or `Etc/Unknown`, and formatting a time in that
 * zone throws. What is not a name is UTC, and said. An offset is not guessed at: POSIX counts `UTC+3` west, and most
 * people who write it mean east.
 */
import { realpathSync } from 'node:fs';

export interface TimeZone {
  /** IANA name. */
  readonly name: string;
  /** Why it is not the zone that was asked for; null when it is. */
  readonly warning: string | null;
}

const UTC = 'UTC';
/** The zone of the machine: a link to a zone file, or a copy of one. */
const LOCALTIME = '/etc/localtime';
const MAX_SHOWN_CHARS = 60;
const EXAMPLE = 'set one, as in TZ=Europe/Berlin';

/** @param env `TZ` is read; nothing is changed. */
export function readTimeZone(env: Readonly<NodeJS.ProcessEnv>): TimeZone {
  const { TZ: asked } = env;
  if (asked === '') return { name: UTC, warning: `TZ is empty, so the time zone is UTC; ${EXAMPLE}` };
  const name = ianaName(asked === undefined ? zoneOfMachine() : nameIn(asked));
  if (name !== null) return { name, warning: null };
  const why =
    asked === undefined
      ? `the time zone of this machine is not known (${LOCALTIME})`
      : `TZ is ${JSON.stringify(asked.slice(0, MAX_SHOWN_CHARS))}, which names no time zone`;
  return { name: UTC, warning: `${why}, so it is UTC; ${EXAMPLE}` };
}

/** The canonical spelling of a zone's name; null when there is no such zone. */
function ianaName(text: string): string | null {
  // An offset (`+03:00`) is a zone to Intl, and to nothing else that reads TZ.
  if (!/^[a-z]/i.test(text)) return null;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions();
    const isNamed = timeZone === UTC || Intl.supportedValuesOf('timeZone').includes(timeZone);
    return isNamed || /^Etc\/GMT[+-]\d+$/.test(timeZone) ? timeZone : null;
  } catch (unknown) {
    if (unknown instanceof RangeError) return null;
    throw unknown;
  }
}

/** By the link's target; a copy in its place is compared with all zone files by ICU. */
function zoneOfMachine(): string {
  const linked = nameIn(LOCALTIME);
  return linked === LOCALTIME ? Intl.DateTimeFormat().resolvedOptions().timeZone : linked;
}

/** `:NAME` and paths of zone files, links followed, are taken for the NAME that they stand for. */
function nameIn(text: string): string {
  const word = text.trim().replace(/^:/, '');
  const path = word.startsWith('/') ? realPath(word) : word;
  return path.replace(/^\/.*\/zoneinfo\//, '').replace(/^(posix|right)\//, '');
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // There is no such file here: what its own spelling names is all that there is.
    return path;
  }
}
