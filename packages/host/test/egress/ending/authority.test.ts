/** The local authority over the lives of its process: one for a data folder, kept, renewed, and never silently replaced. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Authority } from '../../../src/egress/ending/authority.ts';
import { makeAuthority, makeHostCertificate } from '../../../src/egress/ending/certificates.ts';
import { EgressError } from '../../../src/egress/port.ts';
import { makeFolder } from '../../../src/folders.ts';
import { tempFolder } from '../../temp-folder.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

async function openFolders(t: TestContext) {
  const folders = { dataDir: tempFolder(t), user: null };
  await makeFolder(folders, 'private', 'egress');
  return { folders, ours: () => readFileSync(join(folders.dataDir, 'trust/ours.pem'), 'utf8') };
}

test('it is made once, is trusted besides all others, and is made anew before it ends', async (t) => {
  const { folders, ours } = await openFolders(t);
  const now = Date.now();
  await Authority.open(folders, () => now);
  const first = ours();
  await Authority.open(folders, () => now);
  assert.equal(ours(), first);
  const roots = readFileSync(join(folders.dataDir, 'trust/roots.pem'), 'utf8');
  assert.ok(roots.includes(first));
  assert.ok(roots.split('BEGIN CERTIFICATE').length > 50);
  await Authority.open(folders, () => now + 3_640 * DAY_MS);
  assert.notEqual(ours(), first);
});

test('a broken file is said, and not replaced', async (t) => {
  const { folders } = await openFolders(t);
  const path = join(folders.dataDir, 'egress/ca.json');
  writeFileSync(path, '{"cert": "');
  await assert.rejects(
    Authority.open(folders, Date.now),
    (error) => error instanceof EgressError && error.hint.includes(path),
  );
  assert.equal(readFileSync(path, 'utf8'), '{"cert": "');
});

test('a certificate is for one host and one week, and can sign nothing; contexts are kept', async (t) => {
  const now = Date.now();
  const authority = await makeAuthority(now);
  const ca = new X509Certificate(authority.cert);
  const one = new X509Certificate((await makeHostCertificate(authority, 'a.example', now)).cert);
  assert.deepEqual([ca.ca, one.ca, one.verify(ca.publicKey)], [true, false, true]);
  assert.equal(one.subjectAltName, 'DNS:a.example');
  assert.equal(one.checkHost('b.example'), undefined);
  assert.ok(one.validToDate.getTime() <= now + 7 * DAY_MS);
  const { folders } = await openFolders(t);
  const clock = { now };
  const opened = await Authority.open(folders, () => clock.now);
  const context = opened.contextFor('a.example');
  assert.equal(opened.contextFor('a.example'), context);
  clock.now += 4 * DAY_MS;
  assert.notEqual(opened.contextFor('a.example'), context);
  await Promise.all([context, opened.contextFor('a.example')]);
});
