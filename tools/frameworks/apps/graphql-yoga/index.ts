import { createSchema, createYoga } from "graphql-yoga";

const yoga = createYoga<{ WHO: string }>({
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      type Query { hello(name: String = "world"): String!  who: String  fail: String }
      type Mutation { add(a: Int!, b: Int!): Int! }
      type Subscription { count(to: Int!): Int! }
    `,
    resolvers: {
      Query: {
        hello: (_, { name }) => `hello ${name}`,
        who: (_, __, context) => context.WHO,
        fail: () => { throw new Error("secret"); },
      },
      Mutation: { add: (_, { a, b }) => a + b },
      Subscription: {
        count: {
          subscribe: async function* (_, { to }) {
            for (let i = 1; i <= to; i++) yield { count: i };
          },
        },
      },
    },
  }),
  landingPage: false,
  logging: false,
});

export default { fetch: yoga.fetch };
