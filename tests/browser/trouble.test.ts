/** What goes wrong around the page: the host dies, a session ends, an agent writes what it should not, much of it. */
import assert from 'node:assert/strict';
import { guardLinks, heldWords } from '../../packages/host/src/delivery/links/guard.ts';
import { seriousFaults } from './accessible.ts';
import { PHONE } from './chrome.ts';
import { inBrowser } from './world.ts';

const browser = inBrowser();
const MANY = 2000;

browser(
  'a message written while the host is dead is sent once when it is back, and nothing is missed',
  async (world) => {
    const { server } = world;
    const desk = await world.open();
    await desk.say('stream');
    await desk.page.getByText('bell is writing').waitFor();
    await server.kill();
    await desk.say('are you there');
    await desk.receipt('are you there', 'Sending').waitFor();
    await desk.page.getByText('Reconnecting…').waitFor();
    server.release();
    server.say('talk', { kind: 'text', text: 'Said while you were away', files: [] });
    await server.start();
    await desk.theirs('You said: are you there').waitFor();
    await desk.theirs('Said while you were away').waitFor();
    await desk.receipt('stream', 'Answered').waitFor();
    await desk.page.getByText('Reconnecting…').waitFor({ state: 'detached' });
    assert.equal(await desk.messages.getByText('are you there', { exact: true }).count(), 1);
  },
);

browser('an accepted message whose answer was lost is sent again under the same id', async (world) => {
  const { server } = world;
  const desk = await world.open();
  let cut = true;
  server.intercept = (request, response) => {
    if (!cut || request.url !== '/v1/messages') return false;
    cut = false;
    response.destroy();
    return true;
  };
  await desk.say('hello');
  await desk.receipt('hello', 'Answered').waitFor();
  assert.equal(server.sent.length, 1);
  assert.equal(await desk.mine('hello').count(), 1);
});

browser('a session that ends leads to the door, and the password leads back', async ({ open, server }) => {
  const desk = await open();
  await desk.say('hello');
  await desk.receipt('hello', 'Answered').waitFor();
  server.signedIn = false;
  await desk.press('New conversation');
  await desk.page.getByText('./bellhop link').waitFor();
  await desk.page.getByLabel('Or, if you have set a password').fill('wrong');
  await desk.press('Sign in');
  await desk.page.getByRole('alert').getByText('The password is wrong.').waitFor();
  await desk.page.getByLabel('Or, if you have set a password').fill(server.password);
  await desk.press('Sign in');
  await desk.composer.waitFor();
});

browser(
  'attack: script, styles, forms and remote pictures in an agent’s Markdown stay text or links',
  async (world) => {
    const desk = await world.open();
    const text = [
      '<img src=x onerror="document.title=\'owned\'"> <script>document.title="owned"</script>',
      '<style>body{display:none}</style><form action="https://evil.example"><input name=a></form>',
      '![pixel](https://evil.example/pixel.png) [click](javascript:document.title="owned") [data](data:text/html,x)',
      '<a href="https://evil.example" onclick="x()" style="position:fixed">raw</a>',
      '```"><img src=x onerror=alert(1)>\ncode\n```',
      'the end',
    ].join('\n\n');
    const requests: string[] = [];
    desk.page.on('request', (request) => requests.push(request.url()));
    world.server.say('talk', { kind: 'text', text, files: [] });
    const said = desk.theirs('the end');
    await said.getByRole('link', { name: 'pixel' }).waitFor();
    for (const tag of ['img', 'script', 'style', 'form', 'input', '[onerror]', '[onclick]', '[style]']) {
      assert.equal(await said.locator(tag).count(), 0, tag);
    }
    assert.deepEqual(await said.getByRole('link').allTextContents(), ['pixel']);
    assert.deepEqual(
      requests.filter((url) => url.includes('evil')),
      [],
    );
    assert.equal((await desk.page.title()).includes('owned'), false);
  },
);

browser('attack: a link that the host has made inert is none on the page either', async (world) => {
  const desk = await world.open();
  const link = `https://evil.example/${'c2stYW50LWFwaTAz'.repeat(4)}`;
  const forms = [
    link,
    `[a](${link})`,
    `![b](${link})`,
    `<${link}>`,
    `[c]\n\n[c]: ${link}`,
    `www.evil.example/${link}`,
  ];
  const { text, held } = guardLinks(forms.join('\n\n'), () => false);
  world.server.say('talk', { kind: 'text', text: `${text}\n\n${heldWords(held)}\n\nthe end`, files: [] });
  const said = desk.theirs('the end');
  await said.getByText('links in it were made inert').waitFor();
  assert.deepEqual(await said.getByRole('link').allTextContents(), []);
});

