/** What this browser remembers: drafts and the theme. A browser that refuses (private mode, full) forgets, nothing else. */
const PREFIX = 'bellhop.';

export interface Memory {
  get(name: string): string;
  /** '' forgets. */
  set(name: string, value: string): void;
}

export function browserMemory(): Memory {
  return {
    get(name) {
      try {
        return localStorage.getItem(PREFIX + name) ?? '';
      } catch {
        // SecurityError: storage is switched off.
        return '';
      }
    },
    set(name, value) {
      try {
        if (value === '') localStorage.removeItem(PREFIX + name);
        else localStorage.setItem(PREFIX + name, value);
      } catch {
        // SecurityError or QuotaExceededError: as above.
      }
    },
  };
}
