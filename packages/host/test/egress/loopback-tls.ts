/** A certificate for loopback that nothing trusts but a test that says so, and its key. Good until 2126. */
import { once } from 'node:events';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Ending } from '../temp-folder.ts';

export const CERT = `-----BEGIN CERTIFICATE-----
MIIBoDCCAUegAwIBAgIUESbFomu0qF03MGcPiCadfsPrZ8AwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMYmVsbGhvcCB0ZXN0MCAXDTI2MTEyNDIxMzAzMVoYDzIxMjYx
MDMxMjEzMDMxWjAXMRUwEwYDVQQDDAxiZWxsaG9wIHRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASMj1/ha3cJrj3seRqiKHcRhYfwbQibbk0ef1HRnfEDcUjV
8nITv+NArpwcnN24Wa/pflq2qJZo8A/DzkiociOKo28wbTAdBgNVHQ4EFgQUzIS1
RNDuirfvafow5kR1UjiGAmcwHwYDVR0jBBgwFoAUzIS1RNDuirfvafow5kR1UjiG
AmcwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEw
CgYIKoZIzj0EAwIDRwAwRAIgOextuAhwtGCvvBNH3NzEhxOPd/h4YzK3wIXKbpIa
5nQCIEZ4gK9nJ1UYdTnmj3qe22TpJirW0mL5F97QoqWEpC+P
-----END CERTIFICATE-----
`;

export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwf+Jzg2isEHu5+CY
B8ABzUuONK4OyydyADHyrJH64DKhRANCAASMj1/ha3cJrj3seRqiKHcRhYfwbQib
bk0ef1HRnfEDcUjV8nITv+NArpwcnN24Wa/pflq2qJZo8A/DzkiociOK
-----END PRIVATE KEY-----
`;

/** The port; with the test everything that is open to it ends. */
export async function listenTls(t: Ending, server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
