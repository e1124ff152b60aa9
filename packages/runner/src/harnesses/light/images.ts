/** Pictures that people sent, as content for models that see; for others their path in the text is all there is. */
import type { ModelMessage, UserContent } from 'ai';
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

type Picture = Extract<Exclude<UserContent, string>[number], { readonly type: 'file' }>;

/** Those that fit into one call, in their order. */
export async function picturesOf(messages: readonly TurnMessage[]): Promise<Picture[]> {
  const pictures: Picture[] = [];
  let bytes = 0;
  for (const { path, size } of messages.flatMap((message) => message.files)) {
    if (path === null || size > MAX_IMAGE_BYTES || pictures.length === MAX_IMAGES) continue;
    const head = await readHead(path, 16);
    const mediaType = head && mediaTypeOf(head.bytes);
    if (!mediaType || head.size > MAX_IMAGE_BYTES || bytes + head.size > MAX_IMAGES_BYTES) continue;
    const whole = await readHead(path, MAX_IMAGE_BYTES);
    if (!whole) continue;
    bytes += whole.bytes.length;
    pictures.push({ type: 'file', data: new Uint8Array(whole.bytes), mediaType });
  }
  return pictures;
}

export function withPictures(text: string, pictures: readonly Picture[]): UserContent {
  return pictures.length === 0 ? text : [{ type: 'text', text }, ...pictures];
}

export function hasPictures(messages: readonly ModelMessage[]): boolean {
  return messages.some(
    ({ role, content }) => role === 'user' && typeof content !== 'string' && content.some(isPicture),
  );
}

export function withoutPictures(messages: readonly ModelMessage[]): ModelMessage[] {
  return messages.map((message) =>
    message.role === 'user' && typeof message.content !== 'string'
      ? { ...message, content: message.content.filter((part) => !isPicture(part)) }
      : message,
  );
}

function isPicture({ type }: { readonly type: string }): boolean {
  return type === 'file';
}

function mediaTypeOf(bytes: Buffer): string | null {
  const text = bytes.toString('latin1');
  return MAGIC.find(([, offset, magic]) => text.startsWith(magic, offset))?.[0] ?? null;
}
