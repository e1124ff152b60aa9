/** What the routes of one served channel need. */
import type { ServedChannel, ServedName } from '@bellhop/channels/served';
import type { Models } from '../../model/port.ts';
import type { ReceivedFiles } from '../../sessions/port.ts';
import type { Store } from '../../store/port.ts';
import type { Supervisor } from '../../supervisor/port.ts';
import type { Clock, Settings } from '../../types.ts';
import type { Status } from '../contract.ts';
import type { ServedLog } from '../conversation-log.ts';
import type { Spool } from '../spool.ts';
import type { Watchers } from '../stream.ts';

export interface ServedDeps {
  readonly name: ServedName;
  readonly channel: ServedChannel;
  readonly log: ServedLog;
  /** Whether entries say where files lie: to the owner at this machine alone. */
  readonly showPaths: boolean;
  readonly store: Store;
  readonly received: ReceivedFiles;
  readonly supervisor: Supervisor;
  readonly models: Models;
  readonly watchers: Watchers;
  readonly spool: Spool;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly status: () => Promise<Status>;
}
