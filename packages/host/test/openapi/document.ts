/** The OpenAPI 3.1 description, out of the table of operations and the schemas. Pure. */
import { type ConversionConfig, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema';
import manifest from '../../package.json' with { type: 'json' };
import { ANSWERS } from './answers.ts';
import { OPERATIONS, type Operation } from './operations.ts';

const CONFIG: ConversionConfig = {
  target: 'draft-2020-12',
  definitions: ANSWERS,
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
};

export function buildDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [key, operation] of Object.entries(OPERATIONS)) {
    const [method = '', path = ''] = key.split(' ');
    const name = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[name] = { ...paths[name], [method.toLowerCase()]: describe(path, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Bellhop',
      version: manifest.version,
      description:
        'On the page’s address behind a cookie, and on the owner’s socket DATA/bellhop.sock, where nobody signs in.',
    },
    paths,
    components: {
      schemas: toJsonSchemaDefs(ANSWERS, CONFIG),
      securitySchemes: {
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: 'bellhop_INSTALL',
          description: 'INSTALL is this install’s id.',
        },
      },
    },
    security: [{ cookie: [] }],
  };
}

function describe(path: string, { summary, query = {}, body, answer, open, owner }: Operation): object {
  const [status, content] = answer;
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
  const error = {
    description: 'What is wrong, and what to do',
    ...json({ $ref: '#/components/schemas/ApiError' }),
  };
  return {
    summary,
    tags: [owner ? 'owner’s socket alone' : path.startsWith('/v1/') ? 'conversations' : 'page'],
    ...(open || owner ? { security: [] } : {}),
    parameters: [...inPath, ...inQuery],
    ...(body ? { requestBody: { required: true, ...taken(body) } } : {}),
    responses: {
      [status]: { description: summary, ...given(content) },
      default: error,
    },
  };
}

function json(schema: object): object {
  return { content: { 'application/json': { schema } } };
}

function taken(body: NonNullable<Operation['body']>): object {
  if (typeof body === 'string') return { content: { [body]: {} } };
  const { $schema, ...schema } = toJsonSchema(body, { target: 'draft-2020-12', typeMode: 'input' });
  return json(schema);
}

function given(content: Operation['answer'][1]): object {
  if (content === null) return {};
  if (content === 'text/event-stream')
    return { content: { [content]: { schema: { $ref: '#/components/schemas/StreamEvent' } } } };
  return content.includes('/')
    ? { content: { [content]: {} } }
    : json({ $ref: `#/components/schemas/${content}` });
}
