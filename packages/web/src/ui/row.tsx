/** One row of a conversation. Rendered again only when what it shows has changed. */
import { Component } from 'preact';
import { emojiFor } from '../model/emoji.ts';
import type { Place } from '../model/state.ts';
import type { Row } from '../model/timeline.ts';
import { clockWords, dayWords } from '../model/words.ts';
import { ApprovalView } from './approval.tsx';
import { Files } from './files.tsx';
import { Icon } from './icon.tsx';
import { MarkdownText } from './markdown-text.tsx';
import { QuestionView } from './question.tsx';
import { Failure, ReceiptMark, WhyLink } from './receipt.tsx';

interface Props {
  readonly row: Row;
  readonly place: Place;
}

export class RowView extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    // The rows are made anew with each event, nearly all of them equal.
    return next.row !== this.props.row && JSON.stringify(next.row) !== JSON.stringify(this.props.row);
  }

  override render({ row, place }: Props) {
    const joined = 'joined' in row && row.joined;
    return (
      <li class={`row ${row.kind}`} data-key={row.key} data-joined={joined}>
        <Body row={row} place={place} />
      </li>
    );
  }
}

function Body({ row, place }: Props) {
  switch (row.kind) {
    case 'day':
      return <h2 class="day-name">{dayWords(row.at, Date.now())}</h2>;
    case 'mine':
      return (
        <article class="said" aria-label="You">
          {row.text !== '' && <div class="bubble">{row.text}</div>}
          <Files files={row.files} />
          <div class="under">
            <Marks row={row} />
            <WhyLink id={row.id} receipt={row.receipt} />
            <time dateTime={row.at}>{clockWords(row.at)}</time>
            <ReceiptMark receipt={row.receipt} />
          </div>
          <Failure place={place} id={row.id} receipt={row.receipt} />
        </article>
      );
    case 'theirs':
      return (
        <article class="said" aria-label={place.agent}>
          <Author name={place.agent} at={row.at} joined={row.joined} />
          {row.text !== '' && <MarkdownText text={row.text} />}
          <Files files={row.files} />
          {(row.edited || row.reactions.length > 0) && (
            <div class="under">
              <Marks row={row} />
            </div>
          )}
        </article>
      );
    case 'live':
      return (
        <article class="said writing" aria-label={`${place.agent}, still writing`} data-done={row.done}>
          <Author name={place.agent} at={row.at} joined={row.joined} />
          <MarkdownText text={row.text} />
        </article>
      );
    case 'question':
      if (row.approval)
        return (
          <article class="said" aria-label="Bellhop asks">
            <Author name="Bellhop" at={row.at} joined={false} />
            <ApprovalView place={place} row={row} card={row.approval} />
          </article>
        );
      return (
        <article class="said" aria-label={`${place.agent} asks`}>
          <Author name={place.agent} at={row.at} joined={false} />
          <QuestionView place={place} row={row} />
        </article>
      );
    case 'notice':
      return (
        <p class="notice-text">
          <Icon name="info" size={16} />
          <span>
            <strong>Bellhop:</strong> {row.text}
          </span>
        </p>
      );
  }
}

function Author({ name, at, joined }: { name: string; at: string; joined: boolean }) {
  if (joined) return null;
  return (
    <div class="author">
      <strong>{name}</strong>
      <time dateTime={at}>{clockWords(at)}</time>
    </div>
  );
}

function Marks({ row: { edited, reactions } }: { row: Extract<Row, { kind: 'mine' | 'theirs' }> }) {
  return (
    <>
      {reactions.map((name) => (
        <span key={name} class="reaction" role="img" aria-label={`Reaction: ${name.replaceAll('_', ' ')}`}>
          {emojiFor(name)}
        </span>
      ))}
      {edited && <span>edited</span>}
    </>
  );
}
