//! A document that is rewritten, by lol_html, which calls its handlers in the middle of its work and cannot wait for them. So it has a
//! stack of its own: it is left where a handler is due, and gone on with when that is done.
//!
//! Nothing of V8's is on that stack, or is called from it: V8 knows the limits of its thread's stack only, and looks for references
//! there. A document is told what to do, and tells what there is, by values (`Command`, `Step`). So it does not matter what a handler
//! does meanwhile, how it ends, or whether it does: a document that is dropped where it stands is told to stop, which is an error of
//! the handler's to lol_html. Where that panics, whoever goes on with it does, on the thread's stack.
//!
//! The stack has a page without access below it, which would end the process. So nothing recurses on it beyond a bound: lol_html works
//! through documents in loops, and what it compiles of selectors is as deep as they are, which is limited.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder, on_stack};
use lol_html::errors::SelectorError;
use lol_html::html_content::{
    Comment, ContentType, Doctype, DocumentEnd, Element, EndTag, TextChunk,
};
use lol_html::{
    AsciiCompatibleEncoding, DocumentContentHandlers, ElementContentHandlers, HandlerResult,
    HtmlRewriter, MemorySettings, Selector, Settings,
};
use nano_engine::entry;

/// Of a stack; what is touched of it takes memory. The program's `mmap` counts it as it counts buffers with mappings of their own.
const STACK_BYTES: usize = 512 << 10;
const PREALLOCATED: usize = 1 << 10;

/// The numbers of the functions for the elements of a selector, their comments and texts.
pub(super) type ElementHandlers = (Selector, [Option<u32>; 3]);
/// Those for the document's type, comments, texts and end.
pub(super) type DocumentHandlers = [Option<u32>; 4];

/// A stack.
///
/// # Errors
/// The app has as many mappings as it may, or the system has no memory.
pub(super) fn stack() -> io::Result<DefaultStack> {
    DefaultStack::new(STACK_BYTES)
}

/// Parses a selector, on a stack of its own: its parser recurses, and nobody knows how much of the thread's stack is left.
pub(super) fn parse(selector: &str, stack: DefaultStack) -> Result<Selector, SelectorError> {
    on_stack(stack, || selector.parse())
}

/// Who wants what of a document.
pub(super) struct Wanted {
    pub(super) elements: Vec<ElementHandlers>,
    pub(super) documents: Vec<DocumentHandlers>,
    pub(super) encoding: AsciiCompatibleEncoding,
    /// What lol_html may keep of the document: a part that is not complete, and the elements that are open.
    pub(super) most_kept: usize,
}

/// What a document is told.
pub(super) enum Command {
    Write(Vec<u8>),
    End,
    /// Something about the part where it stands.
    Ask(Ask),
    /// That part is done with.
    Leave,
    /// It is given up.
    Stop,
}

/// What is asked of a part.
pub(super) enum Ask {
    Property(Property),
    SetProperty(Property, String),
    IsRemoved,
    IsLast,
    /// How many attributes there are, and their bytes.
    AttributesSize,
    Attributes,
    Attribute(String),
    SetAttribute(String, String),
    RemoveAttribute(String),
    Insert(Place, String, ContentType),
    Remove {
        keeps_content: bool,
    },
    CallAtEndTag(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Name,
    Text,
    NamespaceUri,
    PublicId,
    SystemId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    After,
    Prepend,
    Append,
    Replace,
    Inner,
}

/// The answer. What a part does not have is not asked of it.
pub(super) enum Reply {
    Text(Option<String>),
    Flag(bool),
    Size(usize, usize),
    Attributes(Vec<(String, String)>),
    /// It is done, or what is wrong with it.
    Done(Result<(), String>),
}

/// How far a document has come.
pub(super) enum Step {
    /// All that was given is done with.
    Done,
    /// The function of this number is to be called with a part.
    Part(Kind, u32),
    Reply(Reply),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Element,
    EndTag,
    Comment,
    Text,
    Doctype,
    End,
}

type Work = Coroutine<Command, Step, Result<(), String>>;

/// The document. It is not gone on with while it is being gone on with, as nothing that runs on its stack knows of it.
pub(super) struct Document {
    /// `None` once it is over.
    work: Option<Work>,
    output: Rc<RefCell<Vec<u8>>>,
}

impl Document {
    pub(super) fn new(wanted: Wanted, stack: DefaultStack) -> Document {
        let output = Rc::<RefCell<Vec<u8>>>::default();
        let sink = output.clone();
        let work: Work = Coroutine::with_stack(stack, move |yielder, first| {
            let caller = Caller(yielder);
            rewrite(caller, wanted, &sink, first)
        });
        Document {
            work: Some(work),
            output,
        }
    }

    /// Goes on.
    ///
    /// # Errors
    /// What is wrong with the document; it is over then.
    pub(super) fn go_on(&mut self, command: Command) -> Result<Step, String> {
        // Where lol_html panics it is over, too.
        let Some(mut work) = self.work.take() else {
            return Ok(Step::Done);
        };
        match work.resume(command) {
            CoroutineResult::Yield(step) => {
                self.work = Some(work);
                Ok(step)
            }
            CoroutineResult::Return(ended) => ended.map(|()| Step::Done),
        }
    }

