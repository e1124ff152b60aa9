/** The page is put together here, and nowhere else. */
import { render } from 'preact';
import { createActions } from './effects/actions.ts';
import { Client } from './effects/client.ts';
import { createLetterActions } from './effects/letters.ts';
import { browserMemory } from './effects/memory.ts';
import { createModelActions } from './effects/model-actions.ts';
import { createMoneyActions } from './effects/money-actions.ts';
import { keepOpen } from './effects/open.ts';
import { createOutbox } from './effects/outbox.ts';
import { createStore } from './effects/store.ts';
import { applyTheme, readTheme } from './effects/theme.ts';
import { browserWaiting } from './effects/waiting.ts';
import { lazyMarkdown } from './markdown/lazy.ts';
import { app } from './ui/app.tsx';

const memory = browserMemory();
applyTheme(memory, readTheme(memory));

// A hidden page has no frames; its title must still count.
const store = createStore((run) => (document.hidden ? setTimeout(run) : requestAnimationFrame(run)));
const client = new Client(() => store.dispatch({ type: 'signed out' }));
const waiting = browserWaiting();
const now = () => Date.now();
const outbox = createOutbox(client, store, waiting);
const fillRandom = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
const actions = createActions({ client, store, outbox, waiting, fillRandom, now });
const letters = createLetterActions(client, store);
const models = createModelActions(client, store);
const money = createMoneyActions(client);
// A chunk of its own: the page is on the screen before Markdown is here.
const markdown = lazyMarkdown(() => import('./markdown/render.ts'));

const root = document.getElementById('page');
if (root) render(app({ store, actions, letters, models, money, memory, markdown }), root);
keepOpen({ client, store, waiting, now, onFailed: () => void letters.look() });
void actions.start();
