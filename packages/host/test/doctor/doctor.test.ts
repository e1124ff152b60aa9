/** The program itself: a real sandbox of each kind that is here, the real way out, its words and its exit codes. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { exitCode, groupLines, summary } from '../../src/doctor/report.ts';
import { judge, lookAtWayOut } from '../../src/doctor/way-out.ts';
import type { Egress, Policy } from '../../src/egress/port.ts';
import { makeFolder } from '../../src/folders.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { startEgress } from '../egress/world.ts';
import { bwrapMissing, dockerMissing } from '../sandboxes/house.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';
import { groundAt, ill, told } from './ground.ts';

const PROGRAM = fileURLToPath(new URL('../../src/doctor.ts', import.meta.url));
/** Exactly this, and nothing else. */
const SHAPE = v.strictObject({
  checks: v.array(
    v.strictObject({
      id: v.pipe(v.string(), v.regex(/^[a-z-]+$/)),
      severity: v.picklist(['ok', 'info', 'warning', 'error']),
      promise: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(30))),
      what: v.pipe(v.string(), v.minLength(5)),
      fix: v.string(),
    }),
  ),
});

function doctor(
  data: string,
  ...words: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, '--data', data, ...words], (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

test('on a new folder: real sandboxes try their doors, the pair is made, and the answer has its exact shape', {
  skip: bwrapMissing,
}, async (t) => {
  const { code, out, err } = await doctor(join(tempFolder(t), 'none'), '--json');
  const { checks } = v.parse(SHAPE, JSON.parse(out));
  const severity = (id: string) => checks.find((check) => check.id === id)?.severity;
  assert.deepEqual([severity('bwrap'), severity('egress'), severity('model-key')], ['ok', 'ok', 'info'], err);
  if (!dockerMissing) assert.equal(severity('docker'), 'ok', JSON.stringify(checks));
  // Where there are no control groups the bounds are a warning.
  assert.ok(code === 0 || (code === 1 && severity('bwrap-bounds') === 'warning'), `${code}: ${out}`);
});

test('an open file is exit code 2 and told with what to type; --fix closes it, and says so', {
  skip: bwrapMissing,
}, async (t) => {
  const data = tempFolder(t);
  const key = join(data, 'egress', 'vault.key');
  mkdirSync(join(data, 'egress'), { mode: 0o700 });
  writeFileSync(key, `${'ab'.repeat(32)}\n`);
  chmodSync(key, 0o644);
  const before = await doctor(data);
  assert.equal(before.code, 2, before.out);
  assert.match(before.out, /✗ .*vault\.key can be reached by other users .*\(promise 28\)\n +chmod 0600 /);
  assert.match(
    before.out,
    /1 error .*in \d+ checks\.\nSome of it can be mended at once: \.\/bellhop doctor --fix\n$/,
  );
  const after = await doctor(data, '--fix');
  assert.ok(after.code < 2, after.out);
  assert.match(after.out, /Mended: .*vault\.key is 0600 now\./);
  assert.equal(statSync(key).mode & 0o777, 0o600);
});

test('without --fix nothing on disk changes, and of the store it leaves no log', async (t) => {
  const dir = tempFolder(t);
  await openStore(join(dir, 'bellhop.db')).close();
  const kept = () =>
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path, statSync(path).mode, statSync(path).mtimeMs, statSync(path).size]);
  const before = kept();
  assert.ok(before.some(([path]) => String(path).endsWith('bellhop.db')));
  const { out } = await doctor(dir);
  assert.match(out, /bellhop\.db is whole/);
  assert.deepEqual(kept(), before);
});

test('interrupted, it leaves nothing behind', async (t) => {
  const scratch = tempFolder(t);
  chmodSync(scratch, 0o711);
  const child = spawn(process.execPath, [PROGRAM, '--data', join(scratch, 'none')], {
    env: { ...process.env, TMPDIR: scratch },
    stdio: 'ignore',
  });
  const closed = once(child, 'close');
  // Sandboxes of its own are being made there.
  await until('it has begun', () =>
    readdirSync(scratch).some((name) => existsSync(join(scratch, name, 'sandbox'))),
  );
  child.kill('SIGINT');
  assert.deepEqual(await closed, [130, null]);
  assert.deepEqual(readdirSync(scratch), []);
});

test('wrong words: exit code 2 and where to read on', async (t) => {
  const { code, err } = await doctor(tempFolder(t), '--what');
  assert.deepEqual([code, err.includes('./bellhop help doctor')], [2, true]);
});

test('attack: a way out that lets everybody through, one that lets nobody, and one that outlives its end are each found', async (t) => {
  assert.deepEqual(ill(judge({ allowed: true, refused: '403', afterwards: 'nothing' })), []);
  assert.deepEqual(told(judge({ allowed: false, refused: '200', afterwards: '200' })), [
    'egress error 6',
    'egress error 7',
    'egress error 14',
  ]);
  const world = await startEgress(t);
  const folder = await makeFolder({ dataDir: world.dir, user: null }, 'private', 'run', 'doctor');
  // Its owner has allowed the very host that nobody must have allowed, and it does not end when it is told to.
  const open: Egress & Policy = world.egress;
  await open.allowHost({ agent: 'doctor', host: 'example.com', port: 443, isPrivate: true });
  const ground = groundAt(t, {
    openWayOut: async () => ({ egress: open, folder, stop: async () => undefined }),
  });
  assert.deepEqual(ill(await lookAtWayOut(ground)), ['egress error 7', 'egress error 14']);
});

test('the report: a line each, promises where they are weakened, the worst decides', () => {
  const weak = { id: 'x', severity: 'warning', promise: 4, what: 'Weak.', fix: 'Do this.' } as const;
  const well = { id: 'y', severity: 'ok', promise: 4, what: 'Well.', fix: '' } as const;
  assert.deepEqual(groupLines({ title: 'T', findings: [well, weak] }, false), [
    'T',
    '  ✓ Well.',
    '  ! Weak. (promise 4)',
    '      Do this.',
    '',
  ]);
  assert.deepEqual(
    [exitCode([well]), exitCode([well, weak]), exitCode([weak, { ...weak, severity: 'error' }])],
    [0, 1, 2],
  );
  assert.equal(summary([well]), 'All 1 checks are well.');
  assert.equal(summary([weak, weak, { ...weak, severity: 'error' }]), '1 error and 2 warnings in 3 checks.');
});