    /// What it has become since the last time.
    pub(super) fn take_output(&self) -> Vec<u8> {
        self.output.take()
    }

    /// Bytes that this has.
    pub(super) fn output_size(&self) -> usize {
        self.output.borrow().len()
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        // It comes to its end by itself: its stack need not be unwound. The collector, which may be who drops it, takes no panic.
        if self.work.as_ref().is_some_and(Coroutine::started) {
            let _ = entry::catch(|| self.go_on(Command::Stop));
        }
    }
}

/// What runs on the document's stack.
fn rewrite(
    caller: Caller,
    wanted: Wanted,
    output: &RefCell<Vec<u8>>,
    first: Command,
) -> Result<(), String> {
    let sink = |bytes: &[u8]| output.borrow_mut().extend_from_slice(bytes);
    let mut rewriter = HtmlRewriter::new(settings(caller, wanted), sink);
    let mut command = first;
    loop {
        match command {
            Command::Write(bytes) => rewriter.write(&bytes).map_err(|error| error.to_string())?,
            Command::End => return rewriter.end().map_err(|error| error.to_string()),
            Command::Stop => return Ok(()),
            // It stands at no part.
            Command::Ask(_) | Command::Leave => {}
        }
        command = caller.suspend(Step::Done);
    }
}

fn settings(caller: Caller, wanted: Wanted) -> Settings<'static, 'static> {
    let memory = MemorySettings::new()
        .with_preallocated_parsing_buffer_size(PREALLOCATED)
        .with_max_allowed_memory_usage(wanted.most_kept);
    let mut settings = Settings::new()
        .with_encoding(wanted.encoding)
        .with_memory_settings(memory)
        // As in Workers: where it is not sure what a text is, it is left alone.
        .with_strict(false);
    for (selector, [element, comments, text]) in wanted.elements {
        let mut handlers: ElementContentHandlers<'static> = ElementContentHandlers::default();
        if let Some(handler) = element {
            handlers = handlers.element(move |element: &mut Element<'_, '_>| {
                caller.call(Kind::Element, handler, |ask| {
                    ask_element(caller, element, ask)
                })
            });
        }
        if let Some(handler) = comments {
            handlers = handlers.comments(move |comment: &mut Comment<'_>| {
                caller.call(Kind::Comment, handler, |ask| ask_comment(comment, ask))
            });
        }
        if let Some(handler) = text {
            handlers = handlers.text(move |text: &mut TextChunk<'_>| {
                caller.call(Kind::Text, handler, |ask| ask_text(text, ask))
            });
        }
        let selector = Cow::Owned(selector);
        settings = settings.append_element_content_handler((selector, handlers));
    }
    for [doctype, comments, text, end] in wanted.documents {
        let mut handlers: DocumentContentHandlers<'static> = DocumentContentHandlers::default();
        if let Some(handler) = doctype {
            handlers = handlers.doctype(move |doctype: &mut Doctype<'_>| {
                caller.call(Kind::Doctype, handler, |ask| ask_doctype(doctype, ask))
            });
        }
        if let Some(handler) = comments {
            handlers = handlers.comments(move |comment: &mut Comment<'_>| {
                caller.call(Kind::Comment, handler, |ask| ask_comment(comment, ask))
            });
        }
        if let Some(handler) = text {
            handlers = handlers.text(move |text: &mut TextChunk<'_>| {
                caller.call(Kind::Text, handler, |ask| ask_text(text, ask))
            });
        }
        if let Some(handler) = end {
            handlers = handlers.end(move |end: &mut DocumentEnd<'_>| {
                caller.call(Kind::End, handler, |ask| ask_end(end, ask))
            });
        }
        settings = settings.append_document_content_handler(handlers);
    }
    settings
}

/// What leaves a document's stack. It is only there: [`rewrite`] gives it to no one but the rewriter's handlers.
#[derive(Clone, Copy)]
struct Caller(*const Yielder<Command, Step>);

impl Caller {
    fn suspend(self, step: Step) -> Command {
        // SAFETY: a caller is made by the function at the bottom of the document's stack, of its argument, and is in nothing that
        // outlives that function's frame: the rewriter, with all handlers, those for end tags included, is a local variable of
        // `rewrite`, which that function calls. Handlers are called by the rewriter only, on this stack, while the yielder is there.
        unsafe { &*self.0 }.suspend(step)
    }

    /// Stands at a part until it is done with.
    fn call(self, kind: Kind, handler: u32, mut answer: impl FnMut(Ask) -> Reply) -> HandlerResult {
        let mut command = self.suspend(Step::Part(kind, handler));
        loop {
            command = match command {
                Command::Ask(ask) => self.suspend(Step::Reply(answer(ask))),
                Command::Stop => return Err("it was given up".into()),
                Command::Leave | Command::Write(_) | Command::End => return Ok(()),
            }
        }
    }
}

