import { createSSRApp, defineAsyncComponent, h, onServerPrefetch, ref } from "vue";
import { renderToString, renderToWebStream } from "vue/server-renderer";

const Later = defineAsyncComponent(async () => ({ render: () => h("p", "from later") }));
const page = (name: string) => createSSRApp({
  setup() {
    const count = ref(1);
    onServerPrefetch(async () => { count.value = await Promise.resolve(3); });
    return () => h("main", [h("h1", { title: "&" }, `hello <${name}> ${count.value}`), h(Later)]);
  },
});

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const app = page(searchParams.get("name") ?? "nobody");
    return new Response(pathname === "/stream" ? renderToWebStream(app) : await renderToString(app), { headers: { "content-type": "text/html" } });
  },
};
