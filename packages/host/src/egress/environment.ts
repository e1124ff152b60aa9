/** What of the host's environment belongs to the egress process: the keys, which the host does not keep, and settings. */
import { PROVIDERS } from './providers.ts';

const SETTINGS = ['NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE', 'OLLAMA_HOST', 'TZ'];
const SECRETS = ['BELLHOP_KEY', ...Object.values(PROVIDERS).flatMap(({ variable }) => variable ?? [])];

/** Takes the secrets out of `env`, so that no other child inherits them. */
export function takeEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const taken = [...SECRETS, ...SETTINGS].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  for (const name of SECRETS) delete env[name];
  return Object.fromEntries(taken);
}
