/**
 * A text longer than one row should hold goes out as several: in JSON a character may take six bytes, and the host
 * refuses a row of a megabyte.
 */
import { cutInPieces } from '@bellhop/mailbox';

const MAX_UNITS = 150_000;

/** At least one piece. */
export function cutText(text: string): string[] {
  return cutInPieces(text, MAX_UNITS);
}
