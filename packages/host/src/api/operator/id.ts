/** Ids in a path hold anything, so they come encoded. */
import { Problem } from '../problem.ts';

const MAX_ID = 300;

export function idIn(segment: string | undefined): string {
  try {
    const id = decodeURIComponent(segment ?? '');
    if (id !== '' && id.length <= MAX_ID) return id;
  } catch (notEncoded) {
    if (!(notEncoded instanceof URIError)) throw notEncoded;
  }
  throw new Problem(400, 'bad_request', 'this is no id', 'See ./bellhop help.');
}
