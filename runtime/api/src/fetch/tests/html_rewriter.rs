//! `HTMLRewriter`, as Workers have it.

use super::check;

#[test]
fn parts_of_documents_are_changed() {
    check(
        "const rewrite = async (html, build) => await build(new HTMLRewriter()).transform(new Response(html)).text();
         console.log(await rewrite('<a href=x>1</a><p>2</p>', (r) => r.on('a[href]', { element(e) {
             console.log(e.tagName, e.namespaceURI, JSON.stringify([...e.attributes]), e.getAttribute('href'), e.getAttribute('y'), e.hasAttribute('href'), e.removed);
             e.setAttribute('href', 'z\"').removeAttribute('none').before('<b>').after('<i>', { html: true }).prepend('p').append('a');
             e.onEndTag((tag) => { tag.before('!'); tag.name = 'b'; });
             e.tagName = 'b';
         } })));
         console.log(await rewrite('<p>a<!--c-->b</p><p>x</p>', (r) => r.on('p', {
             comments(c) { c.text = c.text + c.removed; c.before('<').after('>', { html: true }); },
             text(t) { if (t.text === 'x') t.replace('y'); if (t.lastInTextNode) t.after('|'); },
         })));
         console.log(await rewrite('<div>a<span>b</span></div><i>c</i><u>d</u><s>e</s>', (r) => r
             .on('span', { element(e) { e.remove(); } })
             .on('i', { element(e) { e.removeAndKeepContent(); } })
             .on('u', { element(e) { e.setInnerContent('<x>'); } })
             .on('s', { element(e) { e.replace('<hr>', { html: true }); } })));
         console.log(await rewrite('<!doctype html PUBLIC \"a\" \"b\"><p>1', (r) => r.onDocument({
             doctype(d) { console.log(d.name, d.publicId, d.systemId); },
             end(e) { e.append('<end>', { html: true }); },
         })));",
        &[
            r#"a http://www.w3.org/1999/xhtml [["href","x"]] x null true false"#,
            "&lt;b&gt;<b href=\"z&quot;\">p1a!</b><i><p>2</p>",
            "<p>a|&lt;<!--cfalse-->>b|</p><p>y|</p>",
            "<div>a</div>c<u>&lt;x&gt;</u><hr>",
            "html a b",
            "<!doctype html PUBLIC \"a\" \"b\"><p>1<end>",
        ],
    );
}

/// The rest of a document waits; handlers are methods of their objects, and parts end with them.
#[test]
fn handlers_may_take_their_time() {
    check(
        "class Counter {
             count = 0;
             async element(element) {
                 const mine = ++this.count;
                 await scheduler.wait(5);
                 element.setAttribute('n', String(mine));
                 this.last = element;
             }
         }
         const counter = new Counter();
         const { readable, writable } = new TransformStream();
         const writer = writable.getWriter();
         (async () => {
             for (const piece of ['<i></', 'i><', 'i', '>', '</i>é']) for (const byte of new TextEncoder().encode(piece)) await writer.write(new Uint8Array([byte]));
             await writer.close();
         })();
         const source = new Response(readable, { status: 201, headers: { 'x-a': 'b', 'content-length': '3' } });
         const response = new HTMLRewriter().on('i', counter).transform(source);
         console.log(response.status, response.headers.get('x-a'), response.headers.get('content-length'), source.bodyUsed);
         console.log(await response.text(), await caught((async () => counter.last.tagName)()));
         const failing = (handlers) => caught(new HTMLRewriter().on('i', handlers).transform(new Response('<i>')).text());
         console.log(await failing({ element() { throw new RangeError('no'); } }), '/', await failing({ async element() { throw new RangeError('later'); } }));
         console.log(await failing({ element(e) { e.setAttribute('a b', ''); } }), '/', await failing({ element(e) { e.tagName = ''; } }));
         console.log((await caught((async () => new HTMLRewriter().on('a[', {}))())).slice(0, 40));
         console.log((await caught((async () => new HTMLRewriter().on(':not('.repeat(5000), {}))())).slice(0, 40));
         console.log(new HTMLRewriter().transform(new Response(null)).body);
         // Whoever does not want the rest.
         const reader = new HTMLRewriter().on('i', { async element() { await scheduler.wait(5); } }).transform(new Response('<i><i>')).body.getReader();
         const read = reader.read();
         await reader.cancel();
         console.log((await read).done);
         const many = '<p class=\"x\">text</p>'.repeat(20_000);
         let count = 0;
         const same = await new HTMLRewriter().on('p.x', { element() { count++; } }).transform(new Response(many)).text();
         console.log(same === many, count);",
        &[
            "201 b null true",
            "<i n=\"1\"></i><i n=\"2\"></i>é TypeError: The part is done with: it is there until its handler returns, or the promise that this gives is settled",
            "RangeError: no / RangeError: later",
            "TypeError: ` ` character is forbidden in the attribute name / TypeError: Tag name can't be empty.",
            "TypeError: the selector 'a[' is not vali",
            "RangeError: a selector may have 4096 byt",
            "null",
            "true",
            "true 20000",
        ],
    );
}