fn no_such_thing() -> Reply {
    Reply::Done(Err("there is no such thing".to_owned()))
}

fn done(result: Result<(), impl ToString>) -> Reply {
    Reply::Done(result.map_err(|error| error.to_string()))
}

fn ask_element(caller: Caller, element: &mut Element<'_, '_>, ask: Ask) -> Reply {
    match ask {
        Ask::Property(Property::Name) => return Reply::Text(Some(element.tag_name())),
        Ask::Property(Property::NamespaceUri) => {
            return Reply::Text(Some(element.namespace_uri().to_owned()));
        }
        Ask::SetProperty(Property::Name, name) => return done(element.set_tag_name(&name)),
        Ask::IsRemoved => return Reply::Flag(element.removed()),
        Ask::AttributesSize => {
            let attributes = element.attributes();
            let lengths = attributes.iter();
            let lengths = lengths.map(|one| one.name().len() + one.value().len());
            return Reply::Size(attributes.len(), lengths.sum());
        }
        Ask::Attributes => {
            let attributes = element.attributes().iter();
            let pairs = attributes.map(|attribute| (attribute.name(), attribute.value()));
            return Reply::Attributes(pairs.collect());
        }
        Ask::Attribute(name) => return Reply::Text(element.get_attribute(&name)),
        Ask::SetAttribute(name, value) => return done(element.set_attribute(&name, &value)),
        Ask::RemoveAttribute(name) => element.remove_attribute(&name),
        Ask::Insert(place, content, kind) => match place {
            Place::Before => element.before(&content, kind),
            Place::After => element.after(&content, kind),
            Place::Prepend => element.prepend(&content, kind),
            Place::Append => element.append(&content, kind),
            Place::Replace => element.replace(&content, kind),
            Place::Inner => element.set_inner_content(&content, kind),
        },
        Ask::Remove {
            keeps_content: false,
        } => element.remove(),
        Ask::Remove {
            keeps_content: true,
        } => element.remove_and_keep_content(),
        Ask::CallAtEndTag(handler) => {
            return done(element.on_end_tag(Box::new(move |tag: &mut EndTag<'_>| {
                caller.call(Kind::EndTag, handler, |ask| ask_end_tag(tag, ask))
            })));
        }
        _ => return no_such_thing(),
    }
    Reply::Done(Ok(()))
}

fn ask_end_tag(tag: &mut EndTag<'_>, ask: Ask) -> Reply {
    match ask {
        Ask::Property(Property::Name) => return Reply::Text(Some(tag.name())),
        Ask::SetProperty(Property::Name, name) => tag.set_name(name),
        Ask::Insert(Place::Before, content, kind) => tag.before(&content, kind),
        Ask::Insert(Place::After, content, kind) => tag.after(&content, kind),
        Ask::Remove { .. } => tag.remove(),
        _ => return no_such_thing(),
    }
    Reply::Done(Ok(()))
}

fn ask_comment(comment: &mut Comment<'_>, ask: Ask) -> Reply {
    match ask {
        Ask::Property(Property::Text) => return Reply::Text(Some(comment.text())),
        Ask::SetProperty(Property::Text, text) => return done(comment.set_text(&text)),
        Ask::IsRemoved => return Reply::Flag(comment.removed()),
        Ask::Insert(Place::Before, content, kind) => comment.before(&content, kind),
        Ask::Insert(Place::After, content, kind) => comment.after(&content, kind),
        Ask::Insert(Place::Replace, content, kind) => comment.replace(&content, kind),
        Ask::Remove { .. } => comment.remove(),
        _ => return no_such_thing(),
    }
    Reply::Done(Ok(()))
}

fn ask_text(text: &mut TextChunk<'_>, ask: Ask) -> Reply {
    match ask {
        Ask::Property(Property::Text) => return Reply::Text(Some(text.as_str().to_owned())),
        Ask::IsLast => return Reply::Flag(text.last_in_text_node()),
        Ask::IsRemoved => return Reply::Flag(text.removed()),
        Ask::Insert(Place::Before, content, kind) => text.before(&content, kind),
        Ask::Insert(Place::After, content, kind) => text.after(&content, kind),
        Ask::Insert(Place::Replace, content, kind) => text.replace(&content, kind),
        Ask::Remove { .. } => text.remove(),
        _ => return no_such_thing(),
    }
    Reply::Done(Ok(()))
}

fn ask_doctype(doctype: &mut Doctype<'_>, ask: Ask) -> Reply {
    match ask {
        Ask::Property(Property::Name) => Reply::Text(doctype.name()),
        Ask::Property(Property::PublicId) => Reply::Text(doctype.public_id()),
        Ask::Property(Property::SystemId) => Reply::Text(doctype.system_id()),
        _ => no_such_thing(),
    }
}

fn ask_end(end: &mut DocumentEnd<'_>, ask: Ask) -> Reply {
    match ask {
        Ask::Insert(Place::Append, content, kind) => {
            end.append(&content, kind);
            Reply::Done(Ok(()))
        }
        _ => no_such_thing(),
    }
}
