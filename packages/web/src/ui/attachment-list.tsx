/** What will go with the message: a bar while it goes up, words when it does not. */
import { sizeWords } from '../model/words.ts';
import type { Attachment, Attachments } from './attachments.ts';
import { Icon } from './icon.tsx';

export function AttachmentList({ attachments }: { attachments: Attachments }) {
  if (attachments.list.length === 0) return null;
  return (
    <ul class="attachments" aria-label="Files to send">
      {attachments.list.map((one) => (
        <li key={one.n} class="attachment" data-problem={one.problem !== null}>
          {one.preview ? <img src={one.preview} alt="" /> : <Icon name="file" />}
          <span class="attachment-words">
            <span class="file-name">{one.name}</span>
            <State attachment={one} />
          </span>
          <button
            type="button"
            class="button quiet square small"
            aria-label={`Remove ${one.name}`}
            onClick={() => attachments.remove(one.n)}
          >
            <Icon name="close" size={16} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function State({ attachment: { name, size, share, file, problem } }: { attachment: Attachment }) {
  if (problem) {
    return (
      <span class="attachment-problem" role="alert">
        {problem.message} {problem.hint}
      </span>
    );
  }
  if (file === null) return <progress value={share} max={1} aria-label={`Upload of ${name}`} />;
  return <span class="file-size">{sizeWords(size)}</span>;
}
