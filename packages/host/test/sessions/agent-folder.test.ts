/** An agent's folder is made once; what a person changed in it stays. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sandboxUser } from '../../src/folders.ts';
import { makeAgentFolder } from '../../src/sessions/agent-folder.ts';
import type { AgentId } from '../../src/types.ts';
import { tempFolder } from '../temp-folder.ts';

const BELL = 'bell' as AgentId;

test('it gets instructions, a memory and a workspace; what is edited by hand is never overwritten', async (t) => {
  const dataDir = tempFolder(t);
  const folders = { dataDir, user: sandboxUser(process.getuid?.() ?? 0) };
  await makeAgentFolder(folders, BELL);
  const home = join(dataDir, 'agents/bell');
  const path = join(home, 'AGENT.md');
  assert.match(readFileSync(path, 'utf8'), /^You are a personal assistant/);
  writeFileSync(path, 'mine');
  await makeAgentFolder(folders, BELL);
  assert.equal(readFileSync(path, 'utf8'), 'mine');
  for (const name of ['files', 'memory']) {
    const { uid } = statSync(join(home, name));
    assert.equal(uid, folders.user?.uid ?? process.getuid?.());
  }
  // The agent is in its group at most: it reads, and does not write.
  assert.equal(statSync(path).mode & 0o022, 0);
  assert.equal(statSync(home).mode & 0o022, 0);
});
