/** Pictures that people sent, as content for models that see; for others their path in the text is all there is. */
import type { UserContent } from 'ai';
import type { TurnMessage } from '../../harness.ts';
import { readHead } from './read-head.ts';

const MAX_IMAGE_BYTES = 5 * 1024 * 1024;
/** In one turn; the others are still there by path. */
const MAX_IMAGES = 10;
/** Of all of them: as base64 they and the conversation fit into the 32 MB of a call. */
const MAX_IMAGES_BYTES = 20 * 1024 * 1024;

/** By what the bytes are: a name or a platform's word may be wrong, and a provider refuses the whole call for it. */
const MAGIC: readonly (readonly [mediaType: string, offset: number, bytes: string])[] = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
];

export async function userContent(
  text: string,
  messages: readonly TurnMessage[],
  seesImages: boolean,
): Promise<UserContent> {
  const files = seesImages ? messages.flatMap((message) => message.files) : [];
  const images = [];
  let bytes = 0;
  for (const { path, size } of files) {
    if (path === null || size > MAX_IMAGE_BYTES || images.length === MAX_IMAGES) continue;
    const head = await readHead(path, 16);
    const mediaType = head && mediaTypeOf(head.bytes);
    if (!mediaType || head.size > MAX_IMAGE_BYTES || bytes + head.size > MAX_IMAGES_BYTES) continue;
    const whole = await readHead(path, MAX_IMAGE_BYTES);
    if (!whole) continue;
    bytes += whole.bytes.length;
    images.push({ type: 'file', data: new Uint8Array(whole.bytes), mediaType } as const);
  }
  return images.length === 0 ? text : [{ type: 'text', text }, ...images];
}

function mediaTypeOf(bytes: Buffer): string | null {
  const text = bytes.toString('latin1');
  return MAGIC.find(([, offset, magic]) => text.startsWith(magic, offset))?.[0] ?? null;
}
