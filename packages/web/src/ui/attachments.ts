/** The files that will go with the next message: uploaded as soon as they are picked, each with its own progress. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Upload, upload } from '../effects/upload.ts';
import type { OutgoingFile, Problem } from '../model/state.ts';

/** What the host takes with one message. */
const MAX_FILES = 10;

export interface Attachment {
  readonly n: number;
  readonly name: string;
  readonly size: number;
  /** 0 to 1. */
  readonly share: number;
  readonly preview: string | null;
  /** The host's id of it, when it is there. */
  readonly file: string | null;
  readonly problem: Problem | null;
}

export interface Attachments {
  readonly list: readonly Attachment[];
  readonly isUploading: boolean;
  add(files: Iterable<File> | ArrayLike<File>): void;
  remove(n: number): void;
  /** Hands over what was uploaded, and begins anew. */
  take(): OutgoingFile[];
}

export function useAttachments(): Attachments {
  const [list, setList] = useState<readonly Attachment[]>([]);
  const uploads = useRef(new Map<number, Upload>());
  const count = useRef(0);
  useEffect(() => {
    const running = uploads.current;
    return () => {
      for (const one of running.values()) one.cancel();
    };
  }, []);

  const change = (n: number, to: Partial<Attachment>): void =>
    setList((now) => now.map((one) => (one.n === n ? { ...one, ...to } : one)));
  const start = (file: File): Attachment => {
    count.current += 1;
    const n = count.current;
    const one = upload(file, (share) => change(n, { share }));
    uploads.current.set(n, one);
    void one.result.then((result) => {
      uploads.current.delete(n);
      change(n, result.ok ? { file: result.file.file, share: 1 } : { problem: result.problem });
    });
    const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : null;
    return { n, name: file.name, size: file.size, share: 0, preview, file: null, problem: null };
  };
  return {
    list,
    isUploading: list.some((one) => one.file === null && one.problem === null),
    add(files) {
      const room = MAX_FILES - list.length;
      const picked = Array.from(files);
      const added = picked.slice(0, room).map(start);
      const left = picked.slice(room).map((file): Attachment => {
        count.current += 1;
        const problem = {
          message: `A message takes ${MAX_FILES} files.`,
          hint: 'Send this one with the next.',
        };
        return {
          n: count.current,
          name: file.name,
          size: file.size,
          share: 0,
          preview: null,
          file: null,
          problem,
        };
      });
      setList((now) => [...now, ...added, ...left]);
    },
    remove(n) {
      uploads.current.get(n)?.cancel();
      const preview = list.find((one) => one.n === n)?.preview;
      if (preview) URL.revokeObjectURL(preview);
      setList((now) => now.filter((one) => one.n !== n));
    },
    take() {
      setList([]);
      return list.flatMap(({ file, name, size, preview }) =>
        file === null ? [] : [{ file, name, size, preview }],
      );
    },
  };
}
