/**
 * A host that decides one question and is killed by its own hand at one step: `decider.ts DIR STEP ID SHA256`. Steps are
 * counted over commits of the store and grants of the egress process's database, one before and one behind each.
 */
import { join } from 'node:path';
import { Approvals } from '../../src/access/approvals.ts';
import { systemClock } from '../../src/clock.ts';
import { Grants } from '../../src/egress/policy/grants.ts';
import { Rules } from '../../src/egress/policy/rules.ts';
import { openStore } from '../../src/store/sqlite.ts';

const [dir = '', step = '', id = '', sha256 = ''] = process.argv.slice(2);
const at = { step: 0 };
function point(): void {
  at.step += 1;
  if (at.step === Number(step)) process.kill(process.pid, 'SIGKILL');
}

const store = openStore(join(dir, 'bellhop.db'));
new Rules(dir);
const grants = new Grants(dir);
const quiet = () => undefined;
const approvals = new Approvals({
  store: {
    ...store,
    read: store.read,
    async transaction(work) {
      point();
      const done = await store.transaction(work);
      point();
      return done;
    },
  },
  audit: {
    async record() {
      point();
    },
  },
  policy: {
    async grantHost(grant) {
      point();
      grants.add(grant);
      point();
    },
  },
  delivery: { send: async () => undefined },
  clock: systemClock,
  log: { info: quiet, warn: quiet, error: quiet },
  nudge: quiet,
  ended: quiet,
});
await approvals.decide({ id, sha256, decision: 'once' }, 'web:local');
approvals.stop();
await store.close();
process.stdout.write('done\n');
