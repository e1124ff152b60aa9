/** The self-test before a start, and the doctor: promise 30. */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const HOST = 'packages/host/src';
const SELF_TEST = `${HOST}/sandboxes/selftest.ts`;
const WAY_OUT = `${HOST}/doctor/way-out.ts`;
const LIST = `${HOST}/doctor/list.ts`;

export const DOCTOR: readonly BrokenGuard[] = [
  ...guardsOf('is refused', [
    ['a network is not seen', SELF_TEST, 'lo) ;; *) open network ;;', 'lo) ;; *) ;;'],
    ['a missing filter is not seen', SELF_TEST, `[ "$filtered" = yes ] || open calls`, ':'],
    [
      'a namespace that can be made is not seen',
      SELF_TEST,
      'unshare -Ur true 2>/dev/null && open namespaces',
      ':',
    ],
    [
      'a read-only mount that can be written is not seen',
      SELF_TEST,
      '(: > /bellhop/read/probe) 2>/dev/null && open readonly',
      ':',
    ],
  ]),
  ...guardsOf('real sandboxes try their doors, the pair is made', [
    ['no sandbox is tried', LIST, "  ['Sandboxes', lookAtSandboxes],\n", ''],
    ['the pair is not made', LIST, "  ['The way out', lookAtWayOut],\n", ''],
  ]),
  ...guardsOf('a way out that lets everybody through', [
    [
      'who lets everybody through is well',
      WAY_OUT,
      "if (seen.refused !== '403')",
      "if (seen.refused === 'nothing')",
    ],
    [
      'who outlives its end is well',
      WAY_OUT,
      "if (seen.afterwards !== 'nothing')",
      "if (seen.afterwards === '')",
    ],
  ]),
];
