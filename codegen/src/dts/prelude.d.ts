/** What an app's entry module exports by default. */
interface ExportedHandler<Env = Record<string, any>> {
  fetch?(request: Request, env: Env, ctx: ExecutionContext): Response | PromiseLike<Response>;
  scheduled?(event: ScheduledEvent, env: Env, ctx: ExecutionContext): void | PromiseLike<void>;
}

// Names of Workers' own types for what is here, too.
type ExportedHandlerFetchHandler<Env = Record<string, any>> = NonNullable<ExportedHandler<Env>["fetch"]>;
type ExportedHandlerScheduledHandler<Env = Record<string, any>> = NonNullable<ExportedHandler<Env>["scheduled"]>;
type HTMLRewriterDocumentContentHandlers = HTMLRewriterDocumentHandlers;
type HTMLRewriterElementContentHandlers = HTMLRewriterElementHandlers;
type ScheduledController = ScheduledEvent;

/** A module of WebAssembly: compiled, and not instantiated. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
/** A file that is imported `with { type: "bytes" }`. */
declare module "*.bin" {
  const bytes: Uint8Array;
  export default bytes;
}
/** A file that is imported `with { type: "text" }`. */
declare module "*.txt" {
  const text: string;
  export default text;
}
declare module "*.html" {
  const text: string;
  export default text;
}
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "*.sql" {
  const text: string;
  export default text;
}

/**
 * WebAssembly, without calls that are suspended.
 * @see https://webassembly.github.io/spec/js-api/
 */
declare namespace WebAssembly {
  type ImportExportKind = "function" | "global" | "memory" | "table" | "tag";
  type TableKind = "anyfunc" | "externref";
  interface ValueTypeMap {
    anyfunc: Function;
    externref: any;
    f32: number;
    f64: number;
    i32: number;
    i64: bigint;
    v128: never;
  }
  type ValueType = keyof ValueTypeMap;
  type ImportValue = Function | Global | Memory | Table | Tag | number | bigint;
  type ModuleImports = Record<string, ImportValue>;
  type Imports = Record<string, ModuleImports>;
  type ExportValue = Function | Global | Memory | Table | Tag;
  type Exports = Record<string, any>;
  interface WebAssemblyInstantiatedSource {
    instance: Instance;
    module: Module;
  }
  interface ModuleExportDescriptor {
    kind: ImportExportKind;
    name: string;
  }
  interface ModuleImportDescriptor extends ModuleExportDescriptor {
    module: string;
  }
  interface GlobalDescriptor<T extends ValueType = ValueType> {
    mutable?: boolean;
    value: T;
  }
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
    shared?: boolean;
  }
  interface TableDescriptor {
    element: TableKind;
    initial: number;
    maximum?: number;
  }

  function validate(bytes: BufferSource): boolean;
  function compile(bytes: BufferSource): Promise<Module>;
  function compileStreaming(source: Response | PromiseLike<Response>): Promise<Module>;
  function instantiate(bytes: BufferSource, importObject?: Imports): Promise<WebAssemblyInstantiatedSource>;
  function instantiate(module: Module, importObject?: Imports): Promise<Instance>;
  function instantiateStreaming(
    source: Response | PromiseLike<Response>,
    importObject?: Imports,
  ): Promise<WebAssemblyInstantiatedSource>;

  interface Module {}
  var Module: {
    prototype: Module;
    new(bytes: BufferSource): Module;
    customSections(module: Module, sectionName: string): ArrayBuffer[];
    exports(module: Module): ModuleExportDescriptor[];
    imports(module: Module): ModuleImportDescriptor[];
  };
  interface Instance {
    readonly exports: Exports;
  }
  var Instance: {
    prototype: Instance;
    new(module: Module, importObject?: Imports): Instance;
  };
  interface Memory {
    readonly buffer: ArrayBuffer;
    grow(delta: number): number;
    toFixedLengthBuffer(): ArrayBuffer;
    toResizableBuffer(): ArrayBuffer;
  }
  var Memory: {
    prototype: Memory;
    new(descriptor: MemoryDescriptor): Memory;
  };
  interface Table {
    readonly length: number;
    get(index: number): any;
    grow(delta: number, value?: any): number;
    set(index: number, value?: any): void;
  }
  var Table: {
    prototype: Table;
    new(descriptor: TableDescriptor, value?: any): Table;
  };
  interface Global<T extends ValueType = ValueType> {
    value: ValueTypeMap[T];
    valueOf(): ValueTypeMap[T];
  }
  var Global: {
    prototype: Global;
    new<T extends ValueType = ValueType>(descriptor: GlobalDescriptor<T>, v?: ValueTypeMap[T]): Global<T>;
  };
  interface Tag {}
  var Tag: {
    prototype: Tag;
    new(type: { parameters: ValueType[] }): Tag;
  };
  /** The tag of exceptions of JavaScript. */
  const JSTag: Tag;
  interface Exception {
    getArg(exceptionTag: Tag, index: number): any;
    is(exceptionTag: Tag): boolean;
    readonly stack: string | undefined;
  }
  var Exception: {
    prototype: Exception;
    new(exceptionTag: Tag, payload: any[], options?: { traceStack?: boolean }): Exception;
  };
  interface CompileError extends Error {}
  var CompileError: { prototype: CompileError; new(message?: string, options?: ErrorOptions): CompileError };
  interface LinkError extends Error {}
  var LinkError: { prototype: LinkError; new(message?: string, options?: ErrorOptions): LinkError };
  interface RuntimeError extends Error {}
  var RuntimeError: { prototype: RuntimeError; new(message?: string, options?: ErrorOptions): RuntimeError };
}

/** Handles requests, in an app without a default export. */
declare function addEventListener(type: "fetch", callback: (event: FetchEvent) => void): void;
/** Handles scheduled events. */
declare function addEventListener(type: "scheduled", callback: (event: ScheduledEvent) => void): void;
