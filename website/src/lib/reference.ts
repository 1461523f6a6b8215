// The model, as `cargo gen` prints it, by what its pages need: where each definition is, what it uses, and who uses it.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import data from "../../data/reference.json";

export interface Parameter {
  name: string;
  type: string;
  optional?: boolean;
  variadic?: boolean;
  default?: string;
}

export interface Member {
  kind: string;
  name: string;
  idl: string;
  description?: string;
  section?: string;
  /** What it throws, or has its promise rejected with. */
  exceptions?: { name: string; condition: string }[];
  static?: boolean;
  arguments?: Parameter[];
}

export interface Definition {
  name: string;
  kind: "interface" | "namespace" | "dictionary" | "enumeration" | "callback";
  href: string;
  description?: string;
  section?: string;
  specification: string;
  inherits?: string;
  implementation?: "native" | "script";
  typescript?: string;
  members: Member[];
}

export const specifications = data.specifications as Record<string, { title: string; url: string; date: string }>;

/** The address of the repository, where files are linked to; without one the site has those that are named, as texts (`/source/`). */
export const repository = process.env.REPOSITORY;

const root = resolve(process.cwd(), "..");
export const href = (name: string) => `/reference/${name.toLowerCase()}/`;

const of = (kind: Definition["kind"], entries: Record<string, object>) =>
  Object.entries(entries).map(([name, entry]) => ({ name, kind, href: href(name), ...entry }) as Definition);

/** How definitions are listed: by kind, in this order. */
const kindTitles = { interface: "Interfaces", namespace: "Namespaces", dictionary: "Dictionaries", enumeration: "Enumerations", callback: "Callbacks" };
export const byKind = (definitions: Definition[]) =>
  Object.entries(kindTitles)
    .map(([kind, title]) => ({ title, slug: title.toLowerCase(), own: definitions.filter((definition) => definition.kind === kind) }))
    .filter(({ own }) => own.length > 0);

/** The interface whose members are the global object's: these have pages of their own. */
export const globalScope = of("interface", data.interfaces).find(({ name }) => name === data.global)!;

export const definitions: Definition[] = [
  ...of("interface", data.interfaces).filter(({ name }) => name !== data.global),
  ...of("namespace", data.namespaces),
  ...of("dictionary", data.dictionaries),
  ...of("enumeration", data.enumerations),
  ...of("callback", data.callbacks),
];

export const byName = new Map(definitions.map((definition) => [definition.name, definition]));

/** The global object's members, overloads together. */
export const globals = [...Map.groupBy(globalScope.members, ({ name }) => name)].map(([name, members]) => ({
  name,
  href: `/reference/globals/${name.toLowerCase()}/`,
  members,
}));

/** Standards that define something, with what they define: of one title, several files of Web IDL are one standard. */
export const standards = [...Map.groupBy(Object.entries(specifications), ([, { title }]) => title).values()]
  .map((parts) => {
    const [id, specification] = parts.reduce((shortest, part) => (part[1].url.length <= shortest[1].url.length ? part : shortest));
    const ids = parts.map(([id]) => id);
    return { id, href: `/reference/standards/${id}/`, ...specification, definitions: definitions.filter((definition) => ids.includes(definition.specification)) };
  })
  .filter(({ definitions }) => definitions.length > 0)
  .sort((a, b) => a.title.localeCompare(b.title));

export const standardOf = (definition: Definition) => standards.find(({ definitions }) => definitions.includes(definition))!;

const names = (text: string) => text.match(/[A-Za-z_]\w*/g) ?? [];

/** A name that a narrow column may break before a capital letter. */
export const breakable = (name: string) => name.replace(/(?<=[a-z])(?=[A-Z])/g, "<wbr>");

/** Who names a definition in a member, or inherits from it. */
const users = new Map<string, Set<string>>();
for (const { name, inherits, members } of definitions) {
  const named = members.flatMap(({ idl }) => names(idl)).concat(inherits ?? []);
  for (const used of named) {
    if (used !== name && byName.has(used)) users.set(used, (users.get(used) ?? new Set()).add(name));
  }
}
for (const { name, members } of globals) {
  for (const used of members.flatMap(({ idl }) => names(idl))) {
    if (byName.has(used)) users.set(used, (users.get(used) ?? new Set()).add(`globals/${name}`));
  }
}
export const usersOf = (name: string) => [...(users.get(name) ?? [])].sort();

/** The definitions that this one inherits from, the nearest first. */
export function ancestors({ inherits }: Definition): Definition[] {
  const parent = inherits && byName.get(inherits);
  return parent ? [parent, ...ancestors(parent)] : [];
}

export const heirs = (name: string) => definitions.filter(({ inherits }) => inherits === name);

const sources = readdirSync(resolve(root, "runtime/api/src"), { recursive: true, encoding: "utf8" });

