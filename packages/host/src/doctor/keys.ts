/** Keys of models, and secrets: whether there is a key, and whether what is stored can be opened. None is no fault: the demo answers. */
import { type Finding, type Look, ok } from './port.ts';

export const lookAtKeys: Look = async (ground) => [...modelKeys(ground), ...secrets(ground)];

function secrets({ closedSecrets }: Pick<Parameters<Look>[0], 'closedSecrets'>): Finding[] {
  const closed = closedSecrets();
  if (closed.length === 0) return [];
  const what = `The vault's key does not open ${closed.length === 1 ? 'this secret' : 'these secrets'}: ${closed.join(', ')}.`;
  const fix = 'Put vault.key or BELLHOP_KEY back as it was, or enter it again: ./bellhop secrets set NAME';
  return [{ id: 'secrets', severity: 'error', promise: 28, what, fix }];
}

function modelKeys({ keys }: Pick<Parameters<Look>[0], 'keys'>): Finding[] {
  const states = keys();
  const closed = states.filter(({ readable }) => !readable);
  if (closed.length > 0) {
    const what = `The key of ${closed.map(({ name }) => name).join(', ')} is stored, and the vault's key does not open it.`;
    const fix = 'Put vault.key or BELLHOP_KEY back as it was, or enter it again: ./bellhop model set';
    return [{ id: 'model-key', severity: 'error', promise: 28, what, fix }];
  }
  if (states.length > 0) {
    const names = states.map(({ name, from }) => `${name} (${from === 'vault' ? 'stored' : 'environment'})`);
    return [ok('model-key', `There is a key for ${names.join(', ')}.`)];
  }
  const what = 'No key of a model was found: the demo answers, unless an Ollama does.';
  return [{ id: 'model-key', severity: 'info', what, fix: './bellhop model set' }];
}
