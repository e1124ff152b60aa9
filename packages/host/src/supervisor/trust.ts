/**
 * Whom the programs in a sandbox trust, by the variables that they know: some take one bundle in place of their own,
 * Node takes what it adds to its own.
 */
import { OURS, ROOTS } from '../egress/port.ts';

const BUNDLE_VARIABLES: readonly string[] = [
  // OpenSSL itself, and so Python and Ruby; Go.
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  // Node's own trust would do, were there no file in a configuration of the system.
  'npm_config_cafile',
  'CARGO_HTTP_CAINFO',
  'AWS_CA_BUNDLE',
];

/** @param folder DATA/trust as the sandbox sees it. */
export function trustVariables(folder: string): Readonly<Record<string, string>> {
  const bundle = `${folder}/${ROOTS}`;
  return {
    ...Object.fromEntries(BUNDLE_VARIABLES.map((name) => [name, bundle])),
    NODE_EXTRA_CA_CERTS: `${folder}/${OURS}`,
  };
}
