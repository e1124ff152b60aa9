/**
 * Files both ways: uploads into the spool, and the files of an entry out again.
 *
 * A file is named by conversation, entry and place, never by a path. What an agent made is hostile to whoever opens
 * it: it is sent as an attachment, in a sandbox of its own, and only what begins like a picture is shown as one.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { entryAt } from '../../store/conversation.ts';
import type { ConversationKey } from '../../store/conversations.ts';
import { findSession } from '../../store/sessions.ts';
import type { AgentId } from '../../types.ts';
import type { FileView, LogBody, UploadedFile } from '../contract.ts';
import { Problem } from '../problem.ts';
import type { ApiAnswer, ApiRequest, Route } from '../routing.ts';
import type { ServedDeps } from './deps.ts';
import { numberOf, placeOf } from './input.ts';

const FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'";
const HEAD_BYTES = 12;

export function fileRoutes(deps: ServedDeps): readonly Route[] {
  const { store, spool, received } = deps;

  async function upload({ query, body }: ApiRequest): Promise<ApiAnswer> {
    const name = query.get('name') ?? 'file';
    const stored = await spool.put(name, body);
    return { status: 201, json: { ...stored, name } satisfies UploadedFile };
  }

  async function send({ query }: ApiRequest): Promise<ApiAnswer> {
    const { agent, key } = await placeOf(store, deps.name, query);
    const entry = await entryAt(store.read, key, numberOf(query, 'entry', 0));
    const body = entry ? (JSON.parse(entry.body) as LogBody) : null;
    const files = body && 'files' in body ? body.files : [];
    const index = numberOf(query, 'index', 0);
    const file = files[index];
    if (!entry || !body || !file) throw noSuchFile();
    const names = files.map(({ name }) => name);
    const places = body.kind === 'user' ? await sentTo(agent.id, key, entry.id, names, index) : [file.path];
    return answerWith(await openFirst(places), file, query.get('download') === '1');
  }

  async function sentTo(
    agentId: AgentId,
    key: ConversationKey,
    message: string,
    names: readonly string[],
    index: number,
  ): Promise<readonly string[]> {
    const id = await findSession(store.read, agentId, key);
    return id === null ? [] : received.places({ id, agentId }, message, names, index);
  }

  return [
    { method: 'POST', path: '/v1/files', handle: upload },
    { method: 'GET', path: '/v1/entry-file', handle: send },
  ];
}

function noSuchFile(): Problem {
  return new Problem(404, 'no_such_file', 'this file is not there', 'Ask for it again in the conversation.');
}

async function openFirst(places: readonly string[]): Promise<FileHandle> {
  for (const place of places) {
    const file = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ELOOP') return null;
        throw error;
      },
    );
    if (file) return file;
  }
  throw noSuchFile();
}

async function answerWith(file: FileHandle, { name }: FileView, download: boolean): Promise<ApiAnswer> {
  try {
    const found = await file.stat();
    if (!found.isFile()) throw noSuchFile();
    const head = Buffer.alloc(HEAD_BYTES);
    await file.read(head, 0, HEAD_BYTES, 0);
    const picture = download ? null : pictureType(head);
    return {
      status: 200,
      file,
      size: found.size,
      headers: {
        'content-type': picture ?? 'application/octet-stream',
        'content-disposition': `${picture ? 'inline' : 'attachment'}; ${dispositionName(name)}`,
        'content-security-policy': FILE_POLICY,
        'cache-control': 'private, max-age=86400',
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** By its first bytes; a name says what its giver likes. */
export function pictureType(head: Buffer): string | null {
  const text = head.toString('latin1');
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'image/gif';
  return text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP' ? 'image/webp' : null;
}

/** In ASCII for old clients, and in full (RFC 6266); nothing of a name can end the header or begin another. */
export function dispositionName(name: string): string {
  const ascii = name.replaceAll(/[^\x20-\x7e]|["\\%;]/g, '_');
  const full = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  return `filename="${ascii}"; filename*=UTF-8''${full}`;
}
