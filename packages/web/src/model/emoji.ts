/** Reactions come as short names; what the table does not know is shown as it came, in words. */
const EMOJI: Readonly<Record<string, string>> = {
  thumbs_up: '👍',
  '+1': '👍',
  thumbs_down: '👎',
  '-1': '👎',
  heart: '❤️',
  eyes: '👀',
  white_check_mark: '✅',
  check: '✅',
  x: '❌',
  tada: '🎉',
  fire: '🔥',
  rocket: '🚀',
  smile: '😄',
  laughing: '😆',
  thinking: '🤔',
  thinking_face: '🤔',
  pray: '🙏',
  clap: '👏',
  wave: '👋',
  warning: '⚠️',
  hourglass: '⏳',
  bulb: '💡',
  100: '💯',
};

export function emojiFor(name: string): string {
  return EMOJI[name.replace(/^:|:$/g, '')] ?? name;
}
