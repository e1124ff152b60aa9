/** A healthy ground of the doctor, in which a test makes one thing ill. */
import type { TestContext } from 'node:test';
import type { Finding, Ground } from '../../src/doctor/port.ts';
import { tempFolder } from '../temp-folder.ts';

export function groundAt(t: TestContext, change: Partial<Ground> = {}): Ground {
  return {
    dataDir: tempFolder(t),
    uid: process.getuid?.() ?? 0,
    nowMs: Date.UTC(2026, 10, 25),
    isUp: false,
    version: '0.1.0',
    timeZone: { name: 'UTC', warning: null },
    runtimes: [],
    installId: null,
    openWayOut: () => Promise.reject(new Error('nobody looks at it')),
    keys: () => [],
    closedSecrets: () => [],
    ...change,
  };
}

/** `id severity promise` of each, for one line of a test. */
export function told(findings: readonly Finding[]): string[] {
  return findings.map(({ id, severity, promise }) => [id, severity, promise ?? ''].join(' ').trim());
}

/** Of all that is not well. */
export function ill(findings: readonly Finding[]): string[] {
  return told(findings.filter(({ severity }) => severity !== 'ok'));
}
