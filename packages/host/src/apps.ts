/**
 * Both sides of the API, put together: the page's listener and the owner's socket answer from the same tables of routes,
 * but for what only somebody at this machine may do. What changes something is in the audit first.
 */
import { join } from 'node:path';
import { ownerOn, type ServedChannel, type ServedName } from '@bellhop/channels/served';
import type { Approvals } from './access/approvals.ts';
import { createApprovalRoutes } from './api/approval-routes.ts';
import { audited } from './api/audited.ts';
import { createBudgetRoutes } from './api/budget-routes.ts';
import type { ServedLog } from './api/conversation-log.ts';
import { createHostRoutes } from './api/host-routes.ts';
import { createModelRoutes } from './api/model-routes.ts';
import { deadLetterRoutes } from './api/operator/dead-letters.ts';
import { createLogReader } from './api/operator/log-reader.ts';
import { sessionRoutes } from './api/operator/sessions.ts';
import { whyRoute } from './api/operator/why-route.ts';
import { createOwnerApp } from './api/owner-app.ts';
import { packageRoutes } from './api/package-routes.ts';
import type { App } from './api/routing.ts';
import { createSecretRoutes } from './api/secret-routes.ts';
import { servedRoutes } from './api/served-app.ts';
import { createCookies } from './api/sign-in/cookies.ts';
import { Links } from './api/sign-in/links.ts';
import { createPassword } from './api/sign-in/password.ts';
import { skillRoutes } from './api/skill-routes.ts';
import type { Spool } from './api/spool.ts';
import { createStatusReader } from './api/status.ts';
import type { Watchers } from './api/stream.ts';
import { createWebApp } from './api/web-app.ts';
import type { Connections } from './connections/port.ts';
import type { AuditTrail, Egress, Policy, Secrets, Spending } from './egress/port.ts';
import { PRICES_FILE } from './egress/usage/prices.ts';
import { readCalls, readUsageSums } from './egress/usage/report.ts';
import type { Folders } from './folders.ts';
import type { KeptModels } from './model/models.ts';
import type { Packages } from './packages/port.ts';
import type { SandboxRuntime } from './sandboxes/port.ts';
import type { Mailboxes } from './sessions/port.ts';
import { createReceivedFiles } from './sessions/received.ts';
import type { Skills } from './skills/port.ts';
import type { Store } from './store/port.ts';
import type { Supervisor } from './supervisor/supervisor.ts';
import type { Clock, Settings } from './types.ts';
import { readUsageByTask } from './usage-by-task.ts';

export interface AppParts {
  readonly folders: Folders;
  readonly store: Store;
  readonly settings: Settings;
  readonly egress: Egress & Spending & Policy & Secrets & AuditTrail;
  readonly clock: Clock;
  readonly runtime: SandboxRuntime;
  readonly version: string;
  readonly timeZone: string;
  /** Address of the page, with a slash at its end. */
  readonly url: string;
  /** The built page. */
  readonly siteDir: string;
  /** Someone asked for the end by the API. */
  readonly onStop: () => void;
  readonly installId: string;
  readonly mailboxes: Mailboxes;
  readonly supervisor: Supervisor;
  readonly models: KeptModels;
  readonly watchers: Watchers;
  readonly spool: Spool;
  readonly served: readonly {
    readonly name: ServedName;
    readonly log: ServedLog;
    readonly channel: ServedChannel;
  }[];
  readonly approvals: Approvals;
  readonly connections: Connections;
  readonly packages: Packages;
  readonly skills: Skills;
}

export interface Apps {
  readonly page: App;
  readonly owner: App;
  /** One-time links that sign a browser in. */
  readonly links: Links;
}

export function createApps(parts: AppParts): Apps {
  const { folders, store, settings, egress, clock, installId } = parts;
  const { mailboxes, supervisor, models, watchers, spool, served, approvals, packages, skills } = parts;
  const egressDir = join(folders.dataDir, 'egress');
  const status = createStatusReader({ ...parts, startedMs: clock.now() });
  const deps = {
    store,
    models,
    supervisor,
    watchers,
    spool,
    settings,
    clock,
    received: createReceivedFiles(store, mailboxes),
    status,
  };
  const routes = served.map((one) => servedRoutes({ ...deps, ...one, showPaths: one.name === 'terminal' }));
  const [forOwner = [], forPage = []] = routes;
  const modelRoutes = createModelRoutes({
    store,
    models,
    egress,
    usage: (by) => readUsageSums(egressDir, by),
    usageByTask: () => readUsageByTask({ store, mailboxes, calls: () => readCalls(egressDir) }),
    pricesPath: join(egressDir, PRICES_FILE),
  });
  const guardRoutes = [
    ...createBudgetRoutes({ store, spending: egress, supervisor }),
    ...createHostRoutes({ store, policy: egress }),
    ...createSecretRoutes({ store, secrets: egress }),
  ];
  const { connections } = parts;
  const looks = { store, mailboxes, supervisor, connections, clock, dataDir: folders.dataDir };
  const readLog = createLogReader(folders.dataDir);
  const links = new Links(clock);
  const password = createPassword(store, clock);
  const cookies = createCookies(store, clock, installId);
  const recorded = (made: App): App => ({ ...made, routes: audited(made.routes, egress) });
  const page = recorded(
    createWebApp({
      links,
      cookies,
      password,
      // The log names paths of this machine: it is for who sits at it.
      served: [
        ...forPage,
        ...createApprovalRoutes({ store, approvals, by: ownerOn('web') }),
        ...modelRoutes,
        ...guardRoutes,
        ...deadLetterRoutes({ ...looks, own: 'web' }),
        whyRoute({ ...looks, own: 'web', readLog: async () => [] }),
      ],
      siteDir: parts.siteDir,
      hostNames: settings.hostNames,
    }),
  );
  const owner = recorded(
    createOwnerApp({
      served: [
        ...forOwner,
        ...createApprovalRoutes({ store, approvals, by: ownerOn('terminal') }),
        ...modelRoutes,
        ...guardRoutes,
        ...deadLetterRoutes({ ...looks, own: 'terminal' }),
        ...sessionRoutes(looks),
        ...packageRoutes({ store, packages }),
        ...skillRoutes({ store, skills, folder: join(folders.dataDir, 'skills') }),
        whyRoute({ ...looks, own: 'terminal', readLog }),
      ],
      links,
      password,
      url: parts.url,
      stop: parts.onStop,
    }),
  );
  return { page, owner, links };
}
