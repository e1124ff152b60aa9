/** tmp driver */
import { standInForGlobals } from './node/globals.ts';
import { standInForNode } from './node/hooks.ts';
standInForNode();
standInForGlobals();
const { run, scriptOf } = await import('./run.ts');
const from = Number(process.argv[2] ?? 1), n = Number(process.argv[3] ?? 1), tr = process.argv[4] === 't';
const t0 = performance.now();
let bad = 0;
for (let s = from; s < from + n; s++) {
  const o = await run(scriptOf(s), tr ? (l) => console.log(l) : undefined);
  if (o.violation) bad++;
  if (n < 30 || o.violation) console.log(s, o.violation ? o.violation.message.slice(0, 400) : 'ok', JSON.stringify({...o, script: undefined, violation: undefined}));
}
console.log('bad', bad, 'ms', Math.round(performance.now() - t0));
