/** Commands in the workspace. */
import { z } from 'zod';
import { endsOf } from '../text.ts';
import { runProcess } from './process.ts';
import { defineTool } from './tool.ts';

const DEFAULT_SECONDS = 120;
const MAX_SECONDS = 1_800;
const MAX_OUTPUT = 30_000;

export const bash = defineTool({
  name: 'bash',
  description: `Runs a command in bash, in your workspace. You get its output and exit code. Programs that wait for input get none. For a longer one give timeout_seconds (${DEFAULT_SECONDS} by default, at most ${MAX_SECONDS}).`,
  input: z.object({
    command: z.string().min(1).max(100_000),
    timeout_seconds: z.number().int().min(1).max(MAX_SECONDS).optional(),
  }),
  detail: ({ command }) => command,
  timeoutMs: ({ timeout_seconds = DEFAULT_SECONDS }) => timeout_seconds * 1_000,
  async run({ command, timeout_seconds = DEFAULT_SECONDS }, { place, tools }) {
    const { output, code, why } = await runProcess({
      command: 'bash',
      args: ['-c', command],
      cwd: place.workDir,
      env: place.env,
      timeoutMs: timeout_seconds * 1_000,
      signal: tools.signal,
    });
    const shown = endsOf(output.trimEnd(), MAX_OUTPUT);
    const end = {
      ended: `exit code ${code ?? 'none: killed by a signal'}`,
      time: `ended after ${timeout_seconds} s, with all that it had started; give it more with timeout_seconds`,
      stopped: 'stopped',
    };
    return `${shown}${shown === '' ? '' : '\n'}[${end[why]}]`;
  },
});
