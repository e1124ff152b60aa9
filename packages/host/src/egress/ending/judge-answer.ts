/** What of a host's answer may come in: pure. Every secret that the host may know is blanked, wherever it stands. */
import type { Refusal } from '../refusals.ts';
import { ENDED } from './refusals.ts';

/** Between the two ends of one connection; and what would lead a client past us the next time. */
const LEFT_OUT = /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*|alt-svc)$/;

/** @param forms of all secrets (placing.ts); with none the answer may be compressed. */
export function judgeHostAnswer(
  status: number,
  headers: NodeJS.Dict<string[]>,
  forms: readonly string[],
): { readonly headers: Record<string, string[]> } | { readonly refusal: Refusal } {
  // Such a one (099) cannot be written: it would throw.
  if (status < 200) return { refusal: ENDED.unreachable };
  const encodings = headers['content-encoding'] ?? [];
  if (forms.length > 0 && encodings.some((one) => one.trim().toLowerCase() !== 'identity'))
    return { refusal: ENDED.compressed };
  const inNames = forms.map((form) => form.toLowerCase());
  const passed = Object.entries(headers).flatMap(([name, values = []]) =>
    LEFT_OUT.test(name) || inNames.some((form) => name.includes(form))
      ? []
      : [[name, values.map((value) => blank(value, forms))] as const],
  );
  return { headers: Object.fromEntries(passed) };
}

function blank(text: string, forms: readonly string[]): string {
  return forms.reduce((left, form) => left.replaceAll(form, '*'.repeat(form.length)), text);
}
