/** The files of a message: pictures are shown, the rest is there to be taken. */
import { useState } from 'preact/hooks';
import type { ShownFile } from '../model/timeline.ts';
import { sizeWords } from '../model/words.ts';
import { Icon } from './icon.tsx';

/** What a browser shows without running anything in it: no SVG. */
const PICTURE = /\.(png|jpe?g|gif|webp|avif)$/i;

export function Files({ files }: { files: readonly ShownFile[] }) {
  if (files.length === 0) return null;
  return (
    <ul class="files" aria-label="Files">
      {files.map((file, index) => (
        <li key={index}>
          <FileView file={file} />
        </li>
      ))}
    </ul>
  );
}

function FileView({ file: { name, size, address } }: { file: ShownFile }) {
  const [isBroken, setBroken] = useState(false);
  if (address !== null && PICTURE.test(name) && !isBroken) {
    return (
      <a class="picture" href={address} target="_blank" rel="noopener noreferrer">
        <img src={address} alt={name} onError={() => setBroken(true)} />
      </a>
    );
  }
  const words = (
    <>
      <Icon name="file" />
      <span class="file-name">{name}</span>
      <span class="file-size">{sizeWords(size)}</span>
    </>
  );
  if (address === null || address.startsWith('blob:')) return <span class="file">{words}</span>;
  return (
    <a class="file" href={`${address}&download=1`} download={name} aria-label={`Download ${name}`}>
      {words}
      <Icon name="download" size={16} />
    </a>
  );
}