/// A handler may do anything while its document stands still: give it up, rewrite others, and never come back.
#[test]
fn a_document_may_be_left_where_it_stands() {
    check(
        "const forever = new HTMLRewriter().on('i', { element() { return new Promise(() => {}); } });
         const left = [];
         for (let i = 0; i < 50; i++) {
             const reader = forever.transform(new Response('<p><i>')).body.getReader();
             left.push(reader);
             reader.read().catch(() => {});
         }
         await scheduler.wait(1);
         for (const reader of left.splice(0, 25)) await reader.cancel();
         const nested = new HTMLRewriter().on('b', { async element(b) {
             const inner = new HTMLRewriter().on('u', { element(u) { u.remove(); } });
             b.setInnerContent(await inner.transform(new Response('1<u>2</u>3')).text());
         } });
         console.log(await nested.transform(new Response('<b>0</b>')).text());
         let given;
         const cancels = new HTMLRewriter().on('i', { element(i) { given.cancel().catch(() => {}); try { i.remove(); } catch {} } });
         given = cancels.transform(new Response('<i><i>')).body.getReader();
         console.log((await given.read()).done);
         // The rest of the document comes after what the handler waits for, and no stack is that of two documents.
         const slow = (text) => new HTMLRewriter().on('*', { async element(e) { await null; e.after(text, { html: true }); } });
         const all = Array.from({ length: 20 }, (_, i) => slow(String(i)).transform(new Response('<a></a>'.repeat(50))).text());
         console.log((await Promise.all(all)).every((text, i) => text === ('<a></a>' + i).repeat(50)));
         // A handler that looks at much of a deep stack of calls.
         const deep = (depth) => depth === 0 ? new HTMLRewriter().on('a > b', {}) : deep(depth - 1);
         console.log(deep(3000) instanceof HTMLRewriter);",
        &["<b>13</b>", "true", "true", "true"],
    );
}

/// A part that is not complete waits for more of it, whatever the size of the chunks.
#[test]
fn parts_may_be_longer_than_pieces() {
    check(
        "const value = 'x'.repeat(200_000), html = 'a'.repeat(100_000) + `<i a=\"${value}\">` + 'b'.repeat(100_000);
         let found;
         const rewriter = new HTMLRewriter().on('i', { element(i) { found = i.getAttribute('a'); i.removeAttribute('a'); } });
         console.log(await rewriter.transform(new Response(html)).text() === html.replace(` a=\"${value}\"`, ''), found === value);
         const attributes = Array.from({ length: 1000 }, (_, i) => `a${i}=\"${i}\"`).join(' ');
         const all = new HTMLRewriter().on('i', { element(i) { console.log([...i.attributes].at(-1).join(), [...i.attributes].length); } });
         await all.transform(new Response(`<i ${attributes}>`)).text();",
        &["true true", "a999,999 1000"],
    );
}

/// Selectors are parsed and compiled by code that recurses: each of their bounds is one of its own.
#[test]
fn selectors_are_bounded() {
    check(
        "const on = async (selector) => caught((async () => void new HTMLRewriter().on(selector, {}))());
         const nested = (depth) => ':not('.repeat(depth) + 'a' + ')'.repeat(depth);
         console.log(await on('a'.repeat(4096)), (await on('a'.repeat(4097))).slice(0, 21));
         console.log((await on(nested(16))).startsWith('RangeError'), (await on(nested(17))).slice(0, 21));
         console.log(await on('a '.repeat(128)), (await on('a '.repeat(129))).slice(0, 21));
         console.log(await on('a>'.repeat(127) + 'a'), (await on('a>'.repeat(128) + 'a')).slice(0, 21));",
        &[
            "no error RangeError: a selecto",
            "false RangeError: a selecto",
            "no error RangeError: a selecto",
            "no error RangeError: a selecto",
        ],
    );
}

/// All selectors of a rewriter have a bound, and the more there is to compare a tag with, the smaller it has to be.
#[test]
fn what_is_compared_is_bounded() {
    check(
        "const selector = '[a]'.repeat(1000);
         const many = new HTMLRewriter();
         let count = 0;
         const error = await caught((async () => { for (;; count++) many.on(selector, {}); })());
         console.log(count, error);
         const of = (attributes) => many.transform(new Response('<p ' + attributes + '>')).text();
         const [small, large] = [1000, 100000].map((length) => 'x'.repeat(length));
         console.log((await of(small)).length, (await caught(of(large))).slice(0, 60));
         console.log((await new HTMLRewriter().on(selector, {}).transform(new Response('<p ' + large + '>')).text()).length);",
        &[
            "21 RangeError: the selectors of a rewriter may have 65536 bytes in all",
            "1004 TypeError: The document cannot be rewritten: The memory limi",
            "100004",
        ],
    );
}

/// What a document may keep of itself has a bound.
#[test]
fn what_is_kept_of_a_document_is_bounded() {
    check(
        "const long = new HTMLRewriter().on('i', { element() {} }).transform(new Response('<i a=\"' + 'x'.repeat(3 << 20)));
         console.log((await caught(long.text())).slice(0, 60));",
        &["TypeError: The document cannot be rewritten: The memory limi"],
    );
}
