// JSON Schemas in words.

export interface Schema {
  type?: string | string[];
  description?: string;
  title?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  pattern?: string;
  default?: unknown;
}

const escape = (text: string) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]!);
export const valueOf = (value: unknown) => JSON.stringify(value);
const number = (value: number) => value.toLocaleString("en-US");

/** The type of a value, as HTML. */
export function typeOf(schema: Schema, link: (name: string) => string | undefined): string {
  const again = (inner: Schema) => typeOf(inner, link);
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop()!;
    const href = link(name);
    return href ? `<a href="${href}">${name}</a>` : name;
  }
  if (schema.const !== undefined) return `<code>${escape(valueOf(schema.const))}</code>`;
  if (schema.enum) return schema.enum.map((value) => `<code>${escape(valueOf(value))}</code>`).join(" or ");
  const choice = schema.anyOf ?? schema.oneOf;
  if (choice) return [...new Set(choice.map(again))].join(" or ");
  if (schema.type === "array") return `list of ${schema.items ? again(schema.items) : "anything"}`;
  if (schema.type === "object") {
    const values = schema.additionalProperties;
    return typeof values === "object" ? `object, of ${again(values)}` : "object";
  }
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  if (schema.minimum !== undefined && schema.maximum !== undefined) return `${schema.type}, ${number(schema.minimum)} to ${number(schema.maximum)}`;
  return schema.type ?? "any value";
}
