import { TRPCError, initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { z } from "zod";

const t = initTRPC.context<{ who: string }>().create();
const router = t.router({
  hello: t.procedure.input(z.object({ name: z.string().min(1) })).query(({ input, ctx }) => `hello ${input.name} from ${ctx.who}`),
  add: t.procedure.input(z.object({ a: z.number(), b: z.number() })).mutation(({ input }) => input.a + input.b),
  secret: t.procedure.query(() => { throw new TRPCError({ code: "FORBIDDEN", message: "not you" }); }),
  count: t.procedure.input(z.object({ to: z.number().int() })).subscription(async function* ({ input }) {
    for (let i = 1; i <= input.to; i++) yield i;
  }),
});

export default {
  fetch: (request: Request, env: { WHO: string }) =>
    fetchRequestHandler({ endpoint: "/trpc", req: request, router, createContext: () => ({ who: env.WHO }) }),
};
