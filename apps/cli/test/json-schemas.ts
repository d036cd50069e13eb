import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** Where the published schemas are. */
const folder = new URL('../schemas/', import.meta.url);

/** A JSON Schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** The published schemas by their names, such as `verify`. */
export const schemas: ReadonlyMap<string, Schema> = new Map(
  readdirSync(fileURLToPath(folder)).map((file) => [
    file.replace(/\.v\d+\.schema\.json$/, ''),
    JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Schema,
  ]),
);

/** Returns the errors that a schema finds in a document, just as published. */
export function errorsAsPublished(name: string, document: unknown): unknown {
  return errorsOf(schemaOf(name), document);
}

/**
 * Returns the errors that a schema finds in a document, fields that it does not know among them. As published it lets
 * those pass, so that a reader survives the next version; here each of them is one that nobody wrote down.
 */
export function errors(name: string, document: unknown): unknown {
  return errorsOf(closed(schemaOf(name)) as Schema, document);
}

function schemaOf(name: string): Schema {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`Cannot find the schema ${name}`);
  return schema;
}

const compiled = new Map<string, ValidateFunction>();

function errorsOf(schema: Schema, document: unknown): unknown {
  const key = JSON.stringify(schema);
  const validate = compiled.get(key) ?? new Ajv2020({ allErrors: true }).compile(schema);
  compiled.set(key, validate);
  return validate(document) ? [] : validate.errors;
}

/** Forbids what a schema does not name, in every object of which it names a property. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return inner['type'] === 'object' && 'properties' in inner
    ? { unevaluatedProperties: false, ...inner }
    : inner;
}
