/** How the fake host answers: JSON, and the contract's errors. */
import type { ServerResponse } from 'node:http';

export function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

export function refuse(response: ServerResponse, status: number, message: string, hint: string): void {
  json(response, status, { error: { code: 'test', message, hint } });
}
