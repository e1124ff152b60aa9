/** What a short command need not load: each of these takes as long as all else that it does. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { localTime } from '../src/text.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
/** Says at the end what was loaded of Node itself. */
const TELL = `data:text/javascript,process.on('exit', () => process.stderr.write(process.moduleLoadList.join(' ')))`;
const REFUSAL = JSON.stringify({ error: { code: 'not_now', message: 'not now', hint: 'later' } });

test('a command that asks the host does so without undici', async () => {
  const data = await mkdtemp(join(tmpdir(), 'bh-start-'));
  const asked: string[] = [];
  const host = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(404, { 'content-type': 'application/json' }).end(REFUSAL);
  });
  await new Promise<void>((resolve) => host.listen(join(data, 'bellhop.sock'), resolve));
  const env = { ...process.env, BELLHOP_DATA: data };
  const run = promisify(execFile)(process.execPath, ['--import', TELL, MAIN, 'status'], { env });
  const { stderr } = await run.catch((failed: { stderr: string }) => failed);
  host.close();
  await rm(data, { recursive: true, force: true });
  assert.deepEqual(asked, ['/v1/status']);
  const loaded = stderr.split(' ');
  assert.ok(loaded.includes('http'), 'the list of what was loaded is there');
  assert.ok(!loaded.some((name) => name.includes('undici')));
});

test('a time is shown in the zone of the terminal', () => {
  const before = process.env.TZ;
  const at = (zone: string, iso: string): string => {
    process.env.TZ = zone;
    return localTime(iso);
  };
  try {
    assert.equal(at('UTC', '2026-03-01T12:00:59.999Z'), '2026-03-01 12:00:59');
    assert.equal(at('Asia/Kolkata', '2026-12-31T20:00:00.000Z'), '2027-01-01 01:30:00');
    // The hour before and after the clock is put forward.
    assert.equal(at('America/New_York', '2026-03-08T06:59:59.000Z'), '2026-03-08 01:59:59');
    assert.equal(at('America/New_York', '2026-03-08T07:00:00.000Z'), '2026-03-08 03:00:00');
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});
