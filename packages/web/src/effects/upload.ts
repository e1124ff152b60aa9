/** Sends one file, with progress: XMLHttpRequest, because fetch tells nothing on the way up. */
import type { UploadedFile } from '@bellhop/host/api';
import type { Problem } from '../model/state.ts';
import { problemIn } from './client.ts';

export type UploadResult =
  | { readonly ok: true; readonly file: UploadedFile }
  | { readonly ok: false; readonly problem: Problem };

export interface Upload {
  readonly result: Promise<UploadResult>;
  cancel(): void;
}

export function upload(file: File, onProgress: (share: number) => void): Upload {
  const request = new XMLHttpRequest();
  const result = new Promise<UploadResult>((resolve) => {
    const refused = (problem: Problem): void => resolve({ ok: false, problem });
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      if (request.status !== 201) return refused(problemIn(request.status, request.responseText));
      resolve({ ok: true, file: JSON.parse(request.responseText) as UploadedFile });
    };
    // A host that refuses a large body closes the line before all of it is there: its words may be lost with it.
    request.onerror = () =>
      refused({
        message: 'The upload broke off.',
        hint: 'The file may be larger than the host takes, or the connection was lost. Try again.',
      });
    request.onabort = () => refused({ message: 'The upload was stopped.', hint: '' });
    request.open('POST', `/v1/files?${new URLSearchParams({ name: file.name })}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.send(file);
  });
  return { result, cancel: () => request.abort() };
}
