/** Markdown is loaded after the page is on the screen. Without it texts stay as they were written; the page works. */
export type Render = (text: string) => string;

export interface Markdown {
  current(): Render | null;
  readonly loaded: Promise<unknown>;
}

export function lazyMarkdown(load: () => Promise<{ readonly render: Render }>): Markdown {
  let render: Render | null = null;
  const loaded = load().then((module) => {
    render = module.render;
  });
  return { current: () => render, loaded: loaded.catch(() => undefined) };
}
