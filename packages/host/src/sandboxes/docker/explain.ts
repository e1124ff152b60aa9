/**
 * Why the engine did not give us a sandbox, in words an operator can act on: what the client said in, a reason and a next
 * step out. The rules are a table, the first that fits wins; what none of them knows is shown as the client said it.
 */

import { clip } from '@bellhop/mailbox';
import type { Reason } from '../explain.ts';

type Rule = readonly [says: RegExp, why: string, install: string];

const NO_BASE = [
  'the agent image cannot be built, as its base or its packages cannot be had',
  'pull its base by hand (docker pull node:26-slim), or name another Debian in BELLHOP_BASE_IMAGE',
] as const;

const RULES: readonly Rule[] = [
  // An engine that works, and a registry that refuses it: before the rule on an engine that refuses us.
  [/Get "https?:\/\/[^"\s]*\/v2\//, ...NO_BASE],
  [
    /permission denied.*(docker|podman|daemon|socket)/is,
    'you may not use the container engine',
    'sudo usermod -aG docker $USER, then log in again',
  ],
  [
    /cannot connect|is the docker daemon running|connection refused|error during connect|no answer within/i,
    'the container engine does not answer',
    'start it: sudo systemctl start docker',
  ],
  [
    /no such image|unable to find image|image not known|not found: image/i,
    'the agent image is gone',
    'start Bellhop again, which builds it: ./bellhop stop; ./bellhop up',
  ],
  [
    /no space left on device/i,
    'the disk of the container engine is full',
    'docker system df; docker image prune',
  ],
  [
    /no such host|dial tcp|temporary failure|pull access denied|manifest unknown|i\/o timeout|TLS handshake/i,
    ...NO_BASE,
  ],
];

/** What the client says before it comes to the point. */
const PREAMBLE = /^(docker: |Error: |Error response from daemon: |error: )+/;

export function explainEngine(words: string): Reason {
  const own = /^bellhop: (.*)$/m.exec(words)?.[1];
  if (own !== undefined) return { why: own, install: 'read what it says; the sandbox itself stood' };
  for (const [says, why, install] of RULES) {
    if (says.test(words)) return { why: `${why} (${gist(words)})`, install };
  }
  return { why: `the container engine failed: ${gist(words)}`, install: 'look at it by hand: docker info' };
}

function gist(words: string): string {
  const lines = words.split('\n').map((line) => line.trim());
  const telling = lines.filter(
    (line) => line !== '' && !/^(WARNING|DEPRECATED|Install the buildx|https:|Run '|See ')/i.test(line),
  );
  const line = telling.find((each) => /error|denied|cannot|failed|no such|not /i.test(each)) ?? telling[0];
  return clip((line ?? 'it ended without a word').replace(PREAMBLE, ''), 300);
}
