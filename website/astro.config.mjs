import starlight from "@astrojs/starlight";
import { defineConfig } from "astro/config";

export default defineConfig({
  // Where it is served, for the sitemap and canonical addresses: `SITE=https://… npm run build`.
  site: process.env.SITE,
  telemetry: false,
  // Line breaks between words and elements are spaces.
  compressHTML: true,
  devToolbar: { enabled: false },
  integrations: [
    starlight({
      title: "NANO",
      description: "One process, many isolated JavaScript apps: each in a V8 isolate of its own.",
      logo: { src: "./src/assets/mark.svg", alt: "" },
      favicon: "/favicon.svg",
      customCss: ["./src/styles/nano.css"],
      disable404Route: false,
      credits: false,
      pagination: true,
      components: { Search: "./src/overrides/Search.astro" },
      expressiveCode: { defaultProps: { wrap: true }, themes: ["github-dark", "github-light"], styleOverrides: { borderRadius: "0.5rem", codeBackground: "var(--nano-code)", frames: { editorBackground: "var(--nano-code)", terminalBackground: "var(--nano-code)" } } },
      sidebar: [
        { label: "Start", items: [{ autogenerate: { directory: "start" } }] },
        { label: "Guides", items: [{ autogenerate: { directory: "guides" } }] },
        {
          label: "Reference",
          items: [
            { label: "Web APIs", link: "/reference/" },
            { label: "ECMA-429", link: "/reference/ecma-429/" },
            { label: "Configuration", link: "/reference/configuration/" },
            { label: "Command line", link: "/reference/cli/" },
            { label: "Admin API", link: "/reference/admin-api/" },
            { label: "Metrics", link: "/reference/metrics/" },
            { label: "Errors and limits", link: "/reference/errors/" },
          ],
        },
        {
          label: "Project",
          items: [
            { label: "Conformance", link: "/conformance/" },
            { label: "Benchmarks", link: "/benchmarks/" },
          ],
        },
      ],
    }),
  ],
});