/** The file that implements an interface: it is named after it. */
export function source({ name, kind }: Definition) {
  if (kind !== "interface" && kind !== "namespace") return undefined;
  const plain = name.toLowerCase();
  const file = sources.find((path) => {
    const [stem, ending] = path.split("/").pop()!.split(".");
    return (ending === "rs" || ending === "js") && stem.replaceAll("_", "") === plain;
  });
  return file && `runtime/api/src/${file}`;
}

/** The file of Web IDL that defines what a standard has. */
export function idlFile(specification: string) {
  const file = `webapi-idl/idl/${specification}.webidl`;
  return existsSync(resolve(root, file)) ? file : undefined;
}

/** The global object's interfaces and mixins, as the files of Web IDL have them. */
const scopes = Object.keys(specifications).flatMap((specification) => {
  const file = idlFile(specification);
  const text = file && [...readFileSync(resolve(root, file), "utf8").matchAll(/^(?:partial )?interface (?:mixin )?\w*WorkerGlobal\w*[^{]*\{[\s\S]*?^\};/gm)].join("\n");
  return file && text ? [{ file, text }] : [];
});

/** The file of Web IDL that defines a member of the global object. */
export const globalFile = (name: string) => scopes.find(({ text }) => new RegExp(`\\b${name}[(;]`).test(text))?.file;

/** The files that pages name. */
export const files = () =>
  new Set([...definitions.map(source), ...Object.keys(specifications).map(idlFile)].filter((file) => file !== undefined));

export const fileLink = (file: string) => (repository ? `${repository}/${file}` : `/source/${file}.txt`);

const escape = (text: string) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);

/** A text of IDL with links to what it names. */
export const linked = (idl: string, self?: string) =>
  escape(idl).replace(/\b[A-Z]\w*\b/g, (name) => (name !== self && byName.has(name) ? `<a href="${href(name)}">${name}</a>` : name));

/** Code and links within a line. */
const inline = (text: string) =>
  escape(text)
    .replace(/`([^`]+)`/g, (_, code) => `<code>${linked(code.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"))}</code>`)
    .replace(/\[([^\]]+)\]\((https?:[^)]+)\)/g, '<a href="$2">$1</a>');

/** A documentation comment: paragraphs, lists, code, links; names of definitions in code are links. */
export function markdown(text: string) {
  return text
    .split(/\n{2,}/)
    .map((block) => {
      if (!/^[*-] /.test(block)) return `<p>${inline(block)}</p>`;
      return `<ul>${block.split(/^[*-] /m).slice(1).map((item) => `<li>${inline(item.trim())}</li>`).join("")}</ul>`;
    })
    .join("");
}

/** When an exception is thrown. The name of a DOMException, which comes first, is code. */
export const condition = (text: string) => inline(text.replace(/^"(\w+)"/, '`"$1"`'));

/** The first sentence of a documentation comment. */
export const summary = (text = "") => markdown(text.split("\n\n")[0].match(/^.*?\.(?=\s|$)/s)?.[0] ?? text).replace(/^<p>|<\/p>$/g, "");

const order = ["constructor", "constant", "attribute", "operation", "iterable", "stringifier", "member", "value", "callback"];
const titles: Record<string, string> = {
  constructor: "Constructor",
  constant: "Constants",
  attribute: "Properties",
  operation: "Methods",
  iterable: "Iteration",
  stringifier: "Conversion to a string",
  member: "Members",
  value: "Values",
  callback: "Signature",
};

/** The members as a page has them: by kind, static ones first, each with an anchor of its own. */
export function sections(members: Member[]) {
  const taken = new Map<string, number>();
  const anchor = ({ name }: Member) => {
    const slug = name.replace(/\W+/g, "-").replace(/^-|-$/g, "").toLowerCase() || "value";
    const count = (taken.get(slug) ?? 0) + 1;
    taken.set(slug, count);
    return count === 1 ? slug : `${slug}-${count}`;
  };
  return order.flatMap((kind) => {
    const own = members.filter((member) => member.kind === kind);
    const groups = kind === "operation" ? [own.filter((m) => m.static), own.filter((m) => !m.static)] : [own];
    return groups
      .filter((group) => group.length > 0)
      .map((group) => {
        const title = kind === "operation" && group[0].static ? "Static methods" : titles[kind];
        const slug = title.toLowerCase().replaceAll(" ", "-");
        taken.set(slug, 1);
        return { title, slug, kind, members: group.map((member) => ({ ...member, anchor: anchor(member) })) };
      });
  });
}

/** The example of an interface, which a test runs. */
export function example(name: string) {
  const file = [`examples/${name}.js`, `examples/handlers/${name}.js`].find((file) => existsSync(resolve(process.cwd(), file)));
  return file && readFileSync(resolve(process.cwd(), file), "utf8").trim();
}
