/**
 * The host's end of one generation's socket: rings the runner, hears it (runner/protocol.ts).
 *
 * Everything that comes in is hostile: a line that is too long, or not a known frame, ends the connection; nothing but
 * hints is taken from it. One connection at a time, the newest: the runner connects again by itself, also to the socket
 * of a host that came after the one it was started by. That one finds the folder as it was: it is mounted, and a new
 * folder under the same name would be another one.
 */
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { TurnId } from '@bellhop/mailbox';
import { type HostFrame, MAX_FRAME_BYTES } from '@bellhop/runner/protocol';
import * as v from 'valibot';
import { type Folders, makeFolder, shareFile } from '../folders.ts';

const turn = v.pipe(
  v.string(),
  v.maxLength(100),
  v.transform((id) => id as TurnId),
);
const messages = v.pipe(v.array(v.pipe(v.string(), v.maxLength(300))), v.maxLength(100));

const frameSchema = v.variant('t', [
  v.object({ t: v.literal('ready'), generation: v.pipe(v.number(), v.integer()) }),
  v.object({ t: v.literal('bell') }),
  v.object({ t: v.literal('working'), turn, messages }),
  v.object({ t: v.literal('live'), turn, text: v.string(), whole: v.optional(v.literal(true)) }),
  v.object({
    t: v.literal('tool'),
    turn,
    n: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    name: v.pipe(v.string(), v.maxLength(100)),
    detail: v.pipe(v.string(), v.maxLength(200)),
    ok: v.nullable(v.boolean()),
  }),
  v.object({ t: v.literal('beat'), progress: v.pipe(v.number(), v.safeInteger()) }),
  v.object({ t: v.literal('idle') }),
]);

export type HeardFrame = v.InferOutput<typeof frameSchema>;

export interface Link {
  /** The folder with the socket in it, to be mounted into the sandbox. */
  readonly dir: string;
  send(frame: HostFrame): void;
  /** Closes the socket and removes its folder. */
  close(): Promise<void>;
}

export const SOCKET_NAME = 'host.sock';

export async function openLink(
  folders: Folders,
  generation: { readonly session: string; readonly number: number },
  onFrame: (frame: HeardFrame) => void,
): Promise<Link> {
  const dir = await makeFolder(folders, 'shared', 'run', linkName(generation));
  const path = `${dir}/${SOCKET_NAME}`;
  await rm(path, { force: true });
  const current: { socket: Socket | null } = { socket: null };
  const server = createServer((socket) => {
    current.socket?.destroy();
    current.socket = socket;
    listen(socket, generation.number, onFrame);
    socket.on('close', () => {
      if (current.socket === socket) current.socket = null;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // A later one (no descriptor left) costs the runner a connection; it tries again.
    server.on('error', () => undefined);
    server.listen(path, resolve);
  });
  await shareFile(folders, path, 0o660);
  return {
    dir,
    send: (frame) => current.socket?.write(`${JSON.stringify(frame)}\n`),
    close: () => close(server, current.socket, dir),
  };
}

/** Short: a socket's path is limited to 107 bytes. */
export function linkName({ session, number }: { readonly session: string; readonly number: number }): string {
  return `${session.slice(-8)}-${number}`;
}

function listen(socket: Socket, generation: number, onFrame: (frame: HeardFrame) => void): void {
  socket.setEncoding('utf8');
  const rest = { line: '' };
  socket.on('data', (chunk: string) => {
    const lines = (rest.line + chunk).split('\n');
    rest.line = lines.pop() ?? '';
    if (rest.line.length > MAX_FRAME_BYTES) return socket.destroy();
    for (const line of lines) {
      const frame = line.length > MAX_FRAME_BYTES ? null : parse(line);
      // The number is the fence: a runner of another life has no business here.
      if (!frame || (frame.t === 'ready' && frame.generation !== generation)) return socket.destroy();
      onFrame(frame);
    }
  });
  // 'close' follows; the runner connects again if it lives.
  socket.on('error', () => undefined);
}

function parse(line: string): HeardFrame | null {
  try {
    const result = v.safeParse(frameSchema, JSON.parse(line));
    return result.success ? result.output : null;
  } catch (notJson) {
    if (notJson instanceof SyntaxError) return null;
    throw notJson;
  }
}

async function close(server: Server, socket: Socket | null, dir: string): Promise<void> {
  socket?.destroy();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
  // What cannot be removed now is in nobody's way, and goes with the next start's sweep of `run`.
  await rm(dir, { recursive: true, force: true }).catch(() => undefined);
}
