/** Runs one shell command in the sandbox and shows what came out of it. */
import { spawn } from 'node:child_process';
import type { VerbContext } from './verb.ts';

const TIMEOUT_MS = 30_000;
const MAX_OUTPUT = 8_000;

export function runCommand(
  command: string,
  { workDir, env, tools: { signal } }: Pick<VerbContext, 'workDir' | 'env' | 'tools'>,
): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', command], {
      cwd: workDir,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      signal,
    });
    const output = { text: '' };
    const take = (chunk: string) => {
      output.text = (output.text + chunk).slice(0, MAX_OUTPUT);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => resolve(`It could not be started: ${error.message}`));
    child.on('close', (code, signal) => {
      const end = signal ? `ended by ${signal}` : `exit code ${code}`;
      resolve(`\`\`\`\n${output.text.trimEnd()}\n\`\`\`\n${end}`);
    });
  });
}
