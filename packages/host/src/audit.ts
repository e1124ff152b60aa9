/**
 * `./bellhop audit [list|verify|export]`: reads the audit from its file, whether a host runs or not.
 *
 * Exit codes: 0 all is whole, 1 verify found a row that is not as it was written (or there is no audit), 2 wrong usage.
 */
import { createReadStream, existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { headWords, notedHead, readHead } from './audit-head.ts';
import { type AuditRow, readRow, verify } from './egress/audit/chain.ts';

const LAST = 30;
const OPTIONS = {
  data: { type: 'string' },
  agent: { type: 'string' },
  session: { type: 'string' },
  last: { type: 'string' },
  head: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** Wrong words: exit code 2, with what to type. */
class Wrong extends Error {}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  const [verb = 'list', target, ...more] = positionals;
  if (more.length > 0 || (target !== undefined && verb !== 'export'))
    throw new Wrong(`What is "${more[0] ?? target}"?`);
  const dataDir = resolve(values.data ?? (process.env.BELLHOP_DATA || join(homedir(), '.bellhop')));
  const path = join(dataDir, 'egress', 'audit.jsonl');
  if (!['list', 'verify', 'export'].includes(verb)) throw new Wrong(`There is no "audit ${verb}".`);
  if (!existsSync(path)) {
    console.error(`bellhop: There is no audit in ${dataDir} yet.\n  It begins with: ./bellhop up`);
    return 1;
  }
  if (verb === 'export') return exported(path, target ?? '-');
  if (verb === 'verify') return verified(path, dataDir, values.head, values.json === true);
  return listed(path, values);
}

async function listed(
  path: string,
  { agent, session, last, json }: { agent?: string; session?: string; last?: string; json?: boolean },
): Promise<number> {
  const most = Number(last ?? LAST);
  if (!Number.isSafeInteger(most) || most < 1) throw new Wrong('--last is not a number of rows.');
  const rows: AuditRow[] = [];
  for await (const line of linesOf(path)) {
    const row = readRow(line);
    if (!row || (agent ?? row.agent) !== row.agent || (session ?? row.session) !== row.session) continue;
    rows.push(row);
    if (rows.length > most) rows.shift();
  }
  if (json === true) for (const row of rows) console.log(JSON.stringify(row));
  else if (rows.length === 0) console.log('Nothing yet.');
  else for (const row of rows) console.log(rowWords(row));
  return 0;
}

function rowWords({ n, at, who, what, target, decision, detail }: AuditRow): string {
  const time = at.slice(0, 19).replace('T', ' ');
  const end = [decision, detail].filter((part) => part !== '').join(', ');
  return `${String(n).padStart(6)}  ${time}  ${who.padEnd(8)} ${what.padEnd(17)} ${target}${end && `  (${end})`}`;
}

async function verified(
  path: string,
  dataDir: string,
  given: string | undefined,
  json: boolean,
): Promise<number> {
  const wanted = given === undefined ? await notedHead(dataDir) : readHead(given);
  if (given !== undefined && wanted === null)
    throw new Wrong('--head is not a number, a colon and 64 hex digits.');
  const { head, fault } = await verify(linesOf(path), wanted);
  if (json) console.log(JSON.stringify({ rows: head.n, head: headWords(head), fault }));
  else if (fault) {
    console.log(`The audit is NOT whole: line ${fault.line}: ${fault.why}.`);
    console.log(`Up to row ${head.n} all is as it was written.`);
  } else {
    console.log(`All ${head.n} rows are as they were written.`);
    console.log(
      `Keep this elsewhere, to know later that none was taken away:\n  ./bellhop audit verify --head ${headWords(head)}`,
    );
  }
  return fault ? 1 : 0;
}

async function exported(path: string, target: string): Promise<number> {
  if (target === '-') await pipeline(createReadStream(path), process.stdout, { end: false });
  else await copyFile(path, resolve(target));
  return 0;
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
}

// A reader that has seen enough (`| head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!(error instanceof Wrong) && !code?.startsWith('ERR_PARSE_ARGS')) throw error;
  console.error(`bellhop: ${message.split('. ')[0]}\n  See: ./bellhop help audit`);
  process.exitCode = 2;
}
