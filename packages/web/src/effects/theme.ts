/** Light, dark, or as the system has it: an attribute that style/tokens.css knows. */
import type { Memory } from './memory.ts';

export type Theme = 'system' | 'light' | 'dark';

export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export function readTheme(memory: Memory): Theme {
  return THEMES.find((theme) => theme === memory.get('theme')) ?? 'system';
}

export function applyTheme(memory: Memory, theme: Theme): void {
  memory.set('theme', theme === 'system' ? '' : theme);
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
