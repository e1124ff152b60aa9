/**
 * A program that makes one certificate and ends: one request as JSON on stdin, the answer as JSON on stdout. The
 * authority's key comes that way too, and so is in no argument and no environment.
 */
import { text } from 'node:stream/consumers';
import { makeAuthority, makeHostCertificate, type Signed } from './certificates.ts';

/** Without an authority one is made, else a certificate for `host`. */
export type NotaryRequest =
  | { readonly authority: null; readonly nowMs: number }
  | { readonly authority: Signed; readonly host: string; readonly nowMs: number };

const asked = JSON.parse(await text(process.stdin)) as NotaryRequest;
const made = asked.authority
  ? await makeHostCertificate(asked.authority, asked.host, asked.nowMs)
  : await makeAuthority(asked.nowMs);
process.stdout.write(JSON.stringify(made));