browser(
  'with 2,000 messages few are in the document, older ones load without a jump, and typing is quick',
  async (world) => {
    const { server } = world;
    for (let n = 1; n <= MANY; n += 1) {
      const at = new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
      const body = n % 3 === 0 ? ({ kind: 'user', text: `question ${n}`, files: [] } as const) : null;
      server.say(
        'talk',
        body ?? { kind: 'text', text: `answer ${n}\n\n${'words '.repeat(n % 40)}`, files: [] },
        { at },
      );
    }
    const desk = await world.open();
    await desk.theirs(`answer ${MANY}`).waitFor();
    // The whole log, page by page, as a reader who keeps going up: 60 entries at first, 100 more each time.
    for (let oldest = MANY - 60; oldest > 0; oldest -= 100) {
      await desk.messages.evaluate((element) => element.scrollTo(0, 0));
      // What was at the top is kept in its place by what came above it.
      await desk.page.waitForFunction(() => document.querySelector('section')?.scrollTop !== 0);
    }
    await desk.messages.evaluate((element) => element.scrollTo(0, 0));
    await desk.messages.getByText('answer 1', { exact: true }).waitFor();
    assert.ok((await desk.messages.getByRole('article').count()) < 80);

    const top = async () => (await desk.messages.getByText('answer 1', { exact: true }).boundingBox())?.y;
    const before = await top();
    server.say('talk', { kind: 'text', text: 'the newest', files: [] });
    await desk.page.getByRole('button', { name: 'New messages' }).waitFor();
    assert.equal(await top(), before);
    await desk.press('New messages');
    await desk.theirs('the newest').waitFor();

    await desk.composer.fill('');
    await desk.composer.pressSequentially('typing must not lag', { delay: 0 });
    const median = await desk.page.evaluate(async () => {
      const area = document.querySelector('textarea');
      if (!area) throw new Error('there is no composer');
      const times: number[] = [];
      for (let n = 0; n < 20; n += 1) {
        const started = performance.now();
        area.value += 'x';
        area.dispatchEvent(new InputEvent('input', { bubbles: true }));
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        times.push(performance.now() - started);
      }
      return times.sort((a, b) => a - b)[10] ?? 0;
    });
    // Far above what is measured (one frame, 17 ms), far below what a person feels, on any machine.
    assert.ok(median < 100, `a letter takes ${median} ms`);
  },
);

browser(
  'the page has no serious fault of accessibility, empty, in use, on a phone, in light and dark',
  async (world) => {
    const { server } = world;
    for (const view of [{}, { viewport: PHONE, touch: true }]) {
      const desk = await world.open(view, `#/bell/${JSON.stringify(view).length}`);
      await desk.composer.waitFor();
      const check = async (what: string): Promise<void> => {
        const found = await seriousFaults(desk.page);
        assert.deepEqual(found, [], `${what} in ${JSON.stringify(view)}`);
      };
      await check('empty');
      await desk.say('markdown');
      await desk.say('ask');
      await desk.say('fail for good');
      await desk.page.getByRole('button', { name: 'Why', exact: true }).last().click();
      await check('in use');
      await desk.press('Ledger');
      await desk.ledger.waitFor();
      await check('ledger');
      await desk.page.keyboard.press('Control+k');
      await desk.page.getByRole('combobox').waitFor();
      await check('palette');
      server.signedIn = false;
      await desk.page.reload();
      await desk.page.getByText('./bellhop link').waitFor();
      await check('door');
      server.signedIn = true;
    }
  },
);

browser(
  'on a phone one column shows at a time, and "back" leads to the conversations',
  async ({ open, server }) => {
    server.say('talk', { kind: 'text', text: 'Hello from before', files: [] });
    const desk = await open({ viewport: PHONE, touch: true }, '');
    await desk.page.getByRole('link', { name: /Hello from before/ }).tap();
    await desk.theirs('Hello from before').waitFor();
    assert.equal(await desk.page.getByRole('navigation').isVisible(), false);
    const width = await desk.page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, PHONE.width);
    await desk.press('Back to the conversations');
    await desk.page.getByRole('navigation').waitFor();
    assert.equal(await desk.messages.count(), 0);
  },
);
