/** The findings for people: by group, a line each, what to do below it. Pure. */
import type { Check, Finding, Severity } from './port.ts';

const MARKS: Readonly<Record<Severity, readonly [mark: string, code: number]>> = {
  ok: ['✓', 32],
  info: ['·', 2],
  warning: ['!', 33],
  error: ['✗', 31],
};

export interface Group {
  readonly title: string;
  readonly findings: readonly Finding[];
}

export function groupLines({ title, findings }: Group, isColoured: boolean): string[] {
  const paint = (text: string, code: number) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines = findings.flatMap(({ severity, promise, what, fix }) => {
    const [mark, code] = MARKS[severity];
    const weakened = promise !== undefined && severity !== 'ok' ? ` (promise ${promise})` : '';
    return [`  ${paint(mark, code)} ${what}${weakened}`, ...(fix === '' ? [] : [paint(`      ${fix}`, 2)])];
  });
  return [paint(title, 1), ...lines, ''];
}

/** One line at the end. */
export function summary(checks: readonly Check[]): string {
  const count = (severity: Severity) => checks.filter((check) => check.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors + warnings === 0) return `All ${checks.length} checks are well.`;
  const words = [
    ...(errors > 0 ? [`${errors} ${errors === 1 ? 'error' : 'errors'}`] : []),
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`] : []),
  ];
  return `${words.join(' and ')} in ${checks.length} checks.`;
}

/** 0 all is well, 1 there is a warning, 2 an error. */
export function exitCode(checks: readonly Check[]): 0 | 1 | 2 {
  if (checks.some(({ severity }) => severity === 'error')) return 2;
  return checks.some(({ severity }) => severity === 'warning') ? 1 : 0;
}

export function toCheck({ id, severity, promise, what, fix }: Finding): Check {
  return { id, severity, ...(promise === undefined ? {} : { promise }), what, fix };
}
