/**
 * The pages for whoever is not signed in: what happened, and what to type. No script, and their one stylesheet is an
 * asset of its own, so that the policy of every answer stays the same.
 */

const WORDS = {
  none: ['You are not signed in', 'This page belongs to whoever runs Bellhop on this machine.'],
  used: ['This link does not work any more', 'Each link works once, and only for a while.'],
  wrong: ['This is not the password', 'Nothing has changed; try again.'],
  often: ['Too many wrong passwords', 'Wait a minute, then try again.'],
} as const;

export const PLAIN_STYLE_PATH = '/plain.css';

const FORM = `<form method="post" action="/v1/sign-in">
<label for="password">Or sign in with the password:</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Sign in</button>
</form>`;

export function plainPage(why: keyof typeof WORDS, hasPassword: boolean): string {
  const [title, what] = WORDS[why];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} · Bellhop</title>
<link rel="stylesheet" href="${PLAIN_STYLE_PATH}">
<main>
<h1>${title}</h1>
<p>${what} Get a new link where Bellhop runs, and open what it prints:</p>
<p><code>./bellhop link</code></p>
${hasPassword ? FORM : ''}
</main>
</html>`;
}

export const PLAIN_STYLE = `:root {
  color-scheme: light dark;
  --ground: #faf8f5; --text: #24211d; --quiet: #6b655c; --line: #ddd7cd; --brass: #8a6414; --on-brass: #fff;
  font: 15px/22px system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root { --ground: #1a1816; --text: #ece7df; --quiet: #a39b8f; --line: #3b3732; --brass: #d9ab4e; --on-brass: #1a1816 }
}
body { margin: 0; background: var(--ground); color: var(--text) }
main { max-width: 28rem; margin: 18vh auto 0; padding: 0 24px }
h1 { font-size: 23px; line-height: 32px; font-weight: 600; margin: 0 0 8px }
p { margin: 0 0 12px }
code { font: 14px/22px ui-monospace, monospace; padding: 4px 8px; border: 1px solid var(--line); border-radius: 6px }
form { margin-top: 32px; display: grid; gap: 8px; justify-items: start }
label { color: var(--quiet) }
input, button { font: inherit; padding: 8px 12px; border-radius: 6px; border: 1px solid var(--line); color: inherit }
input { width: 100%; box-sizing: border-box; background: transparent }
button { background: var(--brass); border-color: var(--brass); color: var(--on-brass); cursor: pointer }
:focus-visible { outline: 2px solid var(--brass); outline-offset: 2px }
`;
