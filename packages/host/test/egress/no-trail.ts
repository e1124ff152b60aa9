import type { DoorTrail } from '../../src/egress/audit/door-trail.ts';

/** For tests of what passes and what does not: all of it may be written. */
export const NO_TRAIL: DoorTrail = { passing: () => null, refused: () => undefined };
