/** Long texts, cut with a note of what is missing: whoever reads the rest must know that there is more. */

export function headOf(text: string, chars: number): string {
  if (text.length <= chars) return text;
  return `${text.slice(0, chars)}\n[… ${text.length - chars} more characters]`;
}

/** The first quarter and the end: errors stand last. */
export function endsOf(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const head = Math.floor(chars / 4);
  const tail = chars - head;
  return `${text.slice(0, head)}\n[… ${text.length - chars} characters left out …]\n${text.slice(-tail)}`;
}
