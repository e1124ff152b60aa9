/**
 * Where a message is written. Enter sends and Shift-Enter begins a line; on a touch screen Enter begins a line. What was
 * begun is kept in this browser, for each conversation. Its text is its own state: typing renders nothing else.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { keyOf, type OutgoingFile, type Place } from '../model/state.ts';
import { AttachmentList } from './attachment-list.tsx';
import type { Attachments } from './attachments.ts';
import { useApp } from './context.ts';
import { Icon } from './icon.tsx';

interface Props {
  readonly place: Place;
  /** A text to begin with, from the examples. */
  readonly example: { readonly text: string } | null;
  readonly attachments: Attachments;
  readonly isAtWork: boolean;
  onSend(text: string, files: readonly OutgoingFile[]): void;
}

export function Composer({ place, example, attachments, isAtWork, onSend }: Props) {
  const { actions, memory } = useApp();
  const draft = `draft.${keyOf(place)}`;
  const [text, setText] = useState(() => memory.get(draft));
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (!matchMedia('(pointer: coarse)').matches) area.current?.focus();
  }, []);
  useEffect(() => {
    if (example === null) return;
    setText(example.text);
    area.current?.focus();
  }, [example]);
  useEffect(() => memory.set(draft, text), [memory, draft, text]);
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  const hasFile = attachments.list.some((one) => one.file !== null);
  const canSend = !attachments.isUploading && (text.trim() !== '' || hasFile);
  const send = (): void => {
    if (!canSend) return;
    onSend(text.trim(), attachments.take());
    setText('');
    area.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const isTouch = matchMedia('(pointer: coarse)').matches;
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || isTouch) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <AttachmentList attachments={attachments} />
      <div class="composer-line">
        <button
          type="button"
          class="button quiet square"
          aria-label="Add files"
          onClick={() => picker.current?.click()}
        >
          <Icon name="paperclip" />
        </button>
        <textarea
          ref={area}
          rows={1}
          aria-label={`Message to ${place.agent}`}
          placeholder={`Message ${place.agent}`}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            const files = event.clipboardData?.files;
            if (!files || files.length === 0) return;
            event.preventDefault();
            attachments.add(files);
          }}
        />
        {isAtWork && (
          <button type="button" class="button" aria-label="Stop" onClick={() => void actions.stop(place)}>
            <Icon name="stop" size={16} /> <span class="wide">Stop</span>
          </button>
        )}
        <button
          type="submit"
          class="button primary square"
          aria-label={attachments.isUploading ? 'Send, when the files are there' : 'Send'}
          disabled={!canSend}
        >
          <Icon name="send" />
        </button>
      </div>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to send"
        onChange={(event) => {
          attachments.add(event.currentTarget.files ?? []);
          event.currentTarget.value = '';
        }}
      />
    </form>
  );
}
