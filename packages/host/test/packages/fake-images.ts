/** A runtime's images in memory: builds end when and as the test says. */
import type { PackageBuild, PackageImages, PackageNames, SelfTest } from '../../src/sandboxes/port.ts';

export class FakeImages implements PackageImages {
  readonly there = new Set<string>();
  readonly builds: PackageBuild[] = [];
  /** Of every build from now on. */
  result: SelfTest = { ok: true };
  /** A build waits for this. */
  gate: Promise<void> = Promise.resolve();
  base = 'base';
  /** Thrown by `nameOf`. */
  down: Error | null = null;

  async nameOf(agent: string, { apt, npm }: PackageNames): Promise<string> {
    if (this.down) throw this.down;
    return `${this.base}/${agent}/${[...apt, '+', ...npm].join(' ')}`;
  }

  async build(build: PackageBuild): Promise<SelfTest> {
    this.builds.push(build);
    build.onLine('building');
    const cut = new Promise<void>((resolve) => {
      build.signal.addEventListener('abort', () => resolve());
    });
    await Promise.race([this.gate, cut]);
    if (build.signal.aborted) return { ok: false, why: 'broken off', install: '' };
    // It is there before it is tested, as on an engine.
    this.there.add(build.image);
    return this.result;
  }

  async present(images: readonly string[]): Promise<readonly string[]> {
    return images.filter((image) => this.there.has(image));
  }

  async keepOnly(images: readonly string[]): Promise<void> {
    for (const image of this.there) if (!images.includes(image)) this.there.delete(image);
  }
}
