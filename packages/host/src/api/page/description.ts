/**
 * The OpenAPI description of the API. It is made when the routes change (test/openapi), not here: what makes it need
 * not be loaded by a host, and a test holds it against the routes and their answers.
 */
import { open } from 'node:fs/promises';
import type { Route } from '../routing.ts';

const DOCUMENT = new URL('../openapi.json', import.meta.url);

export const describedRoute: Route = {
  method: 'GET',
  path: '/v1/openapi.json',
  async handle() {
    const file = await open(DOCUMENT);
    const { size } = await file.stat();
    return { status: 200, file, size, headers: { 'content-type': 'application/json' } };
  },
};
