//! From TypeScript to JavaScript, by oxc. What V8 understands stays as it is.

use std::borrow::Cow;
use std::path::Path;

use nano_engine::transpiler::{Mistake, MistakePlace, Transpiled};
use oxc_allocator::Allocator;
use oxc_ast::ast::{Decorator, Program};
use oxc_ast_visit::Visit;
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_diagnostics::{Diagnostics, OxcDiagnostic};
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::{SourceType, Span};
use oxc_transformer::{
    DecoratorOptions, HelperLoaderMode, HelperLoaderOptions, JsxOptions, JsxRuntime,
    TransformOptions, Transformer, TypeScriptOptions,
};

use crate::mistake;
use crate::paths::Language;
use crate::tsconfig::Options;

/// What decorators become calls of, in one line: `experimentalDecorators` as TypeScript has them.
const HELPERS: &str = "const babelHelpers = { \
    decorate(decorators, target, key, descriptor) { \
        const ofClass = arguments.length < 3; \
        let result = ofClass ? target : descriptor === null ? Object.getOwnPropertyDescriptor(target, key) : descriptor; \
        for (let i = decorators.length - 1; i >= 0; i--) { \
            const decorated = ofClass ? decorators[i](result) : decorators[i](target, key, result); \
            if (decorated) result = decorated; \
        } \
        if (!ofClass && result) Object.defineProperty(target, key, result); \
        return result; \
    }, \
    decorateParam: (index, decorator) => (target, key) => decorator(target, key, index), \
    decorateMetadata: (key, value) => \
        typeof Reflect.metadata === \"function\" ? Reflect.metadata(key, value) : () => {} };\n";

pub(crate) fn transpile(
    path: &str,
    text: &str,
    language: Language,
    options: &Options,
) -> Result<Transpiled, Mistake> {
    let source_type = match language {
        Language::TypeScript => SourceType::ts(),
        Language::TypeScriptWithJsx => SourceType::tsx(),
        Language::JavaScriptWithJsx => SourceType::jsx(),
    };
    let source_type = source_type.with_module(true);
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, source_type).parse();
    fail(text, &parsed.diagnostics)?;
    let mut program = parsed.program;
    if !options.experimental_decorators && text.contains('@') {
        refuse_decorators(text, &program)?;
    }
    let analyzed = SemanticBuilder::new()
        // The transformer adds to it.
        .with_excess_capacity(2.0)
        .with_enum_eval(true)
        .build(&program);
    fail(text, &analyzed.diagnostics)?;
    let scoping = analyzed.semantic.into_scoping();
    let path = Path::new(path);
    let transformed = Transformer::new(&allocator, path, &transform_options(text, options))
        .build_with_scoping(scoping, &mut program);
    fail(text, &transformed.diagnostics)?;
    let printed = Codegen::new()
        .with_options(CodegenOptions {
            source_map_path: Some(path.to_owned()),
            comments: CommentOptions::disabled(),
            // The text would grow with the square of its depth.
            indent_width: 0,
            ..CodegenOptions::default()
        })
        .build(&program);
    let mut map = printed.map.ok_or_else(|| mistake("no source map"))?;
    // The file has it.
    map.set_source_contents(Vec::new());
    let mut map = map.to_json();
    let mut code = printed.code;
    if options.experimental_decorators && code.contains("babelHelpers.") {
        code.insert_str(0, HELPERS);
        map.mappings.insert(0, ';');
    }
    map.sources_content = None;
    let map = serde_json::json!({
        "version": 3,
        "sources": map.sources,
        "names": map.names,
        "mappings": map.mappings,
    });
    Ok(Transpiled {
        code,
        map: map.to_string(),
    })
}

fn transform_options(text: &str, options: &Options) -> TransformOptions {
    // As in TypeScript, a comment `@jsxImportSource` says how, too.
    let classic = options.jsx_import_source.is_none() && !text.contains("@jsxImportSource");
    TransformOptions {
        typescript: TypeScriptOptions {
            // An import of the factory is used, although nothing names it.
            jsx_pragma: Cow::Owned(options.jsx_factory.clone()),
            jsx_pragma_frag: Cow::Owned(options.jsx_fragment_factory.clone()),
            only_remove_type_imports: options.verbatim_module_syntax,
            // DEPARTURE: without `useDefineForClassFields`, TypeScript also makes assignments of fields with a value.
            remove_class_fields_without_initializer: !options.use_define_for_class_fields,
            ..TypeScriptOptions::default()
        },
        decorator: DecoratorOptions {
            legacy: options.experimental_decorators,
            emit_decorator_metadata: options.emit_decorator_metadata,
            ..DecoratorOptions::default()
        },
        jsx: JsxOptions {
            jsx_plugin: true,
            runtime: if classic {
                JsxRuntime::Classic
            } else {
                JsxRuntime::Automatic
            },
            throw_if_namespace: false,
            pure: false,
            import_source: options.jsx_import_source.clone(),
            pragma: classic.then(|| options.jsx_factory.clone()),
            pragma_frag: classic.then(|| options.jsx_fragment_factory.clone()),
            ..JsxOptions::default()
        },
        helper_loader: HelperLoaderOptions {
            mode: HelperLoaderMode::External,
            ..HelperLoaderOptions::default()
        },
        ..TransformOptions::default()
    }
}

/// V8 has no decorators yet, and what it says of one helps nobody.
fn refuse_decorators(text: &str, program: &Program) -> Result<(), Mistake> {
    struct First(Option<Span>);
    impl<'a> Visit<'a> for First {
        fn visit_decorator(&mut self, decorator: &Decorator<'a>) {
            self.0.get_or_insert(decorator.span);
        }
    }
    let mut first = First(None);
    first.visit_program(program);
    match first.0 {
        None => Ok(()),
        Some(span) => Err(Mistake {
            message: "decorators are not supported as ECMAScript will have them, only with \"experimentalDecorators\": true in the \
                      compilerOptions of tsconfig.json"
                .to_owned(),
            place: Some(place(text, span.start as usize, span.end as usize)),
        }),
    }
}

/// The first error among them, if there is one.
fn fail(text: &str, diagnostics: &Diagnostics) -> Result<(), Mistake> {
    match diagnostics.errors().next() {
        None => Ok(()),
        Some(error) => Err(told(text, error)),
    }
}

fn told(text: &str, error: &OxcDiagnostic) -> Mistake {
    let mut message = error.message.to_string();
    if let Some(help) = &error.help {
        message.push_str(". ");
        message.push_str(help);
    }
    let label = error.labels.first();
    Mistake {
        message,
        place: label.map(|label| {
            let span = label.span();
            place(text, span.start as usize, span.end as usize)
        }),
    }
}

/// The longest line that is worth showing, in bytes.
const MAX_LINE: usize = 1 << 10;

/// The place of a range of bytes.
fn place(text: &str, start: usize, end: usize) -> MistakePlace {
    let start = text.floor_char_boundary(start.min(text.len()));
    let end = text.floor_char_boundary(end.clamp(start, text.len()));
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let columns = |range: &str| u32::try_from(range.encode_utf16().count()).unwrap_or(u32::MAX);
    let before = columns(&text[line_start..start]);
    let width = columns(&text[start..end.min(line_end)]);
    let line = text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
    let line_text = text[line_start..line_end].trim_end_matches('\r');
    MistakePlace {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        columns: (before, before.saturating_add(width.max(1))),
        text: if line_text.len() > MAX_LINE {
            String::new()
        } else {
            line_text.to_owned()
        },
    }
}

#[cfg(test)]
#[path = "transpile_tests.rs"]
mod tests;
