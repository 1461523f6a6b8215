import { Suspense, use, useId, useState } from "react";
import { renderToReadableStream, renderToString } from "react-dom/server.edge";

const later = <T,>(value: T, ms: number) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

function Slow({ data }: { data: Promise<string> }) {
  return <p>{use(data)}</p>;
}

function Page({ name, data }: { name: string; data: Promise<string> }) {
  const [count] = useState(3);
  const id = useId();
  return (
    <html>
      <body>
        <h1 id={id}>hello {name} {count}</h1>
        <Suspense fallback={<i>loading</i>}><Slow data={data} /></Suspense>
      </body>
    </html>
  );
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/string") return new Response(renderToString(<b title="&">{["x", "<y>"]}</b>));
    if (pathname === "/broken") {
      const Broken = () => { throw new TypeError("component"); };
      await renderToReadableStream(<Broken />, { onError: () => {} });
    }
    const page = <Page name={searchParams.get("name") ?? "nobody"} data={later("from later", 200)} />;
    const stream = await renderToReadableStream(page, { signal: request.signal, bootstrapScripts: ["/main.js"] });
    return new Response(stream, { headers: { "content-type": "text/html" } });
  },
};
