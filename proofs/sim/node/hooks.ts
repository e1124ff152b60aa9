/**
 * Puts the modules of this folder in the place of Node's, for the product's code alone: everything below `packages/`
 * that imports `node:sqlite` gets sqlite.ts, and so on. The product is not changed for it and does not know.
 *
 * Must be called before anything of the product is loaded; hence the one dynamic import, of load.ts.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const STAND_INS: Readonly<Record<string, string>> = {
  'node:sqlite': './sqlite.ts',
  'node:fs/promises': './fs-promises.ts',
  'node:net': './net.ts',
  'node:crypto': './crypto.ts',
  'node:timers/promises': './timers-promises.ts',
};

const PRODUCT = pathToFileURL(`${import.meta.dirname}/../../../packages/`).href;

export function standInForNode(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const standIn = STAND_INS[specifier];
      if (standIn === undefined || !context.parentURL?.startsWith(PRODUCT)) return next(specifier, context);
      return { url: new URL(standIn, import.meta.url).href, format: 'module-typescript', shortCircuit: true };
    },
  });
}
