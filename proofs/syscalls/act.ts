/** The process that dies: `act.ts OPERATION DIR` does one step in that folder. */
import { operations } from './operations.ts';

const [name, dir = ''] = process.argv.slice(2);
const operation = operations.find((one) => one.name === name);
if (!operation) throw new Error(`there is no operation ${name}`);
await operation.act(dir, 1);
