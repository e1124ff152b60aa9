/** Runs the simulator from seed 1 on; at the first run that goes wrong says how, and exits with 1. For main.ts. */
import { loadSimulator } from '../sim/load.ts';

const { run, scriptOf } = await loadSimulator();
const runs = Number(process.argv[2]);
for (let seed = 1; seed <= runs; seed += 1) {
  const { violation } = await run(scriptOf(seed));
  if (!violation) continue;
  console.log(`seed ${seed}: ${violation.message}`);
  process.exit(1);
}
console.log('green');
process.exit(0);
