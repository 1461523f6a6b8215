//! `#[derive(Trace)]`: the collector's way through a platform object, without a field that somebody forgot.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]

use proc_macro::TokenStream;
use proc_macro2::{TokenStream as Tokens, TokenTree};
use quote::{ToTokens as _, quote};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Field, Fields, Index, Member, Result, parse_macro_input};

/// Implements `nano_webidl::Trace`: visits every field, in every variant.
///
/// * `#[untraced]` at a field leaves it out, because its type has no references to JavaScript values. A field whose type is one of the
///   references' own is refused.
/// * `#[own_memory]` at the type: it has a method `own_memory(&self) -> usize`, about how many bytes it keeps beside its own size.
#[proc_macro_derive(Trace, attributes(untraced, own_memory))]
pub fn derive_trace(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    trace(&input)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

fn trace(input: &DeriveInput) -> Result<Tokens> {
    let mut visited = Vec::new();
    let body = match &input.data {
        Data::Struct(data) => {
            let members = traced(&data.fields, &mut visited)?;
            quote! { #( ::nano_webidl::Trace::trace(&self.#members, visitor); )* }
        }
        Data::Enum(data) => {
            let mut arms = Vec::new();
            for variant in &data.variants {
                let name = &variant.ident;
                let members = traced(&variant.fields, &mut visited)?;
                let bindings: Vec<_> = (0..members.len())
                    .map(|index| quote::format_ident!("field_{index}"))
                    .collect();
                arms.push(quote! {
                    Self::#name { #( #members: #bindings, )* .. } => {
                        #( ::nano_webidl::Trace::trace(#bindings, visitor); )*
                    }
                });
            }
            quote! { match self { #( #arms )* } }
        }
        Data::Union(data) => {
            let message = "the collector cannot know which field of a union is in use";
            return Err(Error::new(data.union_token.span, message));
        }
    };
    let name = &input.ident;
    let mut generics = input.generics.clone();
    let parameters: Vec<_> = input.generics.type_params().map(|p| &p.ident).collect();
    for ty in visited {
        let names_one = |token: &TokenTree| matches!(token, TokenTree::Ident(name) if parameters.contains(&name));
        if flat(ty.to_token_stream()).iter().any(names_one) {
            let bounds = &mut generics.make_where_clause().predicates;
            bounds.push(syn::parse_quote! { #ty: ::nano_webidl::Trace });
        }
    }
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let external_size = has(&input.attrs, "own_memory").then(|| {
        quote! {
            fn external_size(&self) -> usize {
                self.own_memory()
            }
        }
    });
    Ok(quote! {
        // SAFETY: every field is visited, but for those whose types have nothing to visit.
        #[automatically_derived]
        unsafe impl #parameters ::nano_webidl::Trace for #name #arguments #bounds {
            #[allow(unused_variables)]
            fn trace(&self, visitor: &mut ::nano_webidl::Visitor) {
                #body
            }

            #external_size
        }
    })
}

/// The fields to visit; notes their types.
fn traced<'a>(fields: &'a Fields, visited: &mut Vec<&'a syn::Type>) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        if has(&field.attrs, "untraced") {
            refuse_references(field)?;
            continue;
        }
        visited.push(&field.ty);
        members.push(match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(Index {
                index: index as u32,
                span: field.span(),
            }),
        });
    }
    Ok(members)
}

/// What refers to a JavaScript value cannot be left out.
fn refuse_references(field: &Field) -> Result<()> {
    let is_reference = |token: &TokenTree| matches!(token, TokenTree::Ident(name) if name == "TracedReference" || name == "Traced");
    if flat(field.ty.to_token_stream()).iter().any(is_reference) {
        let message = "this field refers to a JavaScript value, which the collector would free: it must be traced";
        return Err(Error::new(field.ty.span(), message));
    }
    Ok(())
}

/// All tokens, those in groups included.
fn flat(tokens: Tokens) -> Vec<TokenTree> {
    let mut all = Vec::new();
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            all.extend(flat(group.stream()));
        }
        all.push(token);
    }
    all
}

fn has(attributes: &[syn::Attribute], name: &str) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(source: &str) -> std::result::Result<String, String> {
        let input = syn::parse_str(source).expect("a type");
        match trace(&input) {
            Ok(tokens) => Ok(tokens.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn every_field_of_every_variant_is_visited() {
        let visits = |source: &str| {
            let text = derived(source).expect("an implementation");
            text.matches("Trace :: trace (").count()
        };
        assert_eq!(visits("struct A;"), 0);
        assert_eq!(visits("struct A { a: B, #[untraced] b: String, c: C }"), 2);
        assert_eq!(visits("struct A(B, #[untraced] u8, C<T>);"), 2);
        assert_eq!(visits("enum A { B, C(D, #[untraced] E), F { g: G } }"), 2);
    }

    #[test]
    fn references_cannot_be_left_out() {
        for ty in ["v8::TracedReference<v8::Map>", "Vec<Traced<v8::Object>>"] {
            let error = derived(&format!("struct A {{ #[untraced] a: {ty} }}")).expect_err(ty);
            assert!(error.contains("must be traced"), "{error}");
        }
        assert!(derived("union A { a: u8 }").is_err());
    }

    #[test]
    fn types_with_parameters_ask_their_fields() {
        let text = derived("struct A<T> { a: Option<T>, b: u8 }").expect("an implementation");
        assert!(
            text.contains("Option < T > : :: nano_webidl :: Trace"),
            "{text}"
        );
        assert!(!text.contains("u8 :"), "{text}");
        assert!(!text.contains("external_size"), "{text}");
        let text = derived("#[own_memory] struct A;").expect("an implementation");
        assert!(text.contains("fn external_size"), "{text}");
    }
}
