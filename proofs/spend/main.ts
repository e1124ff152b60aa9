/**
 * `node_modules/.bin/node proofs/spend/main.ts [--kills N] [--json]`: kills the egress process N times between reserve
 * and settle, then the host above it N times, and counts the calls that were free: there must be none.
 *
 * Exit codes: 0 none was free and the audit has all of them, 1 it is not so. With --json stdout holds one object.
 */
import { parseArgs } from 'node:util';
import { commitWords, machineWords } from '../../bench/machine.ts';
import { ROOT } from '../../tests/e2e/house/machine.ts';
import { type Killed, type Spent, spend } from './spend.ts';

const DEFAULT_KILLS = '320';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: DEFAULT_KILLS }, json: { type: 'boolean', default: false } },
});
const kills = Number(values.kills);
const putAway: (() => unknown)[] = [];
const results: Spent[] = [];
for (const killed of ['egress', 'host'] satisfies Killed[]) {
  const spent = await spend({ after: (last) => void putAway.push(last) }, killed, kills);
  results.push(spent);
  const struck = Object.values(spent.kills).reduce((sum, n) => sum + n, 0);
  console.error(
    `killed=${killed} kills=${struck} calls=${spent.calls} free=${spent.free} audited=${spent.audited} wrong=${spent.wrong.length}`,
  );
  for (const wrong of spent.wrong) console.error(`  ${wrong}`);
}
for (const last of putAway.toReversed()) await last();
const ok = kills > 0 && results.every(({ wrong }) => wrong.length === 0);
const head = {
  proof: 'spend',
  commit: await commitWords(ROOT),
  machine: await machineWords(ROOT),
  ok,
  kills,
};
if (values.json) console.log(JSON.stringify({ ...head, results }, null, 2));
process.exitCode = ok ? 0 : 1;
