/** What an agent is to do later: messages that the clock sends to it. */
import { z } from 'zod';
import { headOf } from '../text.ts';
import { defineTool } from './tool.ts';

const MAX_SECONDS = 366 * 86_400;

export const scheduleTask = defineTool({
  name: 'schedule_task',
  description:
    'Wakes you once, later, with the prompt as your message. Give in_seconds, or at as ISO 8601 with a zone (2026-05-01T09:00:00+02:00).',
  input: z.object({
    prompt: z.string().min(1).max(20_000),
    in_seconds: z.number().min(1).max(MAX_SECONDS).optional(),
    at: z.iso.datetime({ offset: true }).optional(),
  }),
  detail: (input) => input.at ?? `in ${input.in_seconds} s`,
  async run({ prompt, in_seconds, at }, { place, tools }) {
    if ((in_seconds === undefined) === (at === undefined)) throw new Error('give either in_seconds or at');
    const nowMs = place.now();
    const atMs = at === undefined ? nowMs + (in_seconds ?? 0) * 1_000 : Date.parse(at);
    if (atMs <= nowMs) throw new Error(`${at} is over; it is ${new Date(nowMs).toISOString()}`);
    if (atMs > nowMs + MAX_SECONDS * 1_000) throw new Error('that is more than a year away');
    await tools.scheduleTask({ prompt, atMs });
    return `scheduled for ${new Date(atMs).toISOString()}`;
  },
});

export const listTasks = defineTool({
  name: 'list_tasks',
  description: 'Lists the tasks of this conversation that wait for their time, with their ids.',
  input: z.object({}),
  detail: () => '',
  async run(_input, { tools }) {
    const tasks = await tools.tasks();
    const lines = tasks.map(({ id, prompt, dueMs, recurrence }) => {
      const again = recurrence === null ? '' : ` (repeats: ${recurrence})`;
      return `${id}: ${new Date(dueMs).toISOString()}${again}: ${headOf(prompt, 200)}`;
    });
    return lines.join('\n') || '[no task waits]';
  },
});

export const cancelTask = defineTool({
  name: 'cancel_task',
  description: 'Ends a task, by its id from list_tasks.',
  input: z.object({ id: z.string().min(1).max(300) }),
  detail: (input) => input.id,
  async run({ id }, { tools }) {
    await tools.cancelTask(id);
    return `cancelled ${id}`;
  },
});
