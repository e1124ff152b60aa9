/** Promises 6 to 10 from inside a real sandbox: nothing is reached until the owner names it, and then that alone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { CERT, KEY } from '../../../packages/host/test/egress/loopback-tls.ts';
import { callTool, type ModelRequest, say } from '../../fake-models/script.ts';
import { missing, type SandboxKind } from '../house/machine.ts';
import { houseWithModel, results } from '../house/with-model.ts';

/** As any client goes, but for the certificate, which nothing trusts, and NO_PROXY, which holds our test's host. */
const CURL = "curl -sk --noproxy '' -o - -w ' %{http_connect}' --max-time 20";

export function allowedHostsSuite(sandbox: SandboxKind): void {
  test(`attack: ${sandbox}: a sandbox reaches a host only while its owner allows that very one, by its own name`, {
    skip: missing[sandbox],
  }, async (t) => {
    const reached: string[] = [];
    const server = createServer({ cert: CERT, key: KEY }, (request, response) => {
      reached.push(request.url ?? '');
      response.end('pong');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const to = `localhost:${port}`;
    const commands = [
      `${CURL} https://${to}/named`,
      // Past the proxy there is nothing.
      `${CURL} --proxy '' https://127.0.0.1:${port}/direct`,
      `${CURL} https://127.0.0.1:${port}/by-address`,
      `${CURL} https://localhost:1/other-port`,
      `${CURL} http://${to}/plain`,
      // CONNECT says one name, the hello and what comes behind it another.
      `${CURL} --connect-to evil.example:443:${to} https://evil.example/forged`,
    ];
    const { house, model } = await houseWithModel(
      t,
      'anthropic',
      (request) => {
        const command = commands[results(request).length];
        return command === undefined ? say('Done.') : callTool('bash', { command });
      },
      sandbox,
    );
    const turn = async (): Promise<string[]> => {
      assert.equal((await house.ask('go', 'hosts')).reply, 'Done.');
      return results(model.requests.at(-1) as ModelRequest);
    };
    const closed = await turn();
    assert.equal(closed.length, commands.length);
    for (const n of [0, 2, 3, 5]) assert.match(closed[n] ?? '', / 403/, `command ${n}`);
    assert.match(closed[4] ?? '', /not allowed for this agent by plain HTTP/);
    assert.doesNotMatch(closed.join(), /pong/);

    const allowed = await house.bellhop(['hosts', 'allow', to, '--private']);
    assert.match(allowed.stdout, new RegExp(`^bell: ${to} `), allowed.stderr);
    const open = await turn();
    assert.match(open[0] ?? '', /pong 200/);
    for (const n of [2, 3]) assert.match(open[n] ?? '', / 403/, `command ${n}`);
    assert.doesNotMatch(open.slice(1).join(), /pong/);
    assert.deepEqual(reached, ['/named']);

    await house.bellhop(['hosts', 'remove', to]);
    assert.match((await turn())[0] ?? '', / 403/);
    assert.deepEqual(reached, ['/named']);
  });
}
