/**
 * Attacks on the machine's memory, processors, process table and disk, from inside a real sandbox with small limits. A
 * second sandbox lives beside the attacker and must not notice.
 */

import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DEFAULT_LIMITS, type SandboxLimits } from '../../src/sandboxes/port.ts';
import { until } from '../until.ts';
import { type House, hangBell, type MakeRuntime, makeHouse, processesWith } from './house.ts';

const MIB = 1024 * 1024;

export function limitAttacks(
  name: string,
  make: MakeRuntime,
  skip: string | false,
  traits: { readonly cpu: boolean },
): void {
  describe(`attacks on the machine: ${name}`, { skip }, () => {
    test('attack: a fork bomb', async (t) => {
      const house = await makeHouse(t, make);
      const peer = await startPeer(house);
      const bell = await hangBell(house);
      // A call that must fail says so once; nothing inside ends it, so it goes on for as long as the test lets it.
      const bomb = `$0 = '${house.canary}'; my $said = 0;
        while (1) { next if defined(my $pid = fork()); next if $said++; open(my $bell, '>', '${bell.path}'); print $bell "full\\n"; close $bell }`;
      const attacker = await house.runtime.start(perl(house, bomb, { pids: 40 }));
      assert.match(await bell.rung, /full/);
      assert.ok(processesWith(house.canary).length <= 48, `${processesWith(house.canary).length}`);
      await peer.answers();
      await attacker.kill();
      assert.deepEqual(processesWith(house.canary), []);
    });

    test('attack: taking more memory than there is', async (t) => {
      const house = await makeHouse(t, make);
      const peer = await startPeer(house);
      // In steps, and touched: what is only reserved costs nothing. It stays, for whoever only looks now and then.
      const hog = `my @held; for (1..400) { push @held, 'x' x ${10 * MIB} } print "got it all\\n"; sleep 1000`;
      const { code, signal, output, why } = await (
        await house.runtime.start(perl(house, hog, { memoryBytes: 200 * MIB }))
      ).exited;
      assert.ok(signal === 'SIGKILL' || code === 137, JSON.stringify({ code, signal, output }));
      assert.ok(!output.includes('got it all'));
      if (house.runtime.kind === 'bwrap') assert.match(why ?? '', /memory/);
      await peer.answers();
    });

    test('within the limit as much memory can be had as is asked for', async (t) => {
      const house = await makeHouse(t, make);
      const modest = `my $held = 'x' x ${100 * MIB}; print length($held), "\\n"`;
      const { output, why } = await (
        await house.runtime.start(perl(house, modest, { memoryBytes: 300 * MIB }))
      ).exited;
      assert.deepEqual([output, why], [`${100 * MIB}\n`, null]);
    });

    test('attack: one file that fills the disk', async (t) => {
      const house = await makeHouse(t, make);
      const limits = { ...DEFAULT_LIMITS, fileBytes: 3 * MIB };
      const script = `head -c 50000000 /dev/zero > big; truncate -s 100G sparse; ulimit -f unlimited; head -c 50000000 /dev/zero > more; ls`;
      await (await house.runtime.start(house.shell(`(${script}) 2>/dev/null`, { limits }))).exited;
      for (const file of ['big', 'sparse', 'more']) {
        const { size } = await stat(join(house.write.source, file)).catch(() => ({ size: 0 }));
        assert.ok(size <= 3 * MIB, `${file}: ${size}`);
      }
      assert.equal((await stat(join(house.write.source, 'big'))).size, 3 * MIB);
    });

    test('attack: all of the processors', {
      skip: traits.cpu ? false : 'nothing bounds the processor here, and the self-test says so',
    }, async (t) => {
      const house = await makeHouse(t, make);
      const limits = { ...DEFAULT_LIMITS, cpus: 0.2 };
      const busy = house.shell('while :; do :; done & while :; do :; done; :', { limits });
      const sandbox = await house.runtime.start(busy);
      // Not the first: that may be an engine's client.
      const pid = processesWith(house.canary).at(-1) ?? 0;
      // The kernel itself counts how often it was held back.
      await until('the kernel holds it back', async () => (await timesThrottled(pid)) > 2);
      await sandbox.kill();
    });
  });
}

function perl(house: House, code: string, limits: Partial<SandboxLimits>) {
  return house.spec(['/usr/bin/perl', '-e', code, house.canary], {
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
}

/** A sandbox that goes on counting; `answers` resolves when it has counted on since it was asked. */
async function startPeer(house: House): Promise<{ answers(): Promise<void> }> {
  const script = 'n=0; while :; do n=$((n + 1)); echo $n > alive.new; mv alive.new alive; sleep 0.02; done';
  const spec = { ...house.spec(['/bin/sh', '-c', script]), mark: `bellhop:${house.installId}:peer:1` };
  const peer = await house.runtime.start(spec);
  house.peers.push(peer);
  const count = async () => Number(await readFile(join(house.write.source, 'alive'), 'utf8').catch(() => 0));
  return {
    async answers() {
      const before = await count();
      await until('the neighbour goes on', async () => (await count()) > before + 1);
    },
  };
}

async function timesThrottled(pid: number): Promise<number> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).split('\n');
  const line = lines
    .map((each) => each.split(':'))
    .find(([, names]) => names?.split(',').includes('cpu') || names === '');
  const [, names = '', path = ''] = line ?? [];
  const text = await readFile(join('/sys/fs/cgroup', names, path, 'cpu.stat'), 'utf8');
  return Number(/^nr_throttled (\d+)$/m.exec(text)?.[1] ?? 0);
}
