/** @jsxImportSource preact */
import { lazy, Suspense } from "preact/compat";
import { useId, useState } from "preact/hooks";
import { renderToString, renderToStringAsync } from "preact-render-to-string";
import { renderToReadableStream } from "preact-render-to-string/stream";

const later = () => lazy(() => new Promise<{ default: () => preact.JSX.Element }>((resolve) => setTimeout(() => resolve({ default: () => <p>from later</p> }), 200)));

function Page({ name }: { name: string }) {
  const [count] = useState(3);
  const Later = later();
  return <main id={useId()}><h1>hello {name} {count}</h1><Suspense fallback={<i>loading</i>}><Later /></Suspense></main>;
}

export default {
  async fetch(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/string": return new Response(renderToString(<b title="&">{"<y>"}</b>));
      case "/later": return new Response(await renderToStringAsync(<Page name="you" />));
      default: return new Response(renderToReadableStream(<html><body><Page name="you" /></body></html>));
    }
  },
};
